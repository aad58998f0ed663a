"""Nothing is taken from a phone before its person was told what is tracked; they see what is kept about them."""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import text

from api.ingest.fixes import Event
from domain.tracking_notice import NOTICE, VERSION
from tests.conftest import SignIn, problem_code
from tests.ingest.test_events import told
from tests.phones import drive, enrol, enrol_untold, rows, send
from tests.trips import departed_trip
from tests.world import INSIDE, World

JSON = {"Content-Type": "application/json"}


def sent_by(client: str, token: str, at: datetime) -> dict[str, Any]:
    """Return a request with one fix as a client makes it."""
    basic = {"Authorization": "Basic " + base64.b64encode(f"phone:{token}".encode()).decode()}
    second, place = int(at.timestamp()), {"lat": INSIDE.lat, "lon": INSIDE.lon}
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [INSIDE.lon, INSIDE.lat]},
        "properties": {"timestamp": at.isoformat()},
    }
    coords = {"coords": {"latitude": INSIDE.lat, "longitude": INSIDE.lon}, "timestamp": at.isoformat()}
    requests: dict[str, dict[str, Any]] = {
        "own": {
            "url": "/v1/positions",
            "json": {"datum": "WGS-84", "fixes": [{"fixed_at": at.isoformat()} | place]},
            "headers": {"Authorization": f"Bearer {token}"},
        },
        "osmand": {"url": "/in/osmand", "params": {"id": token, "timestamp": second} | place},
        "traccar": {"url": f"/in/{token}", "json": {"device_id": "1", "location": coords}},
        "owntracks": {
            "url": "/in/owntracks",
            "json": {"_type": "location", "tst": second, "tid": "zc"} | place,
            "headers": basic,
        },
        "overland": {
            "url": "/in/overland",
            "json": {"locations": [feature]},
            "headers": {"Authorization": f"Bearer {token}"},
        },
    }
    return {"method": "POST"} | requests[client]


@pytest.mark.parametrize("client", ["own", "osmand", "traccar", "owntracks", "overland"])
async def test_a_phone_whose_person_was_not_told_is_refused_and_its_queue_is_taken_as_soon_as_they_were(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, client: str
) -> None:
    """With the status that its client takes for a wrong identity, so that it keeps what it has."""
    _, token = await enrol_untold(signed_in, person_id=world["officer"].person_id)
    request = sent_by(client, token, world.clock())
    for _ in range(2):
        refused = await anonymous.request(**request)
        unknown = await anonymous.request(**sent_by(client, "999999" + token[6:], world.clock()))
        assert (refused.status_code, problem_code(refused)) == (unknown.status_code, "not-told")
    assert await rows(world, "position_held") == []
    assert (await anonymous.post(f"/enrol/{token}", data={"notice": VERSION})).status_code == 303
    assert (await anonymous.request(**request)).status_code == 200
    assert len(await rows(world, "position_held")) == 1


