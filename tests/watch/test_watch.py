"""The watch end to end: positions over a socket in, findings over HTTP out, by the watch alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID

import httpx
import pytest

from api.db.faults import DatabaseAway
from api.usecases.follow_findings import Looked
from api.usecases.return_trip import Return, return_trip
from api.watch.glance import Suspect
from api.watch.watch import KEPT_MOST, REMEMBERED, Watch
from domain.track.fixes import Fixes, to_instant
from domain.values import Point
from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn
from tests.drives import beside, drive, standing, straight
from tests.http.test_late_word import offline
from tests.phones import enrol, send
from tests.trips import approved_trip, dashboard, departed_trip
from tests.usecases.test_look_at_vehicle import look, updates_of
from tests.world import INSIDE, HeldClock, World, monday_morning

pytestmark = pytest.mark.usefixtures("port")
WITHIN_S = 60.0
"""`make bench BENCH=watch` times the watch; here the machine may be busy, and a vehicle is left alone for twenty times
as long as a look at it took. No sweep runs: jobs are off."""
LATE = drive("T3_04_22_2021_1", monday_morning(), INSIDE)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def socket(port: int) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client over a real socket."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


def wire(fixes: Fixes, **beside_them: Any) -> list[dict[str, Any]]:
    """Return fixes as a device sends them."""
    return [
        {
            "fixed_at": to_instant(fix["at_us"]).isoformat(),
            "lat": round(float(fix["lat"]), 7),
            "lon": round(float(fix["lon"]), 7),
            "speed_mps": round(float(fix["speed_mps"]), 2),
            **beside_them,
        }
        for fix in fixes
    ]


class Road:
    """A device that sends as it goes, under the test's clock."""

    def __init__(self, socket: httpx.AsyncClient, clock: HeldClock, token: str) -> None:
        self._socket, self._clock, self._token = socket, clock, token

    async def goes(self, fixes: Fixes, *, together: int = 1, **beside_them: Any) -> None:
        """Send some fixes a request, each when it was made."""
        for first in range(0, len(fixes), together):
            part = fixes[first : first + together]
            self._clock.at = max(self._clock.at, to_instant(part["at_us"][-1]) + timedelta(seconds=1))
            answer = await send(self._socket, self._token, wire(part, **beside_them))
            assert answer.json()["stored"] == len(part), answer.text


async def seen(client: httpx.AsyncClient, *kinds: str, within_s: float = WITHIN_S) -> list[dict[str, Any]]:
    """Return the findings once these kinds are among them; they are in time, or the test fails."""
    began = monotonic()
    while True:
        found: list[dict[str, Any]] = (await client.get("/v1/findings")).json()["items"]
        if set(kinds) <= {one["kind"] for one in found}:
            return found
        assert monotonic() - began < within_s, f"after {within_s} s there is only {[one['kind'] for one in found]}"
        await asyncio.sleep(0.02)


async def quiet(client: httpx.AsyncClient) -> None:
    """Let the watch glance at everything, and see that it found nothing."""
    await asyncio.sleep(0.5)
    assert (await client.get("/v1/findings")).json()["items"] == []


