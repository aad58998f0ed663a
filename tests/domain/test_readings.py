"""The kilometre books: readings that cannot be are refused, and every metre between them is somebody's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.books.readings import (
    MAX_ODOMETER_M,
    MAX_RESOLUTION_M,
    BadOdometerReplacement,
    BadReading,
    CorrectionUnfounded,
    Moment,
    Obtained,
    OdometerReplaced,
    Reading,
    ReadingAboveSuccessor,
    ReadingAlreadyCorrected,
    ReadingBelowPredecessor,
    SegmentNotBegun,
    check_reading,
    check_replacement,
    in_force,
    intervals,
)
from domain.errors import DomainError

START_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TRIP, NEXT_TRIP, WASH = UUID(int=901), UUID(int=902), UUID(int=903)
DAY = 24 * 60


def reading(
    number: int,
    minute: int,
    odometer_m: int,
    use_id: UUID | None = None,
    moment: Moment = Moment.SPOT,
    **other: object,
) -> Reading:
    """Make a reading, exact to the metre unless told otherwise."""
    facts = {"resolution_m": 1, "obtained": Obtained.TYPED, **other}
    at = START_AT + timedelta(minutes=minute)
    made = Reading(UUID(int=number), odometer_m, 1, at, Obtained.TYPED, use_id=use_id, moment=moment)
    return replace(made, **facts)  # type: ignore[arg-type]


def correction(number: int, wrong: int, odometer_m: int, **other: object) -> Reading:
    """Make a reading, entered a day later, that corrects another."""
    facts = {"corrects": UUID(int=wrong), "reason": "two digits swapped 数字颠倒", **other}
    return reading(number, DAY, odometer_m, **facts)  # type: ignore[arg-type]


# --- below its predecessor ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("odometer_m", "refused"), [(49_999, True), (50_000, False), (50_001, False)])
def test_a_reading_below_its_predecessor_is_refused(odometer_m: int, *, refused: bool) -> None:
    """An odometer does not go back, not by a metre; standing still it may."""
    recorded = [reading(1, 0, 50_000)]
    if refused:
        with pytest.raises(ReadingBelowPredecessor) as told:
            check_reading(reading(2, 10, odometer_m), recorded)
        assert told.value.detail["other_reading_id"] == str(UUID(int=1))
        assert told.value.detail["other_odometer_m"] == 50_000
    else:
        check_reading(reading(2, 10, odometer_m), recorded)


@pytest.mark.parametrize(("odometer_m", "refused"), [(49_000, True), (49_001, False), (50_000, False)])
def test_a_dashboard_of_whole_kilometres_is_given_its_resolution(odometer_m: int, *, refused: bool) -> None:
    """49 km on the dashboard may be up to 49,999 m: below an exact 50,000, but 49,001 may be 50,000."""
    recorded = [reading(1, 0, 50_000)]
    coarse = reading(2, 10, odometer_m, resolution_m=1000)
    if refused:
        with pytest.raises(ReadingBelowPredecessor):
            check_reading(coarse, recorded)
    else:
        check_reading(coarse, recorded)


def test_a_coarse_reading_does_not_hide_that_the_odometer_went_back() -> None:
    """A reading is compared with every earlier one, so two small steps back do not pass for none."""
    recorded = [reading(1, 0, 50_600), reading(2, 10, 50_000, resolution_m=1000)]
    with pytest.raises(ReadingBelowPredecessor):
        check_reading(reading(3, 20, 50_100), recorded)
    check_reading(reading(3, 20, 50_600), recorded)


@pytest.mark.parametrize(("odometer_m", "refused"), [(59_999, False), (60_000, False), (60_001, True)])
def test_a_reading_entered_late_may_not_exceed_what_was_read_after_it(odometer_m: int, *, refused: bool) -> None:
    """A paper sheet entered a week later stands between the readings of its day."""
    recorded = [reading(1, 0, 50_000), reading(2, 20, 60_000)]
    late = reading(3, 10, odometer_m, obtained=Obtained.PAPER)
    if refused:
        with pytest.raises(ReadingAboveSuccessor):
            check_reading(late, recorded)
    else:
        check_reading(late, recorded)


@pytest.mark.parametrize(("odometer_m", "refused"), [(49_999, True), (50_000, False), (58_000, False)])
def test_of_two_readings_of_one_minute_the_first_recorded_is_the_predecessor(odometer_m: int, *, refused: bool) -> None:
    """A return and the next departure may be read in the same minute; going back is refused there too."""
    recorded = [reading(1, 0, 50_000)]
    if refused:
        with pytest.raises(ReadingBelowPredecessor):
            check_reading(reading(2, 0, odometer_m), recorded)
    else:
        check_reading(reading(2, 0, odometer_m), recorded)


@pytest.mark.parametrize(
    "bad",
    [
        {"odometer_m": -1},
        {"odometer_m": MAX_ODOMETER_M + 1},
        {"resolution_m": 0},
        {"resolution_m": MAX_RESOLUTION_M + 1},
        {"read_at": START_AT.replace(tzinfo=None)},
    ],
)
def test_a_reading_with_an_impossible_value_is_refused(bad: dict[str, object]) -> None:
    """Below zero, beyond seven digits, without a resolution or without a time zone it is no reading."""
    with pytest.raises(BadReading):
        check_reading(replace(reading(1, 0, 1), **bad), [])  # type: ignore[arg-type]


@pytest.mark.parametrize(("odometer_m", "resolution_m"), [(0, 1), (MAX_ODOMETER_M, MAX_RESOLUTION_M)])
def test_the_least_and_the_greatest_reading_are_readings(odometer_m: int, resolution_m: int) -> None:
    """A new car stands at 0, and the limits themselves are taken."""
    check_reading(reading(1, 0, odometer_m, resolution_m=resolution_m), [])


# --- corrections ----------------------------------------------------------------------------------------------


def test_a_correcting_reading_takes_the_place_of_the_wrong_one_and_both_stay() -> None:
    """A digit slipped at departure: the correction, entered the next day, counts for the departure."""
    wrong = reading(1, 0, 90_000, TRIP, Moment.DEPARTURE)
    right = correction(2, 1, 50_000)
    check_reading(right, [wrong])
    back = reading(3, 60, 58_000, TRIP, Moment.RETURN)
    with pytest.raises(ReadingBelowPredecessor):
        check_reading(back, [wrong])
    check_reading(back, [wrong, right])
    (trip,) = intervals([wrong, right, back])
    assert (trip.use_id, trip.length_m) == (TRIP, 8_000)
    assert trip.start.reading_id == right.reading_id
    assert trip.start.read_at == wrong.read_at


def test_a_correction_can_itself_be_corrected_and_stands_where_the_first_wrong_one_stood() -> None:
    """The second slip is answered like the first."""
    recorded = [reading(1, 0, 90_000, TRIP, Moment.DEPARTURE), correction(2, 1, 5_000)]
    again = correction(3, 2, 50_000)
    check_reading(again, recorded)
    (standing,) = in_force([*recorded, again])
    assert standing.odometer_m == 50_000
    assert (standing.read_at, standing.use_id, standing.moment) == (START_AT, TRIP, Moment.DEPARTURE)


def test_a_correction_may_not_contradict_the_other_readings_either() -> None:
    """A correction is a reading: it too lies between its neighbours in time."""
    recorded = [reading(1, 0, 50_000), reading(2, 10, 99_000), reading(3, 5, 52_000)]
    with pytest.raises(ReadingBelowPredecessor):
        check_reading(correction(4, 2, 51_999), recorded)
    check_reading(correction(4, 2, 52_000), recorded)
    with pytest.raises(ReadingAboveSuccessor):
        check_reading(correction(4, 3, 99_001), recorded)


@pytest.mark.parametrize(
    "unfounded",
    [{"corrects": UUID(int=77)}, {"reason": ""}, {"reason": " \t"}, {"segment": 1}],
    ids=["names no recorded reading", "no reason", "a blank reason", "another odometer"],
)
def test_a_correction_names_a_reading_and_says_why(unfounded: dict[str, object]) -> None:
    """Nobody corrects something unnamed, or without a word."""
    with pytest.raises(CorrectionUnfounded):
        check_reading(correction(2, 1, 50_000, **unfounded), [reading(1, 0, 90_000)])


def test_a_reading_is_corrected_once() -> None:
    """Two corrections of one reading would leave two truths; the second names the first instead."""
    recorded = [reading(1, 0, 90_000), correction(2, 1, 50_000)]
    with pytest.raises(ReadingAlreadyCorrected) as told:
        check_reading(correction(3, 1, 60_000), recorded)
    assert told.value.detail["corrected_by"] == str(UUID(int=2))


# --- a replaced odometer --------------------------------------------------------------------------------------

REPLACED = OdometerReplaced(1, START_AT + timedelta(minutes=30), "instrument cluster defect 仪表损坏")


def test_a_replaced_odometer_starts_again_at_any_number() -> None:
    """The new odometer is not compared with the old, and nothing is subtracted across the two."""
    recorded = [reading(1, 0, 50_000), reading(2, 30, 50_400)]
    check_replacement(REPLACED, recorded, [])
    new = reading(3, 30, 7, segment=1)
    check_reading(new, recorded, [REPLACED])
    later = reading(4, 60, 1_007, segment=1)
    check_reading(later, [*recorded, new], [REPLACED])
    assert [interval.length_m for interval in intervals([*recorded, new, later])] == [400, 1_000]


@pytest.mark.parametrize(
    ("minute", "segment", "refused"),
    [
        (29, 1, True),
        (30, 1, False),
        (31, 1, False),
        (29, 0, False),
        (30, 0, False),
        (31, 0, True),
        (40, 2, True),
    ],
)
def test_a_reading_belongs_to_the_odometer_that_was_in_the_vehicle(minute: int, segment: int, *, refused: bool) -> None:
    """Without a recorded replacement nobody starts a new odometer, nor goes on with the old one after it."""
    taken = reading(2, minute, 60_000, segment=segment)
    if refused:
        with pytest.raises(SegmentNotBegun):
            check_reading(taken, [reading(1, 0, 50_000)], [REPLACED])
    else:
        check_reading(taken, [reading(1, 0, 50_000)], [REPLACED])


@pytest.mark.parametrize(("minute", "refused"), [(29, False), (30, False), (31, True)])
def test_an_odometer_is_not_replaced_before_its_last_reading(minute: int, *, refused: bool) -> None:
    """A replacement dated back would cut off readings that somebody took from the old odometer."""
    recorded = [reading(1, 0, 50_000), reading(2, minute, 50_400)]
    if refused:
        with pytest.raises(BadOdometerReplacement):
            check_replacement(REPLACED, recorded, [])
    else:
        check_replacement(REPLACED, recorded, [])


@pytest.mark.parametrize(
    "bad",
    [
        {"segment": 0},
        {"segment": 2},
        {"reason": " "},
        {"replaced_at": START_AT.replace(tzinfo=None)},
    ],
)
def test_a_replacement_comes_next_in_number_and_says_why(bad: dict[str, object]) -> None:
    """Replacements are rare, dated and explained; none is skipped."""
    with pytest.raises(BadOdometerReplacement):
        check_replacement(replace(REPLACED, **bad), [], [])  # type: ignore[arg-type]


def test_a_second_replacement_follows_the_first() -> None:
    """Segments are counted on, and never begin before the one before them."""
    second = replace(REPLACED, segment=2, replaced_at=REPLACED.replaced_at + timedelta(days=1))
    check_replacement(second, [], [REPLACED])
    with pytest.raises(BadOdometerReplacement):
        check_replacement(replace(second, replaced_at=START_AT), [], [REPLACED])


# --- intervals ------------------------------------------------------------------------------------------------


def test_metres_belong_to_a_trip_an_upkeep_order_or_nobody() -> None:
    """Between a return and the next departure nobody answers for the metres: they are unaccounted."""
    recorded = [
        reading(1, 0, 50_000, TRIP, Moment.DEPARTURE),
        reading(2, 30, 54_000, TRIP),
        reading(3, 60, 58_000, TRIP, Moment.RETURN),
        reading(4, DAY, 58_300, WASH, Moment.DEPARTURE),
        reading(5, DAY + 20, 60_000, WASH, Moment.RETURN),
        reading(6, DAY + 90, 60_001),
    ]
    assert [(i.use_id, i.length_m) for i in intervals(recorded)] == [
        (TRIP, 4_000),
        (TRIP, 4_000),
        (None, 300),
        (WASH, 1_700),
        (None, 1),
    ]


def test_a_spot_reading_of_a_third_party_splits_a_trip_and_leaves_it_whole() -> None:
    """The fuel station's reading on the way belongs to the trip though it does not name it."""
    recorded = [
        reading(1, 0, 50_000, TRIP, Moment.DEPARTURE),
        reading(2, 30, 54_000, obtained=Obtained.THIRD_PARTY),
        reading(3, 60, 58_000, TRIP, Moment.RETURN),
    ]
    assert [(i.use_id, i.length_m) for i in intervals(recorded)] == [(TRIP, 4_000), (TRIP, 4_000)]


