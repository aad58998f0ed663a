"""The doors of phones: every shape at every address, the token wherever a user types it, answers as clients need."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from api.ingest.protocol import Sent, tokens
from api.ingest.protocols import PROTOCOLS, protocol_of
from tests.conftest import SignIn, problem_code
from tests.phones import AT, GPSLOGGER, OVERLAND, OWNTRACKS, QUERY, SHAPES, TRACCAR, enrol, rows, send
from tests.world import World

NOBODY = "350302-0000-0000-0000-0000"
ANSWERS = {"owntracks": b"[]", "overland": b'{"result":"ok"}'}
DOORS = ("/in/osmand", "/in/owntracks", "/in/overland", "/in/gpslogger", "/")


@pytest.fixture
async def token(signed_in: SignIn, world: World) -> str:
    """Return the token of a device whose fixes always count."""
    return (await enrol(signed_in, vehicle_id=world.vehicle_id))[1]


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_address_takes_every_shape_and_answers_as_its_client_needs(
    world: World, anonymous: httpx.AsyncClient, token: str, shape: str
) -> None:
    """With a slash at the end and without, first by the router, then by the lane: one fix, stored once."""
    for door in (f"/in/{token}", f"/in/{token}/", *DOORS, *(f"{door}/" for door in DOORS[:-1])):
        signed = {} if token in door else {"Authorization": f"Bearer {token}"}
        answer = await anonymous.post(door, headers=signed, **SHAPES[shape])
        assert (answer.status_code, answer.content) == (200, ANSWERS.get(shape, b"")), door
    [row] = await rows(world)
    assert (row.lat_e7, row.lon_e7, row.fixed_at) == (254337000, 1190010000, world.clock())


async def test_a_query_is_taken_by_get_at_every_address(world: World, anonymous: httpx.AsyncClient, token: str) -> None:
    """Old clients and GPSLogger ask by GET; the root is theirs too, if a device is named."""
    for door in (f"/in/{token}", *DOORS):
        for shape in (QUERY, GPSLOGGER):
            answer = await anonymous.get(door, params={"id": token} | shape)
            assert (answer.status_code, answer.content) == (200, b""), door
    assert len(await rows(world)) == 1


async def test_there_is_nothing_below_an_address(anonymous: httpx.AsyncClient, token: str) -> None:
    """Known or not, a device is answered alike at a path that is none."""
    assert (await anonymous.get("/in/osmand", params=QUERY | {"id": token})).status_code == 200
    for path in ("/in/osmand/more", f"/in/{token}/more", "/in", "/inosmand"):
        answer = await anonymous.get(path, params=QUERY | {"id": token})
        assert (answer.status_code, problem_code(answer)) == (404, "no-such-address"), path


async def test_who_looks_what_is_at_the_root_is_no_device(anonymous: httpx.AsyncClient) -> None:
    """A browser that opens the service's address."""
    answer = await anonymous.get("/")
    assert (answer.status_code, problem_code(answer)) == (404, "no-such-address")


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of Basic authentication."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def typed(token: str) -> dict[str, dict[str, Any]]:
    """Return requests in which a user typed the token at each place that a client offers."""
    feature = OVERLAND["locations"][0]
    named = [feature | {"properties": feature["properties"] | {name: token}} for name in ("device_id", "unique_id")]
    return {
        "the identifier of OsmAnd's query": {"params": QUERY | {"id": token}},
        "the identifier of OsmAnd's form": {"data": QUERY | {"deviceid": token}},
        "any parameter of a URL its user writes": {"params": GPSLOGGER | {"who": token}},
        "the device of Traccar's JSON": {"json": TRACCAR | {"device_id": token}},
        "the device in JSON like a query's": {"json": {"id": token, "lat": 25.4337, "lon": 119.001, "timestamp": AT}},
        "a Bearer": {"json": OVERLAND, "headers": {"Authorization": f"Bearer {token}"}},
        "the password": {"json": OWNTRACKS, "headers": basic("phone", token)},
        "the user": {"json": OWNTRACKS, "headers": basic(token, "")},
        "a user that nobody encoded": {"json": OWNTRACKS, "headers": {"Authorization": f"Basic {token}:"}},
        "the user beside the password": {"json": OWNTRACKS, "headers": {"X-Limit-U": token, "X-Limit-D": "phone"}},
        "the device beside the password": {"json": OWNTRACKS, "headers": {"X-Limit-U": "x", "X-Limit-D": token}},
        "u and d of the query": {"json": OWNTRACKS, "params": {"u": "x", "d": token}},
        "the device of the topic": {"json": OWNTRACKS | {"topic": f"owntracks/x/{token}"}},
        "the user of the topic": {"json": OWNTRACKS | {"topic": f"owntracks/{token}/phone"}},
        "the device of Overland": {"json": {"locations": [named[0]]}},
        "the unique identifier of Overland": {"json": {"locations": [named[1]]}},
        "the access token of Overland": {"json": OVERLAND, "params": {"access_token": token}},
        "capitals, without dashes": {"params": QUERY | {"id": token.replace("-", "").upper()}},
    }


