"""Reading tracks that were recorded elsewhere: what can be read is read as it stands, the rest is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.recorded_track import RecordedFix, UnreadableTrackError, read_track

TRACKS = Path(__file__).parents[1] / "data" / "tracks"
HEADER = "Date,Time,Speed,LAT,LON,GpsSpeed\n"


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file to read."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_of_the_recorded_drives_is_read_with_both_its_speeds() -> None:
    """The place, the time as UTC, the GPS speed as a phone would send it and the speed of the wheels."""
    drive = read_track(TRACKS / "T3_06_07_2021.csv")
    assert len(drive) == 1703
    assert drive[0].at == datetime(2021, 6, 7, 16, 6, 28, tzinfo=UTC)
    assert (drive[0].lat, drive[0].lon) == (33.953671, -6.851435)
    assert drive[0].speed_mps == pytest.approx(0.05556 / 3.6)
    assert drive[0].wheel_mps == 0


def test_rows_with_impossible_dates_are_left_out() -> None:
    """Ten rows of this drive are dated 90/02/2032; the other 6,179 are read."""
    drive = read_track(TRACKS / "T1_03_29_2021.csv")
    assert len(drive) == 6179
    assert {fix.at.year for fix in drive} == {2021}


def test_a_place_that_cannot_be_is_read_as_it_stands() -> None:
    """The replay sends what the device recorded: cleaning is the service's work."""
    assert max(fix.lon for fix in read_track(TRACKS / "T3_06_07_2021.csv")) == 1555.6333


@pytest.mark.parametrize(
    "row",
    [
        "06/07/2021,25:00:00,0,33.9,-6.8,0",
        ",,0,33.9,-6.8,0",
        "06/07/2021,16:06:29,0,,-6.8,0",
        "06/07/2021,16:06:29,0,33.9,west,0",
        "06/07/2021,16:06:29,0,nan,-6.8,0",
        "06/07/2021,16:06:29",
    ],
)
def test_a_row_that_cannot_be_read_is_left_out(tmp_path: Path, row: str) -> None:
    """One spoilt row does not spoil the file."""
    path = write(tmp_path, "track.csv", f"{HEADER}{row}\n06/07/2021,16:06:30,3.6,33.9,-6.8,\n")
    assert read_track(path) == [
        RecordedFix(datetime(2021, 6, 7, 16, 6, 30, tzinfo=UTC), 33.9, -6.8, None, 1.0),
    ]


@pytest.mark.parametrize("version", ["1/0", "1/1"])
def test_a_gpx_is_read_in_either_version(tmp_path: Path, version: str) -> None:
    """Times with an offset become UTC, without one they are UTC; a speed in an extension counts."""
    text = (
        f'<gpx xmlns="http://www.topografix.com/GPX/{version}"><trk><trkseg>'
        '<trkpt lat="25.4" lon="119.0"><time>2026-11-24T09:00:00+08:00</time></trkpt>'
        '<trkpt lat="25.5" lon="119.1"><time>2026-11-24T01:00:05</time>'
        "<extensions><x><speed>7.5</speed></x></extensions></trkpt>"
        '<trkpt lat="25.6" lon="119.2"/>'
        '<trkpt lat="25.6" lon="119.2"><time>yesterday</time></trkpt>'
        '<trkpt lon="119.2"><time>2026-11-24T01:00:07Z</time></trkpt>'
        '<trkpt lat="25.6" lon="119.2"><time>0001-01-01T00:00:00+14:00</time></trkpt>'
        "</trkseg></trk></gpx>"
    )
    assert read_track(write(tmp_path, "track.GPX", text)) == [
        RecordedFix(datetime(2026, 11, 24, 1, 0, 0, tzinfo=UTC), 25.4, 119.0),
        RecordedFix(datetime(2026, 11, 24, 1, 0, 5, tzinfo=UTC), 25.5, 119.1, 7.5),
    ]


BILLION_LAUGHS = '<!DOCTYPE gpx [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><gpx><trk><name>&b;</name></trk></gpx>'


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("track.kml", "<kml/>", "a .csv or .gpx file"),
        ("track.csv", "time,lat,lon\n1,2,3\n", "no column Date, LAT, LON, Time"),
        ("track.csv", "", "no column"),
        ("track.csv", HEADER, "no row"),
        ("track.gpx", "<gpx/>", "no row"),
        ("track.gpx", "", "ParseError"),
        ("track.gpx", "<gpx><trk>", "ParseError"),
        ("track.gpx", '<?xml version="1.0" encoding="klingon"?><gpx/>', "track.gpx"),
        ("track.gpx", BILLION_LAUGHS, "EntitiesForbidden"),
    ],
)
def test_a_file_that_is_no_track_is_refused_in_words(tmp_path: Path, name: str, text: str, told: str) -> None:
    """Whoever names the wrong file is told what was expected; a hostile document is not expanded."""
    with pytest.raises(UnreadableTrackError, match=told):
        read_track(write(tmp_path, name, text))


def test_a_csv_that_is_no_text_is_refused_in_words(tmp_path: Path) -> None:
    """A picture with the wrong name is no track."""
    path = tmp_path / "track.csv"
    path.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")
    with pytest.raises(UnreadableTrackError):
        read_track(path)


def test_a_file_that_is_not_there_is_the_systems_own_error(tmp_path: Path) -> None:
    """A missing file is not called unreadable."""
    with pytest.raises(FileNotFoundError):
        read_track(tmp_path / "nowhere.csv")
