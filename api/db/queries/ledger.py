"""The ledger's entries: one with its exact bytes and what it commits to, and which entry a fact left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from domain.errors import NotFound

_FACTS: Final = {
    "decision": "decision_id",
    "reading": "reading_id",
    "visit_note": "note_id",
    "visit_note_conflict": "conflict_id",
    "field_conflict": "conflict_id",
    "finding": "finding_id",
    "finding_act": "act_id",
    "finding_update": "update_id",
    "refusal": "refusal_id",
    "call_back": "call_back_id",
}
"""Tables of facts that a page leads from to their entries, with what names a fact of each."""
_ENTRIES: Final = text(
    " UNION ALL ".join(
        f"SELECT {key} AS fact_id, entry_id FROM {table}"  # noqa: S608 - our own words
        f" WHERE bureau_id = :bureau_id AND {key} = ANY(CAST(:ids AS uuid[]))"
        for table, key in _FACTS.items()
    )
)
_ENTRY: Final = text(
    "SELECT o.entry_id, p.kind, o.leaf, o.recorded_at, p.facts, p.facts_salt, p.person, p.person_salt, p.place,"
    " p.place_salt, p.erased_at FROM ledger_outbox o"
    " JOIN ledger_payload p ON p.bureau_id = o.bureau_id AND p.entry_id = o.entry_id"
    " WHERE o.bureau_id = :bureau_id AND p.bureau_id = :bureau_id AND o.entry_id = :entry_id"
)


async def entries_of(reader: Reader, facts: Iterable[UUID | str]) -> dict[UUID, UUID]:
    """Return of each fact, named by its own id, the ledger entry it left."""
    asked = {"bureau_id": reader.bureau_id, "ids": [UUID(str(one)) for one in facts]}
    return {row.fact_id: row.entry_id for row in await reader.execute(_ENTRIES, asked)} if asked["ids"] else {}


async def entry_view(reader: Reader, entry_id: UUID) -> Any:
    """Return an entry: its leaf's bytes, and payload and salt of each group. Raises `NotFound`."""
    found = await reader.execute(_ENTRY, {"bureau_id": reader.bureau_id, "entry_id": entry_id})
    row = found.one_or_none()
    if row is None:
        raise NotFound("There is no such ledger entry.", entry_id=str(entry_id))
    return row
