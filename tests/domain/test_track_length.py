"""How far a track goes: against the wheels of real drives, and in whatever order it arrives."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.recorded_track import RecordedFix, read_track
from domain.place.distance import distance_m
from domain.track.cleaning import Dropped
from domain.track.fixes import Fixes, as_fixes
from domain.track.length import UNOBSERVED_AFTER_S, Track, measure
from domain.track.line import PARKED_RADIUS_M
from domain.track.stops import STOP_WITHIN_M
from domain.values import Point

TRACKS = Path(__file__).parents[1] / "data" / "tracks"
START_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LAT, LON = 25.4337, 119.0010
DEG_PER_M = 1 / 111_319.49

Row = tuple[float, float, float]


def fixes_of(rows: list[Row]) -> Fixes:
    """Make fixes out of (seconds since the start, lat, lon)."""
    at = [START_AT + timedelta(seconds=s) for s, _, _ in rows]
    return as_fixes(at, [lat for _, lat, _ in rows], [lon for _, _, lon in rows])


def recorded(name: str) -> list[RecordedFix]:
    """Read one of the recorded drives."""
    return read_track(TRACKS / name)


def measured(drive: list[RecordedFix]) -> Track:
    """Measure a recorded drive."""
    return measure(as_fixes([f.at for f in drive], [f.lat for f in drive], [f.lon for f in drive]))


def wheel_m(drive: list[RecordedFix]) -> float:
    """Integrate the car's own speed, gaps of 30 s or more left out."""
    steps = [((b.at - a.at).total_seconds(), a.wheel_mps or 0.0) for a, b in pairwise(drive)]
    return sum(seconds * mps for seconds, mps in steps if 0 < seconds < 30)


def outline(track: Track) -> tuple[object, ...]:
    """Return what must not depend on how the fixes arrived."""
    return (
        track.length_m,
        track.kept,
        track.unobserved,
        [(s.length_m, s.fixes["at_us"].tolist(), s.fixes["lat"].tolist()) for s in track.segments],
    )


@pytest.mark.parametrize(
    ("name", "wheel_km", "ratio", "dropped"),
    [
        ("T3_04_22_2021_1.csv", 14.15, 1.034, {}),
        ("T3_04_22_2021_2.csv", 15.48, 1.050, {}),
        ("T3_05_25_2021_04.csv", 32.99, 0.919, {}),
        ("T3_06_07_2021.csv", 19.72, 1.040, {Dropped.OUT_OF_RANGE: 3}),
        ("T1_03_29_2021.csv", 49.63, 1.036, {}),
    ],
)
def test_real_drives_keep_their_known_ratio_to_the_wheels(
    name: str, wheel_km: float, ratio: float, dropped: dict[Dropped, int]
) -> None:
    """Cleaning neither eats true metres nor adds false ones: each drive stands where its documentation puts it."""
    drive = recorded(name)
    track = measured(drive)
    assert wheel_m(drive) / 1000 == pytest.approx(wheel_km, abs=0.006)
    assert track.length_m / wheel_m(drive) == pytest.approx(ratio, abs=0.003)
    assert track.dropped == dropped
    assert track.kept + sum(dropped.values()) == len(drive)
    assert track.unobserved == ()


def test_the_drive_that_jumps_off_the_earth_is_measured_within_five_per_cent() -> None:
    """Measured naively it is 20,784 km long; its wheels drove 19.72 km."""
    assert measured(recorded("T3_06_07_2021.csv")).length_m == pytest.approx(19_720, rel=0.05)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3])
def test_false_places_among_the_fixes_do_not_change_a_real_drive(share: float) -> None:
    """Up to a third of the fixes may be anywhere on earth: the length stays within half a per cent."""
    drive = recorded("T3_06_07_2021.csv")
    true_m = measured(drive).length_m
    random = np.random.default_rng(20261124)
    spoilt = fixes_of([((f.at - drive[0].at).total_seconds(), f.lat, f.lon) for f in drive])
    wrong = random.random(len(spoilt)) < share
    spoilt["lat"][wrong] = random.uniform(-60, 60, wrong.sum())
    spoilt["lon"][wrong] = random.uniform(-170, 170, wrong.sum())
    assert measure(spoilt).length_m == pytest.approx(true_m, rel=0.005)


FIRST_DRIVE = recorded("T3_04_22_2021_1.csv")[::20]


