"""What a complaint cost: its part of every trip that was driven for it, in metres, time and money.

The whole trip is charged at once here; in a month's statement each month's part of a trip over the month's end is, so
the two may differ by the metre that rounding leaves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.books.charges import Basis, Way, charges, shared


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedTrip:
    """A trip that carried the complaint, perhaps among others: what it drove by reading, how long, what it cost."""

    trip_id: UUID
    order_no: str | None
    from_at: datetime
    until_at: datetime | None
    driven_m: int
    paid_fen: int
    complaint_ids: tuple[UUID, ...]
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOfTrip:
    """The complaint's part of a trip, beside the whole of it."""

    trip_id: UUID
    order_no: str | None
    from_at: datetime
    until_at: datetime | None
    metres: int
    of_metres: int
    seconds: int
    of_seconds: int
    fen: int
    of_fen: int
    basis: Basis


def costs_of(complaint_id: UUID, trips: Iterable[CarriedTrip]) -> tuple[CostOfTrip, ...]:
    """Return the complaint's part of each trip. Money paid on a trip is shared as its metres are."""
    found = []
    for trip in trips:
        lasted_s = round((trip.until_at - trip.from_at).total_seconds()) if trip.until_at else 0
        parts = {one.complaint_id: one for one in charges(trip.driven_m, lasted_s, trip.complaint_ids, trip.ways)}
        # A trip of no metres still has its parts of the way.
        weights = {one.complaint_id: one.metres for one in charges(10**9, 0, trip.complaint_ids, trip.ways)}
        own = parts[complaint_id]
        found.append(
            CostOfTrip(
                trip_id=trip.trip_id,
                order_no=trip.order_no,
                from_at=trip.from_at,
                until_at=trip.until_at,
                metres=own.metres,
                of_metres=trip.driven_m,
                seconds=own.seconds,
                of_seconds=lasted_s,
                fen=shared(trip.paid_fen, weights)[complaint_id],
                of_fen=trip.paid_fen,
                basis=own.basis,
            )
        )
    return tuple(found)
