"""Does anything beside the note itself say that its officer was at the site then?

A note is never refused for what stands here: it is kept, and is *corroborated* or not, with every reason why not.
The witnesses are the site's own coordinates, the trip, and the vehicle's track: not the phone that made the note.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from pyproj import Geod

from domain.settings import BureauSettings
from domain.track.fixes import Fixes, to_us
from domain.values import Named, Point

VEHICLE_WITHIN_S: Final = 600
"""How long before and after a note the vehicle's track is asked: a parked terminal speaks every few minutes."""

_WGS84 = Geod(ellps="WGS84")


class Doubt(Named):
    """Why a note is not corroborated."""

    NO_POSITION = "no-position", "记录没有附带定位。", "The note carries no position."
    FAR_FROM_SITE = "far-from-site", "记录位置远离任务场所。", "The note was made far from the job's site."
    ACCURACY_UNKNOWN = "accuracy-unknown", "定位精度未知。", "How accurate the position is was not told."
    ACCURACY_POOR = "accuracy-poor", "定位精度不足以判断是否到场。", "The position is too coarse to tell."
    MOCK_LOCATION = "mock-location", "设备报告定位为模拟位置。", "The device says that its position is a mock."
    CLOCK_SKEW = "clock-skew", "设备时钟偏差过大。", "The device's clock is off by more than is allowed."
    NO_TRIP = "no-trip", "该任务当时没有出车记录。", "No trip that departed carries this job."
    JOB_NOT_CARRIED = "job-not-carried", "该次出车不包含此任务。", "The trip does not carry this job."
    TRIP_NOT_UNDER_WAY = "trip-not-under-way", "记录时间不在出车期间。", "The note was not made while the trip was out."
    OFFICER_NOT_ABOARD = "officer-not-aboard", "记录人不在随车人员中。", "The officer is not of the trip's crew."
    VEHICLE_UNOBSERVED = "vehicle-unobserved", "当时没有车辆定位。", "Nobody saw where the vehicle was then."
    VEHICLE_ELSEWHERE = "vehicle-elsewhere", "当时车辆不在附近。", "The vehicle was elsewhere then."


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where the device says it was: the place, how accurate in metres (None: not told), and whether it is a mock."""

    place: Point
    accuracy_m: float | None = None
    mock: bool = False


@dataclass(frozen=True, slots=True)
class Outing:
    """The trip a note belongs to: when it was out (`returned_at` None: still is), and whether job and officer fit."""

    departed_at: datetime
    returned_at: datetime | None
    carries_job: bool
    officer_aboard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFacts:
    """What is known of a note. `sent_at` is the device's clock as it sent the note, where it said so."""

    made_at: datetime
    received_at: datetime
    sent_at: datetime | None
    sighting: Sighting | None
    site: Point
    outing: Outing | None
    vehicle: Fixes
    """The vehicle's fixes from `VEHICLE_WITHIN_S` before the note to as long after it."""


@dataclass(frozen=True, slots=True)
class Corroboration:
    """Every doubt there is, and the measures they were judged by, in whole metres and seconds."""

    doubts: tuple[Doubt, ...]
    distance_m: int | None
    vehicle_distance_m: int | None
    vehicle_fixes: int
    skew_s: int | None
    late_s: int

    @property
    def corroborated(self) -> bool:
        """Tell whether nothing speaks against the note."""
        return not self.doubts


def corroborate(facts: NoteFacts, settings: BureauSettings) -> Corroboration:
    """Return what speaks against a note; at a limit is still within it."""
    seen = facts.sighting
    # Not by geopy as elsewhere: of all that a note costs, that one distance was a seventh.
    distance = None if seen is None else _apart_m(seen.place, facts.site)
    near = _near_in_time(facts)
    vehicle = None if seen is None or not len(near) else _nearest_m(near, seen.place)
    skew = _skew_s(facts)
    found = {
        Doubt.NO_POSITION: seen is None,
        Doubt.FAR_FROM_SITE: distance is not None and distance > settings["note_near_m"],
        Doubt.ACCURACY_UNKNOWN: seen is not None and seen.accuracy_m is None,
        Doubt.ACCURACY_POOR: seen is not None and (seen.accuracy_m or 0) > settings["note_near_m"],
        Doubt.MOCK_LOCATION: seen is not None and seen.mock,
        Doubt.CLOCK_SKEW: skew is not None and abs(skew) > settings["clock_skew_s"],
        Doubt.VEHICLE_UNOBSERVED: not len(near),
        Doubt.VEHICLE_ELSEWHERE: vehicle is not None and vehicle > settings["vehicle_near_m"],
    } | _outing_doubts(facts, settings["clock_skew_s"])
    return Corroboration(
        doubts=tuple(doubt for doubt in Doubt if found[doubt]),
        distance_m=None if distance is None else round(distance),
        vehicle_distance_m=None if vehicle is None else round(vehicle),
        vehicle_fixes=len(near),
        skew_s=None if skew is None else round(skew),
        late_s=max(0, round((facts.received_at - facts.made_at).total_seconds())),
    )


def _outing_doubts(facts: NoteFacts, leeway_s: int) -> dict[Doubt, bool]:
    outing = facts.outing
    if outing is None:
        return {
            Doubt.NO_TRIP: True,
            Doubt.JOB_NOT_CARRIED: False,
            Doubt.TRIP_NOT_UNDER_WAY: False,
            Doubt.OFFICER_NOT_ABOARD: False,
        }
    leeway = timedelta(seconds=leeway_s)
    before = facts.made_at < outing.departed_at - leeway
    after = outing.returned_at is not None and facts.made_at > outing.returned_at + leeway
    return {
        Doubt.NO_TRIP: False,
        Doubt.JOB_NOT_CARRIED: not outing.carries_job,
        Doubt.TRIP_NOT_UNDER_WAY: before or after,
        Doubt.OFFICER_NOT_ABOARD: not outing.officer_aboard,
    }


def _near_in_time(facts: NoteFacts) -> Fixes:
    """Return the fixes that count: of a receiver that had one, near the note in time, not at 0,0."""
    told = facts.vehicle
    apart_us = np.abs(told["at_us"] - to_us(facts.made_at))
    somewhere = (told["lat"] != 0) | (told["lon"] != 0)
    kept: Fixes = told[told["valid"] & somewhere & (apart_us <= VEHICLE_WITHIN_S * 1_000_000)]
    return kept


def _apart_m(one: Point, other: Point) -> float:
    return float(_WGS84.inv(one.lon, one.lat, other.lon, other.lat)[2])


def _nearest_m(fixes: Fixes, place: Point) -> float:
    count = len(fixes)
    lon, lat = np.full(count, place.lon), np.full(count, place.lat)
    return float(np.min(_WGS84.inv(lon, lat, fixes["lon"], fixes["lat"])[2]))


def _skew_s(facts: NoteFacts) -> float | None:
    """Return how far the device's clock is ahead of ours.

    Its clock as it sent the note tells. Without that, only a note from the future shows that the clock is wrong.
    """
    if facts.sent_at is not None:
        return (facts.sent_at - facts.received_at).total_seconds()
    ahead = (facts.made_at - facts.received_at).total_seconds()
    return ahead if ahead > 0 else None
