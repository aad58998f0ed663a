"""Writes a statement 月度结算表 as XLSX and as the paper auditors know, from its JSON and what stands beside it."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import xlsxwriter

from api.print.log_columns import Cell, Manner, km
from api.print.statement_late import LateRow
from api.print.statement_tables import Table, at, said
from api.print.typeset import Pair, typeset_statement


class StatementFormat(StrEnum):
    """The forms a statement is written in."""

    JSON = "json"
    XLSX = "xlsx"
    PDF = "pdf"


NOTHING: Final = "—"
LONGEST_CELL: Final = 32_767
"""How many signs a spreadsheet keeps in a cell; a longer text would be left out whole."""

MEDIA_TYPES: Final = {
    StatementFormat.JSON: "application/json",
    StatementFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    StatementFormat.PDF: "application/pdf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A statement as it is printed: what it is, its sums, its tables, and what came late."""

    title: str
    subtitle: str
    notice: str
    """What a draft says of itself; empty on a sealed one."""
    head: list[tuple[str, Cell]]
    sums: list[tuple[str, Cell]]
    costs: list[tuple[str, Cell]]
    tables: list[Table]
    late: list[LateRow] | None
    """None where nothing can be late: of a draft, of a year."""
    sha256: str
    previous_sha256: str | None
    """None: it is the first; empty: what it is of has none before it, as a year."""
    how: Manner
    printed_at: datetime


class _Listing(msgspec.Struct, frozen=True, kw_only=True):
    heading: str
    columns: list[str]
    shares: list[int]
    numeric: list[bool]
    rows: list[list[str]]


class _Late(msgspec.Struct, frozen=True, kw_only=True):
    about: str
    fields: list[tuple[str, str, str]]
    noticed_at: str


class _Words(msgspec.Struct, frozen=True, kw_only=True):
    none: str
    sums: str
    costs: str
    late: str
    late_columns: list[str]
    checkpoint: str
    checkpoint_empty: str
    sha256: str
    previous: str
    first: str
    page: list[str]
    signatures: list[str]


class _Sheet(msgspec.Struct, frozen=True, kw_only=True):
    language: str
    title: str
    subtitle: str
    notice: str
    head: list[Pair]
    sums: list[Pair]
    costs: list[Pair]
    tables: list[_Listing]
    late: list[_Late] | None
    sha256: str
    previous_sha256: str
    first: bool
    checkpoint: str
    qr: str
    words: _Words
    footer: str


def month_head(told: dict[str, Any], sealed_by: str, how: Manner) -> list[tuple[str, Cell]]:
    """Return what a month's statement is of, and the readings it opens and closes with."""
    odometer = told["odometer"]
    sealed = told["sealed"]
    return [
        (how.choose("用车单位", "Using unit"), told["unit"]),
        (how.choose("责任人", "Who answers"), told["answerable"]),
        (how.choose("号牌号码", "Plate"), told["plate"]),
        (how.choose("车辆", "Vehicle"), told["vehicle"]),
        (how.choose("期初读数（公里）", "Opening (km)"), km(odometer["opening_m"])),
        (how.choose("期末读数（公里）", "Closing (km)"), km(odometer["closing_m"])),
        (how.choose("封账人", "Sealed by"), sealed_by or None),
        (how.choose("封账时间", "Sealed at"), at(sealed["at"]) if sealed else None),
    ]


def year_head(told: dict[str, Any], how: Manner) -> list[tuple[str, Cell]]:
    """Return what a year's statement is of."""
    return [
        (how.choose("用车单位", "Using unit"), told["unit"]),
        (how.choose("责任人", "Who answers"), told["answerable"]),
        (how.choose("号牌号码", "Plate"), told["plate"]),
        (how.choose("车辆", "Vehicle"), told["vehicle"]),
    ]


async def statement_pdf(paper: Paper, *, checkpoint: str = "", qr: str = "") -> bytes:
    """Return the paper. `checkpoint` and `qr` are the ledger's word of it; without them their room stays empty."""
    how = paper.how
    sheet = _Sheet(
        language=how.language,
        title=paper.title,
        subtitle=paper.subtitle,
        notice=paper.notice,
        head=_pairs(paper.head, how),
        sums=_pairs(paper.sums, how),
        costs=_pairs(paper.costs, how),
        tables=[_listing(one, how) for one in paper.tables if one.on_paper],
        late=None
        if paper.late is None
        else [_Late(about=one.about, fields=one.fields, noticed_at=said(one.noticed_at, how)) for one in paper.late],
        sha256=_grouped(paper.sha256),
        previous_sha256=_grouped(paper.previous_sha256 or ""),
        first=paper.previous_sha256 is None,
        checkpoint=checkpoint,
        qr=qr,
        words=_words(how),
        footer=f"{paper.title}　{paper.subtitle}　{how.choose('打印', 'printed')} {said(paper.printed_at, how)}",
    )
    return await typeset_statement(sheet, paper.printed_at)


def _pairs(told: list[tuple[str, Cell]], how: Manner) -> list[Pair]:
    """Return named cells as paper has them; what there is nothing to say about is a dash, and no gap in a form."""
    return [(name, said(cell, how) or NOTHING) for name, cell in told]


