"""`/v1/borrow-requests`, `/v1/refusals`, `/v1/field-conflicts`: what was asked in vain, and what would not fit."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from api.db.database import Actor, Database, Once
from api.db.queries.refusals import conflicts_page, refusals_page
from api.headers import language_of
from api.http.access import STAFF, Allow
from api.http.fields import WITHOUT_NUL
from api.http.paging import After, Limit, Page, instant_cursor, parse_instant_cursor
from api.usecases.request_loan import NewLoan, request_loan
from domain.books.readings import Obtained
from domain.trip.life import UseKind
from domain.use_rule.reasons import OwnReason, ReasonCode, sentence_of
from domain.values import Role

A_REASON: Final = f"^({'|'.join(one.value for kind in (ReasonCode, OwnReason) for one in kind)})$"
"""A reason's code, the rule's or a person's own."""


class RefusedAt(StrEnum):
    """When the rule refused."""

    REQUEST = "request"
    APPROVAL = "approval"
    DEPARTURE = "departure"
    UNDER_WAY = "under-way"
    CREW = "crew"
    CLOSE = "close"
    BORROW = "borrow"


class BorrowRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants the vehicle, and what for; it is refused by rule."""

    vehicle_id: UUID
    borrower: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=WITHOUT_NUL, examples=["某某所"])]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=WITHOUT_NUL, examples=["节前检查用车"])]


class NeverLent(msgspec.Struct, frozen=True, kw_only=True):
    """No answer has this form: a request to borrow is refused, always."""


class ReasonView(msgspec.Struct, frozen=True, kw_only=True):
    """A reason with its sentence."""

    code: str
    sentence: str


class RefusalView(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal: what was asked, every reason, and the facts the rule was given."""

    refusal_id: UUID
    stage: str
    trip_id: UUID | None
    vehicle_id: UUID | None
    requester_id: UUID
    reasons: list[ReasonView]
    facts: dict[str, Any]
    asked: dict[str, Any]
    recorded_at: datetime


class ReportedReading(msgspec.Struct, frozen=True, kw_only=True):
    """What the odometer was said to show: kept with the report, and none of the vehicle's readings."""

    odometer_m: int
    obtained: Obtained
    resolution_m: int | None
    photo_sha256: str | None


class ConflictView(msgspec.Struct, frozen=True, kw_only=True):
    """An act from the field that happened and could not be recorded as one; of upkeep, `trip_id` is the order's id."""

    conflict_id: UUID
    trip_id: UUID
    kind: UseKind
    verb: str
    why: str
    reasons: list[ReasonView]
    reading: ReportedReading | None
    asked: dict[str, Any]
    stated_at: datetime
    actor_id: UUID | None
    recorded_at: datetime


def told(codes: list[str], language: str) -> list[ReasonView]:
    """Return each reason with its sentence in that language."""
    return [ReasonView(code=code, sentence=sentence_of(code, language)) for code in codes]


def _reading_of(asked: dict[str, Any]) -> ReportedReading | None:
    return msgspec.convert(asked, ReportedReading) if "odometer_m" in asked else None


class BorrowController(Controller):
    """Requests to borrow the vehicle 借用."""

    path = "/v1/borrow-requests"
    tags = ("refusals",)

    @post(guards=[Allow(STAFF)], summary="Ask to borrow the vehicle", name="borrow_requests.request")
    async def request(
        self,
        data: JSONBody[BorrowRequest],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> NeverLent:
        """Record a request to borrow the vehicle, and refuse it: always."""
        new = NewLoan(vehicle_id=data.vehicle_id, borrower=data.borrower, reason=data.reason)
        await request_loan(database, actor, new, once)


class RefusalController(Controller):
    """What the rule refused, and what came from the field and did not fit."""

    path = "/v1"
    tags = ("refusals",)

    @get("/refusals", guards=[Allow(Role.CUSTODIAN, Role.AUDITOR)], summary="Refusals", name="refusals.list")
    async def refusals(
        self,
        request: Request[Any, Any, Any],
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        stage: Annotated[RefusedAt | None, QueryParameter(description="when it was refused")] = None,
        reason: Annotated[
            str | None, QueryParameter(description="only those with this reason", pattern=A_REASON)
        ] = None,
        vehicle_id: FromQuery[UUID | None] = None,
        requester_id: FromQuery[UUID | None] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[RefusalView]:
        """List refusals with their facts and all their reasons, the newest first."""
        language = language_of(request.headers.get("accept-language", ""))
        async with database.read(actor.bureau_id) as reader:
            rows = await refusals_page(
                reader,
                parse_instant_cursor(after),
                limit + 1,
                stage=stage.value if stage else None,
                reason=reason,
                vehicle_id=vehicle_id,
                requester_id=requester_id,
            )
        items = [
            RefusalView(
                refusal_id=row.refusal_id,
                stage=row.stage,
                trip_id=row.use_id,
                vehicle_id=row.vehicle_id,
                requester_id=row.requester_id,
                reasons=told(row.reasons, language),
                facts=row.facts,
                asked=row.asked,
                recorded_at=row.recorded_at,
            )
            for row in rows[:limit]
        ]
        more = len(rows) > limit
        return Page(items=items, next=instant_cursor(items[-1].recorded_at, items[-1].refusal_id) if more else None)

    @get(
        "/field-conflicts",
        guards=[Allow(Role.CUSTODIAN, Role.AUDITOR, Role.DISPATCHER, Role.DESK_CHIEF)],
        summary="Conflicts from the field",
        name="field_conflicts.list",
    )
    async def conflicts(
        self,
        request: Request[Any, Any, Any],
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        trip_id: FromQuery[UUID | None] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[ConflictView]:
        """List what happened in the field and could not be recorded as an act, the newest first."""
        language = language_of(request.headers.get("accept-language", ""))
        async with database.read(actor.bureau_id) as reader:
            rows = await conflicts_page(reader, parse_instant_cursor(after), limit + 1, use_id=trip_id)
        items = [
            ConflictView(
                conflict_id=row.conflict_id,
                trip_id=row.use_id,
                kind=UseKind(row.kind),
                verb=row.verb,
                why=row.why,
                reasons=told(row.reasons, language),
                reading=_reading_of(row.asked),
                asked=row.asked,
                stated_at=row.stated_at,
                actor_id=row.actor_id,
                recorded_at=row.recorded_at,
            )
            for row in rows[:limit]
        ]
        more = len(rows) > limit
        return Page(items=items, next=instant_cursor(items[-1].recorded_at, items[-1].conflict_id) if more else None)
