"""Which departures, returns and visit notes no phone signed: told beside the books, never within a seal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from domain.trip.life import UseVerb

SIGNABLE: Final = (UseVerb.DEPART, UseVerb.RETURN, UseVerb.BREAK_DOWN)
"""The steps that move the kilometres; a phone can sign each."""
_SIGNING: Final = text(
    "SELECT u.use_id, u.actual_from,"
    " (SELECT coalesce(json_agg(json_build_object('verb', d.verb, 'signed',"
    "    EXISTS (SELECT 1 FROM signed_act_outcome s WHERE s.bureau_id = :bureau_id AND s.decision_id = d.decision_id))"
    "   ORDER BY d.recorded_at, d.decision_id), '[]')"
    "  FROM decision d WHERE d.bureau_id = :bureau_id AND d.use_id = u.use_id AND d.verb = ANY(:verbs)) AS acts,"
    " (SELECT count(*) FROM visit_note n WHERE n.bureau_id = :bureau_id AND n.use_id = u.use_id) AS notes,"
    " (SELECT count(*) FROM visit_note n WHERE n.bureau_id = :bureau_id AND n.use_id = u.use_id"
    "   AND NOT EXISTS (SELECT 1 FROM signed_act_outcome s WHERE s.bureau_id = :bureau_id"
    "   AND s.note_id = n.note_id)) AS notes_unsigned"
    " FROM vehicle_use u WHERE u.bureau_id = :bureau_id AND u.vehicle_id = :vehicle_id AND u.kind = 'trip'"
    " AND u.actual_from >= :from_at AND u.actual_from < :until_at"
)


@dataclass(frozen=True, slots=True)
class Signing:
    """What of a trip is signed: the steps that no phone signed, of how many; notes likewise."""

    use_id: UUID
    began_at: datetime
    unsigned: tuple[UseVerb, ...]
    steps: int
    notes_unsigned: int
    notes: int

    @property
    def count(self) -> int:
        """How many steps and notes no phone signed."""
        return len(self.unsigned) + self.notes_unsigned


async def signing_of(reader: Reader, vehicle_id: UUID, from_at: datetime, until_at: datetime) -> dict[UUID, Signing]:
    """Return of each trip that began within a time what of it is signed."""
    asked: dict[str, Any] = {
        "bureau_id": reader.bureau_id,
        "vehicle_id": vehicle_id,
        "from_at": from_at,
        "until_at": until_at,
        "verbs": [verb.value for verb in SIGNABLE],
    }
    return {
        row.use_id: Signing(
            row.use_id,
            row.actual_from,
            tuple(UseVerb(one["verb"]) for one in row.acts if not one["signed"]),
            len(row.acts),
            row.notes_unsigned,
            row.notes,
        )
        for row in await reader.execute(_SIGNING, asked)
    }
