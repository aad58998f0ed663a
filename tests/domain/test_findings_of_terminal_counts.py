"""What a terminal's own count of metres shows beside the dashboard and the track: between uses and on them."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from domain.books.readings import Reading
from domain.findings.happening import Happening
from domain.findings.kinds import Colour, FindingKind
from domain.findings.odometer import CountedBetween, between_uses, odometer_track_mismatch, terminal_gap
from domain.findings.outing import DELIVERED, Counted
from domain.settings import BureauSettings
from tests.outings import MINUTE, TEN, back, departure, outing, reading, witness
from tests.scenes import NINE, TERMINAL

DEFAULTS = BureauSettings({})
SET_ANEW = Counted(TERMINAL, 12_000, jumps=1, from_m=61_000_000, until_m=0)


def gap(terminal_m: int, *, reading_m: int = 0, before_s: float = 0.0, **settings: int) -> Happening | None:
    """Return what is found where the dashboard and the terminal went on so between ten and eleven."""
    readings = back(2, 60, 52_012_000, 1), departure(3, 120, 52_012_000 + reading_m, 2)
    (run,) = between_uses((departure(1, 0, 52_000_000, 1), *readings))
    counted = CountedBetween(
        TERMINAL, TEN - before_s * (MINUTE / 60), 60_000_000, TEN + 60 * MINUTE, 60_000_000 + terminal_m
    )
    return terminal_gap(run, counted, BureauSettings(settings))


@pytest.mark.parametrize(
    ("terminal_m", "reading_m", "found"),
    [(0, 0, False), (1_999, 0, False), (2_000, 0, True), (-1_999, 0, False), (-2_000, 0, True), (5_000, 5_000, False)],
)
def test_a_terminal_that_counted_on_between_two_uses_is_found_beyond_what_the_dashboard_hides(
    terminal_m: int, reading_m: int, *, found: bool
) -> None:
    """A kilometre that the setting lets pass, and 999 metres of the last digit; back is as odd as on."""
    assert (gap(terminal_m, reading_m=reading_m) is not None) is found


def test_what_was_driven_before_the_return_was_typed_is_no_gap() -> None:
    """The terminal told last half a minute before: a kilometre of the road home."""
    assert gap(2_900, before_s=30) is None
    assert gap(3_100, before_s=30) is not None


def test_the_setting_moves_the_limit() -> None:
    """A bureau whose terminals drift at rest lets five kilometres pass."""
    assert gap(5_999, odometer_gap_m=5_000) is None
    assert gap(6_000, odometer_gap_m=5_000) is not None


def test_a_gap_tells_both_counts_side_by_side_and_which_terminal_counted() -> None:
    """Thirty kilometres by the terminal, and the same reading typed as before."""
    found = gap(30_000)
    assert found is not None
    assert (found.kind, found.colour, found.key, found.ended) == (
        FindingKind.ODOMETER_GAP,
        Colour.YELLOW,
        TERMINAL,
        True,
    )
    assert (found.from_at, found.until_at) == (TEN, TEN + 60 * MINUTE)
    assert found.evidence == {
        "device_id": str(TERMINAL),
        "reading_m": 0,
        "terminal_m": 30_000,
        "terminal_from_m": 60_000_000,
        "terminal_until_m": 60_030_000,
    }


def test_times_between_uses_are_told_whole_and_one_odometer_at_a_time() -> None:
    """A reading on the spot divides none; another odometer does; what a use drove is in none."""
    known: tuple[Reading, ...] = (
        departure(1, 0, 52_000_000, 1),
        back(2, 60, 52_012_000, 1),
        reading(3, 80, 52_012_000),
        departure(4, 120, 52_012_000, 2),
        back(5, 180, 52_020_000, 2),
        reading(6, 190, 0, segment=1),
        departure(7, 200, 0, 3, segment=1),
    )
    runs = [(run[0].start.reading_id, run[-1].end.reading_id) for run in between_uses(known)]
    assert runs == [(UUID(int=102), UUID(int=104)), (UUID(int=106), UUID(int=107))]


def test_a_count_that_was_set_anew_on_a_trip_is_found_though_all_metres_fit() -> None:
    """The sum of what it counted fits the reading: that it jumped is what is asked about."""
    told = witness(12_000, 12_500), witness(12_000, 12_500, name="terminal")
    (found,) = odometer_track_mismatch(outing(witnesses=told, counted=SET_ANEW), TEN + DELIVERED, DEFAULTS)
    assert (found.kind, found.colour) == (FindingKind.ODOMETER_TRACK_MISMATCH, Colour.YELLOW)
    shown = {name: found.evidence[name] for name in ("reading_m", "track_m", "terminal_m")}
    assert shown == {"reading_m": 12_500, "track_m": 12_000, "terminal_m": 12_000}
    jump = {name: found.evidence[f"terminal_{name}"] for name in ("jumps", "from_m", "until_m")}
    assert jump == {"jumps": 1, "from_m": 61_000_000, "until_m": 0}


def test_a_count_that_only_went_on_is_none() -> None:
    """And neither is a terminal that counted nothing."""
    told = witness(12_000, 12_500), witness(12_000, 12_500, name="terminal")
    for counted in (None, replace(SET_ANEW, jumps=0, from_m=None, until_m=None)):
        assert list(odometer_track_mismatch(outing(witnesses=told, counted=counted), TEN + DELIVERED, DEFAULTS)) == []


def test_all_three_figures_stand_side_by_side_whichever_of_them_is_judged() -> None:
    """The terminal is new and has taught no ratio: its count is shown beside the track that is held against one."""
    told = witness(19_200, 16_000), witness(19_300, 16_000, name="terminal", middle=None)
    (found,) = odometer_track_mismatch(outing(witnesses=told), TEN + DELIVERED, DEFAULTS)
    assert [found.evidence[name] for name in ("reading_m", "track_m", "terminal_m")] == [16_000, 19_200, 19_300]
    assert ("track_off_permille" in found.evidence, "terminal_off_permille" in found.evidence) == (True, False)
    assert found.from_at == NINE
