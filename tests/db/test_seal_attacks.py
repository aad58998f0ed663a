"""Seals attacked as the service's role by direct SQL: a false sum, a second seal, a month too early, a broken chain."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from api.db.database import UnitOfWork
from api.db.faults import HeldByDatabase
from api.db.ledger_entry import new_id
from api.db.tables.seals import MonthSeal, SealAmendment
from api.db.tables.uses import VehicleUse
from domain.books.log_facts import LogUse, RecordedReading
from domain.books.readings import Moment
from domain.books.stretch import stretch_of
from domain.ledger.canonical import canonical
from domain.trip.life import UseKind
from tests.books import NOVEMBER, books
from tests.conftest import Server
from tests.db.any_row import insert, row_for
from tests.db.attacks import attack, held_as
from tests.db.catalogue import Connection
from tests.db.test_reading_rule import row, write_by_sql
from tests.trips import closed_trip
from tests.world import World, add_vehicle, unused_code

OCTOBER, NOVEMBER_1, DECEMBER_1 = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
A_TRIP: dict[str, Any] = {"trips_m": 12_000, "upkeep_m": 0, "unaccounted_m": 0, "difference_m": 12_000}
NOTHING = dict.fromkeys(A_TRIP, 0)


async def seal(uow: UnitOfWork, world: World, month: date, sums: dict[str, int], **changes: Any) -> str:
    """Write a seal by hand, with a statement of these sums and whatever is to be wrong; return its digest."""
    told = {
        "bureau_id": uow.bureau_id,
        "vehicle_id": str(world.vehicle_id),
        "month": month.isoformat()[:7],
        "previous_sha256": changes.get("previous_sha256"),
        "totals": sums | {"open_findings": changes.get("open_findings", 0)},
        "complaints": [{"metres": sums["trips_m"]}],
    }
    statement = canonical(told | changes.pop("told", {}))
    columns: dict[str, Any] = {
        "bureau_id": uow.bureau_id,
        "vehicle_id": world.vehicle_id,
        "month": month,
        "statement_sha256": hashlib.sha256(statement).hexdigest(),
        "previous_sha256": None,
        "statement": statement,
        "unaccounted_m": sums["unaccounted_m"],
        "open_findings": 0,
        "sealed_by": uow.actor.who,
        "recorded_at": uow.now,
        "entry_id": await uow.enter("month-sealed", facts={}),
    }
    await uow.insert(MonthSeal(**(columns | changes)))
    return str(columns["statement_sha256"])


async def attack_with(world: World, month: date, sums: dict[str, int], held: str, **changes: Any) -> None:
    """See such a seal held with that code."""

    async def work(uow: UnitOfWork) -> None:
        await seal(uow, world, month, sums, **changes)

    await attack(world, work, "custodian", held=held)


async def sealed(world: World, month: date, sums: dict[str, int], **changes: Any) -> str:
    """Write a seal that holds, and return its digest."""

    async def work(uow: UnitOfWork) -> str:
        return await seal(uow, world, month, sums, **changes)

    return await world.database.write(world["custodian"], work)


@pytest.fixture
async def november(world: World) -> World:
    """Return a bureau whose November, one trip of 12 km, is over."""
    await closed_trip(world)
    world.clock.at = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    return world


@pytest.mark.parametrize(
    "wrong",
    [
        {"trips_m": 11_999, "difference_m": 11_999},
        {"trips_m": 12_001, "upkeep_m": -1},
        {"trips_m": 11_000, "unaccounted_m": 1_000},
        {"trips_m": 11_000, "upkeep_m": 1_000},
        {"difference_m": 12_001},
    ],
)
async def test_a_statement_whose_metres_are_not_those_of_the_readings_is_not_sealed(
    november: World, wrong: dict[str, int]
) -> None:
    """P5: the database adds the readings up itself, to the metre, and for each account."""
    await attack_with(november, NOVEMBER_1, A_TRIP | wrong, "books-do-not-balance")


async def test_a_statement_without_sums_or_whose_complaints_do_not_add_up_is_not_sealed(november: World) -> None:
    """Nothing said is not right, and every metre of a trip answers to a complaint."""
    held = "books-do-not-balance"
    await attack_with(november, NOVEMBER_1, A_TRIP, held, told={"totals": {}})
    await attack_with(november, NOVEMBER_1, A_TRIP, held, told={"complaints": [{"metres": 11_999}]})
    await attack_with(november, NOVEMBER_1, A_TRIP, held, told={"complaints": []})
    await attack_with(november, NOVEMBER_1, A_TRIP, held, unaccounted_m=1)


async def test_a_reading_slipped_in_with_the_seal_is_counted(november: World) -> None:
    """What the same transaction writes after the seal counts: the sums are judged as it commits."""

    async def work(uow: UnitOfWork) -> None:
        await seal(uow, november, NOVEMBER_1, A_TRIP)
        spot = row(november, 52_040_000, read_at=november.clock() - timedelta(days=2))
        spot.entry_id = await uow.enter("reading-entered", facts={})
        await uow.insert(spot)

    await attack(november, work, "custodian", held="books-do-not-balance")


async def test_a_statement_of_another_month_vehicle_or_bureau_is_not_sealed(november: World) -> None:
    """The bytes say what they are of, and so does the row."""
    for name, other in (("month", "2026-10"), ("vehicle_id", str(uuid4())), ("bureau_id", "999999")):
        await attack_with(november, NOVEMBER_1, A_TRIP, "seal-unfounded", told={name: other})
    await attack_with(november, NOVEMBER_1, A_TRIP, "seal-unfounded", told={"previous_sha256": "0" * 64})


async def test_a_month_is_sealed_when_it_is_over_in_the_bureau_s_zone_and_not_a_second_before(world: World) -> None:
    """November ends at 16:00 UTC on its last day."""
    await closed_trip(world)
    over_at = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    world.clock.at = over_at - timedelta(seconds=1)
    await attack_with(world, NOVEMBER_1, A_TRIP, "month-not-over")
    world.clock.at = over_at
    await sealed(world, NOVEMBER_1, A_TRIP)


async def test_a_month_is_sealed_once(november: World) -> None:
    """A second seal, with whatever statement, is a breach of the primary key."""
    await sealed(november, NOVEMBER_1, A_TRIP)
    with pytest.raises(HeldByDatabase) as told:
        await sealed(november, NOVEMBER_1, A_TRIP, told={"note": "another"})
    assert "pk_month_seal" in told.value.detail["detail"]


async def test_each_statement_names_the_one_before_it_and_no_month_is_left_out(november: World) -> None:
    """No second beginning, no other predecessor, no gap, nothing slipped in before."""
    held = "seal-out-of-order"
    await attack_with(november, DECEMBER_1, NOTHING, held, recorded_at=datetime(2027, 1, 2, tzinfo=UTC))
    await attack_with(november, NOVEMBER_1, A_TRIP, held, previous_sha256="0" * 64)
    first = await sealed(november, NOVEMBER_1, A_TRIP)
    november.clock.at = datetime(2027, 2, 2, tzinfo=UTC)
    await attack_with(november, DECEMBER_1, NOTHING, held)
    await attack_with(november, DECEMBER_1, NOTHING, held, previous_sha256="0" * 64)
    await attack_with(november, date(2027, 1, 1), NOTHING, held, previous_sha256=first)
    await attack_with(november, date(2027, 1, 1), NOTHING, held)
    await attack_with(november, OCTOBER, NOTHING, held)
    second = await sealed(november, DECEMBER_1, NOTHING, previous_sha256=first)
    assert await sealed(november, date(2027, 1, 1), NOTHING, previous_sha256=second) != second


async def test_the_first_month_sealed_is_that_of_the_first_reading(november: World) -> None:
    """Nobody begins the chain where it suits: a month with readings before it comes first."""
    await write_by_sql(november, row(november, 51_999_999, read_at=datetime(2026, 10, 5, tzinfo=UTC)))
    with_gap = A_TRIP | {"unaccounted_m": 1, "difference_m": 12_001}
    await attack_with(november, NOVEMBER_1, with_gap, "seal-out-of-order")
    await attack_with(november, date(2026, 9, 1), NOTHING, "seal-out-of-order")
    october = await sealed(november, OCTOBER, NOTHING)
    await sealed(november, NOVEMBER_1, with_gap, previous_sha256=october)


@pytest.mark.parametrize("who", ["driver", "officer", "dispatcher", "admin"])
async def test_nobody_seals_who_drives_dispatches_or_administrates(november: World, who: str) -> None:
    """The row says who sealed, and the database knows who may."""
    await attack_with(november, NOVEMBER_1, A_TRIP, "forbidden", sealed_by=november[who].who)


async def test_sql_credits_a_private_drive_to_no_trip(november: World) -> None:
    """Saturday's kilometres are no old trip's, no other vehicle's, nor a second departure's at the same instant."""
    async with november.database.read(november.bureau_id) as reader:
        (use,) = await reader.all(select(VehicleUse).where(VehicleUse.bureau_id == november.bureau_id))
    other = await add_vehicle(november, "闽B00002")
    for changed in (
        {"occasion": "departure", "use_id": use.use_id, "read_at": november.clock()},
        {"occasion": "return", "use_id": use.use_id, "read_at": november.clock()},
        {"occasion": "departure", "use_id": use.use_id, "read_at": use.actual_from, "odometer_m": 52_000_000},
        {"occasion": "breakdown", "use_id": use.use_id, "read_at": use.actual_until},
        {"occasion": "departure", "use_id": use.use_id, "read_at": use.actual_from, "vehicle_id": other},
        {"occasion": "spot", "use_id": use.use_id, "vehicle_id": other},
        {"occasion": "return", "use_id": None},
    ):
        with held_as("reading-of-another-use"):
            await write_by_sql(november, row(november, changed.pop("odometer_m", 52_012_000), **changed))


async def test_bytes_that_are_not_those_of_the_digest_are_not_kept(november: World) -> None:
    """The row holds its own digest, whoever writes it."""
    with pytest.raises(DBAPIError, match="ck_month_seal_sha256_of_statement"):
        await sealed(november, NOVEMBER_1, A_TRIP, statement_sha256="0" * 64)
    with pytest.raises(DBAPIError, match="ck_month_seal_month_by_its_first_day"):
        await sealed(november, date(2026, 11, 2), A_TRIP, told={"month": "2026-11"})


async def test_no_byte_of_a_sealed_month_is_changed_and_none_of_an_amendment(november: World) -> None:
    """Neither by the service nor by a statement that touches nothing but one byte (P6, P10)."""
    await sealed(november, NOVEMBER_1, A_TRIP)

    async def amend(uow: UnitOfWork) -> None:
        await uow.insert(
            SealAmendment(
                bureau_id=uow.bureau_id,
                amendment_id=new_id(),
                vehicle_id=november.vehicle_id,
                month=NOVEMBER_1,
                kind="odometer",
                subject_id=november.vehicle_id,
                old={"difference_m": 12_000},
                new={"difference_m": 12_001},
                noticed_at=uow.now,
                entry_id=await uow.enter("month-amended", facts={}),
            )
        )

    await november.database.write(november["custodian"], amend)
    for statement in (
        "UPDATE month_seal SET statement = set_byte(statement, 0, 32)",
        "UPDATE month_seal SET unaccounted_m = 0",
        "DELETE FROM month_seal",
        "UPDATE seal_amendment SET noticed_at = now()",
        "DELETE FROM seal_amendment",
    ):

        async def change(uow: UnitOfWork, statement: str = statement) -> None:
            await uow.execute(text(f"{statement} WHERE bureau_id = '{uow.bureau_id}'"))

        with pytest.raises(DBAPIError, match=r"permission denied|never changed"):
            await november.database.write(november["admin"], change)


async def test_no_amendment_is_of_a_month_that_is_not_sealed(november: World) -> None:
    """Before the seal there is nothing to amend."""

    async def amend(uow: UnitOfWork) -> None:
        await uow.insert(
            SealAmendment(
                bureau_id=uow.bureau_id,
                amendment_id=new_id(),
                vehicle_id=november.vehicle_id,
                month=NOVEMBER_1,
                kind="use",
                subject_id=new_id(),
                old={},
                new={},
                noticed_at=uow.now,
                entry_id=await uow.enter("month-amended", facts={}),
            )
        )

    with pytest.raises(DBAPIError, match="fk_seal_amendment_bureau_id_vehicle_id_month"):
        await november.database.write(november["custodian"], amend)


@pytest.fixture
def connection(server: Server) -> Iterator[Connection]:
    """Return a superuser's connection whose transaction is rolled back."""
    with psycopg.connect(server.superuser) as opened:
        yield opened
        opened.rollback()


