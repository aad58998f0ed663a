"""The line around a bureau's district, and which side of it a site lies on.

A boundary is a GeoJSON Polygon or MultiPolygon (RFC 7946) in WGS-84. `locate` measures in metres; the planar
form (`LocalFrame`, `local_rings`) states the same rule in plain numbers, so that a database without any
geographic extension can hold it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import cos, radians, sin, sqrt
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from domain.errors import InvalidInput
from domain.place.datum import MAX_LAT_DEG, MAX_LON_DEG, BadPlace, checked_place, to_wgs84
from domain.place.distance import distance_m
from domain.values import Datum, Point

ON_LINE_M = 0.01
"""A place this near the line lies on it: stored places are whole 1e-7 degrees, about a centimetre apart."""

METRES_PER_DEGREE = 111_319.49
"""One degree of the equator of WGS-84 (a = 6378137 m)."""

MAX_VERTICES = 100_000
"""A finer line than any district has would only slow every check."""

_RING_MIN = 4
_WGS84_A_M = 6_378_137.0
_WGS84_E2 = 0.00669437999014


class BadBoundary(InvalidInput):
    """A boundary must be a valid GeoJSON Polygon or MultiPolygon with closed rings of [longitude, latitude]."""

    code = "bad-boundary"
    zh = "边界须为有效的 GeoJSON Polygon 或 MultiPolygon，环须闭合，坐标顺序为 [经度, 纬度]。"


class Side(StrEnum):
    """Where a place lies, seen from the boundary."""

    INSIDE = "inside"
    """within the line, or on it"""
    TOLERATED = "tolerated"
    """beyond the line, no farther than the tolerance that its coarseness asks for"""
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the boundary says of one place; `distance_m` is how far beyond the line it lies, 0 inside."""

    kind: Side
    distance_m: float


