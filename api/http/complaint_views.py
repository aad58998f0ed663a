"""Complaints as they travel: what is taken down, and what is shown of one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from api.db.queries.complaint_lists import Found, WholeComplaint
from api.db.tables.complaints import ComplaintAct, ComplaintParticulars
from api.http.fields import Line, Name, Prose, Telephone
from domain.calendar import Deadline
from domain.complaint.acts import ACTS
from domain.complaint.packs import Ground, Pack
from domain.complaint.particulars import Particulars
from domain.complaint.states import OPEN, State


class Complainant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The consumer who complains."""

    name: Annotated[Name, msgspec.Meta(examples=["林某"])]
    telephone: Telephone
    address: Annotated[Line, msgspec.Meta(examples=["莆田市城厢区霞林街道某小区 3 号楼"])]


class Respondent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom it is about; the unified social credit code is checked by its last place."""

    name: Annotated[Name, msgspec.Meta(examples=["城厢区某服装店"])]
    address: Annotated[Line, msgspec.Meta(examples=["莆田市城厢区文献步行街 12 号"])]
    credit_code: Annotated[str, msgspec.Meta(max_length=30, examples=["91350302MA2XXXXX0P"])] | None = None
    telephone: Telephone | None = None


class ParticularsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who complains of whom about what (Order 121 art. 10)."""

    complainant: Complainant
    respondent: Respondent
    claim: Annotated[Prose, msgspec.Meta(examples=["退货并退还货款 398 元"])]
    facts: Annotated[Prose, msgspec.Meta(examples=["所购外套洗涤一次后严重褪色，商家拒绝退货。"])]

    def particulars(self) -> Particulars:
        """Return them as the domain takes them."""
        return Particulars(
            complainant_name=self.complainant.name,
            complainant_telephone=self.complainant.telephone,
            complainant_address=self.complainant.address,
            respondent_name=self.respondent.name,
            respondent_address=self.respondent.address,
            respondent_credit_code=self.respondent.credit_code,
            respondent_telephone=self.respondent.telephone,
            claim=self.claim,
            facts=self.facts,
        )


