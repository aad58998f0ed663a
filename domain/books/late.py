"""What became known of a sealed month after its seal: beside each figure of the statement, what it would be now (P10).

Compared is what the month is about, subject by subject: uses, metres of nobody, findings, the odometer. A track is
measured anew only because fixes came in: a threshold that moved, or a better way of measuring, amends no sealed month.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from domain.books.statement import Statement
from domain.values import Named


class LateKind(Named):
    """What an amendment of a sealed month is about."""

    USE = "use", "用车", "use"
    UNACCOUNTED = "unaccounted", "未入账里程", "unaccounted metres"
    FINDING = "finding", "异常", "finding"
    ODOMETER = "odometer", "里程表", "odometer"
    COSTS = "costs", "费用", "costs"


@dataclass(frozen=True, slots=True)
class Late:
    """What was known of a subject before, and what is known now: only what differs, None where there was nothing."""

    kind: LateKind
    subject_id: UUID
    old: Mapping[str, Any]
    new: Mapping[str, Any]


Subjects = dict[tuple[LateKind, UUID], dict[str, Any]]

_BY_TRACK: Final = ("track_m", "unobserved_m", "fixes", "charges")
_SUMS: Final = ("trips_m", "upkeep_m", "unaccounted_m", "difference_m", "readings")
"""The number of readings tells of one that moves no metre, as one between the ends of a trip."""
_NOT_COMPARED: Final = {"answerable", "read_by"}
"""Who answers is who answered at the seal."""


def late(sealed: Statement, amended: Iterable[Late], now: Statement) -> tuple[Late, ...]:
    """Return what `now` says otherwise than the sealed statement with all its amendments, by kind and subject.

    Args:
        sealed: the statement as it was sealed.
        amended: what was noticed since, in the order it was.
        now: the statement that the same month would have now.
    """
    known, current = _subjects(sealed), _subjects(now)
    for one in amended:
        known.setdefault((one.kind, one.subject_id), {}).update(one.new)
    found = []
    for key in sorted(known.keys() | current.keys()):
        before = known.get(key, {})
        after = _with_the_track_of(before, current.get(key, {}))
        differ = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        if differ:
            old, new = ({name: one.get(name) for name in differ} for one in (before, after))
            found.append(Late(*key, old, new))
    return tuple(found)


def _with_the_track_of(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return a use as it is now, with what the track said before where no fix came in since."""
    if not after or before.get("fixes") != after.get("fixes"):
        return after
    same_way = all(before.get(name) == after.get(name) for name in ("length_m", "complaints")) and (
        _seconds(before) == _seconds(after)
    )
    kept = _BY_TRACK if same_way else _BY_TRACK[:-1]
    return after | {name: before[name] for name in kept if name in before}


def _seconds(use: Mapping[str, Any]) -> int:
    """Return how long a use was on the road, which it is only known by when it is back."""
    return sum(one["seconds"] for one in use.get("charges") or ())


def _subjects(told: Mapping[str, Any]) -> Subjects:
    found: Subjects = {}
    for section, kind, id_name in (
        ("uses", LateKind.USE, "use_id"),
        ("unaccounted", LateKind.UNACCOUNTED, "reading_id"),
        ("findings", LateKind.FINDING, "finding_id"),
    ):
        for one in told[section]:
            found[kind, UUID(one[id_name])] = {
                name: value for name, value in one.items() if name != id_name and name not in _NOT_COMPARED
            }
    sums = {name: told["totals"][name] for name in _SUMS}
    found[LateKind.ODOMETER, UUID(told["vehicle_id"])] = told["odometer"] | sums
    found[LateKind.COSTS, UUID(told["vehicle_id"])] = dict(told["costs"])
    return found
