"""Charges what a trip drove to its complaints 里程归集, leg by leg.

The way to a site goes to the complaint of that site, and the way home is shared in proportion to the ways out: so a
complaint's part of the whole trip is its part of the ways out, and the way home needs no sum of its own. The reading
says how many metres there are; the witness only says in what proportion. Whole metres, by the largest remainder: the
parts add up to the whole, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from domain.values import Named

Key = TypeVar("Key", UUID, str)


class Basis(Named):
    """By what the metres of a trip were shared."""

    LEGS = "legs", "按轨迹分段", "by the legs of the track"
    EQUAL = "equal", "均分（无轨迹）", "in equal parts, without a track"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to a site as a witness saw it. A site may be that of several complaints, which share the way equally.

    `seconds` go from setting out to setting out again: the way, and the stay at its end.
    """

    complaint_ids: tuple[UUID, ...]
    metres: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Charge:
    """What a trip cost one complaint, and by what that was told."""

    complaint_id: UUID
    metres: int
    seconds: int
    basis: Basis


def shared(total: int, weights: Mapping[Key, int]) -> dict[Key, int]:
    """Return whole parts of `total` in proportion to the weights, which add up to it exactly (largest remainder).

    Of equal remainders the lowest key gets the unit that is left; without any weight above zero all parts are equal.
    A total below zero, as a coarse reading after a fine one may give, is shared like its amount. Without keys there is
    nobody to share, and nothing is returned.
    """
    keys = sorted(weights)
    if not keys:
        return {}
    weighed = {key: max(weights[key], 0) for key in keys}
    if not any(weighed.values()):
        weighed = dict.fromkeys(keys, 1)
    whole, sign = sum(weighed.values()), -1 if total < 0 else 1
    parts = {key: abs(total) * weighed[key] // whole for key in keys}
    left = abs(total) - sum(parts.values())
    # `sorted` keeps the order of the keys where remainders are equal.
    for key in sorted(keys, key=lambda one: -(abs(total) * weighed[one] % whole))[:left]:
        parts[key] += 1
    return {key: sign * parts[key] for key in keys}


def charges(driven_m: int, lasted_s: int, complaint_ids: Iterable[UUID], ways: Iterable[Way]) -> tuple[Charge, ...]:
    """Charge the metres by reading and the seconds of a trip, or of a part of it, to the complaints it carried.

    Ways to anywhere else count for nobody. Where no way to any of the complaints was seen, all get equal parts, and
    that is marked. A trip without complaints, of which there is none, is charged to nobody.
    """
    carried = set(complaint_ids)
    out_m, out_s = dict.fromkeys(carried, 0), dict.fromkeys(carried, 0)
    for way in ways:
        there = dict.fromkeys(carried.intersection(way.complaint_ids), 1)
        for complaint_id, metres in shared(max(way.metres, 0), there).items():
            out_m[complaint_id] += metres
        for complaint_id, seconds in shared(max(way.seconds, 0), there).items():
            out_s[complaint_id] += seconds
    basis = Basis.LEGS if any(out_m.values()) else Basis.EQUAL
    if basis is Basis.EQUAL:
        out_s = dict.fromkeys(carried, 0)
    metres_of, seconds_of = shared(driven_m, out_m), shared(lasted_s, out_s if any(out_s.values()) else out_m)
    return tuple(
        Charge(complaint_id, metres_of[complaint_id], seconds_of[complaint_id], basis) for complaint_id in metres_of
    )
