"""A happening: something that does not add up from one instant to another, as far as it was seen by now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.findings.kinds import COLOURS, Colour, FindingKind
from domain.track.fixes import to_us
from domain.values import Point

Evidence = Mapping[str, int | str | bool]
"""Identifiers, codes and whole numbers; the unit of a number ends its name."""

NEVER: Final = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What was seen of one kind: one finding, however long it lasts and however often it is looked at.

    `ended` tells that it is over; `colour` is what the kind always has unless something made it graver.
    """

    kind: FindingKind
    from_at: datetime
    until_at: datetime
    ended: bool
    evidence: Evidence
    at: Point | None = None
    use_id: UUID | None = None
    graver: bool = False
    key: UUID = field(default=NEVER)
    """What tells apart two of one kind that begin together, such as a device."""

    @property
    def colour(self) -> Colour:
        """How grave it is."""
        return Colour.RED if self.graver else COLOURS[self.kind]

    @property
    def place(self) -> dict[str, int]:
        """Where it was, in degrees times ten million; empty for what is nowhere."""
        if self.at is None:
            return {}
        return {"lat_e7": round(self.at.lat * 10_000_000), "lon_e7": round(self.at.lon * 10_000_000)}


def subject_of(vehicle_id: UUID, happening: Happening) -> UUID:
    """Return what a finding of it is found on: a UUIDv8 (RFC 9562) of vehicle, kind, beginning and key.

    Every process that sees the same happening names it alike.
    """
    named = b"".join(
        (
            vehicle_id.bytes,
            happening.kind.value.encode(),
            to_us(happening.from_at).to_bytes(8, "big", signed=True),
            happening.key.bytes,
        )
    )
    digest = bytearray(hashlib.sha256(named).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return UUID(bytes=bytes(digest))
