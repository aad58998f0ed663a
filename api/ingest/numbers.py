"""Whose a terminal's number is: asked across bureaus, since a JT/T 808 terminal says nothing else before it is known.

The ingest role may read the number, bureau and id of every device, and nothing more of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Database

_HOLDERS: Final = text(
    "SELECT bureau_id, device_id FROM device WHERE terminal_phone = :number AND revoked_at IS NULL ORDER BY 1, 2"
)
_NO_BUREAU: Final = "000000"
"""The question goes to all of them; a transaction names one all the same."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A device in service that has a number."""

    bureau_id: str
    device_id: UUID


async def holders(ingest: Database, number: str) -> list[Numbered]:
    """Return the devices in service of any bureau that have this number: one at most, but for what was forced in.

    Args:
        ingest: the database as the ingest role.
        number: digits without zeros on the left.
    """
    async with ingest.read(_NO_BUREAU) as reader:
        rows = await reader.execute(_HOLDERS, {"number": number})
        return [Numbered(row.bureau_id, row.device_id) for row in rows]
