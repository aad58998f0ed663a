"""Complaints in every state, made by the acts themselves, for tests of the states and of the terms that run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from domain.calendar import shipped_calendar
from domain.complaint.act import (
    Act,
)
from domain.complaint.acts import (
    Accept,
    Close,
    Merge,
    ReachAgreement,
    RecordConsent,
    Refuse,
    Settle,
    Suspend,
    Terminate,
    Withdraw,
    decide,
)
from domain.complaint.packs import pack_by_code
from domain.complaint.power import ReturnToIntake
from domain.complaint.states import Announcement, ComplaintFacts, State, Told
from domain.complaint.words import Outcome, Party, SuspensionKind

PACK = pack_by_code("SAMR121-2026")
CALENDAR = shipped_calendar()
MINE, OTHER = UUID(int=1), UUID(int=2)
DAY = date(2026, 5, 11)
NOON = datetime(2026, 5, 11, 4, 0, tzinfo=UTC)
RECEIVED = ComplaintFacts(MINE, DAY)
BOTH_TOLD = tuple(Told(party, NOON, "telephone 电话") for party in Party)
MEETING = Announcement(NOON + timedelta(days=1), "market, stall 12", ("officer",), BOTH_TOLD)


def day(n: int) -> date:
    """Return the `n`-th day after receipt."""
    return DAY + timedelta(days=n)


def consent(party: Party, n: int = 1) -> RecordConsent:
    """Make the act by which a party consents."""
    return RecordConsent(on=day(n), party=party, given_at=NOON, how="in person 当面")


def after(*acts: Act, facts: ComplaintFacts = RECEIVED) -> ComplaintFacts:
    """Do those acts one after the other."""
    for act in acts:
        facts = decide(facts, act, PACK)
    return facts


ACCEPTED = after(Accept(on=day(1)))
MEDIATING = after(consent(Party.COMPLAINANT), consent(Party.RESPONDENT), facts=ACCEPTED)
TESTED = after(Suspend(on=day(2), kind=SuspensionKind.TESTING), facts=MEDIATING)
MEDIATED = after(ReachAgreement(on=day(3), outcome=Outcome.MEDIATED_WITH_DOCUMENT), facts=MEDIATING)
TERMINATED = after(Terminate(on=day(3), ground="121-23-3"), facts=MEDIATING)
IN_STATE = {
    State.RECEIVED: RECEIVED,
    State.ACCEPTED: ACCEPTED,
    State.REFUSED: after(Refuse(on=day(1), ground="121-16-4")),
    State.MEDIATING: MEDIATING,
    State.SUSPENDED: TESTED,
    State.MEDIATED: MEDIATED,
    State.SETTLED: after(Settle(on=day(3)), facts=MEDIATING),
    State.WITHDRAWN: after(Withdraw(on=day(3)), facts=MEDIATING),
    State.TERMINATED: TERMINATED,
    State.CLOSED: after(Close(on=day(4), outcome=Outcome.MEDIATED_WITH_DOCUMENT), facts=MEDIATED),
    State.RETURNED: after(ReturnToIntake(on=day(1), reason="another district 非本辖区")),
    State.MERGED: after(Merge(on=day(1), into=OTHER, into_state=State.RECEIVED)),
}
