"""The line around the district: which side a site lies on, and by how many metres."""

from __future__ import annotations

import json
from importlib.resources import files
from itertools import pairwise
from math import cos, dist, pi, sin
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from domain.place.boundary import (
    MAX_VERTICES,
    BadBoundary,
    Boundary,
    LocalFrame,
    Ring,
    Side,
    geometry_to_wgs84,
    local_rings,
)
from domain.place.datum import BadPlace, from_wgs84, to_wgs84
from domain.place.distance import distance_m
from domain.place.shipped import Division, divisions, shipped_boundary
from domain.values import Datum, Point
from tests.world import boundary_350302

CODE = "350302"
MIDDLE = Point(25.4337, 119.0010)
TOLERANCE_M = 100.0
SQUARE = [[119.0, 25.4], [119.1, 25.4], [119.1, 25.5], [119.0, 25.5], [119.0, 25.4]]
HOLE = [[119.04, 25.44], [119.06, 25.44], [119.06, 25.46], [119.04, 25.46], [119.04, 25.44]]


def square(*holes: list[list[float]]) -> Boundary:
    """Make a boundary of a tenth of a degree each way, with holes if given."""
    return Boundary.from_geojson({"type": "Polygon", "coordinates": [SQUARE, *holes]})


def district() -> Boundary:
    """Return the boundary this product ships."""
    found = shipped_boundary(CODE)
    assert found is not None
    return found


def north_of_the_square(metres: float) -> Point:
    """Return the place so many metres beyond the middle of the square's northern side."""
    lon, lat, _ = Geod(ellps="WGS84").fwd(119.05, 25.5, 0.0, metres)
    return Point(lat, lon)


@pytest.mark.parametrize(
    "place",
    [Point(25.45, 119.05), Point(25.5, 119.05), Point(25.4, 119.0), Point(25.45, 119.1)],
    ids=["within", "on a side", "on a corner", "on another side"],
)
@pytest.mark.parametrize("tolerance_m", [0.0, TOLERANCE_M])
def test_a_place_within_or_on_the_line_is_inside(place: Point, tolerance_m: float) -> None:
    """A point on the line counts as inside, whatever the tolerance."""
    verdict = square().locate(place, tolerance_m)
    assert verdict.kind is Side.INSIDE
    assert verdict.distance_m == 0


@given(st.integers(0, 2), st.floats(0, 1))
def test_a_point_on_a_slanting_line_is_inside_although_floats_cannot_hit_it(side: int, share: float) -> None:
    """A place computed on the line is inside even where rounding puts it a nanometre beyond."""
    ring = [[119.0, 25.4], [119.37, 25.413], [119.11, 25.77], [119.0, 25.4]]
    (ax, ay), (bx, by) = ring[side], ring[side + 1]
    triangle = Boundary.from_geojson({"type": "Polygon", "coordinates": [ring]})
    on_line = Point(round(ay + share * (by - ay), 15), ax + share * (bx - ax))
    assert triangle.locate(on_line, 0).kind is Side.INSIDE


@pytest.mark.parametrize(
    ("beyond_m", "kind"),
    [
        (-0.5, Side.INSIDE),
        (0.5, Side.TOLERATED),
        (TOLERANCE_M - 0.01, Side.TOLERATED),
        (TOLERANCE_M + 0.01, Side.OUTSIDE),
        (5_000.0, Side.OUTSIDE),
    ],
)
def test_the_tolerance_ends_where_it_says(beyond_m: float, kind: Side) -> None:
    """Just within the tolerance the permit stands with a mark; just beyond it the site is outside."""
    verdict = square().locate(north_of_the_square(beyond_m), TOLERANCE_M)
    assert verdict.kind is kind
    # Between its corners the parallel 25.5° bends away from a geodesic by far less than a centimetre here.
    assert verdict.distance_m == pytest.approx(max(beyond_m, 0.0), abs=0.01)


def test_exactly_at_the_tolerance_is_tolerated() -> None:
    """The tolerance includes its own last metre, to the last bit."""
    place = north_of_the_square(70.0)
    beyond_m = square().locate(place, 0).distance_m
    assert square().locate(place, beyond_m).kind is Side.TOLERATED


@pytest.mark.parametrize(
    ("beyond_m", "kind"), [(0.009, Side.INSIDE), (0.011, Side.OUTSIDE)], ids=["within 1 cm", "beyond 1 cm"]
)
def test_the_line_is_a_centimetre_wide(beyond_m: float, kind: Side) -> None:
    """Places are stored to a centimetre, so a place that near the line lies on it."""
    assert square().locate(north_of_the_square(beyond_m), 0).kind is kind


