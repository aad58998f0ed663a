"""What becomes of a clock that was set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.clock import AWAY, RELEASED_AFTER, Doubt, Known, Verdict, doubt_of, is_meant, judge

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)


@pytest.mark.parametrize("ahead", [1, -1])
@pytest.mark.parametrize(("by_s", "verdict"), [(59, Verdict.AGREES), (60, Verdict.AGREES), (61, Verdict.HOLD)])
def test_up_to_a_minute_is_a_correction_and_more_is_a_jump(by_s: int, verdict: Verdict, ahead: int) -> None:
    """Just under, at and just over, ahead and back, where no time server answers."""
    assert judge(NOW, NOW + ahead * timedelta(seconds=by_s), None) is verdict


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(days=-1), timedelta(days=365)])
@pytest.mark.parametrize(
    ("true_off_s", "verdict"), [(0, Verdict.FOLLOW), (60, Verdict.FOLLOW), (-61, Verdict.HOLD), (86_400, Verdict.HOLD)]
)
def test_a_jump_is_followed_only_where_a_time_server_vouches_for_it(
    by: timedelta, true_off_s: int, verdict: Verdict
) -> None:
    """Whoever sets a clock that was wrong right is believed by the next answer of the time server."""
    found = NOW + by
    assert judge(NOW, found, found + timedelta(seconds=true_off_s)) is verdict


def test_a_time_server_that_sides_with_the_time_before_changes_nothing() -> None:
    """The service goes on as it was."""
    assert judge(NOW, NOW + timedelta(days=1), NOW) is Verdict.HOLD


@pytest.mark.parametrize(("since_s", "meant"), [(-61, False), (-60, True), (0, True), (90, True), (91, False)])
def test_somebodys_word_is_for_the_time_it_was_given_for_and_what_follows_it(since_s: int, *, meant: bool) -> None:
    """Given within the last half minute, it says nothing of what lies more than that and a minute beyond, or before."""
    assert is_meant(NOW, NOW + timedelta(seconds=since_s), timedelta(seconds=30)) is meant


AHEAD = [timedelta(hours=1), timedelta(days=1), timedelta(days=365)]


@pytest.mark.parametrize("by", AHEAD, ids=str)
def test_a_start_under_a_clock_set_back_is_doubted_by_the_newest_entry(by: timedelta) -> None:
    """An empty battery after a power cut, or a hand: what is recorded already was not recorded in the future."""
    assert doubt_of(NOW - by, [Known(NOW), Known(NOW - AWAY * 50)], None) is Doubt.BEFORE
    assert doubt_of(NOW - timedelta(seconds=60), [Known(NOW)], None) is None


def test_a_start_after_a_silence_longer_than_any_holiday_is_doubted() -> None:
    """Nothing says that the service was off for a month, or that the clock is a month ahead."""
    assert doubt_of(NOW + AWAY, [Known(NOW), Known(None)], None) is None
    assert doubt_of(NOW + AWAY + timedelta(seconds=1), [Known(NOW)], None) is Doubt.LONG_AFTER
    assert doubt_of(NOW, [Known(None)], None) is None


def test_a_first_start_under_a_clock_earlier_than_the_release_is_doubted() -> None:
    """A machine from the shelf with an empty battery and no network: its bureau would be of the year 2000 for ever."""
    second = timedelta(seconds=1)
    for known in ([], [Known(None)]):
        assert doubt_of(RELEASED_AFTER - second, known, None) is Doubt.BEFORE_RELEASE
        assert doubt_of(RELEASED_AFTER, known, None) is None
        assert doubt_of(RELEASED_AFTER - second, known, RELEASED_AFTER) is None
    assert doubt_of(RELEASED_AFTER - second, [Known(RELEASED_AFTER - timedelta(days=1))], None) is None


def test_a_start_while_a_clock_is_held_is_doubted_until_the_new_time_is_let_count() -> None:
    """Who set the clock and starts the service anew has not got round the hold."""
    held = (NOW, NOW + timedelta(days=1), False)
    assert doubt_of(NOW + timedelta(days=1), [Known(NOW, held)], None) is Doubt.HELD
    assert doubt_of(NOW + timedelta(days=1), [Known(NOW, (*held[:2], True))], None) is None


@pytest.mark.parametrize("known", [Known(NOW + timedelta(days=400)), Known(None), Known(NOW, (NOW, NOW, False))])
def test_a_time_servers_word_alone_counts_where_it_answers(known: Known) -> None:
    """It vouches for a clock that the record speaks against, and against one that the record has nothing against."""
    assert doubt_of(NOW, [known], NOW + timedelta(seconds=60)) is None
    assert doubt_of(NOW, [known], NOW + timedelta(seconds=61)) is Doubt.OTHERWISE
