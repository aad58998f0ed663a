"""Months sealed by the use cases: balanced, in order, frozen; and what comes late beside them, never in them (P10)."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.ledger import LedgerPayload
from api.db.tables.measures import TripMeasure
from api.usecases.act_on_finding import Said, explain_finding, rule_on_finding
from api.usecases.amend_months import amend_all, amend_recent
from api.usecases.raise_finding import raise_finding
from api.usecases.record_reading import NewCorrection, NewReading, correct_reading, record_reading
from api.usecases.refresh_measures import refresh_measures
from api.usecases.return_trip import Return, return_trip
from api.usecases.seal_month import (
    MonthAlreadySealed,
    MonthNotOver,
    SealedMonth,
    SealOutOfOrder,
    due_months,
    seal_month,
)
from api.usecases.show_statement import Shown, show_statement
from api.usecases.sweep_books import look_at_all_of_month
from domain.errors import NotFound
from domain.findings.kinds import FindingKind
from domain.findings.life import Verb
from domain.ledger.canonical import parse
from domain.values import Point
from tests.db.test_seal_attacks import sealed as by_hand
from tests.tracks import enrolled
from tests.tracks import told as tell
from tests.trips import START_M, closed_trip, dashboard, departed_trip
from tests.world import INSIDE, World, add_vehicle

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


async def seal(world: World, month: date = NOVEMBER, who: str = "custodian") -> SealedMonth:
    """Seal a month of the world's vehicle."""
    return await seal_month(world.database, world[who], world.vehicle_id, month)


async def shown(world: World, month: date = NOVEMBER) -> Shown:
    """Return a month's statement."""
    return await show_statement(world.database, world["auditor"], world.vehicle_id, month)


async def read_on(world: World, odometer_m: int, at: datetime) -> UUID:
    """Enter a spot reading of that instant."""
    new = NewReading(vehicle_id=world.vehicle_id, odometer_m=odometer_m, read_at=at, occasion="spot")
    return await record_reading(world.database, world["desk_chief"], new)


@pytest.fixture
async def november(world: World) -> World:
    """Return a bureau with one trip of 12 km in November and a gap of 3 km before it; November is over."""
    await read_on(world, START_M - 3_000, world.clock())
    world.use_id = await closed_trip(world)  # type: ignore[attr-defined]
    world.clock.at = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    return world


async def test_a_sealed_month_balances_and_lists_what_belongs_to_nobody_with_a_name(november: World) -> None:
    """12 km of the complaint; 3 km of nobody, for which the custodian answers; a gap, and a note that is missing."""
    done = await seal(november)
    told = (await shown(november)).told
    totals = told["totals"]
    assert (totals["trips_m"], totals["upkeep_m"], totals["unaccounted_m"], totals["difference_m"]) == (
        12_000,
        0,
        3_000,
        15_000,
    )
    assert [(one["metres"], one["answerable"]) for one in told["unaccounted"]] == [(3_000, "custodian 某")]
    assert sum(one["metres"] for one in told["complaints"]) == 12_000
    assert (done.unaccounted_m, done.open_findings) == (3_000, 2)
    assert told["sealed"] == {"at": "2026-12-01T09:00:00+08:00", "by": "custodian 某"}


async def test_a_draft_changes_with_the_books_and_a_seal_does_not(november: World) -> None:
    """The same request gives the draft before and the sealed bytes after, to the byte."""
    await look_at_all_of_month(november.database, november.bureau_id, november.vehicle_id, NOVEMBER)
    draft = await shown(november)
    assert draft.seal is None
    assert parse(draft.bytes_) == draft.told
    await seal(november)
    sealed = await shown(november)
    assert sealed.seal is not None
    assert {**draft.told, "sealed": None} == {**sealed.told, "sealed": None}
    await read_on(november, START_M + 20_000, datetime(2026, 11, 29, tzinfo=UTC))
    assert (await shown(november)).bytes_ == sealed.bytes_


async def test_a_month_that_is_not_over_is_not_sealed(world: World) -> None:
    """In the bureau's zone: at midnight there it is."""
    await closed_trip(world)
    over_at = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    world.clock.at = over_at - timedelta(seconds=1)
    with pytest.raises(MonthNotOver):
        await seal(world)
    world.clock.at = over_at
    await seal(world)