def test_a_place_in_an_enclave_of_another_district_is_outside() -> None:
    """A hole in the polygon is not the district's, and its distance is measured to the hole's line."""
    verdict = square(HOLE).locate(Point(25.45, 119.05), TOLERANCE_M)
    assert verdict.kind is Side.OUTSIDE
    assert verdict.distance_m == pytest.approx(distance_m(Point(25.45, 119.05), Point(25.45, 119.04)), rel=1e-3)


def test_a_district_in_two_parts_holds_both() -> None:
    """An exclave (飞地) belongs to the district like its main part."""
    other = [[lon + 1, lat] for lon, lat in SQUARE]
    both = Boundary.from_geojson({"type": "MultiPolygon", "coordinates": [[SQUARE], [other]]})
    assert both.locate(Point(25.45, 119.05), 0).kind is Side.INSIDE
    assert both.locate(Point(25.45, 120.05), 0).kind is Side.INSIDE
    assert both.locate(Point(25.45, 119.55), 0).kind is Side.OUTSIDE


@given(st.floats(25.2, 25.65), st.floats(118.75, 119.12))
def test_the_distance_beyond_the_line_is_that_to_its_nearest_place(lat: float, lon: float) -> None:
    """No place of the line is nearer than the distance told, and one is no farther than its vertices are dense."""
    place = Point(lat, lon)
    verdict = district().locate(place, 0)
    if verdict.kind is Side.OUTSIDE:
        vertices = [distance_m(place, Point(y, x)) for x, y in district().geometry.geoms[0].exterior.coords[::10]]
        assert verdict.distance_m <= min(vertices) * 1.0001


@pytest.mark.parametrize("tolerance_m", [-0.001, float("nan")])
def test_a_tolerance_below_zero_is_a_mistake_of_the_caller(tolerance_m: float) -> None:
    """A tolerance that is no distance never decides about a site."""
    with pytest.raises(ValueError, match="tolerance"):
        square().locate(MIDDLE, tolerance_m)


def test_a_site_that_is_no_place_is_refused_before_it_is_located() -> None:
    """Numbers that no place has are not called outside: they are refused."""
    with pytest.raises(BadPlace):
        square().locate(Point(float("nan"), 119.0), TOLERANCE_M)


# --- reading a boundary ---------------------------------------------------------------------------------------


def test_a_boundary_drawn_on_a_gcj_02_map_is_converted_vertex_by_vertex() -> None:
    """A boundary from a Chinese map stands where it stands in the world, 560 m from its raw numbers."""
    drawn = [list(reversed(from_wgs84(Point(lat, lon), Datum.GCJ02))) for lon, lat in SQUARE]
    geometry = {"type": "Polygon", "coordinates": [drawn]}
    converted = geometry_to_wgs84(geometry, Datum.GCJ02)["coordinates"][0][0]
    assert converted == [pytest.approx(vertex, abs=1e-7) for vertex in SQUARE]
    corner = Point(25.4001, 119.0001)
    assert Boundary.from_geojson(geometry, Datum.GCJ02).locate(corner, 0).kind is Side.INSIDE
    assert Boundary.from_geojson(geometry).locate(corner, 0).kind is Side.OUTSIDE


@pytest.mark.parametrize(
    ("geometry", "fault"),
    [
        ({}, "type Polygon or MultiPolygon"),
        ({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [SQUARE]}}, "not a 'Feature'"),
        ({"type": "LineString", "coordinates": SQUARE}, "not a 'LineString'"),
        ({"type": "Polygon"}, "no rings"),
        ({"type": "Polygon", "coordinates": []}, "no rings"),
        ({"type": "Polygon", "coordinates": [[]]}, "no vertices"),
        ({"type": "MultiPolygon", "coordinates": []}, "no polygons"),
        ({"type": "MultiPolygon", "coordinates": "everywhere"}, "no polygons"),
        ({"type": "Polygon", "coordinates": [SQUARE[:-1]]}, "the last equal to the first"),
        ({"type": "Polygon", "coordinates": [[SQUARE[0], SQUARE[1], SQUARE[0]]]}, "at least 4"),
        ({"type": "Polygon", "coordinates": [[*SQUARE[:2], [119.1], *SQUARE[3:]]]}, "longitude, latitude"),
        ({"type": "Polygon", "coordinates": [[*SQUARE[:2], ["119", 25], *SQUARE[3:]]]}, "longitude, latitude"),
        ({"type": "Polygon", "coordinates": [[*SQUARE[:2], [True, 25], *SQUARE[3:]]]}, "longitude, latitude"),
        ({"type": "Polygon", "coordinates": [[[lat, lon] for lon, lat in SQUARE]]}, "longitude comes first"),
        ({"type": "Polygon", "coordinates": [[*SQUARE[:2], [119, float("nan")], *SQUARE[3:]]]}, "is no"),
        ({"type": "Polygon", "coordinates": [[*SQUARE[:2], [10**400, 25], *SQUARE[3:]]]}, "is no"),
        (
            {"type": "Polygon", "coordinates": [[SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]]},
            "Self-intersection",
        ),
        ({"type": "Polygon", "coordinates": [[SQUARE[0]] * 4]}, "not valid"),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}, "not valid"),
    ],
)
def test_a_geometry_that_is_no_boundary_is_refused_with_what_is_wrong(geometry: dict[str, Any], fault: str) -> None:
    """Whoever uploads a boundary is told which fault it has, before anything rests on it."""
    with pytest.raises(BadBoundary, match=fault):
        Boundary.from_geojson(geometry)


