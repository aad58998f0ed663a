"""What the books show is found by itself: at return, in the night, at seal; and cleared by what comes late."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from api.db.database import Actor, UnitOfWork
from api.db.ledger_entry import new_id
from api.usecases.change_setting import NewSetting, change_setting
from api.usecases.depart_trip import Departure, depart_trip
from api.usecases.draw_lots import NewCallBack, call_back, draw_lots
from api.usecases.field_act import Report
from api.usecases.raise_finding import raise_finding
from api.usecases.record_cost import NewCost, NewCostCorrection, correct_cost, record_cost
from api.usecases.record_note import Located, NewNote, SentNote, record_notes
from api.usecases.record_reading import NewCorrection, NewReading, correct_reading, record_reading
from api.usecases.refresh_measures import refresh_late
from api.usecases.return_trip import Return, return_trip
from api.usecases.seal_month import seal_month
from api.usecases.sweep_books import look_again, sweep_books
from api.usecases.use_step import Source as Told
from domain.books.readings import Obtained
from domain.complaint.words import Source, VisitResult
from domain.findings.kinds import FindingKind
from domain.lots import CallBackResult
from domain.upkeep.costs import CostKind
from domain.values import Datum, Point
from tests.complaints import accepted_complaint, job_of
from tests.drives import beside, standing, straight
from tests.everyday import findings_of
from tests.http.test_trip_measures import driven_trip
from tests.lots import next_month
from tests.tracks import enrolled, told
from tests.trips import IN_ORDER, approved_trip, dashboard, departed_trip, returned_trip
from tests.usecases.test_look_at_vehicle import fixes_of, updates_of
from tests.world import INSIDE, World

MINUTE = timedelta(minutes=1)


async def sweep(world: World, **later: float) -> int:
    """Let some time pass, a minute unless told otherwise, and let background work look at the books."""
    world.clock.advance(**(later or {"minutes": 1}))
    return await sweep_books(world.database, world.bureau_id)


async def kinds(world: World) -> list[tuple[str, str]]:
    """Return kind and colour of the bureau's findings, by kind."""
    return sorted((one.kind, one.colour) for one in await findings_of(world))


async def said(world: World) -> list[str]:
    """Return what became of the bureau's findings, in order."""
    return [one.what for one in await updates_of(world)]


async def job_of_trip(world: World, trip_id: UUID) -> UUID:
    """Return the one job of a trip."""
    async with world.database.read(world.bureau_id) as reader:
        found = text("SELECT job_id FROM trip_job WHERE bureau_id = :b AND use_id = :u")
        return UUID(str((await reader.execute(found, {"b": world.bureau_id, "u": trip_id})).scalar_one()))


async def noted(world: World, trip_id: UUID, made_at: datetime, place: Point = INSIDE, **parts: Any) -> UUID:
    """Let the officer's note of a trip's job come in now, that says when and where it was made."""
    note_id = new_id()
    note = NewNote(
        body=str(note_id).encode(),
        note_id=note_id,
        job_id=await job_of_trip(world, trip_id),
        trip_id=trip_id,
        source="phone",
        result=VisitResult.DONE,
        made_at=made_at,
        sent_at=None,
        position=Located(lat=place.lat, lon=place.lon, datum=Datum.WGS84, accuracy_m=8.0, mock=False),
        files=(),
        corrects=None,
        device=None,
        device_prev=None,
        signature=None,
    )
    (outcome,) = await record_notes(
        world.database, world.bureau_id, [SentNote(world["officer"], replace(note, **parts))]
    )
    assert not isinstance(outcome, Exception), outcome
    return note_id


async def test_a_vehicle_that_is_not_back_in_time_is_found_while_it_is_out_and_once(world: World) -> None:
    """Half an hour after its window; that it is back ends it, and tells how late it was."""
    trip_id = await departed_trip(world)
    assert await sweep(world, hours=2, minutes=30) == 0
    assert await sweep(world) == 1
    for _ in range(20):
        assert await sweep(world) == 0
    (finding,) = await findings_of(world)
    assert (finding.kind, finding.use_id) == ("late-return", trip_id)
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 5_000)))
    await sweep(world)
    (update,) = await updates_of(world)
    assert (update.what, update.evidence["late_s"]) == ("ended", (31 + 20) * 60)