OCCASIONS = {Moment.DEPARTURE: "departure", Moment.RETURN: "return", Moment.SPOT: "spot"}


@pytest.mark.one_server
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(books())
def test_the_database_adds_up_every_month_as_the_books_do(
    connection: Connection, drawn: tuple[list[RecordedReading], list[LogUse]]
) -> None:
    """Corrections, replaced odometers, coarse readings, uses over a month's end: the same metres on every account."""
    readings, uses = drawn
    kinds = {one.use_id: one.kind for one in uses}
    bureau_id, vehicle_id = unused_code(), uuid4()
    connection.execute("SET LOCAL session_replication_role = replica")
    use_row, reading_row = (row_for(connection, table, bureau_id) for table in ("vehicle_use", "reading"))
    for one in uses:
        insert(connection, "vehicle_use", use_row | {"use_id": one.use_id, "kind": str(one.kind)})
    for one in readings:
        insert(connection, "reading", reading_row | columns_of(one, vehicle_id))
    edges = [NOVEMBER + timedelta(days=days) for days in (-40, -31, 0, 30, 61, 2000)]
    for months in pairwise(edges):
        stretch = stretch_of((one.reading for one in readings), *months)
        driven = dict.fromkeys(UseKind, 0)
        for use_id, part in stretch.driven.items():
            driven[kinds[use_id]] += part.length_m
        told = connection.execute(
            "SELECT trips_m, upkeep_m, unaccounted_m, difference_m FROM month_metres(%s, %s, %s, %s)",
            (bureau_id, vehicle_id, *months),
        ).fetchone()
        expected = driven[UseKind.TRIP], driven[UseKind.UPKEEP], stretch.unaccounted_m, stretch.difference_m
        assert told == expected
    connection.rollback()


def columns_of(one: RecordedReading, vehicle_id: UUID) -> dict[str, Any]:
    """Return the columns of a drawn reading; a correction's row says so in its occasion."""
    reading = one.reading
    return {
        "reading_id": reading.reading_id,
        "vehicle_id": vehicle_id,
        "segment": reading.segment,
        "odometer_m": reading.odometer_m,
        "resolution_m": reading.resolution_m,
        "obtained": "typed",
        "occasion": "correction" if reading.corrects else OCCASIONS[reading.moment],
        "reason": "x",
        "read_at": reading.read_at,
        "use_id": reading.use_id,
        "corrects": reading.corrects,
    }
