"""Print a month's statement: as JSON the very bytes, as XLSX and PDF the same figures for people."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from api.print.log_columns import Manner, km, yuan
from api.print.statement_files import Paper, StatementFormat, month_head, statement_pdf, statement_xlsx, year_head
from api.print.statement_late import late_rows
from api.print.statement_tables import costs, officer_sums, officer_tables, statement_tables, sums, year_tables
from api.usecases.show_officer import OfficerShown
from api.usecases.show_statement import Shown
from domain.ledger.canonical import canonical


async def print_statement(shown: Shown, form: StatementFormat, language: str, now: datetime) -> bytes:
    """Return the file of a statement.

    Args:
        shown: the statement and what stands beside it.
        form: which file.
        language: "zh" or "en".
        now: when it is printed.
    """
    if form is StatementFormat.JSON:
        return shown.bytes_
    told, how = shown.told, Manner(language, shown.told["zone"])
    draft = how.choose(
        "草稿：本月尚未封账，数字可能变动。", "Draft: this month is not sealed, and its figures may change."
    )
    paper = Paper(
        title=how.choose("车辆使用月度结算表", "Monthly statement of vehicle use"),
        subtitle=f"{told['bureau']}　{told['plate']}　{told['month']}",
        notice="" if shown.seal else draft,
        head=month_head(told, shown.sealed_by, how),
        sums=sums(told["totals"], how),
        costs=costs(told["costs"], how),
        tables=statement_tables(told, how),
        late=late_rows(told, shown.amendments, how) if shown.seal else None,
        sha256=shown.sha256,
        previous_sha256=told["previous_sha256"],
        how=how,
        printed_at=now,
    )
    return await _printed(paper, form)


async def print_year(told: dict[str, Any], form: StatementFormat, language: str, now: datetime) -> bytes:
    """Return the file of a year's statement. Its months are sealed one by one, and it is not."""
    bytes_, how = canonical(told), Manner(language, told["zone"])
    if form is StatementFormat.JSON:
        return bytes_
    paper = Paper(
        title=how.choose("车辆使用年度结算表", "Yearly statement of vehicle use"),
        subtitle=f"{told['bureau']}　{told['plate']}　{told['year']}",
        notice=_drafts_among(told["months"], how),
        head=year_head(told, how),
        sums=sums(told["totals"], how),
        costs=[
            (how.choose("费用合计（元）", "Cost (yuan)"), yuan(told["costs"]["total_fen"])),
            (how.choose("加油（升）", "Fuel (l)"), km(told["costs"]["fuel_ml"])),
        ],
        tables=year_tables(told, how),
        late=None,
        sha256=hashlib.sha256(bytes_).hexdigest(),
        previous_sha256="",
        how=how,
        printed_at=now,
    )
    return await _printed(paper, form)


async def print_officer(shown: OfficerShown, form: StatementFormat, language: str, now: datetime) -> bytes:
    """Return the file of what an officer went along for."""
    told, how = shown.told, Manner(language, shown.zone)
    bytes_ = canonical(told)
    if form is StatementFormat.JSON:
        return bytes_
    figures = officer_sums(told["totals"], how)
    period = told["first_month"] if told["first_month"] == told["last_month"] else told["first_month"][:4]
    paper = Paper(
        title=how.choose("人员用车情况表", "Use of the vehicles by an officer"),
        subtitle=f"{shown.bureau}　{told['name']}　{period}",
        notice=_drafts_among(told["months"], how),
        head=[(how.choose("调解人员", "Officer"), told["name"])],
        sums=figures[:-1],
        costs=figures[-1:],
        tables=officer_tables(told, how),
        late=None,
        sha256=hashlib.sha256(bytes_).hexdigest(),
        previous_sha256="",
        how=how,
        printed_at=now,
    )
    return await _printed(paper, form)


async def _printed(paper: Paper, form: StatementFormat) -> bytes:
    return await (statement_pdf if form is StatementFormat.PDF else statement_xlsx)(paper)


def _drafts_among(months: Sequence[Mapping[str, Any]], how: Manner) -> str:
    """Return a warning that names the months that are not sealed, each once; nothing where all are."""
    drafts = sorted({month["month"] for month in months if not month["sealed"]})
    if not drafts:
        return ""
    unsealed = how.choose("尚未封账的月份，数字可能变动：", "Months not sealed yet, whose figures may change: ")
    return f"{unsealed}{'、'.join(drafts)}"
