"""Pairs: who acts together how often."""

from __future__ import annotations

from uuid import UUID

from domain.pairs import Pair, PairKind, TripPeople, pairs_of

WU, ZHENG, LIN, CHEN = (UUID(int=number) for number in (1, 2, 3, 4))


def trip(approver: UUID | None, driver: UUID, *registrars: UUID) -> TripPeople:
    """Return a trip that Chen asked for, with Lin aboard."""
    return TripPeople(CHEN, approver, driver, frozenset({driver, LIN}), frozenset(registrars or (CHEN,)))


def test_a_pair_is_told_with_what_chance_would_give() -> None:
    """Wu approves for Zheng nine times in ten, who drives half of all trips."""
    trips = [trip(WU, ZHENG) for _ in range(9)] + [trip(WU, CHEN)] + [trip(LIN, CHEN) for _ in range(8)]
    found = {(one.kind, one.one_id, one.other_id): one for one in pairs_of(trips, 8)}
    assert found[PairKind.APPROVER_DRIVER, WU, ZHENG] == Pair(PairKind.APPROVER_DRIVER, WU, ZHENG, 9, 10, 9 / 18)
    assert found[PairKind.REQUESTER_APPROVER, CHEN, LIN].together == 8


def test_who_registers_and_rides_along_is_a_pair_with_themselves() -> None:
    """The one who made the complaint up is the one to be seen."""
    found = [one for one in pairs_of([trip(WU, ZHENG, LIN) for _ in range(8)], 8) if one.one_id == one.other_id]
    assert [(one.kind, one.one_id, one.together, one.of) for one in found] == [(PairKind.REGISTRAR_CREW, LIN, 8, 8)]


def test_of_too_few_trips_nothing_is_told() -> None:
    """A statistic of three trips would name people for nothing."""
    assert not pairs_of([trip(WU, ZHENG) for _ in range(7)], 8)
    assert not pairs_of([], 1)
    assert not [one for one in pairs_of([trip(None, ZHENG)] * 9, 8) if one.kind is PairKind.APPROVER_DRIVER]
