"""Complaints as the national platform's spreadsheet lists them: known by their number there."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain.complaint.particulars import Particulars
from domain.errors import InvalidInput
from domain.sheet.cells import instant_of
from domain.sheet.columns import Cell, Column, Headings
from domain.sheet.problems import Problem, ProblemKind
from domain.sheet.rows import Row, rows_of

COLUMNS: Final = (
    Column("source_number", "登记编号", "number", ("投诉编号", "工单编号", "编号", "投诉单号", "单号"), needed=True),
    Column(
        "received_at", "登记时间", "received", ("收到时间", "投诉时间", "提交时间", "接收时间", "来件时间"), needed=True
    ),
    Column("complainant_name", "投诉人", "complainant", ("投诉人姓名", "提供方", "提供方姓名", "姓名"), needed=True),
    Column(
        "complainant_telephone", "联系电话", "telephone", ("投诉人电话", "投诉人联系电话", "提供方联系电话", "手机号")
    ),
    Column("complainant_address", "投诉人地址", "complainant's address", ("联系地址", "住址", "提供方地址")),
    Column("respondent_name", "被投诉方", "respondent", ("涉及主体", "被投诉人", "企业名称", "商家名称"), needed=True),
    Column("respondent_credit_code", "统一社会信用代码", "credit code", ("信用代码",)),
    Column(
        "respondent_address",
        "被投诉方地址",
        "respondent's address",
        ("经营地址", "注册地址", "涉及主体地址", "企业地址"),
    ),
    Column("respondent_telephone", "被投诉方电话", "respondent's telephone", ("商家电话", "企业电话", "涉及主体电话")),
    Column("claim", "诉求", "claim", ("投诉请求", "诉求内容", "投诉诉求", "具体诉求")),
    Column("facts", "投诉内容", "facts", ("问题描述", "事实", "争议事实", "问题简述", "内容")),
    Column("state", "办理状态", "state", ("状态", "处理状态", "当前状态")),
    Column("accepted_at", "受理时间", "accepted", ("受理日期",)),
)
"""What such a list may have."""

_NOT_ACCEPTED: Final = re.compile("未受理|待受理|不予受理")
_ACCEPTED: Final = re.compile("受理|调解中|办理中|处理中")
_ENDED: Final = re.compile(
    "不予受理|办结|终止|撤回|撤诉|已调解|调解成功|调解不成|已反馈|结束|closed|ended", re.IGNORECASE
)
_FAULT_OF: Final = {"bad-telephone": "complainant_telephone", "bad-credit-code": "respondent_credit_code"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedComplaint:
    """A complaint of the list; `accepted_at` None: nobody has accepted it."""

    row: int
    source_number: str
    received_at: datetime
    accepted_at: datetime | None
    particulars: Particulars


@dataclass(frozen=True, slots=True)
class ReadList:
    """What a sheet says: the complaints that can be taken over, and every problem by its row."""

    complaints: tuple[ListedComplaint, ...]
    problems: tuple[Problem, ...]


def read_list(
    rows: Sequence[Sequence[Cell]], headings: Headings, *, zone: str, fill: Mapping[str, str] | None = None
) -> ReadList:
    """Read the list; its times are of the zone, and `fill` is what a field holds whose cell is empty."""
    found: list[ListedComplaint] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for row in rows_of(rows, headings, fill or {}):
        complaint = _read_row(row, ZoneInfo(zone))
        if complaint is not None and complaint.source_number in seen:
            row.wrong("source_number", ProblemKind.TWICE, str(seen[complaint.source_number]))
        elif complaint is not None:
            seen[complaint.source_number] = row.number
            found.append(complaint)
        problems += row.problems
    return ReadList(tuple(found), tuple(problems))


def check_against_register(read: ReadList, known: Collection[str]) -> tuple[list[ListedComplaint], list[Problem]]:
    """Return the complaints whose number is not registered yet, and which are."""
    fresh = [one for one in read.complaints if one.source_number not in known]
    again = [one for one in read.complaints if one.source_number in known]
    return fresh, [Problem(one.row, "", ProblemKind.KNOWN, one.source_number) for one in again]


def _read_row(row: Row, zone: ZoneInfo) -> ListedComplaint | None:
    state = row.text("state")
    if _ENDED.search(state):
        row.wrong("state", ProblemKind.ENDED, state[:20])
        return None
    number = row.text("source_number", needed=True)
    received_at = row.read("received_at", lambda cell: instant_of(cell, zone), needed=True)
    accepted_at = row.read("accepted_at", lambda cell: instant_of(cell, zone))
    if accepted_at is None and received_at is not None and _ACCEPTED.search(state) and not _NOT_ACCEPTED.search(state):
        accepted_at = received_at
    if accepted_at is not None and received_at is not None and accepted_at < received_at:
        row.wrong("accepted_at", ProblemKind.ENDS_BEFORE)
    particulars = _particulars(row)
    if row.is_wrong or received_at is None or particulars is None:
        return None
    return ListedComplaint(
        row=row.number,
        source_number=number,
        received_at=received_at,
        accepted_at=accepted_at,
        particulars=particulars,
    )


def _particulars(row: Row) -> Particulars | None:
    wanted = ("complainant_name", "complainant_telephone", "complainant_address", "respondent_name")
    texts = {name: row.text(name, needed=True) for name in (*wanted, "respondent_address", "claim", "facts")}
    texts |= {name: row.text(name) for name in ("respondent_credit_code", "respondent_telephone")}
    if row.is_wrong:
        return None
    try:
        return Particulars(**texts).checked()
    except InvalidInput as fault:
        row.wrong(_FAULT_OF.get(fault.code, ""), ProblemKind.NOT_TAKEN, fault.code)
        return None
