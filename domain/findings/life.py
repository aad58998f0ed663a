"""What may be recorded of a finding after it was raised: that it lasts, got graver, ended, or was cleared.

Nothing is edited: each is a fact that follows the one before. The database holds the same (`finding_update_rule`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from domain.errors import Forbidden, StateConflict
from domain.findings.kinds import Colour

UPDATE_EVERY: Final = timedelta(minutes=3)
"""A finding that lasts is said to last no oftener: one happening is no flood."""


class What(StrEnum):
    """What is recorded of a finding."""

    LASTS = "lasts"
    GRAVER = "graver"
    CLEARED = "cleared"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a finding stands: what was recorded of it last (None: only that it was raised), when, and its colour."""

    what: What | None
    colour: Colour
    recorded_at: datetime


def may_follow(standing: Standing, what: What, colour: Colour, at: datetime) -> bool:
    """Return whether that may be recorded next.

    What was cleared may only turn out to be there after all; what ended is ended once; red is the gravest there is.
    """
    if (what is What.CLEARED) is not (colour is Colour.GREEN) or at <= standing.recorded_at:
        return False
    was_cleared = standing.what is What.CLEARED
    if what is What.LASTS:
        if was_cleared:
            return True
        return colour is standing.colour and at >= standing.recorded_at + UPDATE_EVERY
    if what is What.GRAVER:
        return colour is Colour.RED and standing.colour is Colour.YELLOW
    if what is What.ENDED:
        return colour is standing.colour and not was_cleared and standing.what is not What.ENDED
    return not was_cleared


class Recorded(Protocol):
    """What was recorded of a finding at an instant."""

    @property
    def recorded_at(self) -> datetime:
        """When."""


class Act(Recorded, Protocol):
    """An explanation or a ruling."""

    @property
    def verb(self) -> str:
        """What was said."""

    @property
    def actor_id(self) -> UUID:
        """By whom."""


class Became(Recorded, Protocol):
    """What became of a finding."""

    @property
    def what(self) -> str:
        """What that is."""


class NotExplained(StateConflict):
    """A finding is ruled on after it was explained."""

    code = "not-explained"
    zh = "异常须先作出说明，才能裁定。"


class AlreadyAccepted(StateConflict):
    """The explanation of this finding was accepted; nothing is left to explain or to rule."""

    code = "already-accepted"
    zh = "该异常的说明已被认可，无需再说明或裁定。"


class ClearedAlready(StateConflict):
    """The finding was cleared: what was found is not there, and nothing is left to explain or to rule."""

    code = "cleared-already"
    zh = "该异常已消除，无需再说明或裁定。"


class OwnExplanation(Forbidden):
    """Nobody rules on what they explained themselves, whatever role they were given since."""

    code = "own-explanation"
    zh = "不得裁定本人所作的说明。"


class Verb(StrEnum):
    """What is said of a finding."""

    EXPLAIN = "explain"
    ACCEPT = "accept"
    REJECT = "reject"
    ASK = "ask"
    """Back to the custodian with a question 退回补充说明: neither accepted nor rejected, and explained anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """When a finding was last explained, accepted, and rejected or asked back, and when it last got graver.

    None: never.
    """

    explained_at: datetime | None = None
    accepted_at: datetime | None = None
    returned_at: datetime | None = None
    """When an explanation was last rejected or asked back: either way the custodian explains anew."""
    graver_at: datetime | None = None
    explained_by: frozenset[UUID] = frozenset()

    @property
    def accepted(self) -> bool:
        """Whether an explanation of what it is by now was accepted: what got graver since is more than that."""
        return self.accepted_at is not None and not (self.graver_at and self.graver_at > self.accepted_at)

    @property
    def reopened_at(self) -> datetime | None:
        """Since when it waits anew: its explanation was rejected or asked back, or it got graver than was accepted."""
        graver_at = None if self.accepted or self.accepted_at is None else self.graver_at
        return max((at for at in (self.returned_at, graver_at) if at is not None), default=None)

    @property
    def explained(self) -> bool:
        """Whether an explanation stands."""
        reopened_at = self.reopened_at
        return self.explained_at is not None and (reopened_at is None or self.explained_at > reopened_at)

    def due_at(self, recorded_at: datetime, term_at: datetime) -> datetime:
        """Return until when it is to be explained: what waits anew has the whole term anew."""
        return (self.reopened_at or recorded_at) + (term_at - recorded_at)

    def check(self, verb: Verb, by: UUID, *, cleared: bool) -> None:
        """Refuse what may not be said now. The database holds the same (`finding_act_holds`).

        Raises:
            ClearedAlready, AlreadyAccepted: nothing is left to say.
            NotExplained: no explanation stands that could be ruled on or asked back.
            OwnExplanation: it is ruled on by who explained it.
        """
        if cleared:
            raise ClearedAlready
        if self.accepted:
            raise AlreadyAccepted
        if verb is Verb.EXPLAIN:
            return
        if not self.explained:
            raise NotExplained
        if by in self.explained_by:
            raise OwnExplanation


def words_of(acts: Iterable[Act], updates: Iterable[Became]) -> Words:
    """Return the words about a finding, of everything that was said and that became of it."""
    said = tuple(acts)

    def last(*verbs: Verb) -> datetime | None:
        return max((act.recorded_at for act in said if act.verb in verbs), default=None)

    return Words(
        explained_at=last(Verb.EXPLAIN),
        accepted_at=last(Verb.ACCEPT),
        returned_at=last(Verb.REJECT, Verb.ASK),
        graver_at=max((one.recorded_at for one in updates if one.what == What.GRAVER.value), default=None),
        explained_by=frozenset(act.actor_id for act in said if act.verb == Verb.EXPLAIN.value),
    )