async def test_a_return_told_late_that_was_in_time_clears_what_was_found(world: World) -> None:
    """The phone was offline: the trip had been back for two hours."""
    trip_id = await departed_trip(world)
    back_at = world.clock() + 90 * MINUTE
    await sweep(world, hours=3)

    report = Report(source=Told.OFFLINE, stated_at=back_at)
    await return_trip(
        world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 5_000), report=report)
    )
    await sweep(world)
    assert (await kinds(world), await said(world)) == ([("late-return", "yellow")], ["cleared"])


async def test_a_threshold_moved_afterwards_clears_nothing(world: World) -> None:
    """The custodian cannot move the limit under a finding."""
    trip_id = await departed_trip(world)
    await sweep(world, hours=3)
    world.clock.advance(minutes=1)
    changed = NewSetting(name="late_return_s", value=14_400, reason="放宽")
    await change_setting(world.database, world["admin"], changed)
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 5_000)))
    await sweep(world)
    await look_again(world.database, world.bureau_id)
    assert "cleared" not in await said(world)


async def test_a_kilometre_too_many_between_two_trips_is_found_with_the_next_departure(world: World) -> None:
    """No terminal, and on Saturday somebody drove twenty kilometres: Monday's reading says so."""
    await returned_trip(world)
    dashboard(world, 20_000)
    trip_id = await approved_trip(world, planned_from=world.clock() + 10 * MINUTE)

    world.clock.advance(minutes=10)
    await depart_trip(world.database, world["driver"], trip_id, Departure(check=IN_ORDER, dashboard=dashboard(world)))
    await sweep(world)
    (finding,) = [one for one in await findings_of(world) if one.kind == "odometer-gap"]
    assert (finding.colour, finding.evidence["from_m"], finding.evidence["until_m"]) == (
        "yellow",
        52_012_000,
        52_032_000,
    )


async def read(world: World, who: str, driven_m: int, **parts: Any) -> UUID:
    """Enter a reading on the spot."""
    shown = dashboard(world, driven_m)
    new = NewReading(vehicle_id=world.vehicle_id, odometer_m=shown.odometer_m, read_at=world.clock(), occasion="spot")
    return await record_reading(world.database, world[who], replace(new, **parts))


async def correct(world: World, who: str, reading_id: UUID, odometer_m: int, **parts: Any) -> UUID:
    """Enter what a wrong reading should have said."""
    new = NewCorrection(corrects=reading_id, odometer_m=odometer_m, reason="抄错一位")
    return await correct_reading(world.database, world[who], replace(new, **parts))


async def last_reading_id(world: World) -> UUID:
    """Return the id of the newest reading."""
    async with world.database.read(world.bureau_id) as reader:
        newest = text("SELECT reading_id FROM reading WHERE bureau_id = :b ORDER BY read_at DESC LIMIT 1")
        return UUID(str((await reader.execute(newest, {"b": world.bureau_id})).scalar_one()))


async def test_a_slip_that_its_driver_sees_at_once_clears_the_gap(world: World) -> None:
    """Two digits changed places, and ten minutes later it is put right."""
    await returned_trip(world)
    slip = await read(world, "driver", 90_000)
    await sweep(world)
    assert await kinds(world) == [("odometer-gap", "yellow")]
    world.clock.advance(minutes=9)
    await correct(world, "driver", slip, 52_012_000)
    await sweep(world)
    assert await said(world) == ["cleared"]


async def test_who_is_found_out_cannot_type_the_gap_away(world: World) -> None:
    """The attacker corrects the last return upwards, days later: the trip takes the metres, the finding stays."""
    await returned_trip(world)
    returned = await last_reading_id(world)
    world.clock.advance(days=2)
    await read(world, "driver", 20_000)
    await sweep(world)
    await correct(world, "driver", returned, 52_032_000)
    await sweep(world)
    await look_again(world.database, world.bureau_id)
    assert ("odometer-gap", "yellow") in await kinds(world)
    assert await said(world) == []


async def test_an_auditor_s_spot_reading_shows_what_was_typed_too_low(world: World) -> None:
    """The vehicle stands in the yard; its odometer is 18 km ahead of the books."""
    await returned_trip(world)
    await read(world, "auditor", 18_000, obtained=Obtained.THIRD_PARTY)
    await sweep(world)
    assert await kinds(world) == [("odometer-gap", "red")]


