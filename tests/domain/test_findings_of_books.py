"""Findings of the books: an odometer that went on by itself, a track that belies it, fuel, and thin complaints."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.books.readings import Obtained, Reading
from domain.complaint.words import Source
from domain.findings.fuel import fuel_mismatch
from domain.findings.kinds import Colour
from domain.findings.odometer import odometer_gap, odometer_track_mismatch
from domain.findings.outing import DELIVERED
from domain.findings.thin import thin_complaint
from domain.lots import CallBackResult
from domain.settings import BureauSettings
from domain.upkeep.fuel import Refill
from domain.use_rule.upkeep import UpkeepKind
from tests.outings import MINUTE, TEN, back, complaint, departure, outing, reading, witness
from tests.scenes import NINE

DEFAULTS = BureauSettings({})
AFTERWARDS = TEN + DELIVERED
CONFIRMED, DENIED, UNREACHED = CallBackResult.CONFIRMED, CallBackResult.DENIED, CallBackResult.UNREACHED


def gaps(*readings: Reading, **settings: int) -> list[tuple[int, Colour]]:
    """Return the metres and the colour of each gap that readings show."""
    shown = odometer_gap(readings, BureauSettings(settings))
    return [(int(one.evidence["until_m"]) - int(one.evidence["from_m"]), one.colour) for one in shown]


@pytest.mark.parametrize(("gap_m", "found"), [(0, False), (1_000, False), (2_000, True)])
def test_readings_between_two_uses_that_differ_by_more_than_a_kilometre_are_found(gap_m: int, *, found: bool) -> None:
    """A kilometre is what a dashboard of whole kilometres may turn over in the yard."""
    readings = departure(1, 0, 52_000_000, 1), back(2, 60, 52_012_000, 1), departure(3, 120, 52_012_000 + gap_m, 2)
    assert gaps(*readings) == ([(gap_m, Colour.YELLOW)] if found else [])


def test_metres_of_a_use_are_no_gap_however_many() -> None:
    """What a trip or upkeep order drove has an owner; what is under way too."""
    assert gaps(departure(1, 0, 52_000_000, 1), back(2, 60, 52_090_000, 1), departure(3, 70, 52_090_000, 2)) == []
    assert gaps(departure(1, 0, 52_000_000, 1), reading(2, 60, 52_090_000)) == []


def test_readings_typed_in_between_do_not_divide_a_gap_into_small_ones() -> None:
    """The attacker types one reading a kilometre, all of them within the limit."""
    crumbs = (reading(10 + n, 61 + n, 52_012_000 + n * 1_000) for n in range(1, 20))
    readings = back(2, 60, 52_012_000, 1), *crumbs, departure(3, 120, 52_031_000, 2)
    assert gaps(departure(1, 0, 52_000_000, 1), *readings) == [(19_000, Colour.YELLOW)]


def test_a_gap_is_over_with_the_next_departure_and_grows_until_then() -> None:
    """From the last return to the newest reading."""
    readings = [departure(1, 0, 52_000_000, 1), back(2, 60, 52_012_000, 1), reading(3, 90, 52_020_000)]
    (open_gap,) = odometer_gap(readings, DEFAULTS)
    (over,) = odometer_gap([*readings, departure(4, 120, 52_022_000, 2)], DEFAULTS)
    assert (open_gap.from_at, open_gap.until_at, open_gap.ended) == (NINE + 60 * MINUTE, NINE + 90 * MINUTE, False)
    assert (over.from_at, over.until_at, over.ended) == (NINE + 60 * MINUTE, NINE + 120 * MINUTE, True)


def test_an_auditor_who_reads_more_than_was_typed_shows_it_red() -> None:
    """Typed low from some day on: the odometer itself says so as soon as somebody else reads it."""
    spot = reading(3, 90, 52_030_000, obtained=Obtained.THIRD_PARTY)
    assert gaps(departure(1, 0, 52_000_000, 1), back(2, 60, 52_012_000, 1), spot) == [(18_000, Colour.RED)]


@pytest.mark.parametrize(("read_m", "found"), [(52_011_000, []), (52_009_000, [(-3_000, Colour.RED)])])
def test_an_auditor_who_corrects_what_was_typed_shows_it_red(read_m: int, found: list[tuple[int, Colour]]) -> None:
    """Typed high, as who sells the fuel would; a kilometre is what the dashboard turned over."""
    spot = reading(3, 60, read_m, corrects=UUID(int=102), obtained=Obtained.THIRD_PARTY, reason="现场抽查")
    assert gaps(departure(1, 0, 52_000_000, 1), back(2, 60, 52_012_000, 1), spot) == found


def test_another_odometer_is_no_gap_and_hides_none_before_it() -> None:
    """Segments are never subtracted from each other."""
    readings = (
        departure(1, 0, 52_000_000, 1),
        back(2, 60, 52_012_000, 1),
        reading(3, 80, 52_030_000),
        reading(4, 80, 0, segment=1),
        departure(5, 120, 0, 2, segment=1),
    )
    assert gaps(*readings) == [(18_000, Colour.YELLOW)]


def mismatch(*witnesses: tuple[int, int, str], **parts: object) -> list[tuple[Colour, int]]:
    """Return the colour of what witnesses show of a trip, and how far the first is off, in thousandths."""
    told = tuple(witness(length_m, reading_m, name=name) for length_m, reading_m, name in witnesses)
    shown = odometer_track_mismatch(outing(witnesses=told, **parts), AFTERWARDS, DEFAULTS)
    return [(one.colour, int(one.evidence[f"{witnesses[0][2]}_off_permille"])) for one in shown]


def test_a_track_that_is_as_far_from_the_reading_as_always_is_no_finding() -> None:
    """The vehicle's own ratio, not one: this speedometer reads four per cent high."""
    assert mismatch((19_200, 20_000, "track")) == []
    assert mismatch((19_200, 20_000, "track"), (19_100, 20_000, "terminal")) == []


