"""A recorded drive sent again as a phone would, faults and all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from api.cli.replay import Faults, ReplayFailed, batches, send_all, sendings, shifted
from api.recorded_track import read_track
from tests.conftest import SignIn
from tests.phones import enrol, rows
from tests.trips import departed_trip
from tests.world import World

DRIVE = Path(__file__).parent.parent / "data" / "tracks" / "T3_06_07_2021.csv"
WHEELS_M = 19_720
"""What the car's own wheels measured; three of the fixes lie nowhere on earth."""


@pytest.mark.parametrize(
    "faults",
    [Faults(), Faults(duplicate=True, reorder=True, drop_answers=True, seed=7)],
    ids=["a good connection", "duplicates, disorder and lost answers"],
)
async def test_the_drive_that_jumps_off_the_earth_is_as_long_as_its_wheels_say(
    world: World, signed_in: SignIn, app: Litestar, faults: Faults
) -> None:
    """However the phone's network behaves, the trip's track is the one drive."""
    trip_id = await departed_trip(world)
    fixes = shifted(read_track(DRIVE), world.clock())
    world.clock.advance(minutes=40)
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    loop = asyncio.get_running_loop()
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as phone:
        phone.headers = httpx.Headers({"Authorization": f"Bearer {token}", "Content-Type": "application/json"})

        def post(body: bytes) -> httpx.Response:
            return asyncio.run_coroutine_threadsafe(phone.post("/v1/positions", content=body), loop).result(60)

        bodies = sendings(batches(fixes, 60), faults)
        counts = await asyncio.to_thread(send_all, post, bodies, faults)
    assert counts["stored"] + counts["repeated"] + counts["aside"] >= len(fixes)
    assert len(await rows(world)) == len({(fix.at, fix.lat, fix.lon) for fix in fixes if abs(fix.lon) <= 180})
    auditor = await signed_in("auditor")
    track = (await auditor.get(f"/v1/trips/{trip_id}/track.geojson")).json()
    seen = [feature["properties"] for feature in track["features"]]
    length_m = sum(part.get("length_m", 0) + part.get("least_m", 0) for part in seen)
    assert length_m == pytest.approx(WHEELS_M, rel=0.05)


def test_a_refused_track_is_told_in_a_sentence() -> None:
    """A wrong token is not tried for ever."""

    def post(body: bytes) -> httpx.Response:
        del body
        return httpx.Response(401, text="unknown device")

    with pytest.raises(ReplayFailed, match="401 unknown device"):
        send_all(post, [b"{}"], Faults())
