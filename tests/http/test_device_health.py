"""The list of devices says how each is, so that a dead terminal is seen before the month's end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar

from api.ingest.fixes import Event, Mileage
from tests.conftest import SignIn, problem_code
from tests.ingest.test_events import told
from tests.phones import drive, enrol, send
from tests.trips import departed_trip
from tests.world import World


async def health(app: Litestar, signed_in: SignIn) -> dict[str, Any]:
    """Return the health of the bureau's first device, as the dispatcher sees it."""
    await app.state.door.writer.health.flush()
    dispatcher = await signed_in("dispatcher")
    item: dict[str, Any] = (await dispatcher.get("/v1/devices")).json()["items"][0]["health"]
    return item


async def test_a_device_that_never_sent_says_nothing_of_itself(app: Litestar, signed_in: SignIn, world: World) -> None:
    """No numbers are made up."""
    await enrol(signed_in, vehicle_id=world.vehicle_id)
    assert await health(app, signed_in) == {
        "last_seen_at": None,
        "last_fixed_at": None,
        "silent_since": None,
        "delay": None,
        "clock_skew_s": None,
        "rejected": {"share": 0, "fixes": 0, "reasons": {}},
        "battery_percent": None,
        "protocol": None,
        "app": None,
    }


async def test_the_list_says_when_a_device_was_seen_and_how_late_it_delivers(
    app: Litestar, signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Least, mean and most over seven days; the skew is the last day's, a clock ahead is negative."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    for ages_s in ((2, 4), (1_000, 10), (-30,)):
        at = world.clock.advance(days=4)
        await send(anonymous, token, [drive(at - timedelta(seconds=age_s), 1)[0] for age_s in ages_s])
    now = world.clock()
    agent = {"User-Agent": "Traccar Client/7.9"}
    query = {"id": token, "lat": 25.4, "lon": 119, "timestamp": int(now.timestamp()) - 1, "batt": 41.5}
    assert (await anonymous.get("/in/osmand", params=query, headers=agent)).status_code == 200
    seen = await health(app, signed_in)
    assert datetime.fromisoformat(seen["last_seen_at"]) == now
    assert datetime.fromisoformat(seen["last_fixed_at"]) == now + timedelta(seconds=30)
    assert seen["delay"]["least_s"] == pytest.approx(-30, abs=1e-3)
    assert seen["delay"]["most_s"] == pytest.approx(1_000, abs=1e-3)
    assert seen["delay"]["mean_s"] == pytest.approx((1_000 + 10 - 30 + 1) / 4, abs=1)
    assert seen["clock_skew_s"] == pytest.approx(-30, abs=1e-3)
    assert (seen["battery_percent"], seen["protocol"]) == (41.5, "osmand")


async def test_the_list_says_what_share_of_a_device_s_fixes_can_never_count_and_why(
    app: Litestar, signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """By reason, each fix once however often it is sent; of thirty days, not of the day before them."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)

    async def sent_with(bad: list[dict[str, Any]]) -> None:
        for _ in range(2):
            await send(anonymous, token, [*drive(world.clock(), 5), *bad])

    nowhere = {"fixed_at": world.clock().isoformat(), "lat": 999, "lon": 0}
    await sent_with([nowhere])
    world.clock.advance(days=30)
    old = {"fixed_at": "1995-01-01T00:00:00Z", "lat": 25, "lon": 119}
    await sent_with([nowhere | {"lon": 1}, nowhere | {"lon": 2}, old])
    rejected = (await health(app, signed_in))["rejected"]
    assert rejected == {"share": round(3 / 8, 4), "fixes": 3, "reasons": {"bad-place": 2, "far-past": 1}}


async def test_a_terminal_is_silent_after_the_bureau_s_time_whether_it_ever_spoke_or_not(
    app: Litestar, signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Exactly at the limit it is not, a second over it is; a word ends it; a revoked one is not waited for."""
    chief = await signed_in("desk_chief")
    set_to = {"value": 3_600, "reason": "城区终端每分钟上报"}
    assert (await chief.put("/v1/settings/terminal_silent_s", json=set_to)).status_code == 200
    device_id, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    enrolled_at = world.clock()
    world.clock.advance(seconds=3_600)
    assert (await health(app, signed_in))["silent_since"] is None
    world.clock.advance(seconds=1)
    assert datetime.fromisoformat((await health(app, signed_in))["silent_since"]) == enrolled_at
    await send(anonymous, token, drive(world.clock(), 1))
    spoke_at = world.clock()
    assert (await health(app, signed_in))["silent_since"] is None
    world.clock.advance(seconds=3_601)
    assert datetime.fromisoformat((await health(app, signed_in))["silent_since"]) == spoke_at
    await chief.post(f"/v1/devices/{device_id}/revoke", json={"reason": "拆除"})
    assert (await health(app, signed_in))["silent_since"] is None


async def test_a_phone_is_waited_for_on_its_person_s_trips_alone(
    app: Litestar, signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Nobody is asked why a phone was silent at night."""
    _, token = await enrol(signed_in, person_id=world["officer"].person_id)
    await send(anonymous, token, drive(world.clock(), 1))
    world.clock.advance(hours=2)
    assert (await health(app, signed_in))["silent_since"] is None
    await departed_trip(world)
    departed_at = world.clock()
    world.clock.advance(seconds=1_800)
    assert (await health(app, signed_in))["silent_since"] is None
    world.clock.advance(seconds=1)
    assert datetime.fromisoformat((await health(app, signed_in))["silent_since"]) == departed_at


async def test_events_of_a_device_are_listed_in_pages_to_those_who_see_devices(
    app: Litestar, signed_in: SignIn, world: World
) -> None:
    """The last received first; not for those who drive; an unknown device is told so."""
    device_id, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    for kind in ("power-cut", "sos", "antenna-cut"):
        await told(app, token, Event(kind=kind, at=world.clock.advance(seconds=5), detail={"volts": 11.5}))
    chief = await signed_in("desk_chief")
    first = (await chief.get(f"/v1/devices/{device_id}/events", params={"limit": 2})).json()
    rest = (await chief.get(f"/v1/devices/{device_id}/events", params={"limit": 2, "after": first["next"]})).json()
    items = first["items"] + rest["items"]
    assert [item["kind"] for item in items] == ["antenna-cut", "sos", "power-cut"]
    assert (items[0]["detail"], rest["next"]) == ({"volts": 11.5}, None)
    assert (await (await signed_in("driver")).get(f"/v1/devices/{device_id}/events")).status_code == 403
    lost = await chief.get(f"/v1/devices/{world.desk_id}/events")
    assert (lost.status_code, problem_code(lost)) == (404, "not-found")


async def test_a_terminal_s_mileage_is_listed_apart_from_the_dashboard_s(
    app: Litestar, signed_in: SignIn, world: World
) -> None:
    """In pages, the latest first, of all terminals the vehicle had; among the readings there is none of it."""
    made = []
    for count in range(3):
        _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
        at = world.clock.advance(seconds=5)
        await told(app, token, mileages=[Mileage(at=at, odometer_m=60_000_000 + count)])
        made.append(60_000_000 + count)
    driver = await signed_in("driver")
    path = f"/v1/vehicles/{world.vehicle_id}/terminal-readings"
    first = (await driver.get(path, params={"limit": 2})).json()
    rest = (await driver.get(path, params={"after": first["next"]})).json()
    assert [item["odometer_m"] for item in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    readings = await driver.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})
    assert readings.json()["items"] == []
    for wrong in ("WyJ4IiwieSIsInoiXQ", "WyIyMDI2LTAxLTAxIiwiMDE5MzJiM2MtN2Q1ZS03YTEwLThjNGYtMGExYjJjM2Q0ZTVmIiwiMSJd"):
        assert problem_code(await driver.get(path, params={"after": wrong})) == "bad-cursor"
