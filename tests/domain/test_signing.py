"""Chains, brackets and JWS as pure values: each limit just under, at, and just over."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.signing.act import KeyOwner, SignedAct, read_act
from domain.signing.bracket import ON_THE_WAY, ClockDoubt, Ticks, Timing, clock_doubts, clock_error
from domain.signing.chain import FARTHEST, Chain, Gap, Link, NoSuchGap, Place, SeqTooFar, gaps, place_of, signed_off
from domain.signing.jws import MOST_BYTES, BadSignature, TakenApart, digest_bytes, digest_of, take_apart

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
    assert (ClockDoubt.STEPPED in doubts(before, following=after)) is found, "the one before came later"
    other = Ticks(AT + timedelta(seconds=off_s), 0, "b")
    assert (ClockDoubt.STEPPED in doubts(other, previous=before)) is (off_s < -120)


@pytest.mark.parametrize(("off_s", "found"), [(119, False), (120, False), (121, True), (-120, False), (-121, True)])
def test_the_clock_as_it_sends_tells_its_skew(off_s: int, *, found: bool) -> None:
    """Whatever the act says of when it was made."""
    sent_at = AT + timedelta(hours=2, seconds=off_s)
    assert (ClockDoubt.SKEWED in doubts(Ticks(AT, 0, "a"), sent_at=sent_at)) is found


@given(
    off_s=st.integers(-40 * 365 * 86_400, 40 * 365 * 86_400),
    ago_s=st.integers(0, 30 * 86_400),
    seen_s=st.integers(0, 86_400),
)
def test_a_wrong_clock_still_tells_how_long_ago_it_was(off_s: int, ago_s: int, seen_s: int) -> None:
    """Whatever a phone's clock is off by, its act is of when it was made, to what the way may take."""
    done, off = AT - timedelta(seconds=ago_s), timedelta(seconds=off_s)
    made, seen = Ticks(done + off, 0, "a"), done - timedelta(seconds=seen_s)
    timing = Timing(made=made, received_at=AT, not_before=seen, named_receipt=True, sent_at=AT + off)
    assert abs(made.device_at - clock_error(timing) - done) <= ON_THE_WAY


@given(st.integers(0, 86_400), st.lists(st.integers(0, 3_600), min_size=2, max_size=5))
def test_what_a_fast_phone_did_stays_in_its_order(ahead_s: int, ago_s: list[int]) -> None:
    """Also where it is ahead by less than a clock may be off: a return never comes before its departure for that."""
    ahead, done = timedelta(seconds=ahead_s), sorted(AT - timedelta(seconds=one) for one in ago_s)
    told = [
        one
        + ahead
        - clock_error(
            Timing(
                made=Ticks(one + ahead, 0, "a"),
                received_at=AT,
                not_before=None,
                named_receipt=False,
                sent_at=AT + ahead,
            )
        )
        for one in done
    ]
    assert told == done


@given(st.integers(-ON_THE_WAY.seconds, 0), st.integers(0, 30 * 86_400))
def test_a_clock_that_is_right_is_believed(off_s: int, ago_s: int) -> None:
    """What was done before the act was signed is of when it is told, whatever receipt the act names."""
    made = Ticks(AT - timedelta(seconds=ago_s), 0, "a")
    sent_at = AT + timedelta(seconds=off_s)
    timing = Timing(made=made, received_at=AT, not_before=made.device_at, named_receipt=True, sent_at=sent_at)
    assert clock_error(timing) == timedelta(0)


@given(st.datetimes(timezones=st.just(UTC)), st.none() | st.datetimes(timezones=st.just(UTC)), st.integers(0, 9**6))
def test_no_clock_leaves_what_is_proved(told: datetime, sent_at: datetime | None, seen_s: int) -> None:
    """An act was made neither before the receipt its device had seen, nor after its arrival."""
    seen, made = AT - timedelta(seconds=seen_s), Ticks(told, 0, "a")
    timing = Timing(made=made, received_at=AT, not_before=seen, named_receipt=True, sent_at=sent_at)
    assert seen <= told - clock_error(timing) <= AT


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


OWNER = KeyOwner("350302", UUID("01a2176d-0000-7000-8000-000000000001"))
ENVELOPE = {"v": 1, "bureau": "350302", "key": str(OWNER.key_id), "seq": 1, "prev": None, "id": str(OWNER.key_id)}
ENVELOPE |= {"iat": 1, "mono": 1, "boot": str(OWNER.key_id), "srv": None, "act": "stop", "trip": None}


def read(body: bytes) -> SignedAct:
    """Return the first act of the key with that body."""
    payload = json.dumps(ENVELOPE).encode()[:-1] + b',"body":' + body + b"}"
    return read_act(TakenApart("", "", payload, ""), OWNER)


@given(said=st.text(st.sampled_from('\0\ud83d\ude98\\u0d"长'), max_size=12), plain=st.booleans())
def test_a_body_is_kept_as_it_was_signed_or_is_empty_where_its_text_cannot_be_kept(said: str, *, plain: bool) -> None:
    """Half a character and U+0000, and neither a backslash before such letters nor both halves together."""
    joined = said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    plain = plain and "\ud83d" not in said and "\ude98" not in said
    body = json.dumps({"x": said}, ensure_ascii=not plain).encode()
    fine = "\0" not in said and "\ufffd" not in joined
    assert bytes(read(body).body) == (body if fine else bytes(msgspec.Raw()))
