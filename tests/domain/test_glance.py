"""A month at a glance: parts that add up to the odometer, and numbers that lead to exactly their rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given

from domain.books.amendments import AmendmentKind
from domain.books.entries import Account
from domain.books.glance import Delay, Glance, Sieve, glance
from domain.books.log import RowKind, month_log
from domain.books.log_facts import LogConflict, LogRefusal, LogUse, RecordedReading
from domain.books.statement import statement
from domain.books.statement_facts import FindingState, StatementFacts
from domain.trip.life import UseVerb
from tests.books import NOVEMBER, TRIP, books, month_facts, read, step, trip_readings, use
from tests.domain.test_statement import A_FINDING

AT = NOVEMBER + timedelta(days=2)


def seen(facts: StatementFacts) -> Glance:
    """Return a month at a glance."""
    return glance(statement(facts), month_log(facts.log))


def late(verb: UseVerb, number: int, **delay: float) -> Any:
    """Return a step entered that much later than it was done."""
    return step(verb, number, stated_at=AT, recorded_at=AT + timedelta(**delay))


def busy() -> StatementFacts:
    """Return a November with a trip entered late, upkeep of nobody's kilometres, refusals and a conflict."""
    entered_late = use(steps=(late(UseVerb.DEPART, 5, minutes=2), late(UseVerb.RETURN, 6, hours=30)))
    changed = late(UseVerb.ADD_JOB, 7)
    prompt = use(UUID(int=905), 40, steps=(late(UseVerb.DEPART, 8, minutes=10), changed))
    facts = month_facts([read(9, 1, 51_997_000), *trip_readings()], [entered_late, prompt])
    refusals = tuple(
        LogRefusal(UUID(int=number), AT, "request", "调度员", reasons, None)
        for number, reasons in ((31, ("no-complaint", "vehicle-busy")), (32, ("vehicle-busy",)))
    )
    conflict = LogConflict(UUID(int=33), TRIP, "depart", "state", ("window-missed",), "驾驶员", AT, AT)
    findings = (
        A_FINDING,
        replace(A_FINDING, finding_id=UUID(int=802), colour="red", state=FindingState.ASKED),
        replace(A_FINDING, finding_id=UUID(int=803), colour="red", state=FindingState.ACCEPTED),
    )
    return replace(facts, log=replace(facts.log, refusals=refusals, conflicts=(conflict,)), findings=findings)


@given(books())
def test_what_each_owner_drove_adds_up_to_the_odometer(drawn: tuple[list[RecordedReading], list[LogUse]]) -> None:
    """P5 on the auditor's first page: complaints, upkeep and nobody are all there is, to the metre."""
    at_once = seen(month_facts(*drawn))
    assert sum(one.metres for one in at_once.shares) == at_once.difference_m


@given(books())
def test_the_rows_behind_each_owner_have_its_metres(drawn: tuple[list[RecordedReading], list[LogUse]]) -> None:
    """Who follows a part of the bar finds rows that add up to it: a trip's by what each complaint was charged."""
    facts = month_facts(*drawn)
    told: Any = statement(facts)
    charged = {(one["use_id"], part["number"]): part["metres"] for one in told["uses"] for part in one["charges"]}
    rows = month_log(facts.log).rows
    # Drawn uses have no jobs, by which the log names complaints: what was carried is in the statement.
    for share in seen(facts).shares:
        if share.owner is Account.COMPLAINT:
            assert sum(metres for (_, number), metres in charged.items() if number == share.name) == share.metres
        else:
            assert sum(row.length_m or 0 for row in rows if share.rows.lets(row)) == share.metres


def test_refusals_are_counted_by_each_of_their_reasons() -> None:
    """One refused for two reasons is behind both, and once in the sum."""
    at_once = seen(busy())
    assert at_once.refusals.count == 2
    assert {one.rows.reason: one.count for one in at_once.reasons} == {"no-complaint": 1, "vehicle-busy": 2}
    assert at_once.conflicts.count == 1


def test_a_trip_is_as_late_as_the_later_of_its_two_entries() -> None:
    """Departure at once and return a day later is a day late; on the edge of a band it is still inside."""
    facts = busy()
    assert {one.rows.delay: one.count for one in seen(facts).delays} == {
        Delay.PROMPT: 2,
        Delay.HOUR: 0,
        Delay.DAY: 0,
        Delay.LATER: 1,
    }
    rows = month_log(facts.log).rows
    assert [row.id for row in rows if Sieve(delay=Delay.LATER).lets(row)] == [TRIP]
    assert {row.kind for row in rows if Sieve(delay=Delay.PROMPT).lets(row)} == {RowKind.TRIP, RowKind.CONFLICT}


def test_findings_are_counted_by_colour_and_by_where_they_stand() -> None:
    """The gravest first; what was asked back waits as what was never explained does."""
    at_once = seen(busy())
    assert at_once.findings == {
        "red": {FindingState.ACCEPTED: 1, FindingState.ASKED: 1},
        "yellow": {FindingState.RAISED: 1},
    }
    assert list(at_once.findings) == ["red", "yellow"]
    assert at_once.open_findings == 2


def test_amendments_are_counted_by_kind_and_lead_to_the_rows_that_have_one() -> None:
    """What was not amended is not listed."""
    (only,) = seen(busy()).amendments
    assert (only.rows, only.count) == (Sieve(amended=AmendmentKind.JOB_ADDED), 1)
    assert only.rows.asked == {"amended": "job-added"}