def test_while_no_return_is_recorded_the_metres_are_the_trips() -> None:
    """A trip under way answers for its metres, up to the next departure at the latest."""
    recorded = [
        reading(1, 0, 50_000, TRIP, Moment.DEPARTURE),
        reading(2, 30, 54_000),
        reading(3, 60, 58_000, NEXT_TRIP, Moment.DEPARTURE),
        reading(4, 90, 59_000, NEXT_TRIP, Moment.RETURN),
        reading(5, 95, 59_100),
    ]
    assert [i.use_id for i in intervals(recorded)] == [TRIP, TRIP, NEXT_TRIP, None]


@pytest.mark.parametrize("return_m", [57_400, 58_000, 58_900])
def test_a_return_and_the_next_departure_in_one_minute_keep_both_trips_apart(return_m: int) -> None:
    """The trip that departs in the minute of another's return gets its own metres, whichever sorts first."""
    recorded = [
        reading(1, 0, 50_000, TRIP, Moment.DEPARTURE),
        reading(2, 60, return_m, TRIP, Moment.RETURN, resolution_m=1000),
        reading(3, 60, 58_000, NEXT_TRIP, Moment.DEPARTURE, resolution_m=1000),
        reading(4, 90, 70_000, NEXT_TRIP, Moment.RETURN),
        reading(5, 99, 70_500),
    ]
    ways = intervals(recorded)
    assert ways[0].use_id == TRIP
    assert [way.use_id for way in ways[2:]] == [NEXT_TRIP, None]
    assert sum(way.length_m for way in ways) == 20_500