async def test_a_terminal_needs_nobody_to_be_told(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """A vehicle is no person."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    assert (await send(anonymous, token, drive(world.clock(), 1))).json()["stored"] == 1


async def test_one_acknowledges_one_s_own_phone_signed_in_and_no_other(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Nobody is told in another's place, a revoked phone has nobody to tell, and an old wording is read again."""
    device_id, token = await enrol_untold(signed_in, person_id=world["officer"].person_id)
    terminal, _ = await enrol(signed_in, vehicle_id=world.vehicle_id)
    officer, driver = await signed_in("officer"), await signed_in("driver")
    path = f"/v1/devices/{device_id}/acknowledge"
    for who, which in ((driver, device_id), (officer, terminal), (officer, world.desk_id)):
        lost = await who.post(f"/v1/devices/{which}/acknowledge", json={"notice": VERSION})
        assert (lost.status_code, problem_code(lost)) == (404, "not-found")
    old = await officer.post(path, json={"notice": "1999-01"})
    assert (old.status_code, problem_code(old)) == (409, "notice-changed")
    assert (await send(anonymous, token, drive(world.clock(), 1))).status_code == 401
    chief = await signed_in("desk_chief")
    assert (await chief.get("/v1/devices")).json()["items"][0]["acknowledged_at"] is None
    for _ in range(2):
        assert (await officer.post(path, json={"notice": VERSION})).status_code == 204
    assert (await send(anonymous, token, drive(world.clock(), 1))).json()["held"] == 1
    listed = (await chief.get("/v1/devices")).json()["items"][0]
    assert datetime.fromisoformat(listed["acknowledged_at"]) == world.clock()
    mine = (await officer.get("/v1/devices/mine")).json()
    [fact] = mine["acknowledgements"]
    assert (fact["notice"], fact["obtained"], fact["device_id"]) == (VERSION, "signed-in", str(device_id))
    assert [one["answer"] for one in mine["notice"]["en"]] == [one.answer for one in NOTICE["en"]]
    await (await signed_in("admin")).post(f"/v1/devices/{device_id}/revoke", json={"reason": "遗失"})
    lost = await officer.post(path, json={"notice": VERSION})
    assert (lost.status_code, problem_code(lost)) == (404, "not-found")


async def test_one_sees_what_is_kept_about_oneself_with_its_end_and_nothing_of_others(
    app: Litestar, signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Held fixes, fixes that can never count, what the phone told on trips: in pages, the latest first."""
    device_id, token = await enrol(signed_in, person_id=world["officer"].person_id)
    _, other = await enrol(signed_in, person_id=world["second_officer"].person_id)
    at = world.clock()
    await send(anonymous, token, drive(at, 3))
    await send(anonymous, token, [{"fixed_at": at.isoformat(), "lat": 999, "lon": n} for n in range(3)])
    await send(anonymous, other, drive(at, 2))
    await departed_trip(world)
    app.state.door.devices.forget()
    for kind in ("ping", "visit", "trip"):
        await told(app, token, Event(kind=kind, at=world.clock.advance(seconds=1)))
    officer = await signed_in("officer")
    found: dict[str, list[dict[str, Any]]] = {}
    for what in ("held", "aside", "events"):
        first = (await officer.get(f"/v1/devices/mine/{what}", params={"limit": 2})).json()
        rest = (await officer.get(f"/v1/devices/mine/{what}", params={"after": first["next"]})).json()
        assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
        found[what] = first["items"] + rest["items"]
        assert {item["device_id"] for item in found[what]} == {str(device_id)}
        bad = await officer.get(f"/v1/devices/mine/{what}", params={"after": "WyJ4Il0"})
        assert problem_code(bad) == "bad-cursor"
    assert [datetime.fromisoformat(item["fixed_at"]) for item in found["held"]] == [
        at + timedelta(seconds=s) for s in (10, 5, 0)
    ]
    assert (found["held"][2]["lat"], found["held"][2]["lon"]) == (INSIDE.lat, INSIDE.lon)
    assert datetime.fromisoformat(found["held"][0]["dropped_at"]) == at + timedelta(hours=24)
    assert found["aside"][0]["reason"] == "bad-place"
    assert '"lat":999' in found["aside"][0]["raw"]
    assert datetime.fromisoformat(found["aside"][0]["forgotten_at"]) == at + timedelta(days=30)
    assert [item["kind"] for item in found["events"]] == ["trip", "visit", "ping"]
    mine = (await officer.get("/v1/devices/mine")).json()
    assert [item["device_id"] for item in mine["devices"]] == [str(device_id)]
    driver = await signed_in("driver")
    for what in ("held", "aside", "events"):
        assert (await driver.get(f"/v1/devices/mine/{what}")).json() == {"items": [], "next": None}
    assert (await (await signed_in("auditor")).get("/v1/devices/mine/held")).status_code == 403


async def test_two_links_acknowledged_at_once_are_one_fact(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Two phones of one person, both pages open."""
    tokens = [(await enrol_untold(signed_in, person_id=world["officer"].person_id))[1] for _ in range(2)]
    await asyncio.gather(*(anonymous.post(f"/enrol/{token}", data={"notice": VERSION}) for token in tokens * 3))
    async with world.database.read(world.bureau_id) as reader:
        count = text("SELECT count(*) FROM tracking_acknowledgement WHERE bureau_id = :b")
        assert (await reader.execute(count, {"b": world.bureau_id})).scalar_one() == 1