def test_a_reading_typed_a_fifth_low_is_found_and_red_where_two_witnesses_say_so() -> None:
    """The trip was 20 km by track and by the terminal; 16 were typed."""
    assert [colour for colour, _ in mismatch((19_200, 16_000, "track"))] == [Colour.YELLOW]
    assert [colour for colour, _ in mismatch((19_200, 16_000, "track"), (19_300, 16_000, "terminal"))] == [Colour.RED]


def test_a_trip_for_which_no_kilometre_was_typed_is_found() -> None:
    """The same reading at departure and return, and a track of eight kilometres."""
    assert [colour for colour, _ in mismatch((8_000, 0, "track"))] == [Colour.YELLOW]
    assert mismatch((900, 0, "track")) == [], "within what the last digit hides"


def test_while_the_vehicle_has_taught_no_ratio_nothing_is_said() -> None:
    """Too few trips; no track; or a phone may still tell more of it."""
    nothing = outing(witnesses=(witness(19_200, 10_000, middle=None),))
    assert list(odometer_track_mismatch(nothing, AFTERWARDS, DEFAULTS)) == []
    assert list(odometer_track_mismatch(outing(), AFTERWARDS, DEFAULTS)) == []
    low = outing(witnesses=(witness(19_200, 16_000),))
    assert list(odometer_track_mismatch(low, AFTERWARDS - MINUTE, DEFAULTS)) == []


@pytest.mark.parametrize(("upkeep", "found"), [(UpkeepKind.TOW, 0), (UpkeepKind.FUEL, 1)])
def test_a_towed_vehicle_moves_without_its_odometer_and_a_fuel_run_does_not(upkeep: UpkeepKind, found: int) -> None:
    """An upkeep order is held against its track as a trip is."""
    assert len(mismatch((19_200, 10_000, "track"), upkeep=upkeep)) == found


def thin(**parts: object) -> list[tuple[Colour, str]]:
    """Return the colour of a thin complaint, and its second sign."""
    shown = thin_complaint(outing(complaints=(complaint(**parts),)), AFTERWARDS, DEFAULTS)
    return [(one.colour, str(one.evidence["sign"])) for one in shown]


@pytest.mark.parametrize("source", [Source.COUNTER, Source.TELEPHONE, Source.ON_THE_SPOT, Source.LETTER])
def test_who_registers_a_complaint_and_rides_along_at_once_is_honest(source: Source) -> None:
    """In a desk of four that is every day: it is no finding, nor when the consumer says yes or was missed once."""
    assert thin(source=source) == []
    assert thin(source=source, called_back=(UNREACHED,)) == []
    assert thin(source=source, called_back=(UNREACHED, UNREACHED, CONFIRMED)) == []