async def test_months_are_sealed_once_and_in_order(november: World) -> None:
    """Each names the digest of the one before; none is left out."""
    november.clock.advance(days=90)
    with pytest.raises(SealOutOfOrder):
        await seal(november, DECEMBER)
    first = await seal(november)
    with pytest.raises(MonthAlreadySealed):
        await seal(november)
    with pytest.raises(SealOutOfOrder):
        await seal(november, date(2026, 10, 1))
    with pytest.raises(SealOutOfOrder):
        await seal(november, date(2027, 1, 1))
    await seal(november, DECEMBER)
    assert (await shown(november, DECEMBER)).told["previous_sha256"] == first.statement_sha256


async def test_the_first_month_sealed_is_that_of_the_first_reading_and_none_before_it(november: World) -> None:
    """A wrong year typed in would begin a chain that three hundred months must be sealed to catch up with."""
    for month in (date(2026, 10, 1), date(2000, 1, 1)):
        with pytest.raises(SealOutOfOrder) as told:
            await seal(november, month)
        assert told.value.detail["first_month"] == "2026-11"
    unread = await add_vehicle(november, "闽B00001")
    with pytest.raises(SealOutOfOrder):
        await seal_month(november.database, november["custodian"], unread, NOVEMBER)
    await seal(november)


async def test_what_is_due_begins_with_the_first_reading_and_ends_with_the_last_month_that_is_over(
    november: World,
) -> None:
    """What `zhuanche seal` goes through."""
    november.clock.at = datetime(2027, 2, 10, tzinfo=UTC)
    async with november.database.read(november.bureau_id) as reader:
        assert await due_months(reader, november.vehicle_id, date(2030, 1, 1)) == [NOVEMBER, DECEMBER, date(2027, 1, 1)]
        assert await due_months(reader, november.vehicle_id, DECEMBER) == [NOVEMBER, DECEMBER]
    await seal(november)
    async with november.database.read(november.bureau_id) as reader:
        assert await due_months(reader, november.vehicle_id, DECEMBER) == [DECEMBER]
        assert await due_months(reader, new_id(), DECEMBER) == []


async def test_a_vehicle_of_nobody_has_no_month(world: World) -> None:
    """Nor a statement."""
    world.clock.at = datetime(2026, 12, 2, tzinfo=UTC)
    with pytest.raises(NotFound):
        await seal_month(world.database, world["custodian"], new_id(), NOVEMBER)
    with pytest.raises(NotFound):
        await show_statement(world.database, world["auditor"], new_id(), NOVEMBER)


async def test_two_who_seal_at_once_seal_once(november: World) -> None:
    """The other is told that it is sealed."""
    told = await asyncio.gather(
        *(seal(november, who=who) for who in ("custodian", "auditor") * 4), return_exceptions=True
    )
    assert sum(isinstance(one, SealedMonth) for one in told) == 1
    assert sum(isinstance(one, MonthAlreadySealed) for one in told) == 7


async def test_a_late_reading_stands_beside_the_seal_at_once(november: World) -> None:
    """Who enters it makes the amendment, old beside new."""
    await seal(november)
    await read_on(november, START_M - 2_000, datetime(2026, 11, 23, 1, 30, tzinfo=UTC))
    after = await shown(november)
    gaps = [one for one in after.amendments if one.kind == "unaccounted"]
    assert [(one.old["metres"], one.new["metres"]) for one in gaps if one.old["metres"]] == [(3_000, 2_000)]
    assert [one.new["metres"] for one in gaps if not one.old["metres"]] == [1_000]
    assert await amend_all(november.database, november.bureau_id) == 0


async def test_a_correction_after_the_seal_moves_the_trip_s_metres_beside_it(november: World) -> None:
    """The trip's length, its charge and the odometer: what was sealed and what is known."""
    await seal(november)
    sealed = await shown(november)
    wrong = next(one["until_reading_id"] for one in sealed.told["entries"] if one["credit"] == "trip")
    new = NewCorrection(corrects=UUID(wrong), odometer_m=START_M + 21_000, reason="两位数字颠倒")
    await correct_reading(november.database, november["desk_chief"], new)
    after = await shown(november)
    assert after.bytes_ == sealed.bytes_
    told = {one.kind: (one.old, one.new) for one in after.amendments}
    assert (told["use"][0]["length_m"], told["use"][1]["length_m"]) == (12_000, 21_000)
    assert told["use"][1]["charges"][0]["metres"] == 21_000
    assert (told["odometer"][0]["trips_m"], told["odometer"][1]["trips_m"]) == (12_000, 21_000)


