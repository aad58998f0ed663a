"""A statement on paper and as a workbook: what people are called, and how much there is to say, spoils neither."""

from __future__ import annotations

import hashlib
import io
from datetime import date
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from pypdf import PdfReader

from api.db.tables.seals import MonthSeal
from api.print.statement_files import LONGEST_CELL, StatementFormat
from api.usecases.print_statement import print_statement
from api.usecases.show_statement import Shown
from domain.books.log_facts import LogCrew, RecordedReading
from domain.books.statement import statement
from domain.books.statement_facts import Sealed
from domain.ledger.canonical import canonical
from tests.books import DECEMBER, month_facts, read, trip_readings, use

NAMES = ("Áládárszentgyörgyvölgyi", "阿卜杜热合曼·买买提艾力·吐尔逊", "Ümit Çelik")


def sealed(readings: list[RecordedReading] | None = None, **of_use: Any) -> Shown:
    """Return a sealed November with one trip."""
    crew = LogCrew(UUID(int=1), NAMES[0], NAMES[1:])
    trip = use(order_no="2026-1", approver=NAMES[0], **({"crews": (crew,)} | of_use))
    told = statement(month_facts(readings or trip_readings(), [trip], sealed=Sealed(DECEMBER, "王主任")))
    bytes_ = canonical(told)
    sha256 = hashlib.sha256(bytes_).hexdigest()
    seal = MonthSeal(
        bureau_id="350302",
        vehicle_id=UUID(int=700),
        month=date(2026, 11, 1),
        statement_sha256=sha256,
        statement=bytes_,
        unaccounted_m=0,
        open_findings=0,
        sealed_by=None,
        recorded_at=DECEMBER,
        entry_id=UUID(int=1),
    )
    return Shown(bytes_, dict(told), sha256, seal, "王主任", [])


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_long_name_breaks_within_its_column_and_lies_over_no_other(language: str) -> None:
    """A word of an alphabet is broken as Chinese is; no letter of it is lost."""
    paper = await print_statement(sealed(), StatementFormat.PDF, language, DECEMBER)
    said = "".join(page.extract_text() for page in PdfReader(io.BytesIO(paper)).pages)
    assert NAMES[0] not in said
    pressed = "".join(said.split()).replace("\u200b", "")
    assert pressed.count(NAMES[0]) == 2  # who drove and who approved
    assert all("".join(name.split()) in pressed for name in NAMES)


async def test_a_replaced_odometer_is_read_of_on_paper_and_in_the_workbook() -> None:
    """The old one's last reading, the new one's first, why, and who entered it."""
    new_one = read(7, 20, 10_000, segment=1, reason="仪表损坏")
    shown = sealed([*trip_readings(), new_one])
    paper = await print_statement(shown, StatementFormat.PDF, "zh", DECEMBER)
    said = "".join("".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(paper)).pages)
    assert "52,012.0002026-11-0112:0010.000驾驶员仪表损坏" in said
    book = openpyxl.load_workbook(io.BytesIO(await print_statement(shown, StatementFormat.XLSX, "zh", DECEMBER)))
    (row,) = book["更换里程表"].iter_rows(min_row=2, values_only=True)
    assert (row[1], row[3:]) == (52_012, (10, "驾驶员", "仪表损坏"))


async def test_a_text_longer_than_a_cell_is_cut_in_sight_and_not_left_out() -> None:
    """A spreadsheet takes 32,767 signs: the cell says where it ends."""
    long = sealed(document_no="单" * 40_000)
    book = openpyxl.load_workbook(io.BytesIO(await print_statement(long, StatementFormat.XLSX, "zh", DECEMBER)))
    remarks = [row[-1] for row in book["用车记录"].iter_rows(min_row=2, values_only=True)]
    assert len(remarks[0]) == LONGEST_CELL
    assert remarks[0].endswith("单…")