async def a_terminal(world: World, signed_in: SignIn, socket: httpx.AsyncClient) -> Road:
    """Enrol a terminal of the vehicle that tells that it is parked."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    road = Road(socket, world.clock, token)
    await road.goes(standing(INSIDE, world.clock() - 5 * MINUTE, world.clock()), together=10)
    return road


async def test_a_vehicle_that_moves_without_a_trip_is_seen_at_once(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """A recorded drive begins; the finding is there while it goes on, and stays one."""
    auditor = await signed_in("auditor")
    road = await a_terminal(world, signed_in, socket)
    await quiet(auditor)
    way = drive("T3_04_22_2021_1", world.clock() + 10 * timedelta(seconds=1), INSIDE)[::5]
    passed_m = ((way["lat"] - INSIDE.lat) ** 2 + (way["lon"] - INSIDE.lon) ** 2) ** 0.5 * 100_000
    gone = int((passed_m > 150).argmax())
    await road.goes(way[:gone])
    (finding,) = await seen(auditor, "moved-without-trip")
    await road.goes(way[gone:])
    await asyncio.sleep(0.5)
    assert [one["finding_id"] for one in await seen(auditor, "moved-without-trip")] == [finding["finding_id"]]


async def test_a_lawful_trip_over_recorded_roads_shows_nothing(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """Parked, out on a trip to its site, in duty hours: the watch stays silent."""
    auditor = await signed_in("auditor")
    road = await a_terminal(world, signed_in, socket)
    way = drive("T3_04_22_2021_1", world.clock() + timedelta(hours=1, seconds=5), INSIDE)[::5]
    end = Point(float(way["lat"][-1]), float(way["lon"][-1]))
    await departed_trip(world, job_ids=(await job_of(world, await accepted_complaint(world), end),))
    auditor = await signed_in("auditor")
    await road.goes(way)
    await quiet(auditor)


async def test_what_a_terminal_sends_late_raises_a_finding_about_yesterday(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """Two hundred fixes of yesterday in one request, which is looked at whole."""
    auditor = await signed_in("auditor")
    road = await a_terminal(world, signed_in, socket)
    began = world.clock()
    world.clock.advance(days=1)
    auditor = await signed_in("auditor")
    await road.goes(standing(INSIDE, world.clock() - MINUTE, world.clock()), together=10)
    await quiet(auditor)
    way = drive("T3_04_22_2021_1", began + MINUTE, INSIDE)[::5]
    await road.goes(way, together=210)
    (finding,) = await seen(auditor, "moved-without-trip")
    assert datetime.fromisoformat(finding["from_at"]) < began + 5 * MINUTE


async def test_a_departure_told_late_clears_what_was_found(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """The watch hears of the use, looks at it, and the finding is green."""
    end = Point(float(LATE["lat"][-1]), float(LATE["lon"][-1]))
    trip_id = await approved_trip(world, job_ids=(await job_of(world, await accepted_complaint(world), end),))
    world.clock.advance(hours=1)
    auditor = await signed_in("auditor")
    road = await a_terminal(world, signed_in, socket)
    began = world.clock()
    await road.goes(drive("T3_04_22_2021_1", began + timedelta(minutes=2), INSIDE)[::5][:80], together=10)
    await seen(auditor, "moved-without-trip")
    await asyncio.sleep(1)
    left = await offline(await signed_in("driver"), trip_id, began + MINUTE)
    assert (left.status_code, left.json()["outcome"]) == (200, "recorded"), left.text
    until = monotonic() + WITHIN_S
    while (found := await seen(auditor, "moved-without-trip"))[-1]["colour"] != "green":
        assert monotonic() < until, found
        await asyncio.sleep(0.05)


async def test_signs_of_a_trip_are_each_seen_at_once(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """Simulated places, a stop at no site, speed, the district left, one after another on one trip."""
    auditor = await signed_in("auditor")
    road = await a_terminal(world, signed_in, socket)
    await departed_trip(world)
    auditor = await signed_in("auditor")
    at = world.clock() + MINUTE
    await road.goes(straight([INSIDE, beside(INSIDE, north_m=1_500)], at, mps=40))
    await seen(auditor, "speeding")
    at = world.clock() + 10 * timedelta(seconds=1)
    stop = beside(INSIDE, north_m=1_500)
    await road.goes(standing(stop, at, at + timedelta(minutes=10, seconds=30)))
    await seen(auditor, "off-purpose-stop")
    at = world.clock() + 10 * timedelta(seconds=1)
    await road.goes(standing(stop, at, at), mock=True)
    await seen(auditor, "mock-location")
    at = world.clock() + 10 * timedelta(seconds=1)
    await road.goes(straight([stop, beside(stop, east_m=12_000)], at, mps=20))
    found = await seen(auditor, "left-jurisdiction")
    assert {one["trip_id"] for one in found} == {found[0]["trip_id"]}
    assert found[0]["trip_id"] is not None


async def test_a_phone_that_stays_behind_is_seen(world: World, signed_in: SignIn, socket: httpx.AsyncClient) -> None:
    """Terminal and phone speak in turn on one trip; the phone lies on the desk."""
    road = await a_terminal(world, signed_in, socket)
    _, token = await enrol(signed_in, person_id=world["officer"].who)
    phone = Road(socket, world.clock, token)
    await departed_trip(world)
    auditor = await signed_in("auditor")
    way = straight([INSIDE, beside(INSIDE, north_m=4_000)], world.clock() + MINUTE, mps=10, every_s=10)
    for fix in range(len(way)):
        await road.goes(way[fix : fix + 1])
        await phone.goes(standing(INSIDE, world.clock(), world.clock()))
    (found,) = [one for one in await seen(auditor, "devices-disagree") if one["kind"] == "devices-disagree"]
    assert found["colour"] == "red"


async def test_a_trip_that_went_on_after_its_return_is_seen(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """The watch hears of the return: what drives on has no use."""
    auditor = await signed_in("auditor")
    road = await a_terminal(world, signed_in, socket)
    trip_id = await departed_trip(world)
    auditor = await signed_in("auditor")
    way = straight([INSIDE, beside(INSIDE, north_m=5_000)], world.clock() + MINUTE)
    await road.goes(way[:20])
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 2_000)))
    await road.goes(way[20:])
    await seen(auditor, "moved-without-trip")


async def test_one_outing_told_by_twenty_clients_at_once_and_twice_is_one_finding(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """The same fixes over and over, in any order, are no flood."""
    auditor = await signed_in("auditor")
    road = await a_terminal(world, signed_in, socket)
    way = drive("T3_04_22_2021_1", world.clock() + MINUTE, INSIDE)[::10]
    world.clock.at = to_instant(way["at_us"][-1]) + MINUTE
    parts = [wire(way[n::20]) for n in range(20)]
    await asyncio.gather(*(send(socket, road._token, part) for part in parts * 2))
    await seen(auditor, "moved-without-trip")
    await asyncio.sleep(1.5)
    assert len(await seen(auditor, "moved-without-trip")) == 1
    assert len(await updates_of(world)) <= 2
    assert await look(world) <= 1


async def test_a_watch_forgets_vehicles_of_which_nothing_is_left_to_be_known(world: World) -> None:
    """A nation's vehicles pass by; remembered are who waits for a look, and who was looked at just now."""
    watch = Watch(world.database)
    for number in range(10 * REMEMBERED):
        key = world.bureau_id, UUID(int=number)
        watch._suspect(Suspect(*key, 1, 0.0, 1.0), 0.0)
        if number % REMEMBERED:
            watch._vehicles[key].waits = False
    assert len(watch._vehicles) <= REMEMBERED + 20
    assert len(watch._due) == 10 * REMEMBERED
    waiting = (UUID(int=number) for number in range(0, 10 * REMEMBERED, REMEMBERED))
    assert all((world.bureau_id, one) in watch._vehicles for one in waiting)