async def test_a_reading_that_also_opens_the_next_sealed_month_amends_both(november: World) -> None:
    """December opened with what November closed with."""
    await seal(november)
    november.clock.at = datetime(2027, 1, 2, tzinfo=UTC)
    await seal(november, DECEMBER)
    await read_on(november, START_M + 13_000, datetime(2026, 11, 30, tzinfo=UTC))
    assert [one.new["closing_m"] for one in (await shown(november)).amendments if one.kind == "odometer"] == [
        START_M + 13_000
    ]
    assert [one.new["opening_m"] for one in (await shown(november, DECEMBER)).amendments] == [START_M + 13_000]


async def test_a_finding_about_the_month_its_explanation_and_its_ruling_are_amendments(november: World) -> None:
    """Whenever it is raised, a finding belongs to the month of the trip it is about."""
    await seal(november)
    use_id: Any = november.use_id  # type: ignore[attr-defined]

    async def find(uow: UnitOfWork) -> UUID:
        return await raise_finding(
            uow,
            FindingKind.DETOUR,
            vehicle_id=november.vehicle_id,
            use_id=use_id,
            subject_id=use_id,
            evidence={},
        )

    finding_id = await november.database.write(november["custodian"], find)
    assert await amend_recent(november.database, november.bureau_id) == 1
    await explain_finding(november.database, november["custodian"], finding_id, Said("修路绕行"))
    await rule_on_finding(november.database, november["auditor"], finding_id, Said("属实"), ruling=Verb.ACCEPT)
    told = [(one.old.get("state"), one.new["state"]) for one in (await shown(november)).amendments]
    assert told == [(None, "raised"), ("raised", "explained"), ("explained", "accepted")]


async def test_a_late_fix_measures_its_trip_anew_beside_the_seal(november: World) -> None:
    """A terminal that was in a dead spot sends yesterday's drive: the track is an amendment, the seal what it was."""
    terminal = await enrolled(november)
    left_at = november.clock.at.replace(month=11, day=23, hour=2, minute=0)
    await seal(november)
    sealed = await shown(november)
    assert [(one["fixes"], one["track_m"]) for one in sealed.told["uses"]] == [(0, None)]
    drive = [
        (left_at + timedelta(seconds=5 * number), Point(INSIDE.lat, INSIDE.lon + number * 0.0005))
        for number in range(60)
    ]
    await tell(november, terminal, drive)
    assert await amend_recent(november.database, november.bureau_id) == 1
    after = await shown(november)
    assert after.bytes_ == sealed.bytes_
    (one,) = after.amendments
    assert (one.kind, one.old["fixes"], one.new["fixes"], one.old["track_m"]) == ("use", 0, 60, None)
    assert 2_900 < one.new["track_m"] < 3_000
    assert await amend_recent(november.database, november.bureau_id) == 0


async def test_a_measure_that_somebody_wrote_over_is_not_sealed(november: World) -> None:
    """Kept measures are no facts: whoever holds the service's password may write them, and the seal asks the fixes."""
    terminal = await enrolled(november)
    left_at = november.clock.at.replace(month=11, day=23, hour=2, minute=0)
    drive = [(left_at + timedelta(seconds=5 * n), Point(INSIDE.lat, INSIDE.lon + n * 0.0005)) for n in range(60)]
    await tell(november, terminal, drive)
    use_id: UUID = november.use_id  # type: ignore[attr-defined]

    async def forge(uow: UnitOfWork) -> None:
        await refresh_measures(uow, [use_id])
        await uow.update(TripMeasure, use_id, terminal, length_m=12_000, fix_count=1_000_000)

    await november.database.write(november["custodian"], forge)
    await seal(november)
    (trip,) = (await shown(november)).told["uses"]
    assert trip["fixes"] == 60
    assert 2_900 < trip["track_m"] < 3_000


async def test_a_month_sealed_while_the_vehicle_is_out_is_amended_once_it_is_back(november: World) -> None:
    """Not with every fix on the way: each amendment is a fact for good."""
    terminal = await enrolled(november)
    november.clock.at = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)
    trip_id = await departed_trip(november)
    november.clock.at = datetime(2026, 11, 30, 16, 1, tzinfo=UTC)
    await seal(november)
    for number in range(3):
        await tell(november, terminal, [(november.clock(), Point(INSIDE.lat, INSIDE.lon + number * 0.01))])
        november.clock.advance(minutes=2)
        await amend_recent(november.database, november.bureau_id)
    out = [one for one in (await shown(november)).amendments if one.kind == "use"]
    assert out == []
    await return_trip(november.database, november["driver"], trip_id, Return(dashboard=dashboard(november, 5_000)))
    await amend_recent(november.database, november.bureau_id)
    (one,) = [one for one in (await shown(november)).amendments if one.kind == "use"]
    assert (one.subject_id, one.old["fixes"], one.new["fixes"]) == (trip_id, 0, 3)
    assert await amend_recent(november.database, november.bureau_id) == 0


