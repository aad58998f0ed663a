"""Odometers that were replaced 更换里程表: what the old one showed last, and the new one first.

What was driven between the two nobody has read, and readings of different odometers are never subtracted. So the act
itself stands on the month's statement, with its reason and with who entered it: no drive vanishes in it unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.books.log_facts import LogFacts
from domain.books.readings import in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """An odometer that was replaced. `last_m` is the old one's last reading in force, None where it was never read."""

    reading_id: UUID
    """Of the new one's first reading, which is the act."""
    at: datetime
    last_m: int | None
    last_at: datetime | None
    first_m: int
    reason: str
    by: str


def replaced_in(facts: LogFacts) -> tuple[Replaced, ...]:
    """Return the odometers that were replaced in a month, in their order."""
    standing = in_force(one.reading for one in facts.readings)
    found = []
    for one in facts.readings:
        act = one.reading
        # Of readings only corrections and the first ones of an odometer have a reason.
        if act.segment == 0 or act.corrects or not act.reason or not facts.from_at <= act.read_at < facts.until_at:
            continue
        old = [reading for reading in standing if reading.segment == act.segment - 1]
        new = [reading for reading in standing if reading.segment == act.segment]
        found.append(
            Replaced(
                reading_id=act.reading_id,
                at=act.read_at,
                last_m=old[-1].odometer_m if old else None,
                last_at=old[-1].read_at if old else None,
                first_m=new[0].odometer_m,
                reason=act.reason,
                by=one.by,
            )
        )
    return tuple(found)
