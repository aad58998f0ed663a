"""Visit notes for tests: a body as a phone makes it, and the vehicle's terminal beside it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from api.db.ledger_entry import new_id
from domain.values import Point
from tests.conftest import SignIn
from tests.phones import enrol, send
from tests.world import INSIDE, World

NOTES = "/v1/visit-notes"


def note_body(job_id: UUID, at: datetime, place: Point | None = INSIDE, **changes: Any) -> dict[str, Any]:
    """Return an ordinary note, made at the site with a good position."""
    body: dict[str, Any] = {
        "note_id": str(new_id()),
        "job_id": str(job_id),
        "result": "done",
        "device_at": at.isoformat(),
        "position": None
        if place is None
        else {"lat": place.lat, "lon": place.lon, "datum": "WGS-84", "accuracy_m": 8.0, "origin": "gnss"},
        "present": [{"name": "林某", "standing": "complainant"}],
        "found": "外套褪色属实。",
        "agreed": "商家三日内退款 398 元。",
    }
    return body | {name: str(value) if isinstance(value, UUID) else value for name, value in changes.items()}


async def send_note(client: httpx.AsyncClient, body: dict[str, Any] | bytes, **headers: str) -> httpx.Response:
    """Send a note's bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return await client.post(NOTES, content=content, headers={"Content-Type": "application/json"} | headers)


async def vehicle_seen(
    signed_in: SignIn, world: World, client: httpx.AsyncClient, at: datetime, place: Point = INSIDE
) -> None:
    """Let the vehicle's own terminal say where it was."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    fix = {"fixed_at": at.isoformat(), "lat": place.lat, "lon": place.lon}
    answer = await send(client, token, [fix])
    assert answer.status_code == 200, answer.text
