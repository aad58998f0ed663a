"""Chains, brackets and JWS as pure values: each limit just under, at, and just over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.signing.bracket import ClockDoubt, Ticks, Timing, clock_doubts
from domain.signing.chain import FARTHEST, Chain, Gap, Link, NoSuchGap, Place, SeqTooFar, gaps, place_of, signed_off
from domain.signing.jws import MOST_BYTES, BadSignature, digest_bytes, digest_of, take_apart

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ALLOWED = timedelta(seconds=120)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("seq", "place"), [(4, Place.NEXT), (5, Place.NEXT), (6, Place.NEXT), (7, Place.WAITS)])
def test_an_act_is_next_up_to_the_one_after_what_was_judged(seq: int, place: Place) -> None:
    """What was signed off and comes after all is judged as it comes; what is beyond the next waits."""
    assert place_of(seq, Link("b", "a"), Chain(judged=5)) is place


@pytest.mark.parametrize("ahead", [FARTHEST - 1, FARTHEST])
def test_a_phone_may_be_a_thousand_acts_ahead(ahead: int) -> None:
    """So far it waits."""
    assert place_of(5 + ahead, Link("b", "a"), Chain(judged=5)) is Place.WAITS


def test_no_phone_is_farther_ahead() -> None:
    """One more is refused."""
    with pytest.raises(SeqTooFar):
        place_of(6 + FARTHEST, Link("b", "a"), Chain(judged=5))


def test_a_fork_is_whatever_does_not_fit_its_neighbours() -> None:
    """Another act at the number, another act before, or one after that names another."""
    act = Link("b", "a")
    fits = Chain(judged=5, before=Link("a", None), after=Link("c", "b"))
    assert place_of(6, act, fits) is Place.NEXT
    assert place_of(6, act, Chain(judged=5, here=Link("x", "a"))) is Place.FORK
    assert place_of(6, act, Chain(judged=5, before=Link("x", None))) is Place.FORK
    assert place_of(6, act, Chain(judged=5, after=Link("c", "x"))) is Place.FORK
    assert place_of(1, Link("b", None), Chain(judged=0)) is Place.NEXT


@given(st.integers(0, 50), st.sets(st.integers(1, 100)))
def test_gaps_and_what_waits_are_all_numbers_up_to_the_last(judged: int, waiting: set[int]) -> None:
    """No number is lost between them, and none is in both."""
    beyond = {seq for seq in waiting if seq > judged}
    missing = [seq for gap in gaps(judged, beyond) for seq in range(gap.first, gap.last + 1)]
    assert sorted([*missing, *beyond]) == list(range(judged + 1, max(beyond, default=judged) + 1))


@pytest.mark.parametrize("through", [2, 3, 5, 7])
def test_a_gap_is_signed_off_whole_and_the_first_one_first(through: int) -> None:
    """Missing are 2 to 4 and 6: only 4 ends the first gap."""
    assert signed_off(1, [5, 7], 4) == Gap(2, 4)
    with pytest.raises(NoSuchGap):
        signed_off(1, [5, 7], through)


def doubts(made: Ticks, **changes: object) -> list[ClockDoubt]:
    """Return what is doubted of an act received two hours after the receipt it names."""
    told = {"made": made, "received_at": AT + timedelta(hours=2), "not_before": AT, "named_receipt": True}
    return clock_doubts(Timing(**(told | changes)), ALLOWED)  # type: ignore[arg-type]  # a test names real fields


@pytest.mark.parametrize(
    ("device_at", "found"),
    [
        (AT - ALLOWED - SECOND, [ClockDoubt.BEFORE_BRACKET]),
        (AT - ALLOWED, []),
        (AT - ALLOWED + SECOND, []),
        (AT + timedelta(hours=2) + ALLOWED - SECOND, []),
        (AT + timedelta(hours=2) + ALLOWED, []),
        (AT + timedelta(hours=2) + ALLOWED + SECOND, [ClockDoubt.AFTER_ARRIVAL]),
    ],
)
def test_a_clock_may_be_off_by_what_is_allowed_on_either_side(device_at: datetime, found: list[ClockDoubt]) -> None:
    """What is beyond the proved bracket by more is flagged."""
    assert doubts(Ticks(device_at, 0, "a")) == found


@pytest.mark.parametrize(("off_s", "found"), [(119, False), (120, False), (121, True), (-120, False), (-121, True)])
def test_a_clock_that_was_set_is_seen_by_the_other_clock_of_its_page(off_s: int, *, found: bool) -> None:
    """On one page both clocks go on alike; of another page only a step back can be told."""
    before = Ticks(AT, 1_000, "a")
    after = Ticks(AT + timedelta(minutes=30, seconds=off_s), 1_000 + 30 * 60_000, "a")
    assert (ClockDoubt.STEPPED in doubts(after, previous=before)) is found
    other = Ticks(AT + timedelta(seconds=off_s), 0, "b")
    assert (ClockDoubt.STEPPED in doubts(other, previous=before)) is (off_s < -120)


@pytest.mark.parametrize(("off_s", "found"), [(119, False), (120, False), (121, True), (-120, False), (-121, True)])
def test_the_clock_as_it_sends_tells_its_skew(off_s: int, *, found: bool) -> None:
    """Whatever the act says of when it was made."""
    sent_at = AT + timedelta(hours=2, seconds=off_s)
    assert (ClockDoubt.SKEWED in doubts(Ticks(AT, 0, "a"), sent_at=sent_at)) is found


def test_a_receipt_of_one_s_own_making_proves_nothing() -> None:
    """It is told, and there is no lower end of the bracket then."""
    made = Ticks(AT - timedelta(days=9), 0, "a")
    assert doubts(made, not_before=None) == [ClockDoubt.UNKNOWN_RECEIPT]
    assert doubts(made, not_before=None, named_receipt=False) == []


@given(st.binary(max_size=200))
def test_a_digest_is_spelled_in_one_way(data: bytes) -> None:
    """43 signs of base64url, and back."""
    digest = digest_of(data)
    assert len(digest) == 43
    assert len(digest_bytes(digest)) == 32


@given(st.binary(max_size=400) | st.text(alphabet="eyJhbGciOiJ.-_=AQ", max_size=200).map(str.encode))
def test_no_bytes_are_worse_than_no_jws(data: bytes) -> None:
    """Whatever comes is taken apart or refused with a reason."""
    with pytest.raises(BadSignature) as told:
        take_apart(data, "act+jws")
    assert told.value.flaw.zh
    assert told.value.flaw.en


@pytest.mark.parametrize(("size", "why"), [(MOST_BYTES, "algorithm"), (MOST_BYTES + 1, "malformed")])
def test_a_jws_is_at_most_256_kilobytes(size: int, why: str) -> None:
    """One byte more is not even looked at."""
    data = b"e30." + b"A" * (size - 6) + b".A"
    assert len(data) == size
    with pytest.raises(BadSignature) as told:
        take_apart(data, "act+jws")
    assert told.value.flaw == why
