"""Reading positions as arrays: whose fixes make the track of a trip, and who saw the vehicle at an instant."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from api.db.queries.measures import measures_of, track_of_trip
from api.db.queries.positions import Encounter, fixes_near
from domain.track.fixes import to_us
from domain.values import Point
from tests.tracks import driven, enrolled, told
from tests.world import INSIDE, World


def northward(
    start: datetime, count: int, *, step_s: float = 10, from_place: Point = INSIDE
) -> list[tuple[datetime, Point]]:
    """Return fixes of a drive due north, 0.001 degrees (110.8 m) a step."""
    return [
        (start + timedelta(seconds=step_s * i), Point(from_place.lat + 0.001 * i, from_place.lon)) for i in range(count)
    ]


async def test_the_track_of_a_trip_is_what_its_terminal_told_while_it_was_out(world: World) -> None:
    """Fixes before the departure and after the return are not the trip's; its ends are."""
    out_at = world.clock()
    device_id = await enrolled(world)
    await told(world, device_id, northward(out_at - timedelta(seconds=10), 12))
    use_id = await driven(world, out_at, out_at + timedelta(seconds=90))
    async with world.database.read(world.bureau_id) as reader:
        track = await track_of_trip(reader, use_id)
    (segment,) = track.segments
    fixes = segment.fixes
    assert [int(at_us) for at_us in fixes["at_us"]] == [to_us(out_at + timedelta(seconds=10 * i)) for i in range(10)]
    assert fixes["lat"][0] == pytest.approx(INSIDE.lat + 0.001, abs=1e-7)
    assert np.isnan(fixes["speed_mps"]).all()
    assert fixes["valid"].all()
    assert track.length_m == pytest.approx(9 * 110.8, rel=0.001)


async def test_a_trip_nobody_told_anything_of_has_no_measure(world: World) -> None:
    """No track is not a track of no metres."""
    await enrolled(world)
    use_id = await driven(world, world.clock())
    async with world.database.read(world.bureau_id) as reader:
        assert (await track_of_trip(reader, use_id)).segments == ()
        assert await measures_of(reader, [use_id]) == {use_id: ()}


async def test_the_terminal_that_told_more_is_the_witness_unless_another_is_named(world: World) -> None:
    """Two devices in one array would draw a zigzag between them."""
    out_at = world.clock()
    busy, quiet = await enrolled(world), await enrolled(world)
    await told(world, busy, northward(out_at, 5))
    await told(world, quiet, northward(out_at, 2))
    use_id = await driven(world, out_at, out_at + timedelta(minutes=5))
    async with world.database.read(world.bureau_id) as reader:
        assert (await track_of_trip(reader, use_id)).kept == 5
        assert (await track_of_trip(reader, use_id, quiet)).kept == 2
        measures = (await measures_of(reader, [use_id]))[use_id]
    assert [(one.device_id, one.kept) for one in measures] == [(busy, 5), (quiet, 2)]


@pytest.mark.parametrize(("off_s", "seen"), [(59, 1), (60, 1), (61, 0)])
async def test_who_saw_the_vehicle_at_an_instant(world: World, off_s: int, seen: int) -> None:
    """A fix at the very edge of the window still speaks, one beyond it does not."""
    at = world.clock()
    await told(world, await enrolled(world), [(at + timedelta(seconds=off_s), INSIDE)])
    async with world.database.read(world.bureau_id) as reader:
        (told_of,) = await fixes_near(reader, [Encounter(world.vehicle_id, at)], within_s=60)
        assert len(told_of) == seen
