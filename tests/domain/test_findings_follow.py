"""What is recorded of what a look shows: once a happening, its going on, its end, and visibly that it was none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.findings.follow import Known, Raised, Step, Update, follow
from domain.findings.happening import NEVER, Happening
from domain.findings.kinds import Colour, FindingKind
from domain.findings.life import Standing, What, may_follow
from tests.scenes import NINE, PHONE

MINUTE = timedelta(minutes=1)
KIND = FindingKind.OFF_PURPOSE_STOP
DAY = (NINE - timedelta(hours=9), NINE + timedelta(hours=15))


def happened(from_min: float, until_min: float, **parts: Any) -> Happening:
    """Return a stop between two minutes after nine."""
    whole: dict[str, Any] = {"kind": KIND, "ended": False, "evidence": {}}
    return Happening(from_at=NINE + from_min * MINUTE, until_at=NINE + until_min * MINUTE, **(whole | parts))


def known(from_min: float, until_min: float, colour: Colour = Colour.YELLOW, **parts: Any) -> Known:
    """Return a finding of a stop, raised when it was known to last until then."""
    until_at = NINE + until_min * MINUTE
    whole: dict[str, Any] = {
        "finding_id": UUID(int=9),
        "kind": KIND,
        "key": NEVER,
        "ended": False,
        "standing": Standing(None, colour, until_at),
    }
    return Known(from_at=NINE + from_min * MINUTE, until_at=until_at, **(whole | parts))


def steps(known_ones: list[Known], *shown: Happening, at: datetime | None = None, **asked: Any) -> list[Step]:
    """Return what is to be recorded of a look at the whole day."""
    at = at or max([NINE, *(one.until_at for one in shown)])
    return list(follow(known_ones, shown, **({"looked_at": {KIND}, "within": DAY, "at": at} | asked)))


def said(found: list[Step]) -> list[tuple[What | None, Colour]]:
    """Return the words and colours of steps."""
    return [(None, one.happening.colour) if isinstance(one, Raised) else (one.what, one.colour) for one in found]


def test_what_is_new_is_raised_and_the_same_again_is_not() -> None:
    """However often it is looked at."""
    assert said(steps([], happened(0, 10))) == [(None, Colour.YELLOW)]
    assert steps([known(0, 10)], happened(0, 10)) == []


def test_what_lasts_is_said_to_last_every_three_minutes() -> None:
    """A stop that is looked at every second."""
    assert steps([known(0, 10)], happened(0, 12)) == []
    assert said(steps([known(0, 10)], happened(0, 13))) == [(What.LASTS, Colour.YELLOW)]


def test_what_got_graver_and_is_over_is_said_to_be_both_at_once() -> None:
    """Of a stop that nobody looked at meanwhile."""
    found = steps([known(0, 10)], happened(0, 31, graver=True, ended=True))
    assert said(found) == [(What.GRAVER, Colour.RED), (What.ENDED, Colour.RED)]


def test_red_stays_red() -> None:
    """A later look that shows less is no pardon."""
    assert said(steps([known(0, 10, Colour.RED)], happened(0, 14))) == [(What.LASTS, Colour.RED)]


def test_what_is_not_shown_any_more_is_cleared_once() -> None:
    """Late positions told that the vehicle had only been silent."""
    assert said(steps([known(0, 10)])) == [(What.CLEARED, Colour.GREEN)]
    assert steps([known(0, 10, standing=Standing(What.CLEARED, Colour.GREEN, NINE))]) == []


def test_what_was_cleared_and_is_there_after_all_stands_again() -> None:
    """With the colour it has now."""
    cleared = known(0, 10, standing=Standing(What.CLEARED, Colour.GREEN, NINE))
    assert said(steps([cleared], happened(0, 10, graver=True))) == [(What.LASTS, Colour.RED)]


@pytest.mark.parametrize(
    "asked",
    [
        {"within": (NINE + MINUTE, DAY[1])},
        {"within": (DAY[0], NINE + 9 * MINUTE)},
        {"looked_at": {FindingKind.DETOUR}},
    ],
)
def test_a_look_elsewhere_clears_nothing(asked: dict[str, Any]) -> None:
    """Not one that saw only a part of it, nor one for other kinds."""
    assert steps([known(0, 10)], **asked) == []


def test_a_device_that_speaks_again_ends_its_silence() -> None:
    """It was silent all the same: that is not cleared."""
    assert said(steps([known(0, 10)], gone=What.ENDED)) == [(What.ENDED, Colour.YELLOW)]
    assert steps([known(0, 10, ended=True)], gone=What.ENDED) == []


def test_two_devices_are_two_findings() -> None:
    """At the same time, of the same kind."""
    assert said(steps([known(0, 10)], happened(0, 10), happened(0, 10, key=PHONE))) == [(None, Colour.YELLOW)]


def test_two_findings_that_late_positions_join_are_neither_cleared_nor_raised_again() -> None:
    """The first goes on; the second stays as it is."""
    first, second = known(0, 10), known(15, 20, finding_id=UUID(int=10))
    found = steps([first, second], happened(0, 25))
    assert [(one.known, one.what) for one in found if isinstance(one, Update)] == [(first, What.LASTS)]
    assert len(found) == 1


moments = st.integers(0, 60)


@given(
    st.lists(st.tuples(moments, moments, st.booleans(), st.booleans()), max_size=4),
    st.sampled_from([None, *What]),
    st.sampled_from(Colour),
    moments,
    st.booleans(),
)
def test_every_step_is_one_that_the_life_of_a_finding_allows(
    spans: list[tuple[int, int, bool, bool]],
    what: What | None,
    colour: Colour,
    recorded: int,
    over: bool,  # noqa: FBT001 - hypothesis hands it over
) -> None:
    """Whatever was shown before: what the database would refuse is never tried."""
    colour = Colour.GREEN if what is What.CLEARED else Colour.RED if colour is Colour.GREEN else colour
    standing = Standing(what, colour, NINE + recorded * MINUTE)
    one = known(0, 30, standing=standing, ended=over or what is What.ENDED)
    shown = [happened(min(a, b), max(a, b), ended=ended, graver=graver) for a, b, ended, graver in spans[:1]]
    at = NINE + 61 * MINUTE
    for step in steps([one], *shown, at=at):
        if isinstance(step, Update):
            assert may_follow(standing, step.what, step.colour, at)
            standing, at = Standing(step.what, step.colour, at), at + timedelta(microseconds=1)


@pytest.mark.parametrize("kind", [FindingKind.DETOUR, FindingKind.LATE_RETURN])
def test_what_was_found_of_one_use_is_nothing_of_the_next_that_began_in_the_same_instant(kind: FindingKind) -> None:
    """Returned at ten and departed at ten, by the paper: each has its own."""
    one, other = UUID(int=1), UUID(int=2)
    found = steps([known(0, 60, kind=kind, use_id=one)], happened(60, 90, kind=kind, use_id=other), looked_at={kind})
    assert said(found)[0] == (None, Colour.YELLOW)


def test_what_turns_out_to_be_of_a_use_is_the_same_happening() -> None:
    """Beyond the boundary without a trip, and then the departure was told late."""
    kind = FindingKind.LEFT_JURISDICTION
    shown = happened(0, 10, kind=kind, use_id=UUID(int=1))
    assert steps([known(0, 10, kind=kind)], shown, looked_at={kind}) == []


def test_what_turns_out_to_be_of_another_use_is_the_same_happening() -> None:
    """A stop under way; then it is told that the trip had been back before, and another had begun."""
    shown = happened(0, 10, use_id=UUID(int=2))
    assert steps([known(0, 10, use_id=UUID(int=1))], shown) == []