@given(st.randoms(use_true_random=False))
def test_a_real_drive_reordered_and_repeated_is_the_same_drive(random: Random) -> None:
    """Late, repeated and mixed up by the network, the drive keeps its length to the metre."""
    drive = FIRST_DRIVE
    mixed = drive + drive[::3]
    random.shuffle(mixed)
    assert outline(measured(mixed)) == outline(measured(drive))


# --- made-up drives -------------------------------------------------------------------------------------------

steps = st.tuples(st.integers(1, 200), st.floats(-20, 20), st.floats(-20, 20))


@st.composite
def drives(draw: st.DrawFn) -> list[Row]:
    """Draw a drive of at least twelve fixes, at most 28 m/s, with gaps below and beyond the limit."""
    seconds, lat, lon = 0, LAT, LON
    rows = [(0.0, lat, lon)]
    for after_s, north_mps, east_mps in draw(st.lists(steps, min_size=11, max_size=30)):
        seconds += after_s
        lat += north_mps * after_s * DEG_PER_M
        lon += east_mps * after_s * DEG_PER_M
        rows.append((float(seconds), lat, lon))
    return rows


@given(drives(), st.data())
def test_neither_order_nor_repeats_change_a_track(rows: list[Row], data: st.DataObject) -> None:
    """A track is what the fixes say, not how they arrived."""
    repeats = data.draw(st.lists(st.sampled_from(rows), max_size=10))
    mixed = data.draw(st.permutations(rows + repeats))
    track = measure(fixes_of(mixed))
    assert outline(track) == outline(measure(fixes_of(rows)))
    assert track.dropped.get(Dropped.DUPLICATE, 0) == len(repeats)


BAD_PLACES = [(0.0, 0.0), (0.004, -0.001), (33.99, 1555.63), (math.nan, LON), (60.0, 10.0), (-33.9, 18.4)]


@given(drives(), st.lists(st.tuples(st.integers(0, 29), st.sampled_from(BAD_PLACES)), max_size=5))
def test_false_fixes_never_change_what_the_true_ones_measure(
    rows: list[Row], bad: list[tuple[int, tuple[float, float]]]
) -> None:
    """Up to five false fixes anywhere, also first, last and in a row: the same metres, the same stretches."""
    spoilt = rows + [(rows[min(i, len(rows) - 1)][0] + 0.5, *place) for i, place in bad]
    assert outline(measure(fixes_of(spoilt))) == outline(measure(fixes_of(rows)))


@given(drives())
def test_a_track_is_never_shorter_than_the_straight_line_it_spans(rows: list[Row]) -> None:
    """What was observed and the chords of what was not reach from the first fix to the last, but for rest at an end."""
    track = measure(fixes_of(rows))
    straight_m = distance_m(Point(*rows[0][1:]), Point(*rows[-1][1:]))
    rest_m = 2 * STOP_WITHIN_M * len(track.segments)
    assert track.length_m + track.unobserved_m >= straight_m - rest_m - len(rows)
    assert track.length_m == sum(segment.length_m for segment in track.segments)
    assert len(track.unobserved) == len(track.segments) - 1


@given(st.integers(1, 30), st.integers(1, 400))
def test_a_straight_drive_keeps_its_whole_length_however_dense_its_fixes(step_m: int, count: int) -> None:
    """Fixes a metre apart are not taken for a receiver at rest."""
    rows = [(float(i), LAT + i * step_m * DEG_PER_M, LON) for i in range(count + 1)]
    straight_m = distance_m(Point(LAT, LON), Point(rows[-1][1], LON))
    assert measure(fixes_of(rows)).length_m == pytest.approx(straight_m, abs=0.51)


def test_a_parked_phone_does_not_drive() -> None:
    """An hour of a receiver wandering by some metres at rest is at most its own radius, not 18 km."""
    random = np.random.default_rng(1)
    wander_m = PARKED_RADIUS_M / 3
    rows = [
        (float(s), LAT + dlat * DEG_PER_M, LON + dlon * DEG_PER_M)
        for s, (dlat, dlon) in enumerate(random.uniform(-wander_m, wander_m, (3600, 2)))
    ]
    assert measure(fixes_of(rows)).length_m <= PARKED_RADIUS_M


