"""A holiday notice comes out: what rested on a guess is recomputed in sight, and nothing else moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from api.db.database import Database
from api.db.queries.complaints import complaint_facts, complaint_row, newest_first
from api.db.roles import OWNER
from api.db.tables.complaints import Job
from api.settings import Settings
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.enter_notice import enter_missing_notices, enter_notice, would_move
from domain.calendar import BadNotice, CalendarDay, Notice, load_notice, shipped_years
from domain.complaint.acts import Withdraw
from tests.complaints import accepted_complaint, job_of, registered_complaint
from tests.conftest import Server, SignIn
from tests.world import HeldClock, World

FESTIVAL = tuple(CalendarDay(date(2027, 2, day), working=False, name="春节") for day in range(5, 13))
FIXED = tuple(
    CalendarDay(date(2027, month, day), working=False, name=name)
    for month, day, name in (
        (1, 1, "元旦"), (5, 1, "劳动节"), (5, 2, "劳动节"), (10, 1, "国庆节"), (10, 2, "国庆节"), (10, 3, "国庆节"),
    )
)  # fmt: skip
NOTICE = Notice(2027, "关于2027年部分节假日安排的通知（试验）", "https://example.org/2027", "test", FIXED + FESTIVAL)


@pytest.fixture
async def owner(server: Server, settings: Settings, clock: HeldClock) -> AsyncIterator[Database]:
    """Return the owner's database under the test's own clock."""
    database = Database(server.owner, settings, clock, role=OWNER)
    yield database
    await database.close()


@pytest.fixture
async def notice(owner: Database) -> AsyncIterator[Notice]:
    """Return a notice of 2027 that is taken out of the shared calendar again afterwards."""
    yield NOTICE
    async with owner.engine.begin() as connection:
        for table in ("calendar_day", "calendar_notice"):
            await connection.execute(text(f"DELETE FROM {table} WHERE year = 2027"))


async def term_of(world: World, complaint_id: UUID) -> tuple[date | None, date | None, bool | None]:
    """Return the term of mediation that stands in the row."""
    async with world.database.read(world.bureau_id) as reader:
        row = await complaint_row(reader, complaint_id)
    return row.mediate_nominal_on, row.mediate_due_on, row.mediate_provisional


async def test_a_provisional_term_rolls_when_the_notice_comes_out(
    world: World, owner: Database, clock: HeldClock, notice: Notice
) -> None:
    """Sixty days from 8 December end in a Spring Festival nobody had announced: the act keeps both terms."""
    clock.at = datetime(2026, 12, 8, 1, 0, tzinfo=UTC)
    complaint_id = await accepted_complaint(world)
    job_id = await job_of(world, complaint_id)
    sixth = date(2027, 2, 6)
    assert await term_of(world, complaint_id) == (sixth, sixth, True)
    would = await would_move(owner, notice)
    assert await term_of(world, complaint_id) == (sixth, sixth, True)
    assert await enter_notice(owner, notice, "root") == would >= 1
    assert await would_move(owner, notice) == 0
    assert await term_of(world, complaint_id) == (sixth, date(2027, 2, 13), False)
    async with world.database.read(world.bureau_id) as reader:
        newest = (await newest_first(reader, complaint_id))[0]
        job = await reader.get(Job, job_id)
        facts, _ = await complaint_facts(reader, complaint_id)
    assert newest.verb == "recompute-term"
    assert newest.detail["act"]["term_before"] == {
        "nominal_on": "2027-02-06", "due_on": "2027-02-06", "provisional": True,
    }  # fmt: skip
    assert newest.detail["act"]["term_after"]["due_on"] == "2027-02-13"
    assert job is not None
    assert (job.due_nominal_on, job.due_on, job.due_provisional) == (sixth, date(2027, 2, 13), False)
    assert facts.mediate_due_on == date(2027, 2, 13)


async def test_what_rests_on_no_guess_and_what_is_over_stays(
    world: World, owner: Database, clock: HeldClock, notice: Notice
) -> None:
    """A complaint whose term is certain, and one withdrawn, have no further act."""
    certain = (await registered_complaint(world)).complaint_id
    clock.at = datetime(2026, 12, 8, 1, 0, tzinfo=UTC)
    over = await accepted_complaint(world)
    await act_on_complaint(world.database, world["officer"], over, Withdraw)
    await enter_notice(owner, notice, "root")
    async with world.database.read(world.bureau_id) as reader:
        for complaint_id, last in ((certain, "register"), (over, "withdraw")):
            assert (await newest_first(reader, complaint_id))[0].verb == last


async def test_a_term_to_accept_is_recomputed_with_its_jobs(
    world: World, owner: Database, clock: HeldClock, notice: Notice
) -> None:
    """Received on 1 February 2027: the festival's days are no working days."""
    clock.at = datetime(2027, 2, 1, 1, 0, tzinfo=UTC)
    complaint_id = (await registered_complaint(world)).complaint_id
    job_id = await job_of(world, complaint_id)
    await enter_notice(owner, notice, "root")
    async with world.database.read(world.bureau_id) as reader:
        row = await complaint_row(reader, complaint_id)
        job = await reader.get(Job, job_id)
    assert (row.accept_due_on, row.accept_provisional) == (date(2027, 2, 18), False)
    assert job is not None
    assert job.due_on == date(2027, 2, 18)


