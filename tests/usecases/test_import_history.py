"""An old log and a list of complaints are taken over whole, once, and only before the books begin."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, func, select

from api.db.database import UnitOfWork
from api.db.faults import HeldByDatabase
from api.db.tables.complaints import Complaint
from api.db.tables.history import HistoryImport, PaperTrip
from api.usecases.import_history import SheetFile, SheetHindered, examine_log, import_complaints, import_log
from api.usecases.record_reading import NewReading, record_reading
from domain.complaint.words import Source
from domain.errors import NotFound
from domain.history import complaints, trips
from domain.sheet.columns import find_headings, with_columns
from domain.sheet.problems import ProblemKind
from tests.conftest import SignIn
from tests.world import World

HEADINGS = ["出车时间", "收车时间", "出车里程", "收车里程", "驾驶员", "事由"]
ROWS = [
    ["2025-03-01 08:30", "2025-03-01 10:00", 12000, 12031, "郑某", "文献步行街"],
    ["2025-03-02 08:30", "2025-03-02 10:00", 12031, 12060, "郑某", "霞林街道"],
]
FILE = SheetFile("台账.xlsx", b"content")
PLATFORM = Source.PLATFORM_12315


def log_of(*rows: list[Any]) -> trips.ReadLog:
    """Return the log of those rows."""
    sheet = [HEADINGS, *rows]
    headings = with_columns(find_headings(sheet, trips.COLUMNS), trips.COLUMNS, [])
    return trips.read_log(sheet, headings, zone="Asia/Shanghai", plate="闽B12345")


def list_of(*numbers: str, **other: str) -> complaints.ReadList:
    """Return a list of accepted complaints of those numbers."""
    heads = [
        "登记编号",
        "登记时间",
        "投诉人",
        "联系电话",
        "联系地址",
        "被投诉方",
        "被投诉方地址",
        "诉求",
        "投诉内容",
        "状态",
    ]
    row = ["2026-11-20 09:00", "林某", "13800000001", "霞林街道", "某店", "步行街", "退款", "褪色", "已受理"]
    sheet = [heads, *([number, other.get("received", row[0]), *row[1:]] for number in numbers)]
    headings = with_columns(find_headings(sheet, complaints.COLUMNS), complaints.COLUMNS, [])
    return complaints.read_list(sheet, headings, zone="Asia/Shanghai")


async def count(world: World, table: Any) -> int:
    """Return how many rows of a table the world's bureau has."""
    async with world.database.read(world.bureau_id) as reader:
        return await reader.one(select(func.count()).where(table.bureau_id == world.bureau_id)) or 0


async def test_an_old_log_is_taken_over_once_and_a_longer_one_brings_what_is_new(world: World) -> None:
    """The desk imports the same sheet again after more rows were typed."""
    actor = world["dispatcher"]
    assert await import_log(world.database, actor, world.vehicle_id, log_of(ROWS[0]), FILE) == 1
    assert await import_log(world.database, actor, world.vehicle_id, log_of(*ROWS), FILE) == 1
    assert await import_log(world.database, actor, world.vehicle_id, log_of(*ROWS), FILE) == 0
    assert (await count(world, PaperTrip), await count(world, HistoryImport)) == (2, 2)


async def test_ten_who_take_over_the_same_log_at_once_enter_it_once(world: World) -> None:
    """Whoever is second finds it there."""
    done = await asyncio.gather(
        *(import_log(world.database, world["dispatcher"], world.vehicle_id, log_of(*ROWS), FILE) for _ in range(10))
    )
    assert sum(done) == 2
    assert await count(world, PaperTrip) == 2


async def test_a_log_with_one_wrong_row_leaves_nothing_behind(world: World) -> None:
    """Nothing is half imported."""
    wrong = log_of(ROWS[0], ["2025-03-02 08:30", None, 12031, 12000, "郑某", ""])
    with pytest.raises(SheetHindered) as fault:
        await import_log(world.database, world["dispatcher"], world.vehicle_id, wrong, FILE)
    assert (fault.value.detail["row"], fault.value.detail["column"]) == (3, "D")
    assert (await count(world, PaperTrip), await count(world, HistoryImport)) == (0, 0)
    with pytest.raises(NotFound):
        await import_log(world.database, world["dispatcher"], uuid4(), log_of(*ROWS), FILE)


