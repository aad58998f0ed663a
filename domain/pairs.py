"""Statistics of pairs 结对统计: who acts together how often. For the auditor, and never of too few to say anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from domain.values import Named


class PairKind(Named):
    """Which two acted together in a trip."""

    APPROVER_DRIVER = "approver-driver", "审批人与驾驶员", "who approved and who drove"
    REGISTRAR_CREW = "registrar-crew", "登记人与随车人", "who registered the complaint and who went along"
    REQUESTER_APPROVER = "requester-approver", "申请人与审批人", "who asked and who approved"


@dataclass(frozen=True, slots=True)
class TripPeople:
    """Who had a part in a trip that departed."""

    requester_id: UUID
    approver_id: UUID | None
    driver_id: UUID | None
    crew_ids: frozenset[UUID]
    """The driver included."""
    registrar_ids: frozenset[UUID]
    """Of the complaints it carried."""


@dataclass(frozen=True, slots=True)
class Pair:
    """How often one and the other acted together: of the trips with `one` in that part, the share with `other`."""

    kind: PairKind
    one_id: UUID
    other_id: UUID
    together: int
    of: int
    """Trips in which `one` had that part."""
    by_chance: float
    """Share to expect if whoever had the other part were as often with anybody: its share of all trips."""


def pairs_of(trips: Iterable[TripPeople], least: int) -> tuple[Pair, ...]:
    """Return the pairs, the most frequent first; none of which `one` had the part in fewer than `least` trips.

    A pair of one person with themselves is told too: who registered and went along is what is looked for.
    """
    everything = tuple(trips)
    found: list[Pair] = []
    for kind in PairKind:
        ones: Counter[UUID] = Counter()
        others: Counter[UUID] = Counter()
        both: Counter[tuple[UUID, UUID]] = Counter()
        for trip in everything:
            left, right = _parts(kind, trip)
            ones.update(left)
            others.update(right)
            both.update((one, other) for one in left for other in right)
        found += [
            Pair(kind, one, other, together, ones[one], others[other] / len(everything))
            for (one, other), together in both.items()
            if ones[one] >= least
        ]
    order = list(PairKind)
    return tuple(
        sorted(found, key=lambda pair: (order.index(pair.kind), -pair.together, str(pair.one_id), str(pair.other_id)))
    )


def _parts(kind: PairKind, trip: TripPeople) -> tuple[set[UUID], set[UUID]]:
    approver = {trip.approver_id} - {None}
    if kind is PairKind.APPROVER_DRIVER:
        return _known(approver), _known({trip.driver_id})
    if kind is PairKind.REGISTRAR_CREW:
        return set(trip.registrar_ids), set(trip.crew_ids)
    return {trip.requester_id}, _known(approver)


def _known(people: Iterable[UUID | None]) -> set[UUID]:
    return {one for one in people if one is not None}
