"""What is kept of a person's own phones that nobody else is shown: for the person alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from api.db.database import Reader

_DEVICES: Final = text(
    "SELECT d.device_id, d.name, d.revoked_at, a.recorded_at AS enrolled_at FROM device d"
    " JOIN device_act a ON a.bureau_id = d.bureau_id AND a.device_id = d.device_id AND a.verb = 'enrol'"
    " WHERE d.bureau_id = :bureau_id AND a.bureau_id = :bureau_id AND d.person_id = :person_id ORDER BY d.device_id"
)
_ACKNOWLEDGEMENTS: Final = text(
    "SELECT notice, obtained, device_id, recorded_at FROM tracking_acknowledgement"
    " WHERE bureau_id = :bureau_id AND person_id = :person_id ORDER BY acknowledgement_id"
)
_OF_MINE: Final = (
    " JOIN device d ON d.bureau_id = k.bureau_id AND d.device_id = k.device_id"
    " WHERE k.bureau_id = :bureau_id AND d.bureau_id = :bureau_id AND d.person_id = :person_id"
)
KEPT: Final = {
    "held": (
        "SELECT k.device_id, k.fixed_at, k.lat_e7, k.lon_e7, k.source_seq, k.received_at FROM position_held k",
        ("k.fixed_at", "k.device_id", "k.lat_e7", "k.lon_e7", "k.source_seq"),
    ),
    "aside": (
        "SELECT k.device_id, k.aside_id, k.reason, k.raw, k.received_at FROM position_aside k",
        ("k.received_at", "k.aside_id"),
    ),
    "events": (
        "SELECT k.device_id, k.event_id, k.kind, k.at, k.received_at, k.detail FROM device_event k",
        ("k.received_at", "k.event_id"),
    ),
}
"""What is kept, where, and by which columns it is listed, the latest first."""


async def devices_of(reader: Reader, person_id: UUID) -> Sequence[Row[Any]]:
    """Return the devices of a person, revoked ones too."""
    return (await reader.execute(_DEVICES, {"bureau_id": reader.bureau_id, "person_id": person_id})).all()


async def acknowledgements_of(reader: Reader, person_id: UUID) -> Sequence[Row[Any]]:
    """Return what a person acknowledged of being tracked, and when."""
    return (await reader.execute(_ACKNOWLEDGEMENTS, {"bureau_id": reader.bureau_id, "person_id": person_id})).all()


async def kept_of(
    reader: Reader, person_id: UUID, what: str, before: Sequence[datetime | UUID | int] | None, limit: int
) -> Sequence[Row[Any]]:
    """Return what is kept (a key of `KEPT`) of a person's phones, the latest first.

    Args:
        reader: the transaction.
        person_id: whose.
        what: a key of `KEPT`.
        before: the values of its columns in the last row of the page before.
        limit: how many at most.
    """
    selected, columns = KEPT[what]
    asked: dict[str, Any] = {"bureau_id": reader.bureau_id, "person_id": person_id, "limit": limit}
    where = ""
    if before is not None:
        names = [f"k{number}" for number in range(len(columns))]
        where = f" AND ({', '.join(columns)}) < ({', '.join(f':{name}' for name in names)})"
        asked |= dict(zip(names, before, strict=True))
    order = ", ".join(f"{column} DESC" for column in columns)
    found = await reader.execute(text(f"{selected}{_OF_MINE}{where} ORDER BY {order} LIMIT :limit"), asked)
    return found.all()