async def test_paper_ends_where_the_vehicles_books_begin(world: World) -> None:
    """A row that is later than the first reading would stand beside the books: nobody can enter it, by SQL neither."""
    spot = {"vehicle_id": world.vehicle_id, "occasion": "handover", "read_at": world.clock()}
    await record_reading(world.database, world["driver"], NewReading(odometer_m=20_000_000, **spot))
    later = (world.clock() + timedelta(hours=1)).astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M")
    log = log_of(*ROWS, [later, None, 12060, 12090, "郑某", ""])
    async with world.database.read(world.bureau_id) as reader:
        examined = await examine_log(reader, world.vehicle_id, log)
    assert [(one.row, one.kind) for one in examined.problems] == [(4, ProblemKind.AFTER_HANDOVER)]
    with pytest.raises(SheetHindered):
        await import_log(world.database, world["dispatcher"], world.vehicle_id, log, FILE)
    assert await import_log(world.database, world["dispatcher"], world.vehicle_id, log_of(*ROWS), FILE) == 2

    async def past_the_rule(uow: UnitOfWork) -> None:
        row = (await uow.all(select(PaperTrip).where(PaperTrip.bureau_id == uow.bureau_id)))[0]
        later = uow.now + timedelta(hours=1)
        told = row.model_dump() | {"paper_trip_id": uuid4(), "started_at": later, "ended_at": later}
        await uow.insert(PaperTrip(**told))

    with pytest.raises(HeldByDatabase):
        await world.database.write(world["dispatcher"], past_the_rule)
    assert await count(world, PaperTrip) == len(ROWS)


async def test_the_platforms_complaints_are_registered_by_their_number_there(world: World) -> None:
    """Yesterday's list again registers nothing twice, and what is registered is a complaint like any other."""
    actor = world["dispatcher"]
    assert await import_complaints(world.database, actor, PLATFORM, list_of("A-1", "A-2"), FILE) == 2
    assert await import_complaints(world.database, actor, PLATFORM, list_of("A-2", "A-3"), FILE) == 1
    async with world.database.read(world.bureau_id) as reader:
        rows = await reader.all(
            select(Complaint).where(Complaint.bureau_id == world.bureau_id).order_by(col(Complaint.number))
        )
    assert [(row.source_number, row.state) for row in rows] == [
        ("A-1", "accepted"),
        ("A-2", "accepted"),
        ("A-3", "accepted"),
    ]
    assert rows[0].received_at == datetime(2026, 11, 20, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert str(rows[0].accepted_on) == "2026-11-20"


async def test_a_list_with_a_complaint_from_the_future_leaves_nothing_behind(world: World) -> None:
    """The whole list is refused by what the counter would refuse."""
    bad = list_of("B-1", received="2027-01-01 09:00")
    both = complaints.ReadList((*list_of("B-0").complaints, *bad.complaints), ())
    with pytest.raises(Exception, match="received by now"):
        await import_complaints(world.database, world["dispatcher"], PLATFORM, both, FILE)
    assert await count(world, Complaint) == 0


async def test_the_auditor_reads_the_old_log_as_paper_and_an_officer_does_not(world: World, signed_in: SignIn) -> None:
    """It is told apart from the books, with the row of the file it stood in."""
    await import_log(world.database, world["dispatcher"], world.vehicle_id, log_of(*ROWS), FILE)
    auditor = await signed_in("auditor")
    path = f"/v1/vehicles/{world.vehicle_id}/history"
    first = (await auditor.get(path, params={"limit": 1})).json()
    rest = (await auditor.get(path, params={"limit": 1, "after": first["next"]})).json()
    items = [*first["items"], *rest["items"]]
    assert [(one["row_no"], one["source"], one["until_m"]) for one in items] == [
        (3, "paper", 12_060_000),
        (2, "paper", 12_031_000),
    ]
    assert rest["next"] is None
    assert (await (await signed_in("officer")).get(path)).status_code == 403
