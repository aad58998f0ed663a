"""Where a complaint stands (状态), what is known of it then, and whether the vehicle may visit for it.

Days are days in the bureau's zone. The acts that lead from state to state are in `domain.complaint.acts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from domain.calendar import Stretch
from domain.complaint.job import JobKind, is_mediation
from domain.complaint.packs import Pack
from domain.complaint.words import Outcome, Party, SuspensionKind
from domain.values import Named


class State(Named):
    """Where a complaint stands."""

    RECEIVED = "received", "已收到", "received"
    ACCEPTED = "accepted", "已受理", "accepted"
    REFUSED = "refused", "不予受理", "refused"
    MEDIATING = "mediating", "调解中", "mediating, with the consent of both sides"
    SUSPENDED = "suspended", "中止调解", "suspended for testing or a recusal request"
    MEDIATED = "mediated", "达成调解协议", "mediated, agreement reached"
    SETTLED = "settled", "自行和解", "settled by the parties"
    WITHDRAWN = "withdrawn", "已撤回", "withdrawn"
    TERMINATED = "terminated", "终止调解", "mediation terminated"
    CLOSED = "closed", "已办结", "closed"
    RETURNED = "returned", "退回统一接收机构", "returned to the intake unit"
    MERGED = "merged", "已并案", "merged into another complaint"


OPEN = frozenset({State.ACCEPTED, State.MEDIATING, State.SUSPENDED})
"""Accepted and undecided: mediation can take place."""

ENDED = frozenset({State.SETTLED, State.WITHDRAWN, State.TERMINATED})
"""Mediation has ended without an agreement reached in it (终止调解)."""

VISITABLE = OPEN | {State.RECEIVED, State.MEDIATED, State.TERMINATED}
"""A visit may still be wanted; whether the vehicle may make it is `allows_visit`'s to say."""


@dataclass(frozen=True, slots=True)
class Told:
    """A party was told something, when and how: by telephone, in writing, in person (告知)."""

    party: Party
    told_at: datetime
    how: str


@dataclass(frozen=True, slots=True)
class Announcement:
    """What both parties are told before mediation at a site: time, place and mediators (Order 121 art. 20)."""

    meeting_at: datetime
    place: str
    mediators: tuple[str, ...]
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class ComplaintFacts:
    """What the acts so far have made of a complaint.

    `stood_still` are past suspensions that stop the clock; `suspended_on` is the day the present one began.
    `mediate_due_on` is the rolled last day of mediation as recorded. `ended_on` is the day on which ending the
    mediation was decided, from which telling the parties counts, and `told` those who were told. `outcome` is set by
    agreement, end and close. `disputed_on` is the day a dispute about who has power over it arose, while it lasts.
    `last_on` is the day of the last act that must follow the one before it.
    """

    complaint_id: UUID
    received_on: date
    state: State = State.RECEIVED
    accepted_on: date | None = None
    complainant_consented_at: datetime | None = None
    respondent_consented_at: datetime | None = None
    announcement: Announcement | None = None
    suspension: SuspensionKind | None = None
    suspended_on: date | None = None
    stood_still: tuple[Stretch, ...] = ()
    mediate_due_on: date | None = None
    ground: str | None = None
    outcome: Outcome | None = None
    ended_on: date | None = None
    told: frozenset[Party] = frozenset()
    clue_found_on: date | None = None
    clue_extended_on: date | None = None
    clue_passed_on: date | None = None
    closed_on: date | None = None
    merged_into: UUID | None = None
    disputed_on: date | None = None
    last_on: date | None = None

    @property
    def latest_on(self) -> date:
        """The last day known of its life: no later act can have happened before it."""
        known = (self.received_on, self.accepted_on, self.suspended_on, self.ended_on, self.closed_on, self.last_on)
        return max(day for day in known if day is not None)

    @property
    def without_consent(self) -> tuple[Party, ...]:
        """The parties that have not consented to mediation (art. 18)."""
        consents = (
            (Party.COMPLAINANT, self.complainant_consented_at),
            (Party.RESPONDENT, self.respondent_consented_at),
        )
        return tuple(party for party, given_at in consents if given_at is None)

    @property
    def untold(self) -> tuple[Party, ...]:
        """The parties that have yet to be told that mediation was ended (art. 23); empty while it was not."""
        return () if self.ended_on is None else parties_missing(self.told)


def parties_missing(parties: Iterable[Party]) -> tuple[Party, ...]:
    """Return the parties not among those."""
    present = frozenset(parties)
    return tuple(party for party in Party if party not in present)


def allows_visit(
    state: State, pack: Pack, *, suspension: SuspensionKind | None = None, kind: JobKind = JobKind.MEDIATION
) -> bool:
    """Tell whether a complaint in that state allows a visit of that kind; if not, `complaint-not-open`.

    Mediation needs acceptance, so a complaint merely received allows none: accepting it is one act, which the
    request that registers it may carry. While goods are tested no meeting is held, but they are looked at, fetched and
    papers served; a request for recusal halts the mediators altogether (art. 21: 应当中止调解). When agreement is
    reached or mediation terminated, the papers may still be served, until the complaint is closed. The table is the
    pack's; no pack lets a kind visit that is not on-site mediation.
    """
    key = f"{state}/{suspension}" if state is State.SUSPENDED else str(state)
    return is_mediation(kind) and kind in pack.visits.get(key, frozenset())