async def test_the_same_notice_again_changes_nothing_and_an_amended_one_does(
    world: World, owner: Database, clock: HeldClock, notice: Notice
) -> None:
    """The State Council has amended notices before: the newest is what counts."""
    clock.at = datetime(2026, 12, 8, 1, 0, tzinfo=UTC)
    complaint_id = await accepted_complaint(world)
    await enter_notice(owner, notice, "root")
    assert await enter_notice(owner, notice, "root") == 0
    longer = CalendarDay(date(2027, 2, 13), working=False, name="春节")
    assert await enter_notice(owner, replace(notice, days=(*notice.days, longer)), "root") >= 1
    assert (await term_of(world, complaint_id))[1] == date(2027, 2, 14)


async def test_a_notice_that_names_a_day_of_another_years_is_refused_whole(owner: Database, notice: Notice) -> None:
    """Whose day it is cannot be told: nothing of it is entered, and no bureau's terms are counted without a year."""
    shipped = load_notice(2026)
    claimed = replace(notice, days=(*notice.days, CalendarDay(date(2026, 12, 31), working=False, name="元旦")))
    await enter_notice(owner, claimed, "root")
    disputed = replace(shipped, days=(*shipped.days, CalendarDay(date(2026, 12, 31), working=False, name="元旦")))
    for put in (would_move(owner, disputed), enter_notice(owner, disputed, "root")):
        with pytest.raises(BadNotice) as refused:
            await put
        assert refused.value.detail["day"] == "2026-12-31"
    assert await enter_notice(owner, shipped, "root") == 0


async def test_a_notice_that_ships_with_a_later_release_is_entered_by_migrating(
    world: World, owner: Database, clock: HeldClock, notice: Notice
) -> None:
    """A release that knows 2027 finds it missing, enters it once, and moves what rested on a guess."""
    clock.at = datetime(2026, 12, 8, 1, 0, tzinfo=UTC)
    complaint_id = await accepted_complaint(world)
    release = [*map(load_notice, shipped_years()), notice]
    assert await enter_missing_notices(owner, release) >= 1
    assert (await term_of(world, complaint_id))[1] == date(2027, 2, 13)
    assert await enter_missing_notices(owner, release) == 0


async def test_the_shipped_notices_stand_in_a_fresh_database(owner: Database, signed_in: SignIn) -> None:
    """Entered by the migration; entering what ships again finds nothing to do."""
    assert await enter_missing_notices(owner, map(load_notice, shipped_years())) == 0
    client = await signed_in("auditor")
    calendar = (await client.get("/v1/calendar")).json()
    assert [one["year"] for one in calendar["notices"]] == [2025, 2026]
    assert calendar["provisional_from"] == "2026-12-29"
    days = {one["day"]: one["working"] for one in calendar["notices"][1]["days"]}
    assert (days["2026-01-01"], days["2026-01-04"]) == (False, True)


async def test_the_service_cannot_change_the_calendar(world: World) -> None:
    """By SQL as the service: a holiday of its own making is refused."""
    for statement in (
        "INSERT INTO calendar_day (day, year, name, working) VALUES ('2026-11-24', 2026, 'free', false)",
        "UPDATE calendar_day SET working = false",
        "DELETE FROM calendar_notice",
    ):
        with pytest.raises(Exception, match="permission denied"):
            await world.database.write(world["admin"], lambda uow, s=statement: uow.execute(text(s)))  # type: ignore[misc]  # bound on purpose
