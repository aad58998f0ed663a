"""A month of positions goes when its time is over and its statements are sealed; what it measured stays."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import text

import api.usecases.retire_month
from api.db.database import Database
from api.db.queries.measures import measures_of
from api.db.roles import OWNER, SERVICE
from api.db.tables.seals import MonthSeal
from api.settings import Settings
from api.usecases.amend_months import amend_all
from api.usecases.change_setting import NewSetting, change_setting
from api.usecases.look_at_books import look_at_uses
from api.usecases.retire_month import ROWS, Retired, retire_month
from domain.retention import MonthKept, NoSuchMonth, span_of
from tests.conftest import Server, SignIn, problem_code
from tests.db.any_row import attempt, become
from tests.phones import drive, send
from tests.retired import FIXES, JUNE, MAY, OVER_AT, bureau_of_2021, may_may_go, opened, seal_all
from tests.world import HeldClock, World


@pytest.fixture
async def old_owner(server: Server, settings: Settings, clock: HeldClock) -> AsyncIterator[Database]:
    """Return the owner's database by the test's own clock."""
    database = Database(server.owner, settings, clock, role=OWNER)
    yield database
    await database.close()


@pytest.fixture
async def old(
    server: Server, owner: Database, database: Database, clock: HeldClock
) -> AsyncIterator[tuple[World, UUID, UUID]]:
    """Return a bureau of 2021 whose May may be retired."""
    async with may_may_go(server, owner, database, clock) as made:
        yield made


@pytest.fixture
def world(old: tuple[World, UUID, UUID]) -> World:
    """Return that bureau, for who signs in."""
    return old[0]


class Heard:
    """What was told of how far it is: each part, its total and the steps."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, int | None, list[int]]] = []

    def begin(self, what: str, total: int | None = None) -> None:
        """Keep that a part begins."""
        self.parts.append((what, total, []))

    def advance(self, by: int = 1) -> None:
        """Keep a step."""
        self.parts[-1][2].append(by)


async def retire(
    owner: Database, month: date = MAY, *, dry_run: bool = False, told: Heard | None = None
) -> list[Retired]:
    """Retire a month as an operator does."""
    return await retire_month(owner, month, "root, zhuanche retire", told or Heard(), dry_run=dry_run)


async def rows_hashed(server: Server, bureau_id: str) -> str:
    """Return the digest as docs/retention.md says that anybody makes it."""
    digest = hashlib.sha256()
    from_at, until_at = span_of(MAY)
    rows = ROWS.format(bureau_id=bureau_id, from_at=from_at.isoformat(), until_at=until_at.isoformat())
    copy = f"COPY ({rows}) TO STDOUT"
    with (
        psycopg.connect(server.superuser, options="-c timezone=UTC") as connection,
        connection.cursor() as cursor,
        cursor.copy(copy.encode()) as copied,
    ):
        digest.update(b"".join(copied))
    return digest.hexdigest()


async def test_a_month_that_is_over_and_sealed_goes_and_leaves_a_fact(
    server: Server, old: tuple[World, UUID, UUID], old_owner: Database, database: Database
) -> None:
    """How many, first and last, the digest of their rows, who and when, in the bureau's ledger; and no fix is left."""
    world, _, _ = old
    expected = await rows_hashed(server, world.bureau_id)
    [told] = await retire(old_owner)
    assert (told.bureau_id, told.fix_count, told.sha256) == (world.bureau_id, FIXES, expected)
    async with database.read(world.bureau_id) as reader:
        row = (await reader.execute(text("SELECT * FROM retired_month"))).one()
        entered = (
            await reader.execute(text("SELECT facts FROM ledger_payload WHERE kind = 'positions-retired'"))
        ).scalar_one()
        left = (await reader.execute(text("SELECT count(*) FROM position"))).scalar_one()
    assert (row.month, row.fix_count, row.sha256, row.by_name) == (MAY, FIXES, expected, "root, zhuanche retire")
    assert (row.recorded_at, left) == (OVER_AT, 0)
    assert expected.encode() in bytes(entered)
    with pytest.raises(NoSuchMonth):
        await retire(old_owner)