def test_a_boundary_has_a_limit_of_vertices() -> None:
    """A line of endless detail is refused before it slows every check; the limit itself is taken."""

    def circle(vertices: int) -> dict[str, Any]:
        turns = [2 * pi * i / (vertices - 1) for i in range(vertices - 1)]
        ring = [[119 + 0.1 * cos(turn), 25.4 + 0.1 * sin(turn)] for turn in turns]
        return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}

    for vertices in (MAX_VERTICES - 1, MAX_VERTICES):
        assert Boundary.from_geojson(circle(vertices)).locate(Point(25.4, 119.0), 0).kind is Side.INSIDE
    with pytest.raises(BadBoundary, match="more than"):
        Boundary.from_geojson(circle(MAX_VERTICES + 1))


# --- the shipped district -------------------------------------------------------------------------------------


def test_the_middle_of_the_shipped_district_is_inside_and_its_neighbours_are_not() -> None:
    """The boundary shipped for 350302 is the right one, in the right place."""
    assert district().locate(MIDDLE, 0).kind is Side.INSIDE
    hanjiang, xianyou = Point(25.4587, 119.1163), Point(25.3624, 118.6917)
    assert district().locate(hanjiang, TOLERANCE_M).kind is Side.OUTSIDE
    assert district().locate(xianyou, TOLERANCE_M).kind is Side.OUTSIDE


def test_the_shipped_boundary_is_carried_over_from_its_declared_datum() -> None:
    """Its file stays in GCJ-02 as published; the boundary in use is WGS-84."""
    feature = json.loads(files("domain.place").joinpath("data", "350302.geojson").read_text(encoding="utf-8"))
    assert feature["properties"]["datum"] == Datum.GCJ02
    lon, lat = feature["geometry"]["coordinates"][0][0]
    place = to_wgs84(lat, lon, Datum.GCJ02)
    assert district().geometry.geoms[0].exterior.coords[0] == (place.lon, place.lat)


@pytest.mark.parametrize("name", ["350302.geojson", "350302_divisions.json"])
def test_shipped_data_states_its_source_and_licence(name: str) -> None:
    """Nobody has to guess where shipped data comes from and under which licence."""
    data = json.loads(files("domain.place").joinpath("data", name).read_text(encoding="utf-8"))
    stated = data.get("properties", data)
    assert stated["source"]
    assert stated["licence"].startswith("MIT")


@pytest.mark.parametrize("code", ["350303", "", "35030", "3503021", "../350302", "350302/", "３５０３０２"])
def test_a_district_that_is_not_shipped_has_no_boundary_and_no_divisions(code: str) -> None:
    """An unknown code, or a text that is no code, is answered with nothing."""
    assert shipped_boundary(code) is None
    assert divisions(code) == ()


def test_the_towns_and_villages_of_the_district_complete_an_address() -> None:
    """Seven towns and 122 villages and communities, each under its parent."""
    found = divisions(CODE)
    towns = {d.code for d in found if d.parent_code == CODE}
    villages = [d for d in found if d.parent_code in towns]
    assert len(towns) == 7
    assert len(villages) == 122
    assert len(found) == len(towns) + len(villages)
    assert Division("350302101", "华亭镇", CODE) in found


# --- the same rule in a plane ---------------------------------------------------------------------------------


