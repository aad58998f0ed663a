"""What is to be recorded of what a look shows: what is new, goes on, is over, or is not there after all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.findings.happening import Happening
from domain.findings.kinds import OF_ONE_USE, Colour, FindingKind
from domain.findings.life import Standing, What, may_follow

OFTEN: Final = 10
"""A finding is said to last when it has lasted longer by a tenth."""
_NEXT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A finding that was raised: of what, from when until when as far as was known last, and where it stands."""

    finding_id: UUID
    kind: FindingKind
    key: UUID
    from_at: datetime
    until_at: datetime
    ended: bool
    standing: Standing
    use_id: UUID | None = None

    def is_of(self, happening: Happening) -> bool:
        """Return whether the happening is what it was raised for: of its kind, key and use, at the same time.

        What was found of no use may turn out to be of one, and what begins in the same instant to be of another, where
        a return is told late; kinds `OF_ONE_USE` are of that use alone.
        """
        unsettled = self.kind not in OF_ONE_USE and (
            None in (self.use_id, happening.use_id) or self.from_at == happening.from_at
        )
        return (
            self.kind is happening.kind
            and self.key == happening.key
            and (unsettled or self.use_id == happening.use_id)
            and self.from_at <= happening.until_at
            and happening.from_at <= self.until_at
        )


@dataclass(frozen=True, slots=True)
class Raised:
    """A happening that nobody knew of is to be raised."""

    happening: Happening


@dataclass(frozen=True, slots=True)
class Update:
    """What became of a known finding is to be recorded; `happening` is None where it is not there any more."""

    known: Known
    what: What
    colour: Colour
    happening: Happening | None


Step = Raised | Update


def follow(
    known: Sequence[Known],
    happenings: Iterable[Happening],
    *,
    looked_at: Collection[FindingKind],
    within: tuple[datetime, datetime],
    at: datetime,
    gone: What = What.CLEARED,
) -> Iterator[Step]:
    """Yield what is to be recorded, in order.

    Args:
        known: the vehicle's findings that overlap what was looked at.
        happenings: what the look showed.
        looked_at: the kinds that it could have shown.
        within: from when until when it looked; a finding that reaches beyond is left alone.
        at: the instant of recording.
        gone: what becomes of a finding that is not shown any more.
    """
    there: set[UUID] = set()
    for happening in happenings:
        alike = [one for one in known if one.is_of(happening)]
        there |= {one.finding_id for one in alike}
        if not alike:
            yield Raised(happening)
            continue
        yield from _goes_on(min(alike, key=lambda one: (one.from_at, one.finding_id)), happening, at)
    for one in known:
        lies_within = within[0] <= one.from_at and one.until_at <= within[1]
        if one.finding_id in there or one.kind not in looked_at or not lies_within:
            continue
        if gone is What.CLEARED and one.standing.colour is not Colour.GREEN:
            yield Update(one, What.CLEARED, Colour.GREEN, None)
        elif gone is What.ENDED and not one.ended and one.standing.colour is not Colour.GREEN:
            yield Update(one, What.ENDED, one.standing.colour, None)


def _goes_on(known: Known, happening: Happening, at: datetime) -> Iterator[Update]:
    standing = known.standing
    at = max(at, standing.recorded_at + _NEXT)
    if standing.colour is Colour.GREEN:
        yield Update(known, What.LASTS, happening.colour, happening)
        return
    colour = max(standing.colour, happening.colour, key=lambda one: one is Colour.RED)
    if colour is not standing.colour:
        yield Update(known, What.GRAVER, colour, happening)
        standing, at = Standing(What.GRAVER, colour, at), at + _NEXT
    if happening.ended and not known.ended:
        yield Update(known, What.ENDED, colour, happening)
        return
    grown = happening.until_at > known.until_at or happening.from_at < known.from_at
    # What has lasted for days need not be said every three minutes.
    due = at - standing.recorded_at >= (happening.until_at - happening.from_at) / OFTEN
    if grown and due and may_follow(standing, What.LASTS, colour, at):
        yield Update(known, What.LASTS, colour, happening)