async def test_a_missing_note_is_found_after_a_day_and_cleared_by_one_that_was_made_in_time(world: World) -> None:
    """The officer's phone was broken for two days; what it sends then was written at the site."""
    trip_id = await returned_trip(world)
    made_at = world.clock() - 30 * MINUTE
    await sweep(world, hours=24)
    assert await kinds(world) == []
    await sweep(world)
    assert await kinds(world) == [("visit-note-missing", "yellow")]
    for _ in range(5):
        assert await sweep(world, hours=5) == 0, "one finding, and no word more"
    await noted(world, trip_id, made_at)
    await sweep(world)
    assert (await said(world))[0] == "cleared"


async def test_a_note_written_after_its_term_ends_the_finding_and_does_not_clear_it(world: World) -> None:
    """It was missing when it should have been there."""
    trip_id = await returned_trip(world)
    await sweep(world, hours=25)
    await noted(world, trip_id, world.clock())
    await sweep(world)
    assert (await said(world))[0] == "ended"


async def test_a_note_nobody_s_device_speaks_for_is_found_and_cleared_by_fixes_that_come_late(world: World) -> None:
    """The terminal had no network in the hills: what it tells in the evening shows that the vehicle was there."""
    device_id = await enrolled(world)
    trip_id = await departed_trip(world)
    began = world.clock()
    await noted(world, trip_id, world.clock.advance(minutes=30))
    world.clock.advance(minutes=30)
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 12_000)))
    await sweep(world, minutes=20)
    assert await kinds(world) == []
    await sweep(world, minutes=11)
    assert await kinds(world) == [("note-uncorroborated", "yellow")]
    await told(world, device_id, fixes_of(standing(INSIDE, began, began + 60 * MINUTE), 1))

    await world.database.write(world["admin"], refresh_late)
    await sweep(world)
    assert (await said(world))[0] == "cleared"


async def test_a_trip_that_never_came_near_its_site_is_found(world: World) -> None:
    """By its terminal it went four kilometres the other way; half an hour after its return nobody tells otherwise."""
    device_id = await enrolled(world)
    site = beside(INSIDE, north_m=3_000)
    job_id = await job_of(world, await accepted_complaint(world), site)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    began = world.clock()
    way = straight([INSIDE, beside(INSIDE, east_m=4_000), INSIDE], began, every_s=10)
    home_at = began + timedelta(microseconds=int(way["at_us"][-1] - way["at_us"][0]))
    await told(world, device_id, fixes_of(way, 1))
    await told(world, device_id, fixes_of(standing(INSIDE, home_at + 1 * MINUTE / 2, began + 60 * MINUTE), 1))
    world.clock.advance(hours=1)
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 8_000)))
    await sweep(world, minutes=31)
    (finding,) = await findings_of(world)
    assert (finding.kind, finding.colour, finding.evidence["job_id"]) == ("site-not-reached", "red", str(job_id))


async def thin_trip(world: World, **parts: Any) -> UUID:
    """Let the officer who rides along register the complaint, just before the vehicle is asked for."""
    job_id = await job_of(world, await accepted_complaint(world, "officer", **parts))
    return await returned_trip(world, job_ids=(job_id,))


async def test_a_desk_of_four_lives_honestly(world: World) -> None:
    """Who takes a complaint at the counter rides along minutes later, three times a day: nothing is found of that."""
    for _ in range(3):
        trip_id = await thin_trip(world)
        await noted(world, trip_id, world.clock() - 30 * MINUTE)
        await sweep(world)
    assert [kind for kind, _ in await kinds(world) if kind == "thin-complaint"] == []


async def test_a_complaint_of_their_own_that_the_hotline_does_not_know_is_found(world: World) -> None:
    """Registered by who drove off, from a source that numbers its complaints, without a number."""
    trip_id = await thin_trip(world, source=Source.HOTLINE_12345)
    await sweep(world)
    (finding,) = await findings_of(world)
    assert (finding.kind, finding.use_id, finding.evidence["sign"]) == ("thin-complaint", trip_id, "no-source-number")


