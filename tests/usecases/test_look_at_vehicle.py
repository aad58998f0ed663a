"""The life of a finding that positions show: raised once, going on, over, cleared visibly; and what attackers try."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from api.db.database import UnitOfWork
from api.db.faults import HeldByDatabase
from api.db.ledger_entry import new_id
from api.db.tables.answers import FindingUpdate
from api.usecases.change_setting import NewSetting, change_setting
from api.usecases.look_at_vehicle import look_at_vehicle
from api.usecases.register_place import NewPlace, register_place
from api.usecases.return_trip import Return, return_trip
from api.usecases.seal_vehicle import NewSealAct, seal_vehicle
from domain.duty import SealVerb
from domain.findings.kinds import Colour
from domain.findings.life import Standing, What, may_follow
from domain.track.fixes import Fixes, to_instant
from domain.use_rule.upkeep import UpkeepKind
from domain.values import Point
from tests.drives import beside, drive, joined, standing, straight
from tests.everyday import findings_of
from tests.tracks import driven, enrolled, told
from tests.trips import dashboard, departed_trip
from tests.world import INSIDE, World

MINUTE = timedelta(minutes=1)


def fixes_of(fixes: Fixes, step: int = 5) -> Iterator[tuple[datetime, Point]]:
    """Yield every so many fixes as the database is told them."""
    for fix in fixes[::step]:
        yield to_instant(fix["at_us"]), Point(float(fix["lat"]), float(fix["lon"]))


async def parked_then(world: World, way: Fixes) -> UUID:
    """Let a terminal tell that the vehicle stood for an hour and then took a way; return the device's id."""
    device_id = await enrolled(world)
    rest = standing(INSIDE, world.clock() - 60 * MINUTE, world.clock())
    await told(world, device_id, [*fixes_of(rest, 1), *fixes_of(way)])
    world.clock.at = to_instant(way["at_us"][-1])
    return device_id


async def look(world: World, at: datetime | None = None) -> int:
    """Look at the world's vehicle about an instant."""
    at = at or world.clock()
    return (await look_at_vehicle(world.database, world.bureau_id, world.vehicle_id, at, at)).recorded


async def updates_of(world: World) -> list[Any]:
    """Return every update of the bureau's findings, in order."""
    async with world.database.read(world.bureau_id) as reader:
        rows = await reader.execute(
            text("SELECT * FROM finding_update WHERE bureau_id = :b ORDER BY recorded_at"), {"b": world.bureau_id}
        )
        return list(rows)


def errand(world: World) -> Fixes:
    """Return a recorded drive that begins a minute from now."""
    return drive("T3_04_22_2021_1", world.clock() + MINUTE, INSIDE)


async def test_a_drive_without_a_trip_is_one_finding_however_often_it_is_looked_at(world: World) -> None:
    """Looked at by twenty processes at once, and again afterwards."""
    await parked_then(world, errand(world))
    done = await asyncio.gather(*(look(world) for _ in range(20)))
    assert sum(done) == 1
    assert await look(world) == 0
    (finding,) = await findings_of(world)
    assert (finding.kind, finding.colour, finding.use_id) == ("moved-without-trip", "red", None)
    assert finding.subject_id.version == 8
    assert finding.evidence["length_m"] > 10_000
    assert {"lat_e7", "lon_e7"} <= set(finding.evidence)


async def test_while_it_lasts_there_is_an_update_every_three_minutes_and_one_at_its_end(world: World) -> None:
    """Looked at every ten seconds for a quarter of an hour, as positions come."""
    way = errand(world)
    device_id = await parked_then(world, way[:300])
    for part in range(300, 1_049, 10):
        await told(world, device_id, fixes_of(way[part : part + 10]))
        world.clock.at = to_instant(way["at_us"][min(part + 9, 1_048)])
        await look(world)
    assert len(await findings_of(world)) == 1
    updates = await updates_of(world)
    assert [one.what for one in updates] == ["lasts"] * 4
    assert updates[-1].until_at > updates[0].until_at
    home = standing(INSIDE, world.clock() + MINUTE, world.clock() + 15 * MINUTE)
    await told(world, device_id, fixes_of(home, 1))
    world.clock.advance(minutes=16)
    await look(world)
    assert [one.what for one in await updates_of(world)] == ["lasts"] * 4 + ["ended"]
    assert await look(world) == 0


