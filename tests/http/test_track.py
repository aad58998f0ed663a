"""The track of a trip over HTTP."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest

from domain.values import Point
from tests.conftest import SignIn, problem_code
from tests.tracks import driven, enrolled, told
from tests.world import INSIDE, World


async def test_a_track_shows_what_was_seen_and_what_was_not(signed_in: SignIn, world: World) -> None:
    """Two lines, and between them the stretch that nobody saw; 0,0 and a leap are left out."""
    out_at = world.clock()
    device_id = await enrolled(world)
    place = [Point(INSIDE.lat + 0.001 * i, INSIDE.lon) for i in range(8)]
    at = [out_at + timedelta(seconds=s) for s in (0, 20, 40, 60, 200, 220, 240, 260)]
    fixes = list(zip(at, place, strict=True))
    bad = [(out_at + timedelta(seconds=30), Point(0, 0)), (out_at + timedelta(seconds=50), Point(26.5, 119.0))]
    await told(world, device_id, [*fixes, *bad])
    use_id = await driven(world, out_at, out_at + timedelta(minutes=10))
    client = await signed_in("dispatcher")
    answer = await client.get(f"/v1/trips/{use_id}/track.geojson")
    assert answer.headers["content-type"].startswith("application/geo+json")
    seen, gap, seen_too = answer.json()["features"]
    assert [f["properties"]["kind"] for f in (seen, gap, seen_too)] == ["observed", "unobserved", "observed"]
    assert seen["properties"]["length_m"] == seen_too["properties"]["length_m"] == pytest.approx(332, abs=1)
    assert gap["properties"]["least_m"] == pytest.approx(111, abs=1)
    gpx = await client.get(f"/v1/trips/{use_id}/track.gpx")
    assert gpx.headers["content-type"].startswith("application/gpx+xml")
    points = ET.fromstring(gpx.content).iter("{http://www.topografix.com/GPX/1/1}trkpt")  # noqa: S314 - our own answer
    assert len(list(points)) == 8


async def test_no_fix_is_an_empty_track_and_no_trip_is_none(signed_in: SignIn, world: World) -> None:
    """A trip without any fix is an empty collection; one that is not there is not found."""
    client = await signed_in("auditor")
    use_id = await driven(world, world.clock())
    assert (await client.get(f"/v1/trips/{use_id}/track.geojson")).json()["features"] == []
    for kind in ("geojson", "gpx"):
        lost = await client.get(f"/v1/trips/{uuid4()}/track.{kind}")
        assert (lost.status_code, problem_code(lost)) == (404, "not-found")
    refused = await (await signed_in("admin")).get(f"/v1/trips/{use_id}/track.gpx")
    assert (refused.status_code, problem_code(refused)) == (403, "forbidden")
