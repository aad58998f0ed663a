"""A track for other programs: GeoJSON and GPX, with what was not observed in sight."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape

from api.recorded_track import read_track
from domain.track.export import to_geojson, to_gpx
from domain.track.fixes import as_fixes
from domain.track.length import Track, measure

START_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NS = "{http://www.topografix.com/GPX/1/1}"


def track_at(*seconds: float) -> Track:
    """Measure a drive straight north at 10 m/s, seen at the given seconds."""
    at = [START_AT + timedelta(seconds=s) for s in seconds]
    return measure(as_fixes(at, [25.43 + s * 9e-5 for s in seconds], [119.00123456789] * len(seconds)))


WITH_GAPS = track_at(0, 10, 20, 600, 1200, 1210)


def test_geojson_shows_what_was_seen_and_between_it_what_was_not() -> None:
    """The features follow in time; an unobserved stretch is its own feature with its chord."""
    collection = to_geojson(WITH_GAPS)
    kinds = [(f["properties"]["kind"], f["geometry"]["type"]) for f in collection["features"]]
    assert kinds == [
        ("observed", "LineString"),
        ("unobserved", "LineString"),
        ("observed", "Point"),
        ("unobserved", "LineString"),
        ("observed", "LineString"),
    ]
    seen, gap = collection["features"][0], collection["features"][1]
    assert seen["properties"]["length_m"] == WITH_GAPS.segments[0].length_m
    assert seen["properties"]["times"] == [
        "2026-11-24T09:00:00Z",
        "2026-11-24T09:00:10Z",
        "2026-11-24T09:00:20Z",
    ]
    assert gap["properties"] == {
        "kind": "unobserved",
        "from_at": "2026-11-24T09:00:20Z",
        "to_at": "2026-11-24T09:10:00Z",
        "least_m": WITH_GAPS.unobserved[0].least_m,
        "most_m": 580 * 120_000 // 3600,
    }


def test_geojson_puts_longitude_first_and_stops_at_the_centimetre() -> None:
    """RFC 7946 order, seven decimals, and plain JSON that any reader takes."""
    collection = json.loads(json.dumps(to_geojson(WITH_GAPS), allow_nan=False))
    assert collection["features"][0]["geometry"]["coordinates"][0] == [119.0012346, 25.43]
    assert all(shape(feature["geometry"]).is_valid for feature in collection["features"])


def test_gpx_breaks_the_track_where_it_was_not_observed() -> None:
    """One segment a stretch, so that no program draws a line where nobody saw the vehicle."""
    root = fromstring(to_gpx(WITH_GAPS))
    segments = root.findall(f"{NS}trk/{NS}trkseg")
    assert root.tag == f"{NS}gpx"
    assert root.get("version") == "1.1"
    assert [len(segment) for segment in segments] == [3, 1, 2]
    first = segments[0][0]
    assert (first.get("lat"), first.get("lon")) == ("25.4300000", "119.0012346")
    assert first.findtext(f"{NS}time") == "2026-11-24T09:00:00Z"
    told = root.findtext(f"{NS}trk/{NS}desc", "")
    gap = WITH_GAPS.unobserved[0]
    assert f"unobserved: 2026-11-24T09:00:20Z to 2026-11-24T09:10:00Z, {gap.least_m} to {gap.most_m} m" in told


def test_a_track_without_gaps_says_nothing_of_unobserved_stretches() -> None:
    """What does not exist is not mentioned."""
    assert b"<desc>" not in to_gpx(track_at(0, 10))
    assert [f["properties"]["kind"] for f in to_geojson(track_at(0, 10))["features"]] == ["observed"]


def test_an_empty_track_is_still_a_document() -> None:
    """A trip without positions downloads as an empty file of the right kind, not as an error."""
    assert to_geojson(track_at()) == {"type": "FeatureCollection", "features": []}
    assert fromstring(to_gpx(track_at())).findall(f"{NS}trk/{NS}trkseg") == []


@given(st.text())
def test_any_name_makes_well_formed_xml(name: str) -> None:
    """A name typed by a person never breaks the document nor slips in elements of its own."""
    root = fromstring(to_gpx(WITH_GAPS, name))
    assert [child.tag.removeprefix(NS) for child in root[0] if child.tag != f"{NS}name"] == ["desc", *["trkseg"] * 3]


def test_a_name_is_told_as_it_was_typed() -> None:
    """Signs that mean something in XML come through as themselves; control characters have no place in it."""
    root = fromstring(to_gpx(track_at(0, 10), "派车单 <3> & 'more'\x00"))
    assert root.findtext(f"{NS}trk/{NS}name") == "派车单 <3> & 'more'"


@pytest.mark.parametrize("seconds", [(0, 10), (0, 10, 20.5, 600, 1200, 1210)])
def test_an_exported_track_reads_back_as_the_same_track(tmp_path: Path, seconds: tuple[float, ...]) -> None:
    """What we give away, we can take in: times to the microsecond, places to the centimetre."""
    track = track_at(*seconds)
    path = tmp_path / "track.gpx"
    path.write_bytes(to_gpx(track, "trip"))
    again = read_track(path)
    assert [fix.at for fix in again] == [START_AT + timedelta(seconds=s) for s in seconds]
    back = measure(as_fixes([f.at for f in again], [f.lat for f in again], [f.lon for f in again]))
    assert back.length_m == pytest.approx(track.length_m, abs=1)
    assert back.unobserved == track.unobserved