def _grouped(sha256: str) -> str:
    """Return a digest as people compare it, eight signs at a time."""
    return " ".join(sha256[start : start + 8] for start in range(0, len(sha256), 8))


def _listing(one: Table, how: Manner) -> _Listing:
    return _Listing(
        heading=how.choose(one.zh, one.en),
        columns=list(one.headings),
        shares=list(one.shares),
        numeric=[
            any(isinstance(row[n], int | Decimal) for row in one.rows)
            and not any(isinstance(row[n], str) for row in one.rows)
            for n in range(len(one.headings))
        ],
        rows=[[said(cell, how) for cell in row] for row in one.rows],
    )


def _words(how: Manner) -> _Words:
    zh = how.language == "zh"
    return _Words(
        none=how.choose("本月无", "none"),
        sums=how.choose("合计", "Sums"),
        costs=how.choose("费用（单车核算）", "Costs"),
        late=how.choose(
            "封账后变更（原记划线，旁注现值，逐条签认）", "Amended after the seal (struck through, signed for)"
        ),
        late_columns=["事项", "内容", "封账所记", "现知", "发现时间", "签认"]
        if zh
        else ["About", "What", "As sealed", "As known now", "Noticed", "Signed for"],
        checkpoint=how.choose("账本检查点", "Ledger checkpoint"),
        checkpoint_empty=how.choose(
            "（留待粘贴或打印账本检查点文本及二维码）", "(room for the checkpoint's text and QR code)"
        ),
        sha256=how.choose("本表 JSON 的 SHA-256", "SHA-256 of this statement's JSON"),
        previous=how.choose("上一张月表的 SHA-256", "SHA-256 of the statement before it"),
        first=how.choose("无（首张月表）", "none (the first statement)"),
        page=["第 ", " 页，共 ", " 页"] if zh else ["page ", " of ", ""],
        signatures=["制表人：", "用车单位领导：", "审计人：", "日期："]
        if zh
        else ["Made by:", "Head of the using unit:", "Auditor:", "Date:"],
    )


async def statement_xlsx(paper: Paper) -> bytes:
    """Return the workbook: numbers are numbers, and no text becomes a formula."""
    return await asyncio.to_thread(_workbook, paper)


def _workbook(paper: Paper) -> bytes:
    file, how = io.BytesIO(), paper.how
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    book.set_properties({"title": f"{paper.title} {paper.subtitle}", "created": paper.printed_at.replace(tzinfo=None)})
    pen = _Pen(book, how)
    head = [
        *paper.head,
        *paper.sums,
        *paper.costs,
        (_words(how).sha256, paper.sha256),
        (_words(how).previous, paper.previous_sha256),
        *([(how.choose("说明", "Notice"), paper.notice)] if paper.notice else []),
    ]
    pen.sheet(how.choose("汇总", "Summary"), [paper.title, paper.subtitle], [[name, cell] for name, cell in head], 34)
    for one in paper.tables:
        pen.sheet(how.choose(one.zh, one.en), list(one.headings), one.rows, 16)
    if paper.late is not None:
        rows: list[list[Cell]] = [
            [one.about, what, old, new, one.noticed_at] for one in paper.late for what, old, new in one.fields
        ]
        pen.sheet(how.choose("封账后变更", "Amended after the seal"), _words(how).late_columns[:-1], rows, 26, struck=2)
    book.close()
    return file.getvalue()


def _fitting(text: str) -> str:
    """Return a text that fits into a cell; what was cut off is on paper and in the JSON."""
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


class _Pen:
    """Writes sheets into a workbook."""

    def __init__(self, book: xlsxwriter.Workbook, how: Manner) -> None:
        self._book, self._how = book, how
        top = {"valign": "top", "text_wrap": True}
        self._heading = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "bottom": 1})
        self._text, self._struck = book.add_format(top), book.add_format(top | {"font_strikeout": True})
        self._instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm", "valign": "top"})
        self._whole = book.add_format({"num_format": "#,##0", "valign": "top"})
        self._places = {
            places: book.add_format({"num_format": f"#,##0.{'0' * places}", "valign": "top"}) for places in (2, 3)
        }

    def sheet(
        self, name: str, headings: list[str], rows: list[list[Cell]], width: int, *, struck: int | None = None
    ) -> None:
        """Write a sheet; the column `struck` holds what no longer holds."""
        sheet = self._book.add_worksheet(name.partition("（")[0].partition(" (")[0][:31])
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_footer("&R&P / &N")
        sheet.set_column(0, max(len(headings) - 1, 1), width)
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading, self._heading)
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                self._cell(sheet, (number, column), cell, self._struck if column == struck else self._text)

    def _cell(self, sheet: Any, place: tuple[int, int], cell: Cell, text: Any) -> None:
        if cell is None:
            return
        if isinstance(cell, str):
            sheet.write_string(*place, _fitting(cell), text)
        elif isinstance(cell, datetime):
            local = cell.astimezone(ZoneInfo(self._how.zone)).replace(tzinfo=None, second=0, microsecond=0)
            sheet.write_datetime(*place, local, self._instant)
        elif isinstance(cell, Decimal):
            sheet.write_number(*place, cell, self._places[-int(cell.as_tuple().exponent)])
        else:
            sheet.write_number(*place, cell, self._whole)