@dataclass(frozen=True, slots=True)
class Boundary:
    """The district of a bureau (辖区): valid polygons in WGS-84. Made by `from_geojson`."""

    geometry: shapely.MultiPolygon

    @classmethod
    def from_geojson(cls, geometry: Mapping[str, Any], datum: Datum = Datum.WGS84) -> Boundary:
        """Read a GeoJSON Polygon or MultiPolygon given in `datum`.

        Raises `BadBoundary`, with the fault in its message, if it is of another type, empty, open, crosses
        itself, or has a vertex that is no place.
        """
        polygons = [shapely.Polygon(rings[0], rings[1:]) for rings in _polygons(geometry_to_wgs84(geometry, datum))]
        shape = shapely.MultiPolygon(polygons)
        if not shape.is_valid:
            raise BadBoundary(f"the boundary is not valid: {shapely.is_valid_reason(shape)}")
        shapely.prepare(shape)
        return cls(shape)

    def locate(self, point: Point, tolerance_m: float) -> Verdict:
        """Tell on which side `point` lies; on the line is inside, exactly `tolerance_m` beyond is tolerated.

        Raises `BadPlace` for a point that is no place, ValueError for a tolerance below zero.
        """
        if not tolerance_m >= 0:
            raise ValueError("a tolerance is a number of metres from 0 up")
        checked_place(point.lat, point.lon)
        if self.geometry.covers(shapely.Point(point.lon, point.lat)):
            return Verdict(Side.INSIDE, 0.0)
        beyond_m = self._beyond_m(point)
        if beyond_m <= ON_LINE_M:
            return Verdict(Side.INSIDE, 0.0)
        return Verdict(Side.TOLERATED if beyond_m <= tolerance_m else Side.OUTSIDE, beyond_m)

    def beyond_m(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far beyond the line each of many places lies, 0 inside: true to a per cent within 50 km.

        For the many fixes of a track; one place is told exactly by `locate`.
        """
        metres = np.zeros(len(lat))
        outside = np.flatnonzero(~shapely.intersects_xy(self.geometry, lon, lat))
        if len(outside):
            scale = np.array(_metres_per_degree_at(float(np.median(lat[outside]))))
            plane = shapely.transform(self.geometry, lambda degrees: degrees * scale)
            places = shapely.points(np.stack([lon[outside], lat[outside]], axis=1) * scale)
            metres[outside] = shapely.distance(plane, places)
        return metres

    def inside_m(self, lat: float, lon: float) -> float:
        """Return how far inside the line a place lies, below zero how far beyond: true to a per cent within 50 km."""
        scale = np.array(_metres_per_degree_at(lat))
        line = shapely.transform(self.geometry.boundary, lambda degrees: degrees * scale)
        off_m = float(shapely.distance(line, shapely.Point(np.array([lon, lat]) * scale)))
        return off_m if bool(shapely.intersects_xy(self.geometry, lon, lat)) else -off_m

    def _beyond_m(self, point: Point) -> float:
        """Measure the geodesic to the nearest place of the line, found in the plane that touches at `point`.

        That plane keeps metres true near the point, where the verdict is decided; farther away the nearest
        place may be missed by a little and the distance comes out longer by less than 0.1 % within 50 km.
        """
        east_m, north_m = _metres_per_degree_at(point.lat)
        scale = np.array([east_m, north_m])
        here = np.array([point.lon, point.lat])

        def plane(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
            metres: NDArray[np.float64] = (degrees - here) * scale
            return metres

        line = shapely.transform(self.geometry.boundary, plane)
        nearest = shapely.get_coordinates(shapely.shortest_line(shapely.Point(0.0, 0.0), line))[1]
        lon, lat = nearest / scale + here
        return distance_m(point, Point(float(lat), float(lon)))


def drawn(boundary: Boundary, off_deg: float = 0.0005) -> dict[str, Any]:
    """Return the boundary as GeoJSON to be drawn, its line off by no more than `off_deg` (50 m): never to judge by."""
    simple = shapely.simplify(boundary.geometry, off_deg, preserve_topology=True)
    polygons = simple.geoms if isinstance(simple, shapely.MultiPolygon) else (simple,)
    return {
        "type": "MultiPolygon",
        "coordinates": [
            [np.round(shapely.get_coordinates(ring), 5).tolist() for ring in (one.exterior, *one.interiors)]
            for one in polygons
        ],
    }


@dataclass(frozen=True, slots=True)
class LocalFrame:
    """A plane of metres around `origin`: an equirectangular projection simple enough to be repeated in SQL.

    x = (lon - lon0) * cos(lat0) * 111319.49 (east), y = (lat - lat0) * 111319.49 (north).

    Its metres differ from true ones by less than 1 % within a district, so at a tolerance of 100 m it agrees
    with `Boundary.locate` to within a metre.
    """

    origin: Point

    def project(self, point: Point) -> tuple[float, float]:
        """Return (x, y) of a WGS-84 place, in metres east and north of the origin."""
        x = (point.lon - self.origin.lon) * cos(radians(self.origin.lat)) * METRES_PER_DEGREE
        return x, (point.lat - self.origin.lat) * METRES_PER_DEGREE


Ring = list[tuple[float, float]]


def local_rings(boundary: Boundary, origin: Point) -> list[Ring]:
    """Return every ring, outer ones and holes alike, as closed lists of (x, y), metres rounded to centimetres.

    The planar rule over them: a place is inside if it lies within an odd number of rings, and its distance
    from the boundary is its least distance from the line of any ring.
    """
    frame = LocalFrame(origin)
    return [
        [_to_centimetres(frame.project(Point(lat, lon))) for lon, lat in shapely.get_coordinates(ring).tolist()]
        for polygon in boundary.geometry.geoms
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def geometry_to_wgs84(geometry: Mapping[str, Any], datum: Datum) -> dict[str, Any]:
    """Return a MultiPolygon in WGS-84 of a GeoJSON Polygon or MultiPolygon in `datum`, vertex by vertex.

    Raises `BadBoundary`. Heights are left out.
    """
    kind = geometry.get("type")
    if kind not in ("Polygon", "MultiPolygon"):
        raise BadBoundary(
            f"a boundary is the geometry of type Polygon or MultiPolygon itself, not a {str(kind)[:40]!r}",
        )
    given = geometry.get("coordinates")
    polygons = [given] if kind == "Polygon" else given
    left = MAX_VERTICES
    converted = []
    for rings in _listed(polygons, "the boundary has no polygons"):
        polygon = []
        for ring in _listed(rings, "a polygon has no rings"):
            vertices = _listed(ring, "a ring has no vertices")
            left -= len(vertices)
            if left < 0:
                raise BadBoundary(f"the boundary has more than {MAX_VERTICES} vertices")
            polygon.append(_ring_to_wgs84(vertices, datum))
        converted.append(polygon)
    return {"type": "MultiPolygon", "coordinates": converted}


def _ring_to_wgs84(vertices: list[Any], datum: Datum) -> list[list[float]]:
    places = [_vertex_to_wgs84(vertex, datum) for vertex in vertices]
    if len(places) < _RING_MIN or places[0] != places[-1]:
        raise BadBoundary(
            f"a ring needs at least {_RING_MIN} vertices, the last equal to the first "
            f"(this one has {len(places)}, from {vertices[0]} to {vertices[-1]})",
        )
    return places


def _vertex_to_wgs84(vertex: Any, datum: Datum) -> list[float]:
    shown = str(vertex)[:60]
    match vertex:
        case [lon, lat, *_] if _is_number(lon) and _is_number(lat):
            pass
        case _:
            raise BadBoundary(f"a vertex is [longitude, latitude] in degrees, not {shown}")
    try:
        place = to_wgs84(lat, lon, datum)
    except BadPlace as error:
        swapped = MAX_LAT_DEG < abs(lat) <= MAX_LON_DEG and abs(lon) <= MAX_LAT_DEG
        hint = "; longitude comes first" if swapped else ""
        raise BadBoundary(f"{shown} is no [longitude, latitude] in degrees{hint}") from error
    return [place.lon, place.lat]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _listed(value: Any, fault: str) -> list[Any]:
    if not isinstance(value, (list, tuple)) or not value:
        raise BadBoundary(fault)
    return list(value)


def _polygons(multipolygon: Mapping[str, Any]) -> list[list[list[list[float]]]]:
    polygons: list[list[list[list[float]]]] = multipolygon["coordinates"]
    return polygons


def _metres_per_degree_at(lat: float) -> tuple[float, float]:
    """Return the length of a degree of longitude and of latitude on WGS-84 at `lat`."""
    phi = radians(lat)
    w2 = 1.0 - _WGS84_E2 * sin(phi) ** 2
    normal_m = _WGS84_A_M / sqrt(w2)
    meridian_m = normal_m * (1.0 - _WGS84_E2) / w2
    return max(radians(normal_m * cos(phi)), 1.0), radians(meridian_m)


def _to_centimetres(xy: tuple[float, float]) -> tuple[float, float]:
    return round(xy[0], 2), round(xy[1], 2)