async def test_word_of_a_departure_that_comes_late_clears_it_visibly(world: World) -> None:
    """The phone had no network: the finding stays, with the word that it was none."""
    began = world.clock()
    await parked_then(world, errand(world))
    await look(world)
    world.clock.advance(minutes=5)
    await driven(world, began + MINUTE, world.clock())
    await look(world, began + 10 * MINUTE)
    (finding,) = [one for one in await findings_of(world) if one.kind == "moved-without-trip"]
    (update,) = await updates_of(world)
    assert (update.finding_id, update.what, update.colour) == (finding.finding_id, "cleared", "green")


async def test_positions_of_yesterday_that_come_late_raise_a_finding_about_yesterday(world: World) -> None:
    """It is recorded today and says when it happened."""
    device_id = await enrolled(world)
    began = world.clock()
    await told(world, device_id, fixes_of(standing(INSIDE, began - 60 * MINUTE, began), 1))
    world.clock.advance(days=1)
    await look(world, began)
    assert await findings_of(world) == []
    way = drive("T3_04_22_2021_1", began + MINUTE, INSIDE)
    await told(world, device_id, fixes_of(way))
    await look(world, to_instant(way["at_us"][500]))
    (finding,) = await findings_of(world)
    assert finding.from_at is not None
    assert finding.from_at < began + 3 * MINUTE
    assert finding.recorded_at == world.clock()


async def test_a_threshold_moved_afterwards_clears_nothing(world: World) -> None:
    """Who raises the limit does not unmake what was found under the old one."""
    way = joined(
        standing(beside(INSIDE, east_m=120), world.clock() + MINUTE, world.clock() + 20 * MINUTE, every_s=6),
    )
    await parked_then(world, way)
    await look(world)
    assert len(await findings_of(world)) == 1
    world.clock.advance(minutes=1)
    await change_setting(
        world.database, world["desk_chief"], NewSetting(name="moved_without_trip_m", value=200, reason="x")
    )
    await look(world)
    assert "cleared" not in [one.what for one in await updates_of(world)]


async def test_a_place_that_is_registered_afterwards_explains_no_stop(world: World) -> None:
    """A tea house becomes a registered car wash: what was found there on the trip before stays as it was."""
    device_id = await enrolled(world)
    await departed_trip(world)
    tea_house, began = beside(INSIDE, east_m=2_000), world.clock()
    rest = standing(tea_house, began + 5 * MINUTE, began + 25 * MINUTE)
    await told(world, device_id, fixes_of(joined(straight([INSIDE, tea_house], began + MINUTE), rest), 1))
    world.clock.advance(minutes=26)
    await look(world)
    assert "off-purpose-stop" in [one.kind for one in await findings_of(world)]
    world.clock.advance(minutes=1)
    wash = NewPlace(kinds=frozenset({UpkeepKind.WASH}), name="茶馆洗车", address="x", place=tea_house, document_no="x")
    await register_place(world.database, world["admin"], wash)
    await look(world)
    assert await updates_of(world) == []


@pytest.mark.parametrize("ahead_min", [10, 180])
@pytest.mark.parametrize("of_person", [None, "officer"])
async def test_a_clock_that_is_ahead_is_found_at_once_and_stays_found(
    world: World, ahead_min: float, of_person: str | None
) -> None:
    """Minutes or hours, a terminal's or a phone's; that its fixes lie beyond the trip clears nothing afterwards."""
    device_id = await enrolled(world, of_person=of_person)
    trip_id = await departed_trip(world)
    way = standing(INSIDE, world.clock(), world.clock() + 10 * MINUTE)
    ahead = ahead_min * MINUTE
    await told(world, device_id, ((at + ahead, place) for at, place in fixes_of(way, 1)), late=-ahead)
    world.clock.advance(minutes=10)
    assert await look(world, world.clock() + ahead) == 1
    assert await look(world, world.clock() + ahead) == 0
    (finding,) = await findings_of(world)
    assert (finding.kind, finding.use_id, finding.evidence["skew_s"]) == ("clock-skew", trip_id, ahead_min * 60)
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 1_000)))
    world.clock.advance(hours=4)
    await look(world, world.clock() - 4 * timedelta(hours=1))
    assert [one.kind for one in await findings_of(world)] == ["clock-skew"]
    assert [one.what for one in await updates_of(world)] == ["ended"]