class ParticularsView(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of the particulars: 1 as registered, a further one a correction with its reason."""

    rev: int
    complainant: Complainant
    respondent: Respondent
    claim: str
    facts: str
    reason: str | None
    actor_id: UUID
    recorded_at: datetime


class DeadlineView(msgspec.Struct, frozen=True, kw_only=True):
    """The last day of a term, as counted and as rolled over a holiday; `warn_on` is the earlier.

    `provisional`: it rests on a day no holiday notice decides yet, so it may still move.
    """

    code: str
    nominal_on: date
    due_on: date
    warn_on: date
    provisional: bool


class ActView(msgspec.Struct, frozen=True, kw_only=True):
    """One act: when it is said to have happened, when it was recorded and by whom, and what it said."""

    act_id: UUID
    verb: str
    from_state: str | None
    to_state: str
    ground: str | None
    said: dict[str, Any]
    stated_at: datetime
    actor_id: UUID | None
    recorded_at: datetime


class GroundView(msgspec.Struct, frozen=True, kw_only=True):
    """A ground of an order: its article and item, in the order's words."""

    code: str
    article: int | None
    item: int
    zh: str
    en: str


class RemedyView(msgspec.Struct, frozen=True, kw_only=True):
    """Another way open to the consumer."""

    zh: str
    en: str


class GroundsView(msgspec.Struct, frozen=True, kw_only=True):
    """What the order that leads a complaint lets it be refused or terminated for.

    `remedies` are told to the consumer with a refusal (Order 121 art. 15, consumer protection law art. 39).
    """

    pack: str
    zh: str
    en: str
    refusals: list[GroundView]
    terminations: list[GroundView]
    remedies: list[RemedyView]


class ComplaintSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint in a list, with the term that runs for accepting or mediating it."""

    complaint_id: UUID
    number: str
    source: str
    source_number: str | None
    received_at: datetime
    state: str
    unit_id: UUID
    complainant_name: str
    complainant_telephone: str
    respondent_name: str
    claim: str
    due: DeadlineView | None


class ComplaintView(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint with everything that is known of it; `may` lists the acts its state allows."""

    complaint_id: UUID
    number: str
    source: str
    source_number: str | None
    received_at: datetime
    received_via: str
    registered_by: UUID
    registered_at: datetime
    unit_id: UUID
    pack: str
    state: str
    suspension: str | None
    suspended_on: date | None
    suspended_days: int
    accepted_on: date | None
    complainant_consented_at: datetime | None
    respondent_consented_at: datetime | None
    announced_at: datetime | None
    ground: str | None
    outcome: str | None
    told: list[str]
    closed_on: date | None
    merged_into: UUID | None
    merged_from: list[UUID]
    particulars: ParticularsView
    revisions: list[ParticularsView]
    acts: list[ActView]
    deadlines: list[DeadlineView]
    jobs: list[UUID]
    may: list[str]


def deadline_view(code: str, deadline: Deadline) -> DeadlineView:
    """Return the wire form of a term."""
    return DeadlineView(
        code=code,
        nominal_on=deadline.nominal_on,
        due_on=deadline.due_on,
        warn_on=deadline.warn_on,
        provisional=deadline.provisional,
    )


def particulars_view(row: ComplaintParticulars) -> ParticularsView:
    """Return the wire form of one revision."""
    return ParticularsView(
        rev=row.rev,
        complainant=Complainant(
            name=row.complainant_name, telephone=row.complainant_telephone, address=row.complainant_address
        ),
        respondent=Respondent(
            name=row.respondent_name,
            address=row.respondent_address,
            credit_code=row.respondent_credit_code,
            telephone=row.respondent_telephone,
        ),
        claim=row.claim,
        facts=row.facts,
        reason=row.reason,
        actor_id=row.actor_id,
        recorded_at=row.recorded_at,
    )


def act_view(row: ComplaintAct) -> ActView:
    """Return the wire form of an act."""
    return ActView(
        act_id=row.act_id,
        verb=row.verb,
        from_state=row.from_state,
        to_state=row.to_state,
        ground=row.ground,
        said=row.detail["act"],
        stated_at=row.stated_at,
        actor_id=row.actor_id,
        recorded_at=row.recorded_at,
    )


def summary(found: Found) -> ComplaintSummary:
    """Return the wire form of a complaint in a list."""
    row, particulars = found.complaint, found.particulars
    due: DeadlineView | None = None
    if row.state == State.RECEIVED:
        due = deadline_view("accept", Deadline(row.accept_nominal_on, row.accept_due_on, row.accept_provisional))
    elif row.state in OPEN and row.mediate_nominal_on is not None and row.mediate_due_on is not None:
        term = Deadline(row.mediate_nominal_on, row.mediate_due_on, bool(row.mediate_provisional))
        due = deadline_view("mediate", term)
    return ComplaintSummary(
        complaint_id=row.complaint_id,
        number=row.number,
        source=row.source,
        source_number=row.source_number,
        received_at=row.received_at,
        state=row.state,
        unit_id=row.unit_id,
        complainant_name=particulars.complainant_name,
        complainant_telephone=particulars.complainant_telephone,
        respondent_name=particulars.respondent_name,
        claim=particulars.claim,
        due=due,
    )


def whole(found: WholeComplaint) -> ComplaintView:
    """Return the wire form of a complaint with everything that is known of it."""
    row, facts = found.complaint, found.facts
    revisions = [particulars_view(one) for one in found.revisions]
    return ComplaintView(
        complaint_id=row.complaint_id,
        number=row.number,
        source=row.source,
        source_number=row.source_number,
        received_at=row.received_at,
        received_via=row.received_via,
        registered_by=row.registered_by,
        registered_at=row.registered_at,
        unit_id=row.unit_id,
        pack=row.pack,
        state=row.state,
        suspension=row.suspension,
        suspended_on=row.suspended_on,
        suspended_days=row.suspended_days,
        accepted_on=row.accepted_on,
        complainant_consented_at=row.complainant_consented_at,
        respondent_consented_at=row.respondent_consented_at,
        announced_at=row.announced_at,
        ground=facts.ground,
        outcome=facts.outcome,
        told=sorted(facts.told),
        closed_on=facts.closed_on,
        merged_into=row.merged_into,
        merged_from=list(found.merged_from),
        particulars=revisions[-1],
        revisions=revisions,
        acts=[act_view(act) for act in found.acts],
        deadlines=[deadline_view(one.code, one.deadline) for one in found.deadlines],
        jobs=list(found.jobs),
        may=[act.verb for act in ACTS if facts.state in act.from_states],
    )


def grounds(pack: Pack) -> GroundsView:
    """Return the wire form of an order's grounds."""
    return GroundsView(
        pack=pack.code,
        zh=pack.zh,
        en=pack.en,
        refusals=[_ground(one) for one in pack.refusals],
        terminations=[_ground(one) for one in pack.terminations],
        remedies=[RemedyView(zh=one.zh, en=one.en) for one in pack.remedies],
    )


def _ground(one: Ground) -> GroundView:
    return GroundView(code=one.code, article=one.article, item=one.item, zh=one.zh, en=one.en)
