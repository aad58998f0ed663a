"""The life of a finding: what may be recorded of it, one after the other, and never as a flood."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.findings.kinds import COLOURS, Colour, FindingKind
from domain.findings.life import UPDATE_EVERY, Standing, What, Words, may_follow

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
LATER = AT + UPDATE_EVERY
YELLOW, RED, GREEN = Colour.YELLOW, Colour.RED, Colour.GREEN


@pytest.mark.parametrize(
    ("before", "colour", "follow"),
    [
        (None, YELLOW, {(What.LASTS, YELLOW), (What.GRAVER, RED), (What.ENDED, YELLOW), (What.CLEARED, GREEN)}),
        (None, RED, {(What.LASTS, RED), (What.ENDED, RED), (What.CLEARED, GREEN)}),
        (What.LASTS, YELLOW, {(What.LASTS, YELLOW), (What.GRAVER, RED), (What.ENDED, YELLOW), (What.CLEARED, GREEN)}),
        (What.ENDED, YELLOW, {(What.LASTS, YELLOW), (What.GRAVER, RED), (What.CLEARED, GREEN)}),
        (What.CLEARED, GREEN, {(What.LASTS, YELLOW), (What.LASTS, RED)}),
    ],
)
def test_each_step_of_a_finding_follows_from_the_one_before(
    before: What | None, colour: Colour, follow: set[tuple[What, Colour]]
) -> None:
    """Of all words and colours those and no other: what was cleared comes back only by being there after all."""
    standing = Standing(before, colour, AT)
    assert {(what, to) for what in What for to in Colour if may_follow(standing, what, to, LATER)} == follow


def test_a_finding_is_not_said_to_last_again_before_three_minutes() -> None:
    """Positions that come every second are no flood of updates."""
    standing = Standing(None, RED, AT)
    assert not may_follow(standing, What.LASTS, RED, LATER - timedelta(microseconds=1))
    assert may_follow(standing, What.LASTS, RED, LATER)


@pytest.mark.parametrize("what", What)
def test_nothing_is_recorded_before_or_at_the_instant_of_the_last(what: What) -> None:
    """The order of what was recorded is the order in which it took effect."""
    standing = Standing(None, YELLOW, AT)
    colour = {What.CLEARED: GREEN, What.GRAVER: RED}.get(what, YELLOW)
    assert not may_follow(standing, what, colour, AT)


def test_every_kind_has_its_sentence_in_both_languages_and_a_colour_that_waits() -> None:
    """Green is what was cleared; no kind begins so."""
    assert set(COLOURS) == set(FindingKind)
    assert GREEN not in COLOURS.values()
    assert all(kind.zh.endswith("。") and kind.en.endswith(".") for kind in FindingKind)


@pytest.mark.parametrize(
    ("said", "explained", "accepted", "due"),
    [
        ({}, False, False, 7),
        ({"explained_at": 1}, True, False, 7),
        ({"explained_at": 1, "accepted_at": 2}, True, True, 7),
        ({"explained_at": 1, "returned_at": 2}, False, False, 9),
        ({"returned_at": 2, "explained_at": 3}, True, False, 9),
        ({"explained_at": 1, "graver_at": 2}, True, False, 7),
        ({"explained_at": 1, "graver_at": 2, "accepted_at": 3}, True, True, 7),
        ({"explained_at": 1, "accepted_at": 2, "graver_at": 3}, False, False, 10),
        ({"accepted_at": 2, "graver_at": 3, "explained_at": 4}, True, False, 10),
    ],
)
def test_an_explanation_stands_until_it_is_rejected_or_the_finding_gets_graver_than_what_was_accepted(
    said: dict[str, int],
    explained: bool,  # noqa: FBT001 - a column of the table above
    accepted: bool,  # noqa: FBT001
    due: int,
) -> None:
    """By the days on which each was said; what waits anew has its whole term anew."""
    words = Words(**{name: AT + timedelta(days=days) for name, days in said.items()})
    assert (words.explained, words.accepted) == (explained, accepted)
    assert words.due_at(AT, AT + timedelta(days=7)) == AT + timedelta(days=due)
