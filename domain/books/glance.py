"""A month at a glance 月度概览: kilometres by owner as parts of one whole, and how many rows of the log say what.

Nothing is summed here that the statement or the log does not have: the parts are the statement's rows, and each number
counts the rows of the log that a sieve lets through, so that whoever follows a number finds exactly those rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from domain.books.amendments import AmendmentKind
from domain.books.entries import Account
from domain.books.log import LogRow, MonthLog, RowKind
from domain.books.statement_facts import OPEN, FindingState
from domain.values import Named


class Delay(Named):
    """How long after it happened a departure or return was entered, in bands."""

    PROMPT = "prompt", "10 分钟内", "within 10 minutes"
    HOUR = "hour", "10 分钟至 1 小时", "10 minutes to 1 hour"
    DAY = "day", "1 小时至 24 小时", "1 hour to 24 hours"
    LATER = "later", "超过 24 小时", "more than 24 hours"


_MOST_S = {Delay.PROMPT: 600, Delay.HOUR: 3_600, Delay.DAY: 86_400}


def delay_of(row: LogRow) -> Delay | None:
    """Return the band of a row's longest entry delay, None of a row in which nothing was entered."""
    known = [seconds for seconds in (row.departure_delay_s, row.return_delay_s) if seconds is not None]
    if not known:
        return None
    return next((band for band, most_s in _MOST_S.items() if max(known) <= most_s), Delay.LATER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieve:
    """Which rows of a log are shown; None leaves a condition out."""

    kind: RowKind | None = None
    complaint: str | None = None
    """The number of a complaint that the trip carried."""
    amended: AmendmentKind | None = None
    delay: Delay | None = None
    reason: str | None = None
    """A reason of a refusal or a conflict."""

    def lets(self, row: LogRow) -> bool:
        """Tell whether a row is shown."""
        return (
            (self.kind is None or row.kind is self.kind)
            and (self.complaint is None or self.complaint in row.complaints)
            and (self.amended is None or any(one.what is self.amended for one in row.amendments))
            and (self.delay is None or delay_of(row) is self.delay)
            and (self.reason is None or self.reason in row.reasons)
        )

    @property
    def asked(self) -> dict[str, str]:
        """What an address asks for, to show these rows."""
        return {one.name: str(getattr(self, one.name)) for one in fields(self) if getattr(self, one.name) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The metres of one owner: a complaint, upkeep, or nobody; and the rows that make them up."""

    owner: Account
    name: str = ""
    metres: int
    rows: Sieve


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows of the log a sieve lets through."""

    rows: Sieve
    count: int


@dataclass(frozen=True, slots=True)
class Glance:
    """A month: `shares` add up to `difference_m`, last minus first reading, exactly."""

    difference_m: int
    shares: tuple[Share, ...]
    refusals: Counted
    reasons: tuple[Counted, ...]
    conflicts: Counted
    amendments: tuple[Counted, ...]
    delays: tuple[Counted, ...]
    findings: Mapping[str, Mapping[FindingState, int]] = field(default_factory=dict)
    """By colour and by where they stand."""
    open_findings: int = 0


def glance(told: Mapping[str, Any], log: MonthLog) -> Glance:
    """Return a month at a glance, from its statement and its log."""
    totals = told["totals"]

    def counted(**asked: Any) -> Counted:
        rows = Sieve(**asked)
        return Counted(rows, sum(rows.lets(row) for row in log.rows))

    reasons = sorted({reason for row in log.rows if row.kind is RowKind.REFUSAL for reason in row.reasons})
    amendments = [counted(amended=what) for what in AmendmentKind]
    return Glance(
        difference_m=totals["difference_m"],
        shares=_shares(told),
        refusals=counted(kind=RowKind.REFUSAL),
        reasons=tuple(counted(kind=RowKind.REFUSAL, reason=reason) for reason in reasons),
        conflicts=counted(kind=RowKind.CONFLICT),
        amendments=tuple(one for one in amendments if one.count),
        delays=tuple(counted(delay=band) for band in Delay),
        findings=_findings(told),
        open_findings=sum(FindingState(one["state"]) in OPEN for one in told["findings"]),
    )


def _shares(told: Mapping[str, Any]) -> tuple[Share, ...]:
    totals = told["totals"]
    shares = [
        Share(
            owner=Account.COMPLAINT,
            name=one["number"],
            metres=one["metres"],
            rows=Sieve(kind=RowKind.TRIP, complaint=one["number"]),
        )
        for one in told["complaints"]
        if one["metres"]
    ]
    shares += [
        Share(owner=owner, metres=totals[sum_of], rows=Sieve(kind=kind))
        for owner, kind, sum_of in (
            (Account.UPKEEP, RowKind.UPKEEP, "upkeep_m"),
            (Account.UNACCOUNTED, RowKind.UNACCOUNTED, "unaccounted_m"),
        )
        if totals[sum_of]
    ]
    return tuple(shares)


def _findings(told: Mapping[str, Any]) -> dict[str, dict[FindingState, int]]:
    counted = Counter((one["colour"], FindingState(one["state"])) for one in told["findings"])
    return {
        colour: {state: counted[colour, state] for state in FindingState if counted[colour, state]}
        for colour in ("red", "yellow", "green")
        if any(colour == of for of, _ in counted)
    }