async def test_a_terminal_that_is_unplugged_at_the_gate_does_not_silence_the_phone(world: World) -> None:
    """It told that the vehicle left; where it stood for half an hour the officer's phone tells."""
    terminal, phone = await enrolled(world), await enrolled(world, of_person="officer")
    await departed_trip(world)
    tea_house, began = beside(INSIDE, east_m=2_000), world.clock()
    way = straight([INSIDE, tea_house], began + MINUTE)
    rest = standing(tea_house, began + 5 * MINUTE, began + 25 * MINUTE)
    await told(world, terminal, fixes_of(way[:6], 1))
    await told(world, phone, fixes_of(joined(way, rest), 1))
    world.clock.advance(minutes=26)
    await look(world)
    assert "off-purpose-stop" in [one.kind for one in await findings_of(world)]


async def test_a_sealed_vehicle_that_drives_in_duty_hours_is_red(world: World) -> None:
    """Sealed by hand for the week, and taken out on Monday morning all the same."""
    device_id = await enrolled(world)
    sealing = NewSealAct(vehicle_id=world.vehicle_id, verb=SealVerb.SEAL, at=world.clock(), odometer_m=52_000_000)
    await seal_vehicle(world.database, world["custodian"], sealing)
    trip_id = await departed_trip(world)
    way = straight([INSIDE, beside(INSIDE, east_m=1_000), INSIDE], world.clock() + MINUTE)
    await told(world, device_id, fixes_of(way, 1))
    world.clock.at = to_instant(way["at_us"][-1])
    await look(world)
    (finding,) = [one for one in await findings_of(world) if one.kind == "outside-duty-hours"]
    assert (finding.colour, finding.use_id) == ("red", trip_id)
    assert finding.evidence["sealed"] is True


async def test_a_drive_of_a_sealed_vehicle_says_so(world: World) -> None:
    """The seal was put on by hand on an ordinary morning."""
    sealing = NewSealAct(vehicle_id=world.vehicle_id, verb=SealVerb.SEAL, at=world.clock(), odometer_m=52_000_000)
    await seal_vehicle(world.database, world["custodian"], sealing)
    await parked_then(world, errand(world))
    await look(world)
    (finding,) = await findings_of(world)
    assert finding.evidence["sealed"] is True


async def raised(world: World) -> UUID:
    """Raise a finding and return its id."""
    await parked_then(world, errand(world))
    await look(world)
    (finding,) = await findings_of(world)
    return finding.finding_id


async def add(world: World, finding_id: UUID, no: int, said: tuple[What, Colour], after: timedelta) -> None:
    """Write an update as one does who goes round the use cases."""

    async def work(uow: UnitOfWork) -> None:
        entry_id = await uow.enter("attack", facts={"finding_id": finding_id})
        await uow.insert(
            FindingUpdate(
                bureau_id=uow.bureau_id,
                update_id=new_id(),
                finding_id=finding_id,
                no=no,
                what=said[0].value,
                colour=said[1].value,
                from_at=None,
                until_at=None,
                evidence={},
                recorded_at=uow.now + after,
                entry_id=entry_id,
            )
        )

    await world.database.write(world["dispatcher"], work)


@pytest.mark.parametrize("what", What)
@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=179), timedelta(seconds=180)])
async def test_the_database_and_the_domain_let_the_same_updates_follow(
    world: World, what: What, colour: Colour, after: timedelta
) -> None:
    """Of a finding that was raised red, and of the same once it was cleared."""
    finding_id = await raised(world)
    standing = Standing(None, Colour.RED, world.clock())
    for no in (1, 2):
        allowed = may_follow(standing, what, colour, world.clock() + after)
        try:
            await add(world, finding_id, no, (what, colour), after)
        except (HeldByDatabase, IntegrityError):
            assert not allowed
        else:
            assert allowed
            return
        if no == 1:
            await add(world, finding_id, 1, (What.CLEARED, Colour.GREEN), timedelta(microseconds=1))
            standing = Standing(What.CLEARED, Colour.GREEN, world.clock() + timedelta(microseconds=1))


async def test_of_twenty_who_add_the_next_update_at_once_one_is_let_in(world: World) -> None:
    """A finding is no flood, whoever writes past the use cases."""
    finding_id = await raised(world)
    tried = await asyncio.gather(
        *(add(world, finding_id, 1, (What.LASTS, Colour.RED), timedelta(minutes=3 + n)) for n in range(20)),
        return_exceptions=True,
    )
    assert [one for one in tried if one is None] == [None]
    assert len(await updates_of(world)) == 1
    with pytest.raises((HeldByDatabase, IntegrityError)):
        await add(world, finding_id, 7, (What.LASTS, Colour.RED), timedelta(hours=2))