@pytest.mark.parametrize(("share", "counted"), [(0.98, False), (1.02, True)], ids=["within", "beyond"])
def test_a_move_counts_from_the_parked_radius_on(share: float, *, counted: bool) -> None:
    """There and back within the radius is rest; beyond it, it is driven twice."""
    away = LAT + PARKED_RADIUS_M * share * DEG_PER_M
    track = measure(fixes_of([(0.0, LAT, LON), (10.0, away, LON), (20.0, LAT, LON)]))
    assert track.length_m == (pytest.approx(2 * PARKED_RADIUS_M * share, abs=1) if counted else 0)


def test_a_place_told_in_the_same_instant_as_another_and_then_held_is_on_the_line() -> None:
    """Of fixes too dense to be true the first draws the line; what is told again later does too."""
    away = LAT + 500 * DEG_PER_M
    rows = [(0.0, LAT, LON), (10.0, LAT + 100 * DEG_PER_M, LON), (10.1, away, LON), (17.0, away, LON), (30.0, LAT, LON)]
    assert measure(fixes_of(rows)).length_m == pytest.approx(995, abs=2)


@pytest.mark.parametrize(
    ("gap_s", "unobserved"),
    [(UNOBSERVED_AFTER_S - 1e-6, 0), (UNOBSERVED_AFTER_S, 0), (UNOBSERVED_AFTER_S + 1e-6, 1)],
    ids=["just under", "at", "just over"],
)
def test_a_gap_is_unobserved_when_it_is_longer_than_the_limit(gap_s: float, unobserved: int) -> None:
    """Exactly at the limit the stretch still counts as observed."""
    rows = [(0.0, LAT, LON), (gap_s, LAT + 1000 * DEG_PER_M, LON)]
    track = measure(fixes_of(rows))
    assert len(track.unobserved) == unobserved
    assert track.length_m + track.unobserved_m == pytest.approx(995, abs=1)


def test_an_unobserved_stretch_is_told_with_its_ends_and_chord_and_not_measured() -> None:
    """Where nobody saw the vehicle, only the straight distance is known, and it stands apart."""
    far = LAT + 5000 * DEG_PER_M
    rows = [(0.0, LAT, LON), (60.0, LAT + 500 * DEG_PER_M, LON), (1000.0, far, LON), (1060.0, far, LON + 0.01)]
    track = measure(fixes_of(rows))
    (gap,) = track.unobserved
    assert gap.from_at == START_AT + timedelta(seconds=60)
    assert gap.to_at == START_AT + timedelta(seconds=1000)
    assert gap.least_m == track.unobserved_m == pytest.approx(4478, abs=2)
    assert [segment.length_m for segment in track.segments] == pytest.approx([498, 1006], abs=2)
    assert track.length_m == sum(segment.length_m for segment in track.segments)


def test_a_stretch_that_has_only_false_fixes_is_unobserved() -> None:
    """Bad fixes do not vouch for anything: where all are bad, nobody saw the vehicle."""
    rows = [(0.0, LAT, LON), *((float(s), 0.0, 0.0) for s in range(10, 300, 10)), (300.0, LAT, LON)]
    track = measure(fixes_of(rows))
    assert [(gap.to_at - gap.from_at).total_seconds() for gap in track.unobserved] == [300]
    assert track.dropped == {Dropped.NOWHERE: 29}


def test_the_limit_of_a_gap_can_be_set() -> None:
    """A bureau whose phones report every five minutes sets its own limit."""
    rows = [(0.0, LAT, LON), (300.0, LAT, LON)]
    assert measure(fixes_of(rows), unobserved_after_s=300).unobserved == ()


@pytest.mark.parametrize("rows", [[], [(0.0, LAT, LON)]], ids=["no fix", "one fix"])
def test_a_track_of_at_most_one_fix_has_no_length(rows: list[Row]) -> None:
    """A trip may have no position at all; its track is then empty, not an error."""
    track = measure(fixes_of(rows))
    assert (track.length_m, track.unobserved, track.kept, len(track.segments)) == (0, (), len(rows), len(rows))


def test_a_drive_over_the_date_line_has_its_true_length() -> None:
    """Longitude 180 is a place like any other."""
    rows = [(0.0, 0.0, 179.9995), (10.0, 0.0, -179.9995), (20.0, 0.0, -179.999)]
    assert measure(fixes_of(rows)).length_m == pytest.approx(0.0015 * 111_319.49, abs=1)