def planar_kind(rings: list[Ring], here: tuple[float, float], tolerance_m: float) -> Side:
    """Judge by the planar rule alone, written out in plain arithmetic as a database would hold it."""
    within = sum(crossings(ring, here) % 2 for ring in rings) % 2 == 1
    if within:
        return Side.INSIDE
    nearest_m = min(to_segment(here, a, b) for ring in rings for a, b in pairwise(ring))
    return Side.TOLERATED if nearest_m <= tolerance_m else Side.OUTSIDE


def crossings(ring: Ring, here: tuple[float, float]) -> int:
    """Count the sides of the ring that a ray going east from `here` crosses."""
    x, y = here
    return sum(
        (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay) for (ax, ay), (bx, by) in pairwise(ring)
    )


def to_segment(here: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the distance from `here` to the straight line from `a` to `b`."""
    length = dist(a, b)
    if length == 0:
        return dist(here, a)
    along = ((here[0] - a[0]) * (b[0] - a[0]) + (here[1] - a[1]) * (b[1] - a[1])) / length**2
    share = min(max(along, 0.0), 1.0)
    return dist(here, (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))


def assert_both_agree(line: Boundary, rings: list[Ring], origin: Point, place: Point) -> None:
    """Assert that both rules say the same, unless the place is within a metre of where the answer turns."""
    verdict = line.locate(place, TOLERANCE_M)
    planar = planar_kind(rings, LocalFrame(origin).project(place), TOLERANCE_M)
    turns_at = (0.0, TOLERANCE_M)
    if planar is not verdict.kind:
        assert min(abs(verdict.distance_m - turn) for turn in turns_at) < 1.0


NEAR_LINE = st.tuples(st.floats(0, 1), st.floats(-0.0015, 0.0015), st.floats(-0.0015, 0.0015))
RINGS_OF_DISTRICT = local_rings(district(), MIDDLE)


@given(NEAR_LINE)
def test_the_planar_rule_agrees_near_the_line_of_the_district(near: tuple[float, float, float]) -> None:
    """What the database refuses and what the service refuses are the same sites, to a metre."""
    share, north, east = near
    along = district().geometry.geoms[0].exterior.interpolate(share, normalized=True)
    assert_both_agree(district(), RINGS_OF_DISTRICT, MIDDLE, Point(along.y + north, along.x + east))


@given(st.floats(25.2, 25.65), st.floats(118.75, 119.12))
def test_the_planar_rule_agrees_anywhere_around_the_district(lat: float, lon: float) -> None:
    """Far inside and far outside, both forms of the rule say the same."""
    assert_both_agree(district(), RINGS_OF_DISTRICT, MIDDLE, Point(lat, lon))


@given(st.floats(25.39, 25.51), st.floats(118.99, 119.11))
def test_the_planar_rule_knows_holes(lat: float, lon: float) -> None:
    """A hole is a ring like any other: within an even number of rings is outside."""
    line = square(HOLE)
    origin = Point(25.45, 119.05)
    assert_both_agree(line, local_rings(line, origin), origin, Point(lat, lon))


def test_the_local_frame_is_the_stated_formula() -> None:
    """The formula is fixed, because the database repeats it."""
    frame = LocalFrame(Point(60.0, 10.0))
    assert frame.project(Point(60.0, 10.0)) == (0.0, 0.0)
    assert frame.project(Point(61.0, 12.0)) == pytest.approx((111_319.49, 111_319.49))


def test_local_rings_are_closed_and_in_metres_to_the_centimetre() -> None:
    """The rings handed to the database close exactly and hold nothing finer than a centimetre."""
    for ring in RINGS_OF_DISTRICT:
        assert ring[0] == ring[-1]
        assert all(round(value, 2) == value for vertex in ring for value in vertex)


def test_many_places_are_told_as_far_beyond_the_line_as_each_alone() -> None:
    """A track's fixes are judged at once, true to a per cent of what one place is told exactly."""
    district = Boundary.from_geojson(boundary_350302(), Datum.GCJ02)
    places = [Point(25.4337, 118.9962), Point(25.46, 119.06), Point(25.60, 119.40), Point(25.24, 118.95)]
    beyond_m = district.beyond_m(np.array([one.lat for one in places]), np.array([one.lon for one in places]))
    assert beyond_m.tolist() == pytest.approx([district.locate(one, 0).distance_m for one in places], rel=0.01)
    for place, beyond in zip(places[1:], beyond_m.tolist()[1:], strict=True):
        assert -district.inside_m(place.lat, place.lon) == pytest.approx(beyond, rel=0.01)
    within_m = district.inside_m(places[0].lat, places[0].lon)
    east = Point(places[0].lat, places[0].lon + 1.02 * within_m / 100_500)
    assert within_m > 1_000
    assert district.inside_m(east.lat, east.lon) < within_m
