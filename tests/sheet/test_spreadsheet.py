"""Spreadsheets as they are brought: XLSX, and CSV in the encodings in use."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from api.spreadsheet import COLUMNS_MOST, SheetTooLarge, SheetUnreadable, read_spreadsheet

HALF_PAST_EIGHT = datetime.fromisoformat("2025-03-01T08:30")
ROWS = [["出车时间", "里程"], ["2025-03-01 08:30", "12000"], [], ["2025-03-02", "12031"]]


def workbook(rows: list[list[Any]], name: str = "三月") -> bytes:
    """Return an XLSX with one sheet of those rows."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        book.add_worksheet("说明")
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return made.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_csv_is_read_in_every_encoding_and_with_every_sign_in_use(encoding: str, sign: str) -> None:
    """Whatever program saved it; an empty row keeps its place, so that rows are counted as people see them."""
    content = "\r\n".join(sign.join(row) for row in ROWS).encode(encoding)
    read = read_spreadsheet(content)
    assert [list(row) for row in read.rows] == ROWS


def test_a_workbook_is_read_by_the_name_of_its_sheet() -> None:
    """Dates come as dates, numbers as numbers, a formula as what it came to."""
    read = read_spreadsheet(workbook([["出车时间", "里程"], [HALF_PAST_EIGHT, 12000.5]]), "三月")
    assert read.rows == (("出车时间", "里程"), (HALF_PAST_EIGHT, 12000.5))
    assert read_spreadsheet(workbook([["x"]])).rows == ()


@pytest.mark.parametrize(
    "content",
    [b"\xd0\xcf\x11\xe0old", b"PK\x03\x04broken", b"%PDF-1.7\0\0", b"\xff\xfe\xff", b"a\0b"],
)
def test_what_is_no_spreadsheet_is_said_to_be_none(content: bytes) -> None:
    """With the advice how to save it, and never a stack trace."""
    with pytest.raises(SheetUnreadable):
        read_spreadsheet(content)


def test_a_sheet_of_another_name_is_told_which_there_are() -> None:
    """The workbook's sheets are named."""
    with pytest.raises(SheetUnreadable) as fault:
        read_spreadsheet(workbook(ROWS), "四月")
    assert fault.value.detail["sheets"] == ["说明", "三月"]


def test_a_workbook_whose_xml_expands_entities_is_refused() -> None:
    """A few lines that unfold to gigabytes open nothing."""
    source = zipfile.ZipFile(io.BytesIO(workbook(ROWS)))
    made = io.BytesIO()
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    with zipfile.ZipFile(made, "w") as packed:
        for one in source.namelist():
            content = source.read(one)
            if one.endswith(("workbook.xml", "sharedStrings.xml")):
                head, sign, rest = content.partition(b"?>")
                content = head + sign + bomb + rest.replace(b"<t>", b"<t>&b;")
            packed.writestr(one, content)
    with pytest.raises(SheetUnreadable):
        read_spreadsheet(made.getvalue(), "三月")


def test_too_many_columns_or_too_much_inside_is_refused() -> None:
    """Before it fills the memory."""
    with pytest.raises(SheetTooLarge):
        read_spreadsheet(",".join(["1"] * (COLUMNS_MOST + 1)).encode())
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", bytes(210 * 1024 * 1024))
    with pytest.raises(SheetTooLarge):
        read_spreadsheet(made.getvalue())


@given(st.binary(max_size=300))
def test_no_file_breaks_the_reading(content: bytes) -> None:
    """Whatever bytes come, they are rows or are refused."""
    try:
        read = read_spreadsheet(content)
    except SheetUnreadable:
        return
    assert all(len(row) <= COLUMNS_MOST for row in read.rows)