@pytest.mark.parametrize("place", typed(NOBODY))
async def test_the_token_may_stand_wherever_a_client_lets_its_user_type(
    world: World, anonymous: httpx.AsyncClient, token: str, place: str
) -> None:
    """It opens the door, and is kept nowhere: neither with the fix nor with what is set aside."""
    for _ in range(2):
        assert (await anonymous.post("/", **typed(token)[place])).status_code == 200
    [row] = await rows(world)
    assert row.attributes is None
    broken = json.loads(json.dumps(typed(token)[place]).replace("25.4337", "95"))
    assert (await anonymous.post("/", **broken)).status_code == 200
    [aside] = await rows(world, "position_aside")
    assert aside.reason == "bad-place"
    assert token.encode() not in bytes(aside.raw)


@pytest.mark.parametrize(
    ("shape", "status"),
    [
        ("osmand query", 400),
        ("osmand form", 400),
        ("traccar", 404),
        ("owntracks", 401),
        ("overland", 401),
        ("gpslogger query", 401),
        ("gpslogger form", 401),
    ],
)
async def test_a_token_that_is_nobody_s_is_refused_as_the_client_knows_it(
    world: World, anonymous: httpx.AsyncClient, shape: str, status: int
) -> None:
    """Each client has a status that it takes for a wrong identity; nothing is kept."""
    for door, headers in (
        ("/", {}),
        (f"/in/{NOBODY}", {}),
        ("/", {"Authorization": f"Bearer {NOBODY}"}),
        ("/", {"Authorization": "Basic ="}),
    ):
        answer = await anonymous.post(door, headers=headers, **SHAPES[shape])
        assert (answer.status_code, problem_code(answer)) == (status, "unknown-device")
    assert [*await rows(world), *await rows(world, "position_aside")] == []


