"""Devices that send: enrolled over HTTP, sending over HTTP, for tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from domain.tracking_notice import VERSION
from domain.values import Point
from tests.conftest import SignIn
from tests.world import INSIDE, World

AT = 1795395600
ISO = "2026-11-23T01:00:00Z"
QUERY = {"lat": "25.4337", "lon": "119.001", "timestamp": str(AT)}
TRACCAR = {"location": {"timestamp": ISO, "coords": {"latitude": 25.4337, "longitude": 119.001}}}
OWNTRACKS = {"_type": "location", "lat": 25.4337, "lon": 119.001, "tst": AT}
OVERLAND = {
    "locations": [
        {"geometry": {"type": "Point", "coordinates": [119.001, 25.4337]}, "properties": {"timestamp": ISO}},
    ]
}
GPSLOGGER = {"lat": "25.4337", "lon": "119.001", "spd": "0.0", "timestamp": f"{AT}000"}
SHAPES: dict[str, dict[str, Any]] = {
    "osmand query": {"params": QUERY},
    "osmand form": {"data": QUERY},
    "traccar": {"json": TRACCAR},
    "owntracks": {"json": OWNTRACKS},
    "overland": {"json": OVERLAND},
    "gpslogger query": {"params": GPSLOGGER},
    "gpslogger form": {"data": GPSLOGGER},
}
"""A fix as each of the stock clients sends it, by the arguments of a request."""


async def enrol(signed_in: SignIn, **owner: Any) -> tuple[UUID, str]:
    """Enrol a device (`vehicle_id=` or `person_id=`) and return its id and token; a phone's person has been told."""
    device_id, token = await enrol_untold(signed_in, **owner)
    if "person_id" in owner:
        admin = await signed_in("admin")
        told = await admin.post(f"/enrol/{token}", data={"notice": VERSION})
        assert told.status_code == 303, told.text
    return device_id, token


async def enrol_untold(signed_in: SignIn, **owner: Any) -> tuple[UUID, str]:
    """Enrol a device and return its id and token; nobody has been told what is tracked."""
    admin = await signed_in("admin")
    answer = await admin.post("/v1/devices", json={"name": "a device"} | {k: str(v) for k, v in owner.items()})
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["device_id"]), answer.json()["token"]


def drive(start: datetime, count: int, *, step_s: float = 5, place: Point = INSIDE) -> list[dict[str, Any]]:
    """Return fixes of a drive due north, about eleven metres a step."""
    return [
        {
            "fixed_at": (start + timedelta(seconds=step_s * i)).isoformat(),
            "lat": round(place.lat + 0.0001 * i, 7),
            "lon": place.lon,
            "speed_mps": 2.5,
        }
        for i in range(count)
    ]


async def send(client: httpx.AsyncClient, token: str, fixes: list[Any], datum: str = "WGS-84") -> httpx.Response:
    """Send fixes as the device of the token."""
    return await client.post(
        "/v1/positions", json={"datum": datum, "fixes": fixes}, headers={"Authorization": f"Bearer {token}"}
    )


async def rows(world: World, table: str = "position") -> list[Any]:
    """Return what is stored of the world's bureau, in order of time."""
    order = "received_at, aside_id" if table == "position_aside" else "device_id, fixed_at, source_seq"
    async with world.database.read(world.bureau_id) as reader:
        found = await reader.execute(
            text(f"SELECT * FROM {table} WHERE bureau_id = :b ORDER BY {order}"), {"b": world.bureau_id}
        )
        return list(found.all())
