"""The kilometre books by double entry 复式记账: every metre leaves one account for another, none appears or is lost.

The odometer is debited with each interval between two readings, for a trip, an upkeep order, or nobody (unaccounted
未入账); a trip hands what it got on to the complaints it was driven for. So every trip's account ends at zero, and what
the odometer showed more is, to the metre, what complaints, upkeep and nobody got (P5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.books.charges import Basis, Charge
from domain.books.readings import Interval
from domain.trip.life import UseKind
from domain.values import Named


class Account(Named):
    """What metres are booked on; all but the odometer and unaccounted have one account an object."""

    ODOMETER = "odometer", "里程表", "odometer"
    TRIP = "trip", "出车", "trip"
    UPKEEP = "upkeep", "维保", "upkeep"
    UNACCOUNTED = "unaccounted", "未入账", "unaccounted"
    COMPLAINT = "complaint", "投诉", "complaint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Metres that go from the debited account to the credited one.

    An entry of the odometer names the two readings it lies between, one of a trip by what it was shared.
    """

    debit: Account
    debit_id: UUID | None = None
    credit: Account
    credit_id: UUID | None = None
    metres: int
    from_reading_id: UUID | None = None
    until_reading_id: UUID | None = None
    basis: Basis | None = None


def entries(
    intervals: Iterable[Interval], kinds: Mapping[UUID, UseKind], charged: Mapping[UUID, Iterable[Charge]]
) -> tuple[Entry, ...]:
    """Return the entries of a stretch: those of its intervals in their order, then each trip's, by its id.

    Args:
        intervals: those that end in the stretch.
        kinds: whether a use is a trip or an upkeep order, of every use they belong to.
        charged: what each trip's metres in the stretch were charged to.
    """
    found = [
        Entry(
            debit=Account.ODOMETER,
            credit=_account(interval, kinds),
            credit_id=interval.use_id,
            metres=interval.length_m,
            from_reading_id=interval.start.reading_id,
            until_reading_id=interval.end.reading_id,
        )
        for interval in intervals
    ]
    found += [
        Entry(
            debit=Account.TRIP,
            debit_id=use_id,
            credit=Account.COMPLAINT,
            credit_id=one.complaint_id,
            metres=one.metres,
            basis=one.basis,
        )
        for use_id in sorted(charged)
        for one in charged[use_id]
    ]
    return tuple(found)


def _account(interval: Interval, kinds: Mapping[UUID, UseKind]) -> Account:
    if interval.use_id is None:
        return Account.UNACCOUNTED
    return Account.TRIP if kinds[interval.use_id] is UseKind.TRIP else Account.UPKEEP