async def test_amendments_stand_in_the_order_they_were_made_whatever_the_clocks_say(november: World) -> None:
    """Who waited for another, or whose clock is behind, is the later one all the same: nothing is noticed twice."""
    await seal(november)
    await read_on(november, START_M - 2_000, datetime(2026, 11, 23, 1, 20, tzinfo=UTC))
    november.clock.advance(seconds=-30)
    await read_on(november, START_M - 1_000, datetime(2026, 11, 23, 1, 40, tzinfo=UTC))
    november.clock.advance(minutes=5)
    assert await amend_all(november.database, november.bureau_id) == 0


async def test_a_seal_that_cannot_be_read_keeps_no_other_month_from_being_looked_at(november: World) -> None:
    """Written past the service, it says of nothing; what came late for another vehicle is noticed."""
    other = await add_vehicle(november, "闽A00001")
    first = NewReading(
        vehicle_id=other, odometer_m=1_000, read_at=datetime(2026, 11, 3, 16, 0, tzinfo=UTC), occasion="spot"
    )
    await record_reading(november.database, november["desk_chief"], first)
    mute = replace(november, vehicle_id=other)
    await by_hand(mute, NOVEMBER, dict.fromkeys(("trips_m", "upkeep_m", "unaccounted_m", "difference_m"), 0))
    await seal(november)

    async def find(uow: UnitOfWork) -> UUID:
        use_id: UUID = november.use_id  # type: ignore[attr-defined]
        of = {"vehicle_id": november.vehicle_id, "use_id": use_id, "subject_id": use_id}
        return await raise_finding(uow, FindingKind.DETOUR, evidence={}, **of)

    await november.database.write(november["custodian"], find)
    assert await amend_recent(november.database, november.bureau_id) == 1


async def test_seal_and_late_readings_at_once_leave_a_seal_whose_amendments_lead_to_what_is_known(
    world: World,
) -> None:
    """P10 under a race: whatever came first, not a byte changes, and nothing that came is lost."""
    world.clock.at = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    for number in range(8):
        vehicle_id = await add_vehicle(world, f"闽B0000{number}")

        async def read(day: int, vehicle_id: UUID = vehicle_id) -> UUID:
            at = datetime(2026, 11, day, tzinfo=UTC)
            new = NewReading(vehicle_id=vehicle_id, odometer_m=day * 1_000_000, read_at=at, occasion="spot")
            return await record_reading(world.database, world["desk_chief"], new)

        await read(1)
        acts = [read(day) for day in (5, 9, 14, 27)]
        acts.insert(number % 5, seal_month(world.database, world["custodian"], vehicle_id, NOVEMBER))  # type: ignore[arg-type]
        await asyncio.gather(*acts)
        at_first = await show_statement(world.database, world["auditor"], vehicle_id, NOVEMBER)
        await amend_all(world.database, world.bureau_id)
        after = await show_statement(world.database, world["auditor"], vehicle_id, NOVEMBER)
        assert after.bytes_ == at_first.bytes_
        assert hashlib.sha256(after.bytes_).hexdigest() == after.sha256
        known = after.told["totals"]["difference_m"]
        for one in after.amendments:
            known = one.new.get("difference_m", known)
        assert known == 26_000_000
        assert await amend_all(world.database, world.bureau_id) == 0


async def test_what_the_ledger_keeps_of_a_seal_and_its_amendments_names_nobody_beyond_erasing(november: World) -> None:
    """The statement's digest stands in the facts; the words of an amendment in a part that can be erased."""
    done = await seal(november)
    await read_on(november, START_M - 2_000, datetime(2026, 11, 23, 1, 30, tzinfo=UTC))
    async with november.database.read(november.bureau_id) as reader:
        rows: list[LedgerPayload] = list(
            await reader.all(
                select(LedgerPayload).where(
                    LedgerPayload.bureau_id == november.bureau_id, col(LedgerPayload.kind).like("month-%")
                )
            )
        )
    facts = [(row.kind, (row.facts or b"").decode()) for row in rows]
    assert [kind for kind, _ in facts] == ["month-sealed", *["month-amended"] * 3]
    assert all(done.statement_sha256 in told and "某" not in told for _, told in facts)
    assert all((row.person is not None) == (row.kind == "month-amended") for row in rows)