def test_a_trip_that_ends_in_the_minute_it_began_holds_nothing_open() -> None:
    """A departure called back at once does not collect the metres of the days after it."""
    recorded = [
        reading(1, 0, 50_000, TRIP, Moment.DEPARTURE),
        reading(2, 0, 50_000, TRIP, Moment.RETURN),
        reading(3, DAY, 50_900),
    ]
    assert [(i.use_id, i.length_m) for i in intervals(recorded)] == [(None, 0), (None, 900)]


def test_a_coarse_reading_after_a_fine_one_lends_metres_to_the_next_interval() -> None:
    """Raw readings are never adjusted: the sum is exact although one interval is below zero."""
    recorded = [
        reading(1, 0, 50_600),
        reading(2, 10, 50_000, resolution_m=1000),
        reading(3, 20, 51_200),
    ]
    assert [i.length_m for i in intervals(recorded)] == [-600, 1_200]


@pytest.mark.parametrize("recorded", [[], [reading(1, 0, 50_000)]], ids=["none", "one"])
def test_fewer_than_two_readings_bound_nothing(recorded: list[Reading]) -> None:
    """The books begin with the second reading."""
    assert intervals(recorded) == ()


# --- P5: the books balance ------------------------------------------------------------------------------------

attempts = st.builds(
    reading,
    st.just(0),
    st.integers(0, 500),
    st.integers(0, 200).map(lambda km: km * 500),
    st.sampled_from([None, TRIP, NEXT_TRIP, WASH]),
    st.sampled_from(Moment),
    resolution_m=st.sampled_from([1, 100, 1000]),
    segment=st.sampled_from([0, 0, 0, 1]),
    corrects=st.none() | st.integers(1, 25).map(lambda number: UUID(int=number)),
    reason=st.just("misread 看错"),
)


