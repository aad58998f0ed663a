"""A phone's fix outside its person's trips, followed through every table, log and number to its end."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from api.db.address import running
from domain.tracking_notice import VERSION
from tests.cli.test_private_logs import PASSWORD
from tests.db.catalogue import statement, tables
from tests.live import PATIENCE_S, Live, serving

LAT, LON, BATTERY = 25.7771236, 118.3334517, 63.25
AGO_S = 2_703
PLACE = ("25.7771", "118.3334", "257771236", "1183334517")
WORDS = ("幼儿园", "aa:bb:cc:dd:ee:f1", "邻居的网络", "秘密花园")
"""Of what a phone tells beside fixes, and of whom it has for neighbours: kept at no time."""


@pytest.fixture
def at() -> int:
    """Return when the fix was made, in seconds since 1970."""
    return int(time.time()) - AGO_S


def telltales(at: int) -> list[str]:
    """Return what tells of the fix: its place, its time, the battery then, as they stand or as bytes are shown."""
    made = datetime.fromtimestamp(at, UTC)
    plain = [*PLACE, *WORDS, str(at), f"{made:%Y-%m-%d %H:%M:%S}", f"{made:%Y-%m-%dT%H:%M:%S}", str(BATTERY)]
    return [*plain, *(text.encode().hex() for text in plain)]


def requests(token: str, at: int) -> Iterator[dict[str, Any]]:
    """Yield the fix, and what else it tells, as each client sends it."""
    place, wifi = {"lat": LAT, "lon": LON}, {"SSID": "邻居的网络", "BSSID": "aa:bb:cc:dd:ee:f1"}
    made = datetime.fromtimestamp(at, UTC).isoformat()
    basic = {"Authorization": f"Basic {b64encode(f'u:{token}'.encode()).decode()}"}
    bearer = {"Authorization": f"Bearer {token}"}
    query = place | {"id": token, "timestamp": at, "batt": BATTERY, "wifi": "aa:bb:cc:dd:ee:f1,-60"}
    yield {"url": "/in/osmand", "params": query}
    yield {"url": "/", "params": query | {"valid": "false"}}
    yield {"url": f"/in/{token}", "params": place | {"time": made, "batt": BATTERY, "spd": 1, "desc": "幼儿园"}}
    coords = {"coords": {"latitude": LAT, "longitude": LON}, "timestamp": made, "battery": {"level": BATTERY / 100}}
    yield {"url": f"/in/{token}", "json": {"location": coords | wifi, "device_id": "1"}}
    told = {"tst": at, "tid": "zc", "batt": 63}
    for body in (
        {"_type": "location", "inregions": ["秘密花园"]} | told | place | wifi,
        {"_type": "transition", "event": "enter", "desc": "幼儿园"} | told | place,
        {"_type": "waypoint", "desc": "幼儿园", "rad": 50} | told | place,
        {"_type": "lwt", "tst": at},
    ):
        yield {"url": "/in/owntracks", "json": body, "headers": basic}
    point = {"type": "Point", "coordinates": [LON, LAT]}
    rows = [
        {"timestamp": made, "battery_level": BATTERY / 100, "wifi": "邻居的网络"},
        {"timestamp": made, "action": "visit", "arrival_date": made, "name": "幼儿园"},
    ]
    features = [{"type": "Feature", "geometry": point, "properties": row} for row in rows]
    yield {"url": "/in/overland", "json": {"locations": features}, "headers": bearer}
    fix = place | {"fixed_at": made, "attributes": {"battery": BATTERY}}
    yield {"url": "/v1/positions", "json": {"datum": "WGS-84", "fixes": [fix]}, "headers": bearer}


def found(data: Path, marks: list[str]) -> set[str]:
    """Return the tables, partitions included, that hold any of the marks in any column."""
    holding = set()
    with psycopg.connect(running(data).dsn("postgres")) as connection:
        for table in tables(connection, partitions=True):
            for (row,) in connection.execute(statement("SELECT t::text FROM {table} t", table)):
                if any(mark in row for mark in marks):
                    holding.add(table)
    return holding


def a_day_passes(data: Path) -> None:
    """Let what came from phones be as old as it is after 24 hours, and their days of health be over."""
    with psycopg.connect(running(data).dsn("postgres")) as connection:
        connection.execute("UPDATE position_held SET received_at = received_at - interval '24 hours'")
        connection.execute("UPDATE device_day SET day = day - 3")


def signed_in(client: httpx.Client, login: str) -> dict[str, str]:
    """Return the header of a session at the demo bureau."""
    asked = {"bureau_id": "350302", "login": login, "password": PASSWORD}
    return {"Authorization": f"Bearer {client.post('/v1/session', json=asked).json()['token']}"}


def told_to_staff(client: httpx.Client, device_id: str) -> str:
    """Return everything that an administrator and an auditor are told of devices, and what /metrics tells anybody."""
    told = client.get("/metrics").text
    for login in ("admin", "auditor"):
        for path in ("/v1/devices", f"/v1/devices/{device_id}/events", "/v1/ledger"):
            answer = client.get(path, headers=signed_in(client, login))
            assert answer.status_code in (200, 403, 404)
            told += answer.text
    return told


def logged(live: Live, data: Path) -> str:
    """Return what the service and PostgreSQL logged."""
    return live.log.read_text() + "".join(path.read_text() for path in (data / "postgres" / "log").iterdir())


def sent_by_a_dispatcher_s_phone(client: httpx.Client, at: int) -> tuple[str, int]:
    """Enrol the phone of somebody who is on no trip, let it send all it can, and return its id and how much is held."""
    admin, dispatcher = signed_in(client, "admin"), signed_in(client, "dispatcher")
    person_id = client.get("/v1/session", headers=dispatcher).json()["person_id"]
    phone = client.post("/v1/devices", json={"name": "手机", "person_id": person_id}, headers=admin).json()
    path = f"/v1/devices/{phone['device_id']}/acknowledge"
    assert client.post(path, json={"notice": VERSION}, headers=dispatcher).status_code == 204
    for request in requests(phone["token"], at):
        answer = client.request("GET" if "params" in request else "POST", **request)
        assert answer.status_code == 200, answer.text
    mine = client.get("/v1/devices/mine/held", headers=dispatcher).json()["items"]
    assert {(item["lat"], item["lon"]) for item in mine} == {(LAT, LON)}
    return phone["device_id"], len(mine)


def test_a_fix_outside_all_trips_is_held_for_its_person_alone_and_after_a_day_is_nowhere(
    tmp_path: Path, at: int
) -> None:
    """From every client: one table holds it, no log, number, entry or colleague ever tells of it, then it is gone."""
    data, marks = tmp_path / "data", telltales(at)
    with (
        serving(tmp_path / "log", "demo", "--serve", data=data, log_level="debug") as live,
        httpx.Client(base_url=live.url, timeout=PATIENCE_S) as client,
    ):
        device_id, held = sent_by_a_dispatcher_s_phone(client, at)
        assert held >= 1
        time.sleep(1.5)  # its health has been written
        assert found(data, marks) == {"position_held"}
        assert found(data, [text for word in WORDS for text in (word, word.encode().hex())]) <= {"position_held"}
        assert found(data, [WORDS[1], WORDS[2]]) == set()
        [listed] = [one for one in _devices(client) if one["device_id"] == device_id]
        assert listed["health"]["last_seen_at"] is not None
        assert (listed["health"]["last_fixed_at"], listed["health"]["battery_percent"]) == (None, None)
        told = told_to_staff(client, device_id) + logged(live, data)
        assert [mark for mark in marks if mark in told] == []
        a_day_passes(data)
    with (
        serving(tmp_path / "log2", data=data, log_level="debug") as live,
        httpx.Client(base_url=live.url, timeout=PATIENCE_S) as client,
    ):
        until = time.monotonic() + PATIENCE_S
        while (left := found(data, [*marks, device_id])) & {"position_held", "device_day"} and time.monotonic() < until:
            time.sleep(0.2)
        assert not left & {"position_held", "device_day", "device_event", "position", "position_aside"}
        assert found(data, marks) == set()
        assert client.get("/v1/devices/mine/held", headers=signed_in(client, "dispatcher")).json()["items"] == []
        told = told_to_staff(client, device_id) + logged(live, data)
        assert [mark for mark in marks if mark in told] == []


def _devices(client: httpx.Client) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/v1/devices", headers=signed_in(client, "admin")).json()["items"]
    return items
