"""Whether a site lies inside the district: the custodian's newest decision about the place first, then the boundary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from math import hypot

from domain.place.boundary import Boundary, LocalFrame, Side
from domain.values import Point


class SiteStanding(StrEnum):
    """How a site stands to the bureau's district."""

    INSIDE = "inside"
    TOLERATED = "tolerated"
    """beyond the line, within the tolerance: the permit carries a mark"""
    DECIDED_INSIDE = "decided-inside"
    DECIDED_OUTSIDE = "decided-outside"
    OUTSIDE = "outside"

    @property
    def counts_inside(self) -> bool:
        """Tell whether a visit there is within the jurisdiction."""
        return self not in (SiteStanding.OUTSIDE, SiteStanding.DECIDED_OUTSIDE)


@dataclass(frozen=True, slots=True)
class DecidedPlace:
    """A dated decision that the places within `radius_m` lie inside, or outside."""

    at: Point
    radius_m: int
    inside: bool
    decided_on: date
    recorded_at: datetime


_OF_SIDE = {
    Side.INSIDE: SiteStanding.INSIDE,
    Side.TOLERATED: SiteStanding.TOLERATED,
    Side.OUTSIDE: SiteStanding.OUTSIDE,
}


def site_standing(
    site: Point, boundary: Boundary | None, tolerance_m: float, decisions: Iterable[DecidedPlace]
) -> SiteStanding:
    """Return how a site stands; without a boundary only decisions can place it inside.

    The distance to a decided place is taken in the plane the database uses, so that both give one answer.
    """
    frame = LocalFrame(site)
    near = [one for one in decisions if hypot(*frame.project(one.at)) <= one.radius_m]
    if near:
        newest = max(near, key=lambda one: (one.decided_on, one.recorded_at))
        return SiteStanding.DECIDED_INSIDE if newest.inside else SiteStanding.DECIDED_OUTSIDE
    if boundary is None:
        return SiteStanding.OUTSIDE
    return _OF_SIDE[boundary.locate(site, tolerance_m).kind]
