"""Regulation packs: what each order says of terms, grounds, on-site mediation and visits, as data under `data/`.

The pack of a complaint is that of the day it was received: SAMR Order 121 (in force since 2026-04-15) has no
transition clause, so the choice can be made otherwise. A number that was read in the order is fixed; one that was not
(`verified` false) is a default that a bureau may set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

from domain.complaint.job import JobKind
from domain.complaint.words import SuspensionKind
from domain.errors import InvalidInput, NotFound

MAX_TERM: Final = 366
"""No term of these orders is near a year; a longer setting is a slip."""

_FILES: Final = ("saic51", "samr20", "samr121")


class NoSuchPack(NotFound):
    """No regulation pack has that code, or none covers that day of receipt."""

    code = "no-such-pack"
    zh = "没有该代码的规章包，或没有适用于该收到日期的规章包。"


class NoSuchDeadline(InvalidInput):
    """The regulation pack has no term of that code."""

    code = "no-such-deadline"
    zh = "该规章包没有此期限。"


class NoExtension(InvalidInput):
    """The order allows no extension of this term."""

    code = "no-extension"
    zh = "规章不允许延长此期限。"


class FixedByOrder(InvalidInput):
    """That was read in the text of the order; it is no setting."""

    code = "fixed-by-order"
    zh = "该数值出自规章条文，不是可设置项。"


class BadTerm(InvalidInput):
    """A term that a bureau sets has 1 to 366 days."""

    code = "bad-term"
    zh = "可设置的期限须为 1 至 366 天。"


class UnknownGround(InvalidInput):
    """The regulation pack of this complaint has no such ground."""

    code = "unknown-ground"
    zh = "适用于该投诉的规章没有此项理由。"


class DeadlineCode(StrEnum):
    """The terms the orders set."""

    ACCEPT = "accept"
    """accept or refuse, and tell the complainant (受理或不予受理)"""
    SEND_COPY = "send-copy"
    """send the respondent a copy (Order 51)"""
    REPLY = "reply"
    """the respondent's reply (Order 51)"""
    MEDIATE = "mediate"
    """mediation ends (调解期限)"""
    NOTIFY_TERMINATION = "notify-termination"
    """termination told to both parties (告知终止调解)"""
    CLUE_CHECK = "clue-check"
    """a clue of a violation checked (线索核查)"""
    JURISDICTION_DISPUTE = "jurisdiction-dispute"
    """authorities agree on who has power (处理权限争议协商)"""
    TELL_REPORTER = "tell-reporter"
    """a named reporter told of the decision to file a case (告知举报人)"""


class Unit(StrEnum):
    """In what a term is counted."""

    DAY = "day"
    """自然日"""
    WORKING_DAY = "working-day"
    """工作日"""


class Start(StrEnum):
    """The event from whose day a term counts; that day itself does not count."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    COPY_RECEIVED = "copy-received"
    TERMINATION_DECIDED = "termination-decided"
    CLUE_FOUND = "clue-found"
    DISPUTE_AROSE = "dispute-arose"
    CASE_FILING_DECIDED = "case-filing-decided"


class Cause(StrEnum):
    """What makes a ground of termination more than an officer's judgement."""

    PARTIES = "parties"
    """withdrawn or settled by the parties: the ground of those acts"""
    LAPSE = "lapse"
    """the term of mediation has passed: not before it has"""


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """A term: `n` units from the day of `start`.

    `article` is None and `verified` False where the text was not read. `pauses`: days of suspension do not count.
    `extension`: that many units more, where `extension_needs_head` with the approval of the authority's head.
    """

    code: DeadlineCode
    n: int
    unit: Unit
    start: Start
    article: int | None
    verified: bool
    pauses: bool = False
    extension: int | None = None
    extension_needs_head: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground of refusing or terminating: an item (项) of an article, `zh` in the order's words where verified."""

    code: str
    article: int | None
    item: int
    zh: str
    en: str
    verified: bool
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class SuspensionRule:
    """Whether the term of mediation stands still during that kind of suspension."""

    kind: SuspensionKind
    article: int | None
    stops_clock: bool
    verified: bool


@dataclass(frozen=True, slots=True)
class OnSite:
    """The articles on mediation at the site; None where the order says nothing or was not read."""

    consent: int | None
    delegation: int | None
    announcement: int | None
    recusal: int | None
    document: int | None


