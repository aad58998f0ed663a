"""`/v1/ledger/entries`: the entry that a fact left, with everything that it takes to check it without this service."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.db.database import Actor, Database, Reader
from api.db.queries.ledger import entry_view
from api.http.access import Allow
from domain.errors import NotFound
from domain.ledger.leaf import Group, read_leaf, verify_commitment
from domain.signing.jws import digest_of
from domain.values import Role

READS_LEDGER = Allow(Role.AUDITOR, Role.CUSTODIAN, Role.DESK_CHIEF)
AUDITORS_ALONE: Final = frozenset({"lots-drawn", "called-back"})
"""Kinds that the heads do not read: who is called back, and what was said of them there."""


class GroupView(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry commits to in one group; payload and salt are null once they were erased."""

    group: Group
    commitment: str
    """As in the leaf: base64url of HMAC-SHA256 with the salt as key and the payload as message."""
    payload: str | None
    """The exact text."""
    salt: str | None
    """Hexadecimal."""
    holds: bool | None
    """Whether payload and salt open the commitment; null where they were erased."""


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger entry. `leaf` is the exact text that is hashed; `leaf_sha256` is what receipts name."""

    entry_id: UUID
    kind: str
    recorded_at: datetime
    actor_id: UUID | None
    device_id: UUID | None
    device_seq: int | None
    revision: int
    previous: UUID | None
    """The entry that this one corrects."""
    leaf: str
    leaf_sha256: str
    """Base64url."""
    groups: list[GroupView]
    erased_at: datetime | None


async def read_by(actor: Actor, reader: Reader, entry_id: UUID) -> EntryView:
    """Return an entry as somebody may read it. Raises `NotFound`: there is none, or none for them."""
    row = await entry_view(reader, entry_id)
    if row.kind in AUDITORS_ALONE and Role.AUDITOR not in actor.roles:
        raise NotFound("There is no such ledger entry.", entry_id=str(entry_id))
    return entry_of(row)


def entry_of(row: Any) -> EntryView:
    """Return the wire form of an entry."""
    data = bytes(row.leaf)
    leaf = read_leaf(data)
    groups = []
    for group, commitment in msgspec.to_builtins(leaf.c).items():
        payload, salt = getattr(row, group), getattr(row, f"{group}_salt")
        there = payload is not None and salt is not None
        groups.append(
            GroupView(
                group=Group(group),
                commitment=commitment,
                payload=bytes(payload).decode() if there else None,
                salt=bytes(salt).hex() if there else None,
                holds=verify_commitment(data, Group(group), bytes(payload), bytes(salt)) if there else None,
            )
        )
    return EntryView(
        entry_id=row.entry_id,
        kind=row.kind,
        recorded_at=row.recorded_at,
        actor_id=leaf.act,
        device_id=leaf.dev,
        device_seq=leaf.ds,
        revision=leaf.rev,
        previous=leaf.prev,
        leaf=data.decode(),
        leaf_sha256=digest_of(data),
        groups=groups,
        erased_at=row.erased_at,
    )


@get(
    "/v1/ledger/entries/{entry_id:uuid}",
    guards=[READS_LEDGER],
    summary="A ledger entry",
    tags=["ledger"],
    name="ledger.entry",
)
async def read_entry(
    entry_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
) -> EntryView:
    """Return an entry with the exact bytes of its leaf, and payload and salt of each group it commits to.

    SHA-256 over `leaf` is what receipts of phones name; HMAC-SHA256 over a payload with its salt as key is the
    commitment that stands in the leaf. No checkpoint of a tree covers it yet.
    """
    async with database.read(actor.bureau_id) as reader:
        return await read_by(actor, reader, entry_id)