def accepted(tried: list[Reading]) -> list[Reading]:
    """Record what the rule takes, in the order it is tried, each under its own number."""
    replaced = OdometerReplaced(1, START_AT + timedelta(minutes=250), "defect")
    recorded: list[Reading] = []
    for number, attempt in enumerate(tried, start=1):
        numbered = replace(attempt, reading_id=UUID(int=number))
        try:
            check_reading(numbered, recorded, [replaced])
        except DomainError:
            continue
        recorded.append(numbered)
    return recorded


@given(st.lists(attempts, max_size=25))
def test_p5_the_metres_of_all_uses_and_the_unaccounted_are_last_minus_first(tried: list[Reading]) -> None:
    """Whatever is recorded in whatever order, corrections included: per odometer the books balance exactly."""
    recorded = accepted(tried)
    sums: dict[int, dict[UUID | None, int]] = defaultdict(lambda: defaultdict(int))
    for interval in intervals(recorded):
        sums[interval.start.segment][interval.use_id] += interval.length_m
    for segment in {one.segment for one in recorded}:
        standing = [one for one in in_force(recorded) if one.segment == segment]
        assert sum(sums[segment].values()) == standing[-1].odometer_m - standing[0].odometer_m


@given(st.lists(attempts, max_size=25))
def test_no_two_readings_in_force_contradict_each_other(tried: list[Reading]) -> None:
    """However they were entered: for any two of one odometer there is a true course that fits both."""
    for earlier, later in combinations(in_force(accepted(tried)), 2):
        assert later.segment > earlier.segment or later.read_at >= earlier.read_at
        assert later.segment > earlier.segment or later.most_m >= earlier.odometer_m


@given(st.lists(attempts, max_size=25), st.randoms(use_true_random=False))
def test_the_books_do_not_depend_on_the_order_of_the_rows(tried: list[Reading], random: Random) -> None:
    """A query may answer in any order: the intervals are the same, and every reading is kept or corrected."""
    recorded = accepted(tried)
    mixed = list(recorded)
    random.shuffle(mixed)
    assert intervals(mixed) == intervals(recorded)
    corrected = [one for one in recorded if one.corrects]
    assert len(in_force(recorded)) == len(recorded) - len(corrected)
