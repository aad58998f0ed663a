"""`POST /v1/trips/check`: what the rule would say of a trip while it is being typed; nothing is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.db.database import Actor, Database
from api.headers import language_of
from api.http.fields import window
from api.http.place import Place
from api.http.trip_wire import ID, TripRequest
from api.http.trips import ASKS
from api.http.visits import WindowBody
from api.usecases.check_trip import Checked, Draft, check_trip
from domain.complaint.job import JobKind
from domain.complaint.words import Party
from domain.use_rule.cures import Cure, CureKind
from domain.use_rule.reasons import sentence_of


class DraftVisit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A visit of a complaint that is still being taken down, judged as accepted; `draft_id` is the client's own name.

    `consents` are the parties that have consented to mediation so far.
    """

    draft_id: ID
    kind: JobKind = JobKind.MEDIATION
    on_site: bool = True
    site: Place
    window: WindowBody | None = None
    consents: Annotated[list[Party], msgspec.Meta(max_length=2)] = []

    def draft(self) -> Draft:
        """Return it as the use case takes it."""
        return Draft(
            draft_id=self.draft_id,
            kind=self.kind,
            on_site=self.on_site,
            site=self.site.point(),
            window=window(self.window.start_at, self.window.end_at) if self.window else None,
            consents=frozenset(self.consents),
        )


class TripCheck(TripRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trip as it would be asked for; `drafts` are visits of complaints that are not registered yet."""

    drafts: Annotated[list[DraftVisit], msgspec.Meta(max_length=5)] = msgspec.field(default_factory=list)


class CureView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that would cure a reason: its kind, a sentence, and of the rest what the kind is about."""

    kind: CureKind
    sentence: str
    from_: datetime | None = msgspec.field(default=None, name="from")
    until: datetime | None = None
    keeps_deadline: bool | None = None
    person_id: UUID | None = None
    name: str | None = None
    vehicle_id: UUID | None = None
    plate: str | None = None
    complaint_id: UUID | None = None
    job_id: UUID | None = None
    finding_id: UUID | None = None
    draft_id: UUID | None = None


class ReasonView(msgspec.Struct, frozen=True, kw_only=True):
    """One reason to refuse, or one mark: its sentence, the ids it is about, and what would cure it."""

    code: str
    sentence: str
    about: list[UUID]
    cures: list[CureView]


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule would answer: permitted with its marks, or every reason."""

    permitted: bool
    reasons: list[ReasonView]
    marks: list[ReasonView]


@post(
    "/v1/trips/check",
    status_code=200,
    guards=[ASKS],
    summary="Ask the rule, and nothing else",
    name="trips.check",
    tags=["trips"],
)
async def check(
    data: JSONBody[TripCheck],
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
) -> CheckView:
    """Answer as a request for this trip would be answered now, every reason with what would cure it."""
    drafts = [one.draft() for one in data.drafts]
    found = await check_trip(database, actor, data.new(), drafts)
    return _view(
        found, language_of(request.headers.get("accept-language", "")), frozenset(one.draft_id for one in drafts)
    )


def _view(found: Checked, language: str, drafts: frozenset[UUID]) -> CheckView:
    def told(code: str, cures: Sequence[Cure], about: Sequence[UUID] = ()) -> ReasonView:
        views = [_cure(one, language, drafts) for one in cures]
        return ReasonView(code=code, sentence=sentence_of(code, language), about=list(about), cures=views)

    return CheckView(
        permitted=found.permitted,
        reasons=[told(reason.code.value, cures, reason.about) for reason, cures in found.reasons],
        marks=[told(code, cures) for code, cures in found.marks],
    )


_ABOUT: Final = {
    CureKind.DRIVER: "person_id",
    CureKind.OFFICER: "person_id",
    CureKind.SITE_DECISION: "person_id",
    CureKind.VEHICLE: "vehicle_id",
    CureKind.DROP_JOB: "job_id",
    CureKind.ACCEPT: "complaint_id",
    CureKind.CONSENT: "complaint_id",
    CureKind.EXPLAIN: "finding_id",
}
"""Under which name the id that a cure is about travels."""


def _cure(cure: Cure, language: str, drafts: frozenset[UUID]) -> CureView:
    kind = cure.kind
    fields: dict[str, Any] = {}
    if cure.about is not None:
        fields["draft_id" if cure.about in drafts else _ABOUT[kind]] = cure.about
    if cure.name:
        fields["plate" if kind is CureKind.VEHICLE else "name"] = cure.name
    if cure.window is not None:
        fields |= {"from_": cure.window.start_at, "until": cure.window.end_at, "keeps_deadline": cure.keeps_deadline}
    return CureView(kind=kind, sentence=kind.zh if language == "zh" else kind.en, **fields)
