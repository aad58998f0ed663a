"""Writing the log: what is written goes to the disk, and text from outside stays text."""

from __future__ import annotations

import io
import tempfile
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import openpyxl
import pytest

from api.print.log_columns import LogHead, Manner
from api.print.log_files import WRITERS, LogFormat
from domain.books.log import LogRow, MonthLog, RowKind, Totals

AT = datetime(2026, 11, 1, tzinfo=UTC)
HEAD = LogHead(UUID(int=1), "闽B12315", "消费维权专用车", AT, AT, AT, Manner("zh", "Asia/Shanghai"))


def a_month(rows: int) -> MonthLog:
    """Return a month of that many washes."""
    wash = [
        LogRow(kind=RowKind.UPKEEP, at=AT, id=UUID(int=number), purpose=f"第 {number} 次例行保洁", length_m=number)
        for number in range(rows)
    ]
    return MonthLog(AT, AT, 1_000, 2_000, tuple(wash), Totals(upkeep_orders=rows))


def peak_of(form: LogFormat, months: int) -> int:
    """Return the most bytes that were held while that many months were written."""
    with tempfile.TemporaryFile() as file:
        tracemalloc.start()
        try:
            writer = WRITERS[form](file, HEAD)
            for _ in range(months):
                writer.month(a_month(120))
            writer.end(Totals())
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("form", list(LogFormat))
def test_four_years_are_written_in_the_memory_of_one(form: LogFormat) -> None:
    """Past the buffers of a compressed file, no row is held once it is written."""
    one, four = peak_of(form, 12), peak_of(form, 48)
    assert four < 1.15 * one, f"{one} bytes for a year, {four} for four"


@pytest.mark.parametrize("form", list(LogFormat))
def test_the_same_log_is_written_in_every_form(form: LogFormat) -> None:
    """Each holds every row of every month."""
    with tempfile.TemporaryFile() as file:
        writer = WRITERS[form](file, HEAD)
        writer.month(a_month(3))
        writer.month(a_month(2))
        writer.end(Totals(upkeep_orders=5))
        file.seek(0)
        content = file.read()
    if form is LogFormat.XLSX:
        sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
        text = "".join(str(cell.value) for row in sheet.iter_rows() for cell in row)
    else:
        text = content.decode()
    assert [text.count(f"第 {number} 次例行保洁") for number in range(4)] == [2, 2, 1, 0]


def test_the_sheet_says_whose_log_it_is_and_formats_money_as_money() -> None:
    """A printed sheet names its car; yuan have two places, kilometres three; the filter reaches the last row."""
    month = a_month(2)
    fuel = LogRow(kind=RowKind.UPKEEP, at=AT, id=UUID(int=9), cost_fen=31_250, fuel_ml=42_350)
    with tempfile.TemporaryFile() as file:
        writer = WRITERS[LogFormat.XLSX](file, replace(HEAD, vehicle_name="维权&专用车"))
        writer.month(replace(month, rows=(*month.rows, fuel)))
        writer.end(Totals())
        file.seek(0)
        sheet = openpyxl.load_workbook(io.BytesIO(file.read()))["台账"]
    shown = {cell.value: sheet.cell(4, cell.column) for cell in sheet[1]}
    assert (shown["费用（元）"].value, shown["费用（元）"].number_format) == (312.5, "#,##0.00")
    assert (shown["加油（升）"].value, shown["加油（升）"].number_format) == (42.35, "#,##0.000")
    assert sheet.auto_filter.ref == f"A1:{shown['变更记录'].coordinate}"
    assert sheet.oddHeader.left.text == "闽B12315　维权&&专用车　车辆使用台账"