@dataclass(frozen=True, slots=True)
class Remedy:
    """Another way open to the consumer, told with a refusal: consumer protection law art. 39."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Pack:
    """One order as data. `visits` maps a state (`suspended/testing` with its kind) to the kinds of job it allows."""

    code: str
    zh: str
    en: str
    valid_from: date
    valid_until: date | None
    source: str
    note: str
    deadlines: tuple[DeadlineRule, ...]
    refusals: tuple[Ground, ...]
    terminations: tuple[Ground, ...]
    suspensions: tuple[SuspensionRule, ...]
    on_site: OnSite
    visits: Mapping[str, frozenset[JobKind]]
    remedies: tuple[Remedy, ...]

    def deadline(self, code: DeadlineCode, overrides: Mapping[DeadlineCode, int] | None = None) -> DeadlineRule:
        """Return a term, with the bureau's number where the pack's is no more than a default.

        Raises `NoSuchDeadline`, `FixedByOrder` for a number that stands in the order, or `BadTerm`.
        """
        rule = next((rule for rule in self.deadlines if rule.code == code), None)
        if rule is None:
            raise NoSuchDeadline(pack=self.code, deadline=code)
        n = (overrides or {}).get(code, rule.n)
        if n != rule.n and rule.verified:
            raise FixedByOrder(pack=self.code, deadline=code, n=rule.n)
        if not 1 <= n <= MAX_TERM:
            raise BadTerm(pack=self.code, deadline=code, n=n)
        return replace(rule, n=n)

    def has_deadline(self, code: DeadlineCode) -> bool:
        """Tell whether the order sets that term."""
        return any(rule.code == code for rule in self.deadlines)

    def stops_clock(self, kind: SuspensionKind) -> bool:
        """Tell whether days of that suspension are left out of the term of mediation."""
        return any(rule.kind == kind and rule.stops_clock for rule in self.suspensions)

    def with_settings(
        self,
        deadlines: Mapping[DeadlineCode, int] | None = None,
        stops_clock: Mapping[SuspensionKind, bool] | None = None,
    ) -> Pack:
        """Return the pack as a bureau has set it. Raises as `deadline` does; `FixedByOrder` for a fixed suspension."""
        for code in deadlines or {}:
            self.deadline(code)
        rules = tuple(self.deadline(rule.code, deadlines) for rule in self.deadlines)
        chosen = dict(stops_clock or {})
        for rule in self.suspensions:
            if rule.verified and chosen.get(rule.kind, rule.stops_clock) != rule.stops_clock:
                raise FixedByOrder(pack=self.code, suspension=rule.kind, stops_clock=rule.stops_clock)
        still = tuple(replace(rule, stops_clock=chosen.get(rule.kind, rule.stops_clock)) for rule in self.suspensions)
        return replace(self, deadlines=rules, suspensions=still)

    def refusal(self, code: str) -> Ground:
        """Return that ground of non-acceptance (不予受理). Raises `UnknownGround`, which lists the pack's."""
        return self._ground(self.refusals, code)

    def termination(self, code: str) -> Ground:
        """Return that ground of termination (终止调解). Raises `UnknownGround`, which lists the pack's."""
        return self._ground(self.terminations, code)

    def ground_of_parties(self) -> Ground | None:
        """Return the ground that a withdrawal or a settlement is, if the order names one."""
        return next((ground for ground in self.terminations if ground.cause is Cause.PARTIES), None)

    def _ground(self, grounds: tuple[Ground, ...], code: str) -> Ground:
        found = next((ground for ground in grounds if ground.code == code), None)
        if found is None:
            raise UnknownGround(pack=self.code, ground=code[:40], grounds=[ground.code for ground in grounds])
        return found


@cache
def packs() -> tuple[Pack, ...]:
    """Return the shipped packs in the order of their days."""
    folder = files("domain.complaint").joinpath("data")
    return tuple(_pack(json.loads(folder.joinpath(f"{name}.json").read_text(encoding="utf-8"))) for name in _FILES)


def pack_by_code(code: str) -> Pack:
    """Return the pack of that code, such as `SAMR121-2026`. Raises `NoSuchPack`."""
    found = next((pack for pack in packs() if pack.code == code), None)
    if found is None:
        raise NoSuchPack(pack=code[:40])
    return found


def pack_for(received_on: date, override: str | None = None) -> Pack:
    """Return the pack in force on the day of receipt, or the one a bureau's setting names. Raises `NoSuchPack`."""
    if override is not None:
        return pack_by_code(override)
    for pack in packs():
        if pack.valid_from <= received_on and (pack.valid_until is None or received_on <= pack.valid_until):
            return pack
    raise NoSuchPack(received_on=received_on.isoformat())


def _pack(raw: dict[str, Any]) -> Pack:
    return Pack(
        code=raw["code"],
        zh=raw["zh"],
        en=raw["en"],
        valid_from=date.fromisoformat(raw["valid_from"]),
        valid_until=date.fromisoformat(raw["valid_until"]) if raw["valid_until"] else None,
        source=raw["source"],
        note=raw["note"],
        deadlines=tuple(_deadline_rule(one) for one in raw["deadlines"]),
        refusals=tuple(_ground(one) for one in raw["refusals"]),
        terminations=tuple(_ground(one) for one in raw["terminations"]),
        suspensions=tuple(
            SuspensionRule(SuspensionKind(one["kind"]), one["article"], one["stops_clock"], one["verified"])
            for one in raw["suspensions"]
        ),
        on_site=OnSite(**raw["on_site"]),
        visits={state: frozenset(JobKind(kind) for kind in kinds) for state, kinds in raw["visits"].items()},
        remedies=tuple(Remedy(**one) for one in raw["remedies"]),
    )


def _deadline_rule(raw: dict[str, Any]) -> DeadlineRule:
    return DeadlineRule(
        **{**raw, "code": DeadlineCode(raw["code"]), "unit": Unit(raw["unit"]), "start": Start(raw["start"])}
    )


def _ground(raw: dict[str, Any]) -> Ground:
    cause = raw.get("cause")
    return Ground(**{**raw, "cause": Cause(cause) if cause else None})
