"""Which bureaus an auditor may look into now: asked of each bureau's own rows, and told to the auditor alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.db.database import Actor, Database, Reader
from api.db.queries.mandates import mandates_given_to
from api.db.tables.bureau import Bureau
from domain.people import mandate_holds

ASKED_MOST: Final = 200
"""Beyond so many bureaus in one installation none is asked: the auditor types the code that the mandate names."""

AT_ONCE: Final = 5
"""Bureaus asked at a time: a page takes no more connections than that."""


@dataclass(frozen=True, slots=True)
class Held:
    """A mandate that holds: over which bureau, by which document, until when."""

    bureau_id: str
    name: str
    document_no: str
    valid_until: datetime


async def mandates_held(database: Database, auditor: Actor) -> list[Held] | None:
    """Return the mandates that an auditor holds now, by bureau; None where there are too many bureaus to ask."""
    others = [one for one in await database.bureaus() if one != auditor.bureau_id]
    if len(others) > ASKED_MOST:
        return None
    found = []
    for first in range(0, len(others), AT_ONCE):
        found += await asyncio.gather(*(_held(database, one, auditor) for one in others[first : first + AT_ONCE]))
    return [one for one in found if one is not None]


async def _held(database: Database, bureau_id: str, auditor: Actor) -> Held | None:
    async with database.read(bureau_id) as reader:
        return await _held_of(reader, auditor)


async def _held_of(reader: Reader, auditor: Actor) -> Held | None:
    rows = await mandates_given_to(reader, auditor.bureau_id, auditor.who)
    ended = {row.ends for row in rows}
    for row in rows:
        over = row.mandate_id in ended
        if row.ends is None and mandate_holds(row.valid_from, row.valid_until, ended=over, now=reader.now):
            bureau = await reader.get(Bureau)
            return Held(reader.bureau_id, bureau.name if bureau else "", row.document_no, row.valid_until)
    return None
