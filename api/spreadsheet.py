"""Read a spreadsheet somebody brings: XLSX, or CSV in the encodings in use; nothing of it is run or fetched."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from domain.errors import InvalidInput
from domain.sheet.columns import Cell

BYTES_MOST: Final = 20 * 1024 * 1024
UNPACKED_MOST: Final = 200 * 1024 * 1024
"""What an XLSX may hold unpacked: a bomb unpacks to gigabytes."""
ROWS_MOST: Final = 50_000
COLUMNS_MOST: Final = 100
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
"""Spreadsheets save CSV as UTF-8 with a mark, or, in China, as GBK, of which GB 18030 is the whole."""
_SIGNS: Final = (",", ";", "\t")
"""What may stand between two cells of a CSV: the one that stands there most often does."""
_LOOKED_AT: Final = 8_192
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_NO_WORKBOOK: Final = (
    *(zipfile.BadZipFile, InvalidFileException, SyntaxError, OSError),
    *(KeyError, ValueError, TypeError, AttributeError),
)
"""What openpyxl raises for files that only look like workbooks."""
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"


class SheetUnreadable(InvalidInput):
    """The file is no spreadsheet that can be read: save it as XLSX or as CSV, without a pass word."""

    code = "sheet-unreadable"
    zh = "无法读取该表格文件，请另存为不加密的 XLSX 或 CSV。"


class SheetTooLarge(InvalidInput):
    """The sheet is too large: 20 MiB, 50,000 rows and 100 columns at most; divide it."""

    code = "sheet-too-large"
    zh = "表格过大：最多 20 MiB、5 万行、100 列，请拆分后再导入。"


@dataclass(frozen=True, slots=True)
class Spreadsheet:
    """The rows of one sheet, from its first on, empty ones too, so that row n stands at n - 1."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]


def read_spreadsheet(content: bytes, sheet: str | None = None) -> Spreadsheet:
    """Return the sheet of that name, else the first one.

    Raises:
        SheetUnreadable: it is neither XLSX nor CSV, or has no such sheet.
        SheetTooLarge: it is larger than can be taken.
    """
    if len(content) > BYTES_MOST:
        raise SheetTooLarge
    if content.startswith(_OLD_EXCEL):
        raise SheetUnreadable
    if content.startswith(_ZIP):
        return _xlsx(content, sheet)
    return Spreadsheet("", _csv(content))


def _xlsx(content: bytes, sheet: str | None) -> Spreadsheet:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(one.file_size for one in packed.infolist()) > UNPACKED_MOST:
                raise SheetTooLarge
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        names = book.sheetnames
        if (sheet is not None and sheet not in names) or not names:
            raise SheetUnreadable(sheets=names)
        chosen = book[sheet or names[0]]
        chosen.reset_dimensions()  # what the file says of its size is not to be believed
        rows = _bounded(tuple(row) for row in chosen.iter_rows(values_only=True))
    except _NO_WORKBOOK as fault:
        raise SheetUnreadable from fault
    return Spreadsheet(sheet or names[0], rows)


def _csv(content: bytes) -> tuple[tuple[Cell, ...], ...]:
    text = _decoded(content)
    sign = max(_SIGNS, key=text[:_LOOKED_AT].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    try:
        return _bounded(tuple(cell or None for cell in row) for row in lines)
    except csv.Error as fault:
        raise SheetUnreadable from fault


def _decoded(content: bytes) -> str:
    encodings = ("utf-16",) if content.startswith(_UTF_16) else _ENCODINGS
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise SheetUnreadable


def _bounded(rows: Iterator[tuple[Cell, ...]]) -> tuple[tuple[Cell, ...], ...]:
    taken: list[tuple[Cell, ...]] = []
    for row in rows:
        width = max((place for place, cell in enumerate(row, start=1) if cell is not None), default=0)
        if len(taken) == ROWS_MOST or width > COLUMNS_MOST:
            raise SheetTooLarge
        taken.append(row[:width])
    while taken and not taken[-1]:
        taken.pop()
    return tuple(taken)
