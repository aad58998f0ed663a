"""Notices: quiet hours, what goes through them, how often is tried, and what a template may say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.notices import (
    TEMPLATES,
    TRIES_MOST,
    WORDS,
    BadTemplate,
    NoticeKind,
    Subject,
    checked_template,
    filled,
    held_back_until,
    pause_after,
    quiet_until,
    said,
)

ZONE = ZoneInfo("Asia/Shanghai")
LATE, EARLY = 22 * 60, 7 * 60


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return an instant of November 2026 in the bureau's zone."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(23, 21, 59), None),
        (at(23, 22, 0), at(24, 7)),
        (at(23, 23, 59), at(24, 7)),
        (at(24, 0, 0), at(24, 7)),
        (at(24, 6, 59), at(24, 7)),
        (at(24, 7, 0), None),
    ],
)
def test_quiet_hours_run_over_midnight(now: datetime, until: datetime | None) -> None:
    """From 22:00 until 7:00: the first minute is quiet, the last is not."""
    assert quiet_until(now.astimezone(UTC), ZONE, LATE, EARLY) == until


@pytest.mark.parametrize(("now", "until"), [(at(23, 11, 59), None), (at(23, 12), at(23, 14)), (at(23, 14), None)])
def test_quiet_hours_may_lie_within_a_day(now: datetime, until: datetime | None) -> None:
    """A bureau that rests at noon."""
    assert quiet_until(now, ZONE, 12 * 60, 14 * 60) == until


def test_quiet_hours_that_begin_when_they_end_are_none() -> None:
    """So a bureau switches them off."""
    assert quiet_until(at(23, 23), ZONE, LATE, LATE) is None


@pytest.mark.parametrize(
    ("departs_at", "waits"),
    [(at(24, 6, 59), False), (at(24, 7, 0), True), (at(24, 7, 1), True), (None, True)],
)
def test_what_departs_before_the_quiet_hours_end_goes_through(departs_at: datetime | None, *, waits: bool) -> None:
    """An officer who must leave at six cannot wait for a custodian who is told at seven."""
    quiet = at(24, 7)
    assert held_back_until(NoticeKind.APPROVAL_WANTED, departs_at, quiet) == (quiet if waits else None)
    assert held_back_until(NoticeKind.APPROVAL_WANTED, departs_at, None) is None


def test_tries_are_ever_farther_apart_and_come_to_an_end() -> None:
    """Half a minute after the first, hours after the sixth, and none after the seventh."""
    pauses = [pause_after(tries) for tries in range(1, TRIES_MOST)]
    assert pauses[0] == timedelta(seconds=30)
    assert all(later == 4 * earlier for earlier, later in pairwise(pauses) if earlier and later)
    assert pause_after(TRIES_MOST) is None


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_a_notice_says_plate_number_and_time_in_both_languages(kind: NoticeKind) -> None:
    """And nothing else: there is nothing else in what it is made of."""
    subject = Subject(plate="闽B12315", at=at(23, 9, 30), number="2026-12")
    for language in ("zh", "en"):
        title, text = said(kind, subject, language)
        assert title
        assert "闽B12315" in text
        assert "2026-12" in text
        assert "11-23" in text
    assert said(kind, subject, "zh") != said(kind, subject, "en")


def test_words_become_text_and_never_structure() -> None:
    """A quotation mark in a word closes no string, and a word that looks like a place is not filled again."""
    words = dict.fromkeys(WORDS, "x") | {"text": '"}, {"a": "${plate}'}
    assert filled({"a": ["${text}", 1, None]}, words) == {"a": ['"}, {"a": "${plate}', 1, None]}


@pytest.mark.parametrize("template", TEMPLATES.values())
def test_the_templates_of_the_product_are_good(template: dict[str, Any]) -> None:
    """What is sent without a template of one's own passes the same check."""
    assert checked_template(template) == template


@pytest.mark.parametrize(
    "template",
    [{"a": "${complainant}"}, {"a": "${}"}, {"${plate}": 1}, {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}],
)
def test_a_template_that_says_what_a_notice_may_not_is_refused(template: dict[str, Any]) -> None:
    """Unknown words, words as names, and nesting without end."""
    with pytest.raises(BadTemplate):
        checked_template(template)