def test_a_complaint_of_one_s_own_whose_consumer_is_never_reached_is_thin() -> None:
    """Registered ten minutes before by who drove off, and called back twice in vain."""
    assert thin(called_back=(UNREACHED, UNREACHED)) == [(Colour.YELLOW, "unreached")]


def test_a_hotline_complaint_that_the_hotline_has_no_number_of_is_thin() -> None:
    """The attacker writes a source that nobody at the counter can ask; with its number it can be looked up."""
    for source in (Source.PLATFORM_12315, Source.HOTLINE_12345):
        assert thin(source=source) == [(Colour.YELLOW, "no-source-number")]
        assert thin(source=source, numbered=True) == []
        assert thin(source=source, called_back=(CONFIRMED,)) == []


@pytest.mark.parametrize(("minutes", "found"), [(59, 1), (60, 0), (600, 0)])
def test_what_was_registered_long_before_is_not_thin(minutes: int, found: int) -> None:
    """An hour between registering and asking is not just before."""
    parts = {"registered_at": NINE - timedelta(minutes=10 + minutes), "called_back": (UNREACHED, UNREACHED)}
    assert len(thin(**parts)) == found
    assert thin(by_crew=False, called_back=(UNREACHED, UNREACHED)) == [], "nor what somebody registered who stayed"


def test_what_the_consumer_denies_is_red_though_a_colleague_registered_it() -> None:
    """Either half of the first sign is enough: a denial is no chance."""
    assert thin(called_back=(DENIED,)) == [(Colour.RED, "denied")]
    assert thin(by_crew=False, called_back=(CONFIRMED, DENIED)) == [(Colour.RED, "denied")]
    long_ago = NINE - timedelta(days=2)
    assert thin(registered_at=long_ago, called_back=(DENIED,)) == [(Colour.RED, "denied")]
    assert thin(registered_at=long_ago, by_crew=False, called_back=(DENIED,)) == []


def refill(number: int, fuel_ml: int, driven_m: int = 500_000) -> Refill:
    """Return the refill of that day."""
    return Refill(UUID(int=number), NINE + timedelta(days=number), driven_m, fuel_ml)


USUAL = tuple(refill(n, ml) for n, ml in enumerate((40_000, 41_000, 39_000, 43_000, 40_000)))


@pytest.mark.parametrize(("fuel_ml", "found"), [(40_000, 0), (53_000, 0), (53_010, 1), (27_000, 0), (26_990, 1)])
def test_a_refill_outside_the_vehicle_s_usual_spread_is_found(fuel_ml: int, found: int) -> None:
    """By more than thirty per cent of the median beyond the spread, for the fuel or for the kilometres."""
    shown = list(fuel_mismatch((*USUAL, refill(9, fuel_ml)), DEFAULTS))
    assert [one.key for one in shown] == [UUID(int=9)] * found
    assert all(one.colour is Colour.YELLOW and one.evidence["fuel_ml"] == fuel_ml for one in shown)


def test_a_refill_is_judged_by_those_before_it_alone() -> None:
    """What was found stays found, though the attacker goes on filling too much until it is usual."""
    often = (*USUAL, *(refill(10 + n, 60_000) for n in range(20)))
    assert UUID(int=10) in [one.key for one in fuel_mismatch(often, DEFAULTS)]


def test_many_small_fills_into_cans_are_added_up() -> None:
    """Each after a few kilometres; and an honest tank that is topped up at the next pump is no finding."""
    cans = (refill(10 + n, 8_000, 10_000) for n in range(6))
    (shown,) = fuel_mismatch((*USUAL, *cans), DEFAULTS)
    assert (shown.evidence["fuel_ml"], shown.evidence["driven_m"]) == (40_000, 50_000)
    topped_up = (*USUAL, refill(9, 37_000, 480_000), refill(10, 3_000, 10_000), refill(11, 40_000))
    assert list(fuel_mismatch(topped_up, DEFAULTS)) == []


def test_findings_of_books_have_what_they_rest_on_in_their_evidence() -> None:
    """The numbers that a person looks at; nobody's name."""
    (shown,) = odometer_track_mismatch(outing(witnesses=(witness(19_200, 16_000),)), AFTERWARDS, DEFAULTS)
    assert dict(shown.evidence) == {
        "reading_m": 16_000,
        "track_m": 19_200,
        "track_unobserved_m": 0,
        "track_off_permille": 177,
        "track_ratio_permille": 960,
    }
