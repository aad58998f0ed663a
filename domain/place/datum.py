"""Turn coordinates of the datums that phones, maps and terminals use into WGS-84, and back.

GCJ-02 and BD-09 shift places by hundreds of metres. Both are smooth, so their inverse is found by fixed-point
iteration on the public forward formula, to far below a centimetre. CGCS2000 equals WGS-84 for our purpose.
This module knows numbers, not maps: the datum is what the sender declared.
"""

from __future__ import annotations

from collections.abc import Callable
from math import atan2, cos, pi, radians, sin, sqrt

from domain.errors import InvalidInput
from domain.values import Datum, Point

Pair = tuple[float, float]

MAX_LAT_DEG = 90.0
MAX_LON_DEG = 180.0

_KRASOVSKY_A_M = 6_378_245.0
_KRASOVSKY_EE = 0.00669342162296594323
_BD_ANGLE = pi * 3000.0 / 180.0
_BD_LAT_OFFSET, _BD_LON_OFFSET = 0.006, 0.0065
_CHINA_LAT = (0.8293, 55.8271)
_CHINA_LON = (72.004, 137.8347)

_LARGEST_SHIFT_DEG = 0.1
"""No place of the box is shifted farther than this; it also keeps the formula away from the poles."""
_ROUNDS = 30
"""Each round gains about two digits, so the bound is met only by numbers far from any real place."""
_CLOSE_ENOUGH_DEG = 1e-11
"""About a micrometre."""


class BadPlace(InvalidInput):
    """Latitude must be a number from -90 to 90 degrees and longitude one from -180 to 180."""

    code = "bad-place"
    zh = "纬度须为 -90 至 90 度之间的数，经度须为 -180 至 180 度之间的数。"


def checked_place(lat: float, lon: float) -> Pair:
    """Return both numbers if they are degrees of some place on earth; raise `BadPlace` if not."""
    # NaN fails every comparison, and the bounds keep infinities out.
    if not (abs(lat) <= MAX_LAT_DEG and abs(lon) <= MAX_LON_DEG):
        raise BadPlace(lat=str(lat), lon=str(lon))
    return lat, lon


def to_wgs84(lat: float, lon: float, datum: Datum) -> Point:
    """Return the WGS-84 place that `lat`, `lon` (degrees) mean in `datum`.

    A place outside China's rough box is the same in every datum. Raises `BadPlace`.
    """
    given = checked_place(lat, lon)
    if datum in (Datum.WGS84, Datum.CGCS2000) or not _in_china(given, margin_deg=_LARGEST_SHIFT_DEG):
        return Point(*given)
    gcj = _inverse(_gcj_to_bd, given) if datum is Datum.BD09 else given
    place = _inverse(_shifted, gcj)
    return Point(*place) if _in_china(place) else Point(*given)


def from_wgs84(point: Point, datum: Datum) -> Pair:
    """Return (lat, lon) in degrees of `datum` for a WGS-84 place. Raises `BadPlace`."""
    place = checked_place(point.lat, point.lon)
    if datum in (Datum.WGS84, Datum.CGCS2000) or not _in_china(place):
        return place
    gcj = _shifted(place)
    return _gcj_to_bd(gcj) if datum is Datum.BD09 else gcj


def _in_china(place: Pair, margin_deg: float = 0.0) -> bool:
    lat, lon = place
    south, north = _CHINA_LAT
    west, east = _CHINA_LON
    return south - margin_deg <= lat <= north + margin_deg and west - margin_deg <= lon <= east + margin_deg


def _shifted(place: Pair) -> Pair:
    """Shift WGS-84 to GCJ-02 by the public formula, without asking whether the place is in China."""
    lat, lon = place
    x, y = lon - 105.0, lat - 35.0
    common = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + common
    north_m += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north_m += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + common
    east_m += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east_m += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    phi = radians(lat)
    w2 = 1.0 - _KRASOVSKY_EE * sin(phi) ** 2
    w = sqrt(w2)
    north_deg = north_m * 180.0 / (_KRASOVSKY_A_M * (1.0 - _KRASOVSKY_EE) / (w2 * w) * pi)
    east_deg = east_m * 180.0 / (_KRASOVSKY_A_M / w * cos(phi) * pi)
    return lat + north_deg, lon + east_deg


def _gcj_to_bd(place: Pair) -> Pair:
    lat, lon = place
    radius = sqrt(lon * lon + lat * lat) + 0.00002 * sin(lat * _BD_ANGLE)
    angle = atan2(lat, lon) + 0.000003 * cos(lon * _BD_ANGLE)
    return radius * sin(angle) + _BD_LAT_OFFSET, radius * cos(angle) + _BD_LON_OFFSET


def _inverse(forward: Callable[[Pair], Pair], wanted: Pair) -> Pair:
    """Find the place that `forward` carries to `wanted`: step by what is still missing."""
    lat, lon = wanted
    for _ in range(_ROUNDS):
        there = forward((lat, lon))
        missing_lat, missing_lon = wanted[0] - there[0], wanted[1] - there[1]
        lat, lon = lat + missing_lat, lon + missing_lon
        if abs(missing_lat) + abs(missing_lon) < _CLOSE_ENOUGH_DEG:
            break
    return lat, lon
