"""Writes the vehicle log as JSON, CSV or XLSX, a month at a time, into a file: a year takes no more memory.

Text from outside never becomes a formula: in XLSX every text is written as a string cell, and in CSV a text that a
spreadsheet would take for a formula is quoted by an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import IO, Any, Final, Protocol
from zoneinfo import ZoneInfo

import msgspec
import xlsxwriter

from api.print.log_columns import COLUMNS, TOTALS, Cell, LogHead, amendment_text, km, month_name
from domain.books.amendments import clock_time
from domain.books.log import LogRow, MonthLog, Totals

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a text begins that a spreadsheet may run as a formula, full-width forms too."""


class LogFormat(StrEnum):
    """The forms a log is written in."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


class LogWriter(Protocol):
    """Writes a log into a binary file, a month after the other."""

    def month(self, log: MonthLog) -> None:
        """Write one month."""

    def end(self, totals: Totals) -> None:
        """Write the sums of all months and finish the file."""


def defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class JsonLog:
    """One object: what the log is of, its months with their rows, its sums. Metres are integers, times instants."""

    def __init__(self, file: IO[bytes], head: LogHead) -> None:
        self._file = file
        self._months = 0
        about = {
            "vehicle_id": head.vehicle_id,
            "plate": head.plate,
            "from_at": head.from_at,
            "until_at": head.until_at,
            "made_at": head.made_at,
        }
        file.write(msgspec.json.encode(about)[:-1] + b',"months":[')
        self._zone = ZoneInfo(head.manner.zone)
        self._how = head.manner

    def month(self, log: MonthLog) -> None:
        """Write one month."""
        lead = {"month": month_name(log, self._how), "opening_m": log.opening_m, "closing_m": log.closing_m}
        self._file.write(b"," if self._months else b"")
        self._file.write(msgspec.json.encode(lead)[:-1] + b',"rows":[')
        for number, row in enumerate(log.rows):
            self._file.write((b"," if number else b"") + msgspec.json.encode(_fields(row)))
        self._file.write(b'],"totals":' + msgspec.json.encode(_sums(log.totals)) + b"}")
        self._months += 1

    def end(self, totals: Totals) -> None:
        """Write the sums and finish."""
        self._file.write(b'],"totals":' + msgspec.json.encode(_sums(totals)) + b"}")


def _fields(row: LogRow) -> dict[str, Any]:
    """Return a row without what it has nothing to say about."""
    built: dict[str, Any] = msgspec.to_builtins(row, builtin_types=(datetime,))
    return {name: value for name, value in built.items() if value not in (None, [], ())}


def _sums(totals: Totals) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(totals)
    return built | {"fuel_ml_per_100_km": totals.fuel_ml_per_100_km}


class CsvLog:
    """UTF-8 with a mark that spreadsheets look for; one line a row, and the sums of each month and of all as lines."""

    def __init__(self, file: IO[bytes], head: LogHead) -> None:
        self._how = head.manner
        self._text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
        self._lines = csv.writer(self._text)
        self._lines.writerow([self._how.choose("月份", "Month"), *(self._how.choose(c.zh, c.en) for c in COLUMNS)])

    def month(self, log: MonthLog) -> None:
        """Write one month and its sums."""
        name = month_name(log, self._how)
        for row in log.rows:
            self._lines.writerow([name, *(self._cell(column.cell(row, self._how)) for column in COLUMNS)])
        self._sums(name, log.totals)

    def end(self, totals: Totals) -> None:
        """Write the sums of all months and finish; the file stays open."""
        self._sums(self._how.choose("合计", "Total"), totals)
        self._text.flush()
        self._text.detach()

    def _sums(self, name: str, totals: Totals) -> None:
        for zh, en, value in TOTALS:
            self._lines.writerow([name, self._how.choose("合计", "Total"), self._how.choose(zh, en), value(totals)])

    def _cell(self, cell: Cell) -> Cell:
        if isinstance(cell, datetime):
            return clock_time(cell, self._how.zone)
        return defused(cell) if isinstance(cell, str) else cell


class XlsxLog:
    """Three sheets: the log, every amendment on a row of its own, and the sums by month.

    Rows go to the disk as they are written (`constant_memory`).
    """

    def __init__(self, file: IO[bytes], head: LogHead) -> None:
        self._how = how = head.manner
        self._zone = ZoneInfo(how.zone)
        self._book = xlsxwriter.Workbook(
            file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        self._book.set_properties({"title": f"{head.plate} {how.choose('车辆使用台账', 'vehicle log')}"})
        self._bold = self._book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "bottom": 1})
        self._styles = {
            datetime: self._book.add_format({"num_format": "yyyy-mm-dd hh:mm", "valign": "top"}),
            int: self._book.add_format({"num_format": "0", "valign": "top"}),
            str: self._book.add_format({"text_wrap": True, "valign": "top"}),
        }
        # As many places as the exact decimal has: two of yuan, three of kilometres and litres.
        self._places = {
            places: self._book.add_format({"num_format": f"#,##0.{'0' * places}", "valign": "top"}) for places in (2, 3)
        }
        self._title = f"{head.plate}　{head.vehicle_name}　{how.choose('车辆使用台账', 'Vehicle log')}"
        self._made = f"{how.choose('制表', 'Made')} {clock_time(head.made_at, how.zone)}"
        self._rows: dict[Any, int] = {}
        month = how.choose("月份", "Month")
        self._log = self._sheet(
            how.choose("台账", "Log"),
            [(month, 9), *((how.choose(c.zh, c.en), c.width) for c in COLUMNS)],
        )
        self._amended = self._sheet(
            how.choose("变更", "Amendments"),
            [
                (month, 9),
                (how.choose("类型", "Kind"), 10),
                (how.choose("派车单号", "Dispatch order"), 10),
                (how.choose("变更记录", "Amendment"), 110),
            ],
        )
        self._totals = self._sheet(
            how.choose("合计", "Totals"),
            [
                (month, 9),
                (how.choose("期初读数（公里）", "Opening (km)"), 13),
                (how.choose("期末读数（公里）", "Closing (km)"), 13),
                *((how.choose(zh, en), 12) for zh, en, _ in TOTALS),
            ],
        )

    def month(self, log: MonthLog) -> None:
        """Write one month on all three sheets."""
        name = month_name(log, self._how)
        for row in log.rows:
            self._row(self._log, [name, *(column.cell(row, self._how) for column in COLUMNS)])
            for one in row.amendments:
                told = [name, self._how.word(row.kind), row.order_no, amendment_text(one, self._how)]
                self._row(self._amended, told)
        self._sums(name, log.totals, log.opening_m, log.closing_m)

    def end(self, totals: Totals) -> None:
        """Write the sums of all months and finish."""
        self._sums(self._how.choose("合计", "Total"), totals, None, None)
        self._log.autofilter(0, 0, self._rows[self._log] - 1, len(COLUMNS))
        self._book.close()

    def _sums(self, name: str, totals: Totals, opening_m: int | None, closing_m: int | None) -> None:
        self._row(self._totals, [name, km(opening_m), km(closing_m), *(value(totals) for _, _, value in TOTALS)])

    def _sheet(self, name: str, columns: list[tuple[str, int]]) -> Any:
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 2)
        sheet.set_landscape()
        sheet.set_paper(8)  # A3
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_header(f"&L{_in_header(self._title)}&R{name}")
        sheet.set_footer(f"&L{self._made}&R&P / &N")
        for at, (_, width) in enumerate(columns):
            sheet.set_column(at, at, width)
        sheet.set_row(0, 32)
        for at, (heading, _) in enumerate(columns):
            sheet.write_string(0, at, heading, self._bold)
        self._rows[sheet] = 1
        return sheet

    def _row(self, sheet: Any, cells: Sequence[Cell]) -> None:
        at = self._rows[sheet]
        for column, cell in enumerate(cells):
            if cell is None:
                continue
            if isinstance(cell, str):
                sheet.write_string(at, column, cell, self._styles[str])
            elif isinstance(cell, datetime):
                local = cell.astimezone(self._zone).replace(tzinfo=None, second=0, microsecond=0)
                sheet.write_datetime(at, column, local, self._styles[datetime])
            elif isinstance(cell, Decimal):
                sheet.write_number(at, column, cell, self._places[-int(cell.as_tuple().exponent)])
            else:
                sheet.write_number(at, column, cell, self._styles[int])
        self._rows[sheet] = at + 1


def _in_header(words: str) -> str:
    """Return words as a sheet's header takes them: an ampersand begins a command there, and 255 signs are the most."""
    return words[:100].replace("&", "&&")


WRITERS: Final[dict[LogFormat, Callable[[IO[bytes], LogHead], LogWriter]]] = {
    LogFormat.JSON: JsonLog,
    LogFormat.CSV: CsvLog,
    LogFormat.XLSX: XlsxLog,
}

MEDIA_TYPES: Final = {
    LogFormat.JSON: "application/json",
    LogFormat.CSV: "text/csv",
    LogFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
