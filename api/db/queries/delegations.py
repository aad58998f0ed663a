"""Whether a delegation of the custodian's holds: said once, for every statement that asks it of a row `l`."""

from __future__ import annotations

from typing import Final

HOLDS: Final = (
    "l.ends IS NULL AND l.valid_from <= :at AND :at < l.valid_until AND NOT EXISTS (SELECT 1 FROM delegation e"
    " WHERE e.bureau_id = :bureau_id AND e.ends = l.delegation_id AND e.recorded_at <= :at)"
)
"""It held at the instant `:at`: within its time, and not ended by then."""
OPEN: Final = (
    "l.ends IS NULL AND l.valid_until > :now AND NOT EXISTS (SELECT 1 FROM delegation e"
    " WHERE e.bureau_id = :bureau_id AND e.ends = l.delegation_id)"
)
"""It holds `:now` or will: its time is not over, and nobody ended it."""