@pytest.mark.parametrize(("kept", "looks"), [(KEPT_MOST, 1), (KEPT_MOST + 1, 0)])
async def test_more_than_a_look_can_take_at_once_is_left_to_the_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch, kept: int, looks: int
) -> None:
    """Who delivers the fixes of weeks in a moment holds up neither other vehicles nor what comes in meanwhile."""
    looked = AsyncMock(return_value=Looked(0, frozenset()))
    monkeypatch.setattr("api.watch.watch.look_at_vehicle", looked)
    watch, key = Watch(world.database), (world.bureau_id, world.vehicle_id)
    watch._suspect(Suspect(*key, 0, 0.0, 1.0), 0.0, kept=kept - 1)
    watch._suspect(Suspect(*key, 0, 1.0, 2.0), 0.0, kept=1)
    await watch._look(key, watch._vehicles[key])
    assert (looked.await_count, watch.stats.looks) == (looks, looks)
    assert watch.stats.left == (0 if looks else kept)


async def test_what_changed_is_asked_again_where_the_database_was_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A departure is heard of, and the question about it is not answered: it is put once more."""
    watch = Watch(world.database)
    await watch._ask(world.bureau_id)
    watch.changed(world.bureau_id)
    with monkeypatch.context() as away:
        away.setattr("api.watch.watch.expected_in", AsyncMock(side_effect=DatabaseAway))
        with pytest.raises(DatabaseAway):
            await watch._renew()
    assert watch._bureaus[world.bureau_id].stale
    await watch._renew()
    assert not watch._bureaus[world.bureau_id].stale