async def test_a_time_without_an_offset_is_read_in_the_zone_that_is_set_for_the_device(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """The administrator sets it; the fix says that its time was read so."""
    device_id, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    local = QUERY | {"id": token, "timestamp": "2026-11-23 09:00:00"}
    configured = {"name": "a device", "zone": "Asia/Shanghai"}
    answer = await (await signed_in("admin")).post(f"/v1/devices/{device_id}/configure", json=configured)
    assert answer.status_code < 300, answer.text
    assert (await anonymous.get("/in/osmand", params=local)).status_code == 200
    [row] = await rows(world)
    assert (row.fixed_at, row.attributes) == (world.clock(), {"time_repair": "device-zone"})


async def test_a_revoked_token_is_refused_at_once(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Though the lane knew it a moment ago."""
    device_id, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    assert (await anonymous.post(f"/in/{token}", json=OVERLAND)).status_code == 200
    revoked = await (await signed_in("admin")).post(f"/v1/devices/{device_id}/revoke", json={"reason": "lost"})
    assert revoked.status_code == 204, revoked.text
    for _ in range(100):
        if (await anonymous.post(f"/in/{token}", json=OVERLAND)).status_code == 401:
            break
    else:
        pytest.fail("the process never heard of the revocation")


@pytest.mark.parametrize(
    ("door", "body", "answer"),
    [
        ("/in/owntracks", b"", b"[]"),
        ("/in/{token}", b"", b"[]"),
        ("/in/owntracks", b'{"_type":', b"[]"),
        ("/in/overland", b"[" * 10_000, b'{"result":"ok"}'),
        ("/in/{token}", b"\xff\xfe", b""),
        ("/in/{token}", b'{"location": "here"}', b""),
    ],
)
async def test_what_is_no_message_at_all_blocks_no_phone(
    anonymous: httpx.AsyncClient, token: str, door: str, body: bytes, answer: bytes
) -> None:
    """Sent again it would be no better: it is acknowledged, and of what cannot be read only its size is kept."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    got = await anonymous.post(door.format(token=token), content=body, headers=headers)
    assert (got.status_code, got.content) == (200, answer)


@pytest.mark.parametrize("kind", ["text/plain; charset=utf-8", "text/json", "application/octet-stream"])
@pytest.mark.parametrize("shape", ["owntracks", "gpslogger", "osmand"])
async def test_a_fix_counts_whatever_its_body_is_declared_as(
    world: World, anonymous: httpx.AsyncClient, token: str, kind: str, shape: str
) -> None:
    """GPSLogger lets its user type both: refused, the phone would send it for ever."""
    body = {"owntracks": json.dumps(OWNTRACKS), "gpslogger": urlencode(GPSLOGGER), "osmand": urlencode(QUERY)}[shape]
    for _ in range(2):
        answer = await anonymous.post(f"/in/{token}", content=body.encode(), headers={"Content-Type": kind})
        assert answer.status_code == 200, answer.text
    assert len(await rows(world)) == 1


async def test_a_body_of_another_kind_is_set_aside_and_of_who_is_unknown_refused(
    world: World, anonymous: httpx.AsyncClient, token: str
) -> None:
    """Neither a form nor JSON: only its size is kept."""
    for address, status in ((f"/in/{token}", 200), (f"/in/{token}", 200), (f"/in/{NOBODY}", 400), ("/", 400)):
        answer = await anonymous.post(address, content=b"<a/>", headers={"Content-Type": "application/xml"})
        assert answer.status_code == status, answer.text
    [aside] = await rows(world, "position_aside")
    assert (aside.reason, bytes(aside.raw)) == ("bad-message", b'{"bytes":4}')


@pytest.mark.parametrize("seen_before", ["neither", "first", "second", "both"])
async def test_of_two_tokens_the_one_in_the_address_counts_whichever_was_seen_before(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, token: str, seen_before: str
) -> None:
    """A colleague's identifier left in the app: where the fixes go must not hang on what a process remembers."""
    other_id, other = await enrol(signed_in, vehicle_id=world.vehicle_id)
    for name, one in (("first", token), ("second", other)):
        if seen_before in (name, "both"):
            assert (await anonymous.get(f"/in/{one}", params={"batt": "50"})).status_code == 200
    answer = await anonymous.get(f"/in/{token}", params=QUERY | {"id": other})
    assert answer.status_code == 200
    assert [row.device_id != other_id for row in await rows(world)] == [True]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_a_time_at_the_end_of_the_calendar_blocks_no_batch(
    world: World, anonymous: httpx.AsyncClient, token: str, time: str
) -> None:
    """Beyond it in UTC, whatever its own zone says: set aside, and the rest of the batch is stored."""
    feature = OVERLAND["locations"][0]
    rowed = [feature | {"properties": {"timestamp": time}}, feature]
    answer = await anonymous.post(f"/in/{token}", json={"locations": rowed})
    assert (answer.status_code, answer.content) == (200, ANSWERS["overland"])
    assert len(await rows(world)) == len(await rows(world, "position_aside")) == 1
    sent = await send(anonymous, token, [{"fixed_at": time, "lat": 25.4337, "lon": 119.001}])
    assert (sent.status_code, sent.json()["aside"]) == (200, 1)


async def test_a_batch_of_thousands_is_stored_in_parts(world: World, anonymous: httpx.AsyncClient, token: str) -> None:
    """More than one transaction may take; the answer comes when all of it is durable."""
    feature = OVERLAND["locations"][0]
    many = [feature | {"properties": {"timestamp": AT - n}} for n in range(2_500)]
    answer = await anonymous.post(f"/in/{token}", json={"locations": many})
    assert (answer.status_code, answer.json()) == (200, {"result": "ok"})
    assert len(await rows(world)) == 2_500


def test_each_protocol_is_registered_once_and_claims_what_is_its_own() -> None:
    """The table decides by shape, so that a client may be pointed at any address."""
    shapes = {
        "osmand": Sent(query=b"id=x&lat=1&lon=2"),
        "traccar": Sent(content_type="application/json", body=json.dumps(TRACCAR).encode()),
        "owntracks": Sent(content_type="application/json", body=json.dumps(OWNTRACKS).encode()),
        "overland": Sent(body=json.dumps(OVERLAND).encode()),
        "gpslogger": Sent(query=b"lat=1&lon=2&spd_kph=3.6"),
    }
    assert {name: protocol_of(sent).name for name, sent in shapes.items()} == {name: name for name in shapes}
    assert sorted(protocol.name for protocol in PROTOCOLS) == sorted(shapes)
    assert next(tokens(Sent(typed="first", query=b"id=second"), protocol_of(shapes["osmand"]))) == "first"
