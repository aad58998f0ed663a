"""Builds the two rows that every fact leaves in the ledger: an erasable payload and the final bytes of a leaf."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuid7

from domain.ledger.leaf import DeviceChain, Group, seal

SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class EntryRows:
    """The rows of one entry, as values by column."""

    entry_id: UUID
    payload: dict[str, Any]
    """Of `ledger_payload`."""
    outbox: dict[str, Any]
    """Of `ledger_outbox`."""


def new_id() -> UUID:
    """Return a new UUIDv7 (RFC 9562): ids sort by time, and clients may make them offline."""
    return uuid7.uuid7()


def plain(value: Any) -> Any:
    """Return `value` with instants, dates, UUIDs and enums as text, as canonical JSON wants it.

    Floats are left as they are and refused by the encoder: degrees go in as integers (`…_e7`), money as fen.
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return value


def degrees_e7(value: float) -> int:
    """Return degrees as an integer count of 1e-7 degrees (about 1 cm)."""
    return round(value * 10_000_000)


def entry_rows(
    bureau_id: str,
    kind: str,
    *,
    now: datetime,
    actor_id: UUID | None,
    facts: dict[str, Any],
    person: dict[str, Any] | None,
    place: dict[str, Any] | None,
    previous: UUID | None,
    revision: int = 1,
    device: DeviceChain | None = None,
) -> EntryRows:
    """Return payload and outbox rows of one entry, with a fresh salt a group."""
    entry_id = new_id()
    groups = {
        group: plain(body)
        for group, body in ((Group.FACTS, facts), (Group.PERSON, person), (Group.PLACE, place))
        if body is not None
    }
    salts = {group: secrets.token_bytes(SALT_BYTES) for group in groups}
    sealed = seal(
        kind=kind,
        log=bureau_id,
        entry_id=entry_id,
        at_ms=int(now.timestamp() * 1000),
        actor=actor_id,
        groups=groups,
        salts=salts,
        previous=previous,
        revision=revision,
        device=device,
    )
    payload: dict[str, Any] = {"bureau_id": bureau_id, "entry_id": entry_id, "kind": kind}
    for group in Group:
        payload[group.value] = sealed.payloads.get(group)
        payload[f"{group.value}_salt"] = salts.get(group)
    outbox = {"bureau_id": bureau_id, "entry_id": entry_id, "leaf": sealed.leaf, "recorded_at": now}
    return EntryRows(entry_id, payload, outbox)