async def test_what_call_backs_bring_is_found_about_last_month_and_cleared_by_who_answers_at_last(world: World) -> None:
    """Twice nobody answered; at the third call the consumer says that it is true."""
    trip_id = await thin_trip(world)
    month = next_month(world)
    await draw_lots(world.database, world["auditor"], month, "盐")
    async with world.database.read(world.bureau_id) as reader:
        of_trip = text("SELECT complaint_id FROM trip_job WHERE bureau_id = :b AND use_id = :u")
        complaint_id = (await reader.execute(of_trip, {"b": world.bureau_id, "u": trip_id})).scalar_one()

    async def called(result: CallBackResult) -> None:
        new = NewCallBack(
            month=month, trip_id=trip_id, complaint_id=complaint_id, result=result, remark="", called_at=world.clock()
        )
        await call_back(world.database, world["auditor"], new)
        await sweep(world)

    def thin(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [one for one in found if one[0] == "thin-complaint"]

    await sweep(world)
    await called(CallBackResult.UNREACHED)
    assert thin(await kinds(world)) == []
    await called(CallBackResult.UNREACHED)
    assert thin(await kinds(world)) == [("thin-complaint", "yellow")]
    await called(CallBackResult.CONFIRMED)
    assert (await said(world))[-1] == "cleared"


async def test_what_nobody_looked_at_is_found_before_the_seal(world: World) -> None:
    """Background work stood still for a month: the statement has the findings all the same."""
    await returned_trip(world)
    await read(world, "driver", 30_000)
    sealed = await seal_month(world.database, world["custodian"], world.vehicle_id, next_month(world))
    assert {kind for kind, _ in await kinds(world)} == {"odometer-gap", "visit-note-missing"}
    assert sealed.open_findings == 2


async def test_two_who_sweep_at_once_find_everything_once(world: World) -> None:
    """Several processes do background work."""
    await returned_trip(world)
    await read(world, "driver", 30_000)
    world.clock.advance(hours=30)
    await asyncio.gather(*(sweep_books(world.database, world.bureau_id) for _ in range(5)))
    assert await kinds(world) == [("odometer-gap", "yellow"), ("visit-note-missing", "yellow")]


@pytest.mark.parametrize("days", [0, 2])
async def test_every_night_the_last_days_are_looked_at_again(world: World, days: int) -> None:
    """A look that failed by day is made up for."""
    await returned_trip(world)
    await read(world, "driver", 30_000)
    world.clock.advance(days=days)
    assert await look_again(world.database, world.bureau_id) >= 1
    assert await look_again(world.database, world.bureau_id) == 0


async def test_a_reading_typed_a_fifth_low_is_found_once_the_vehicle_has_taught_its_ratio(world: World) -> None:
    """Five honest trips of four per cent say nothing; the sixth, of the same way, is typed low."""
    device_id = await enrolled(world)
    for _ in range(5):
        await driven_trip(world, [device_id], track_m=10_400, reading_m=10_000)
    await sweep(world, minutes=31)
    assert [kind for kind, _ in await kinds(world) if kind == "odometer-track-mismatch"] == []
    trip_id = await driven_trip(world, [device_id], track_m=10_400, reading_m=8_000)
    await sweep(world, minutes=31)
    (finding,) = [one for one in await findings_of(world) if one.kind == "odometer-track-mismatch"]
    assert (finding.use_id, finding.colour, finding.evidence["reading_m"]) == (trip_id, "yellow", 8_000)


@pytest.mark.parametrize(
    ("who", "parts", "became"), [("driver", {}, []), ("auditor", {"obtained": Obtained.THIRD_PARTY}, ["cleared"])]
)
async def test_a_reading_typed_low_is_not_typed_anew_once_it_was_found(
    world: World, who: str, parts: dict[str, Any], became: list[str]
) -> None:
    """Its driver remembers two kilometres more the day after; an auditor who read the dashboard may."""
    device_id = await enrolled(world)
    for _ in range(5):
        await driven_trip(world, [device_id], track_m=10_400, reading_m=10_000)
    await driven_trip(world, [device_id], track_m=10_400, reading_m=8_000)
    await sweep(world, minutes=31)
    (finding,) = [one for one in await findings_of(world) if one.kind == "odometer-track-mismatch"]
    world.clock.advance(days=1)
    await correct(world, who, await last_reading_id(world), dashboard(world, 2_000).odometer_m, **parts)
    await look_again(world.database, world.bureau_id)
    assert [one.what for one in await updates_of(world) if one.finding_id == finding.finding_id] == became


async def test_a_reading_that_nobody_can_judge_any_more_is_not_cleared(world: World) -> None:
    """Of the five trips that taught the ratio one turns out to have been faked: four teach none."""
    device_id = await enrolled(world)
    taught = [await driven_trip(world, [device_id], track_m=10_400, reading_m=10_000) for _ in range(5)]
    await driven_trip(world, [device_id], track_m=10_400, reading_m=8_000)
    await sweep(world, minutes=31)
    (finding,) = [one for one in await findings_of(world) if one.kind == "odometer-track-mismatch"]

    async def faked(uow: UnitOfWork) -> None:
        await raise_finding(
            uow,
            FindingKind.MOCK_LOCATION,
            vehicle_id=world.vehicle_id,
            use_id=taught[0],
            subject_id=new_id(),
            evidence={},
        )

    await world.database.write(Actor(world.bureau_id), faked)
    world.clock.advance(minutes=1)
    await look_again(world.database, world.bureau_id)
    assert [one.what for one in await updates_of(world) if one.finding_id == finding.finding_id] == []


async def test_a_ratio_that_more_trips_are_asked_for_afterwards_clears_nothing(world: World) -> None:
    """With thirty asked for no trip would be judged: what was found by five stands."""
    device_id = await enrolled(world)
    for _ in range(5):
        await driven_trip(world, [device_id], track_m=10_400, reading_m=10_000)
    trip_id = await driven_trip(world, [device_id], track_m=10_400, reading_m=8_000)
    await sweep(world, minutes=31)
    (finding,) = [one for one in await findings_of(world) if one.kind == "odometer-track-mismatch"]
    world.clock.advance(minutes=1)
    more = NewSetting(name="ratio_least_trips", value=30, reason="放宽")
    await change_setting(world.database, world["admin"], more)
    await look_again(world.database, world.bureau_id)
    await noted(world, trip_id, world.clock() - 60 * MINUTE)
    await sweep(world)
    assert [one.what for one in await updates_of(world) if one.finding_id == finding.finding_id] == []


async def refilled(world: World) -> UUID:
    """Refill as usual four times, then with half as much again, and return the cost of that."""
    for litres in (45, 40, 40, 40, 60):
        world.clock.advance(days=1)
        new = NewCost(
            vehicle_id=world.vehicle_id,
            kind=CostKind.FUEL,
            amount_fen=litres * 800,
            incurred_at=world.clock(),
            fuel_ml=litres * 1_000,
            odometer_m=dashboard(world, 500_000).odometer_m,
        )
        cost_id = await record_cost(world.database, world["driver"], new)
        await sweep(world)
    return cost_id


async def test_litres_that_the_vehicle_cannot_have_burnt_are_found_and_not_typed_away(world: World) -> None:
    """Four usual refills, then one of half as much again; the attacker corrects its litres when it was found."""
    cost_id = await refilled(world)
    (finding,) = [one for one in await findings_of(world) if one.kind == "fuel-mismatch"]
    assert (finding.evidence["cost_id"], finding.evidence["fuel_ml"]) == (str(cost_id), 60_000)
    usual = NewCostCorrection(corrects=cost_id, kind=CostKind.FUEL, amount_fen=32_000, fuel_ml=40_000, reason="抄错")
    world.clock.advance(minutes=10)
    await correct_cost(world.database, world["dispatcher"], usual)
    await sweep(world)
    about_it = [one for one in await updates_of(world) if one.finding_id == finding.finding_id]
    assert about_it == []


@pytest.mark.parametrize(
    ("who", "parts", "became"), [("driver", {}, []), ("auditor", {"obtained": Obtained.THIRD_PARTY}, ["cleared"])]
)
async def test_fuel_is_not_explained_by_an_odometer_typed_anew(
    world: World, who: str, parts: dict[str, Any], became: list[str]
) -> None:
    """Half as much again burnt over the same way: the attacker makes the way longer, the auditor may."""
    await refilled(world)
    (finding,) = [one for one in await findings_of(world) if one.kind == "fuel-mismatch"]
    longer = dashboard(world, 250_000).odometer_m
    world.clock.advance(minutes=1)
    await correct(world, who, await last_reading_id(world), longer, **parts)
    await look_again(world.database, world.bureau_id)
    assert [one.what for one in await updates_of(world) if one.finding_id == finding.finding_id] == became