@pytest.mark.usefixtures("old")
async def test_of_two_who_retire_a_month_at_once_one_does_and_the_other_finds_it_gone(
    server: Server, settings: Settings, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is refused in the words of a deadlock, though a month takes longer than others wait for a lock."""
    hashed = api.usecases.retire_month._sha256

    async def slowly(*asked: Any) -> str:
        await asyncio.sleep(1)
        return await hashed(*asked)

    monkeypatch.setattr(api.usecases.retire_month, "_sha256", slowly)
    impatient = replace(settings, lock_timeout_s=0.5)
    owners = [Database(server.owner, impatient, clock, role=OWNER) for _ in range(2)]
    try:
        done = await asyncio.gather(*map(retire, owners), return_exceptions=True)
    finally:
        for owner in owners:
            await owner.close()
    assert {type(one) for one in done} == {list, NoSuchMonth}, done


async def test_a_dry_run_says_the_same_and_changes_nothing(
    old: tuple[World, UUID, UUID], old_owner: Database, database: Database
) -> None:
    """What would go is counted and hashed; the fixes are there afterwards, and no fact."""
    world, _, _ = old
    dry = await retire(old_owner, dry_run=True)
    async with database.read(world.bureau_id) as reader:
        assert (await reader.execute(text("SELECT count(*) FROM position"))).scalar_one() == FIXES
        assert (await reader.execute(text("SELECT count(*) FROM retired_month"))).scalar_one() == 0
    assert await retire(old_owner) == dry


async def test_who_waits_for_a_month_of_the_only_bureau_sees_it_go_on(
    old: tuple[World, UUID, UUID], old_owner: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fix by fix as they are hashed, then use by use as they are measured."""
    monkeypatch.setattr("api.usecases.retire_month.HEARD_OF", FIXES // 4)
    bureau_id, heard = old[0].bureau_id, Heard()
    await retire(old_owner, told=heard)
    hashed, measured = heard.parts
    assert hashed[:2] == (f"Hashing positions of {bureau_id}", FIXES)
    assert (sum(hashed[2]), len(hashed[2]) >= 4) == (FIXES, True)
    assert measured == (f"Measuring uses of {bureau_id}", 1, [1])


async def test_a_month_is_kept_until_the_bureau_s_time_for_it_is_over(
    old: tuple[World, UUID, UUID], old_owner: Database, clock: HeldClock
) -> None:
    """Not a second before; and longer where the bureau set it longer."""
    world, _, _ = old
    clock.at = OVER_AT - timedelta(seconds=1)
    with pytest.raises(MonthKept, match="must be kept still") as kept:
        await retire(old_owner)
    assert "kept until 2024-06-01" in kept.value.detail["why"]
    longer = NewSetting(name="keep_positions_months", value=37, reason="专项审计")
    await change_setting(world.database, world["desk_chief"], longer)
    clock.at = OVER_AT
    with pytest.raises(MonthKept):
        await retire(old_owner)


async def test_nothing_retires_before_its_statement_exists(
    server: Server, owner: Database, database: Database, old_owner: Database, clock: HeldClock
) -> None:
    """The last hours of a month of UTC are of the next month of the books: that one is sealed too, or nothing goes."""
    with opened(server):
        world, _, _ = await bureau_of_2021(owner, database, clock)
        clock.at = datetime.fromisoformat("2021-06-01T00:00:00+08:00")
        await seal_all(world)
        clock.at = OVER_AT
        with pytest.raises(MonthKept) as kept:
            await retire(old_owner)
    assert kept.value.detail["why"] == "2021-06 is not sealed of 闽B12315"


async def test_what_a_retired_month_measured_stays_whatever_changes_afterwards(
    old: tuple[World, UUID, UUID], old_owner: Database, database: Database
) -> None:
    """Metres, stops and ways of the trip; sealed bytes; nothing is amended, found or cleared by the fixes' absence."""
    world, trip_id, _ = old
    async with database.read(world.bureau_id) as reader:
        before = await measures_of(reader, [trip_id])
        sealed = await reader.get(MonthSeal, world.vehicle_id, MAY)
    assert before[trip_id][0].fix_count == FIXES
    await retire(old_owner)
    other = NewSetting(name="unobserved_after_s", value=60, reason="更严格")
    await change_setting(world.database, world["desk_chief"], other)
    assert await look_at_uses(database, world.bureau_id, world.vehicle_id, [trip_id]) == 0
    assert await amend_all(database, world.bureau_id) == 0
    async with database.read(world.bureau_id) as reader:
        assert await measures_of(reader, [trip_id]) == before
        assert await measures_of(reader, [trip_id], anew=True) == before
        again = await reader.get(MonthSeal, world.vehicle_id, MAY)
    assert sealed is not None
    assert again is not None
    assert again.statement == sealed.statement


async def test_pages_and_exports_say_plainly_when_positions_were_retired(
    old: tuple[World, UUID, UUID], old_owner: Database, signed_in: SignIn
) -> None:
    """No empty map that says nobody saw it: a sentence with the day, and the metres that were measured."""
    _, trip_id, _ = old
    await retire(old_owner)
    auditor = await signed_in("auditor")
    for form in ("geojson", "gpx"):
        answer = await auditor.get(f"/v1/trips/{trip_id}/track.{form}")
        assert (answer.status_code, problem_code(answer)) == (410, "positions-retired")
        assert answer.json()["retired_at"] == OVER_AT.isoformat()
    measures = (await auditor.get(f"/v1/trips/{trip_id}/measures")).json()
    assert measures["positions_retired_at"] == "2024-06-01T00:00:00Z"
    assert measures["devices"][0]["fix_count"] == FIXES
    page = await auditor.get(f"/audit/trips/{trip_id}", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert "The positions were retired on 2024-06-01 08:00" in page.text
    [row] = (await auditor.get("/v1/retired-months")).json()
    assert (row["month"], row["fix_count"]) == ("2021-05", FIXES)
    listed = await auditor.get("/audit/statements", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert row["sha256"][:16] in listed.text


async def test_what_comes_late_of_a_retired_month_is_kept_aside(
    old: tuple[World, UUID, UUID], old_owner: Database, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """A terminal that sends its memory after years is answered, and counts nowhere."""
    _, _, device_id = old
    await retire(old_owner)
    admin = await signed_in("admin")
    token = (await admin.post(f"/v1/devices/{device_id}/rotate", json={})).json()["token"]
    late = drive(datetime.fromisoformat("2021-05-12T09:00:00+08:00"), 3)
    answer = (await send(anonymous, token, late)).json()
    assert (answer["stored"], answer["aside"]) == (0, 3)
    assert {one["code"] for one in answer["faults"]} == {"month-not-kept"}


def test_who_serves_retires_nothing_and_brings_no_retired_month_back(server: Server) -> None:
    """By the database: neither drop, delete nor truncate, no fact of its own, and no old month made anew."""
    with opened(server, JUNE), psycopg.connect(server.superuser) as connection:
        become(connection, SERVICE, "350302")
        for attack in (
            "DROP TABLE position_y2021m06",
            "ALTER TABLE position DETACH PARTITION position_y2021m06",
            "TRUNCATE position_y2021m06",
            "DELETE FROM position",
            "INSERT INTO retired_month SELECT * FROM retired_month",
        ):
            assert attempt(connection, attack) == "42501", attack
        assert attempt(connection, "SELECT make_position_partition('2021-07-01')") == "ZC001"
        connection.rollback()


@pytest.mark.one_server
async def test_the_database_itself_lets_no_month_go_that_is_kept(old: tuple[World, UUID, UUID], server: Server) -> None:
    """An owner who writes the fact by hand meets the same time and the same seals."""
    world, _, _ = old

    def by_hand(month: str, at: datetime) -> str | int:
        with psycopg.connect(server.superuser) as connection:
            become(connection, OWNER, world.bureau_id)
            try:
                connection.execute(
                    "INSERT INTO retired_month SELECT bureau_id, %s, 1, now(), now(), repeat('0', 64), 'root', %s,"
                    " entry_id FROM ledger_payload WHERE bureau_id = %s LIMIT 1",
                    (month, at, world.bureau_id),
                )
                connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            except psycopg.Error as fault:
                return str(fault.sqlstate)
            finally:
                connection.rollback()
            return 1

    assert by_hand("2021-05-01", OVER_AT - timedelta(seconds=1)) == "ZC001"
    assert by_hand("2021-05-01", OVER_AT) == 1
    assert by_hand("2024-05-01", OVER_AT + timedelta(days=9999)) == "ZC001"
