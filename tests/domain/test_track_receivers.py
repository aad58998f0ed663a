"""Cleaning what receivers do: waking up, leaping to one side, and going wild for a while in a long drive."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.track.chain import MARGIN
from domain.track.cleaning import Dropped, clean
from domain.track.cold import SETTLED_FOR_S, SETTLED_M, SETTLES_WITHIN_S, STANDS_MPS, WAKES_AFTER_S
from domain.track.fixes import Fixes, as_fixes
from domain.track.length import measure
from domain.track.spikes import HARDEST_MPS2, OFF_M

START_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LAT, LON = 25.4337, 119.0010
DEG_PER_M = math.degrees(1 / 6_371_008.8)

Row = tuple[float, float, float, float | None]


def fixes_of(rows: list[Row]) -> Fixes:
    """Make fixes out of (seconds since the start, metres north, metres east, told speed)."""
    at = [START_AT + timedelta(seconds=s) for s, *_ in rows]
    lat = [LAT + north_m * DEG_PER_M for _, north_m, _, _ in rows]
    lon = [LON + east_m * DEG_PER_M / math.cos(math.radians(LAT)) for _, _, east_m, _ in rows]
    return as_fixes(at, lat, lon, [mps for *_, mps in rows])


def reasons(rows: list[Row]) -> dict[int, Dropped]:
    """Return what cleaning takes out of the rows, by their index."""
    return dict(clean(fixes_of(rows)).dropped)


def drive(count: int, *, every_s: float = 1.0, from_s: float = 0.0, mps: float = 10.0) -> list[Row]:
    """Return an even drive due north that tells its speed."""
    return [(from_s + i * every_s, i * every_s * mps, 0.0, mps) for i in range(count)]


# --- waking up -------------------------------------------------------------------------------------------------


def woken(*, drift_s: int = 40, stay_s: int = 40, told_mps: float | None = 0.0, from_s: float = 0.0) -> list[Row]:
    """Return a receiver at rest: it drifts towards the true place for so long, stays there, and drives off."""
    drift: list[Row] = [(from_s + s, -2.1 * (drift_s - s), 0.0, told_mps) for s in range(drift_s)]
    stay: list[Row] = [(from_s + drift_s + s, 0.0, 0.0, told_mps) for s in range(stay_s)]
    return [*drift, *stay, *drive(60, from_s=from_s + drift_s + stay_s)]


def test_what_a_waking_receiver_drifts_is_no_way_driven() -> None:
    """It says itself that it stands: eighty metres of drift go, and with them nothing of the drive."""
    rows = woken()
    assert set(reasons(rows).values()) == {Dropped.COLD_START}
    assert sorted(reasons(rows)) == list(range(31))
    assert measure(fixes_of(rows)).length_m == pytest.approx(measure(fixes_of(rows[40:])).length_m, abs=SETTLED_M)


@pytest.mark.parametrize(
    ("changed", "drifts"),
    [
        ({"told_mps": STANDS_MPS - 0.01}, True),
        ({"told_mps": STANDS_MPS}, False),
        ({"told_mps": None}, False),
        ({"stay_s": int(SETTLED_FOR_S) + 1}, True),
        ({"stay_s": int(SETTLED_FOR_S) - 12}, False),
        ({"drift_s": int(SETTLES_WITHIN_S)}, True),
        ({"drift_s": int(SETTLES_WITHIN_S) + 11}, False),
    ],
)
def test_a_drift_is_one_only_where_the_receiver_stands_by_its_own_word_and_has_settled(
    changed: dict[str, float], *, drifts: bool
) -> None:
    """A receiver whose speeds lag, and that drives off at once, loses nothing of its drive."""
    assert (Dropped.COLD_START in reasons(woken(**changed)).values()) is drifts  # type: ignore[arg-type]


@pytest.mark.parametrize(("silent_s", "drifts"), [(WAKES_AFTER_S, False), (WAKES_AFTER_S + 1, True)])
def test_a_receiver_wakes_anew_after_a_silence(silent_s: float, *, drifts: bool) -> None:
    """Also in the middle of a trip, when the vehicle was parked under a roof."""
    before = [(s, north_m - 800.0, east_m, mps) for s, north_m, east_m, mps in drive(60)]
    rows = [*before, *woken(from_s=59 + silent_s)]
    assert (Dropped.COLD_START in reasons(rows).values()) is drifts


def test_a_device_that_always_tells_a_speed_of_nought_is_not_believed() -> None:
    """Some clients send 0 where they know nothing; their drives are drives."""
    rows = [(s, north_m, east_m, 0.0) for s, north_m, east_m, _ in [*woken(), *drive(60, from_s=200)]]
    assert Dropped.COLD_START not in reasons(rows).values()


# --- out and back ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every_s", [1, 2, 5])
@pytest.mark.parametrize(("over", "dropped"), [(0.99, False), (1.01, True)])
def test_a_fix_to_one_side_goes_when_no_tyre_could_have_brought_the_vehicle_there_and_back(
    every_s: int, over: float, *, dropped: bool
) -> None:
    """What the hardest braking allows, and ordinary noise beyond it, stays."""
    rows = drive(21, every_s=every_s)
    off_m = (OFF_M + HARDEST_MPS2 * every_s * every_s / 2) * over
    rows[10] = (rows[10][0], rows[10][1], off_m, 10.0)
    assert reasons(rows) == ({10: Dropped.ACCELERATION} if dropped else {})


def test_of_a_spike_and_its_neighbours_only_the_spike_goes() -> None:
    """Next to a false fix a true one looks false too; it is asked again when the false one has gone."""
    rows = drive(40)
    for at in (5, 20, 22, 38):
        rows[at] = (rows[at][0], rows[at][1], 65.0, 10.0)
    assert reasons(rows) == dict.fromkeys((5, 20, 22, 38), Dropped.ACCELERATION)


def test_a_place_held_for_a_while_and_left_by_a_leap_is_no_spike() -> None:
    """Held for thirteen seconds, then 460 m on: an ordinary drive, also round a corner."""
    rows: list[Row] = [(float(s), (s // 13) * 300.0, (s // 26) * 300.0, 10.0) for s in range(260)]
    assert reasons(rows) == {}


moves = st.tuples(st.integers(1, 60), st.floats(-20, 20), st.floats(-20, 20))


@given(st.lists(moves, min_size=3, max_size=60))
def test_whatever_can_be_driven_below_a_hundred_kilometres_an_hour_stays_whole(
    steps: list[tuple[int, float, float]],
) -> None:
    """However sharply it turns: noise and braking together allow it, so no true fix is lost."""
    rows: list[Row] = [(0.0, 0.0, 0.0, None)]
    for after_s, north_mps, east_mps in steps:
        s, north_m, east_m, _ = rows[-1]
        rows.append((s + after_s, north_m + north_mps * after_s, east_m + east_mps * after_s, None))
    assert reasons(rows) == {}


# --- long drives -----------------------------------------------------------------------------------------------

LONG = 12 * MARGIN


@given(st.lists(st.tuples(st.integers(1, LONG - 2), st.integers(1, 5)), max_size=8), st.randoms())
def test_false_fixes_far_apart_in_a_long_drive_take_only_themselves_out(
    bad: list[tuple[int, int]], random: Random
) -> None:
    """What lies between them is not looked at fix by fix, and comes out the same in whatever order it came."""
    rows = drive(LONG)
    wrong: list[Row] = []
    for at, run in bad:
        # A false place of its own for each, so that none can be driven to from another.
        wrong += [(at + (i + 1) / 10 + len(wrong) / 1e4, 2e5 + 3e4 * len(wrong), 0.0, None) for i in range(run)]
    mixed = rows + wrong
    random.shuffle(mixed)
    kept = clean(fixes_of(mixed)).kept
    assert kept["at_us"].tolist() == fixes_of(rows)["at_us"].tolist()
    assert {reason for _, reason in clean(fixes_of(mixed)).dropped} <= {Dropped.LEAP}


def test_a_receiver_that_returns_to_the_drive_little_by_little_is_rejoined_where_it_can_be() -> None:
    """False fixes from which one could drive back go but for the last; of the true ones at most the one beside them."""
    rows = drive(200)
    for i in range(10):
        s, north_m, _, mps = rows[100 + i]
        rows[100 + i] = (s, north_m, 600.0 - 60.0 * i, mps)
    dropped = reasons(rows)
    assert dropped
    assert set(dropped) < set(range(99, 111))


@given(st.randoms(), st.integers(0, 3))
def test_no_order_of_arrival_decides_which_fix_counts(random: Random, seed: int) -> None:
    """Repeats with another speed, two places at one time, drift, leaps and spikes: always the same fixes stay."""
    draw = Random(seed)  # noqa: S311 - a drive, no secret
    rows = [*woken(), *drive(80, from_s=200)]
    rows += [
        (s, north_m + draw.choice([0, 0, 70, 5000]), east_m, draw.choice([None, 0.0, 3.0]))
        for s, north_m, east_m, _ in rows
    ]
    fixes = fixes_of(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    one, other = clean(fixes), clean(fixes[order])
    assert one.kept.tobytes() == other.kept.tobytes()
    assert one.counts == other.counts
