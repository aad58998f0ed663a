"""`/board/inbox`, `/board/trips/{id}`, `/board/refusals`: what waits for a word, a trip's steps, what was refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.db.database import Actor, Database, Reader
from api.db.queries.board import names_of
from api.db.queries.due_warnings import warnings_of
from api.db.queries.findings import findings_page
from api.db.queries.inbox import (
    delegations_told,
    jobs_told,
    possible_delegates,
    refusals_told,
    spoken_unconfirmed,
    units_approved_for,
)
from api.db.queries.signed_acts import keys_page
from api.db.queries.trips import TripFilter, trip_view, trips_page
from api.db.queries.vehicles import vehicles_page
from api.db.queries.who_can_go import custodians_of
from api.http.access import Allow
from api.http.device_keys import key_view
from api.http.findings import finding_of
from api.http.pages.board import BOARD, local_of
from api.http.pages.local import Local
from api.http.pages.shell import language_of_page, page
from api.http.trip_wire import TripView, trip_of
from domain.complaint.job import JobKind
from domain.complaint.left import days_left, urgency
from domain.trip.life import UseState, UseVerb
from domain.use_rule.reasons import sentence_of
from domain.values import Role

WAITING_SHOWN: Final = 50
REFUSALS_SHOWN: Final = 30
SOURCES: Final = {
    "online": ("", ""),
    "offline": ("离线补报", "from a phone that was offline"),
    "spoken": ("口头", "spoken"),
    "paper": ("纸质补录", "from paper"),
    "system": ("系统", "by the system"),
}
"""How word of a step came."""
STAGES: Final = {
    "request": ("申请时", "when asked for"),
    "approval": ("批准时", "at approval"),
    "departure": ("出车时", "at departure"),
    "under-way": ("途中加任务时", "when a job was added under way"),
    "crew": ("换人时", "when the crew changed"),
    "close": ("办结时", "at close"),
    "borrow": ("借用", "borrowing"),
}
"""When the rule refused."""
STANDINGS: Final = {
    "consumer": ("消费者", "consumer"),
    "respondent": ("被投诉人", "respondent"),
    "expert": ("专家", "expert"),
    "witness": ("见证人", "witness"),
    "other": ("其他", "other"),
}
"""Who somebody aboard is that is not of the crew."""
SEATS: Final = {"driver": ("驾驶员", "driver"), "officer": ("调解人员", "officer")}


async def cards_of(reader: Reader, rows: Iterable[Any], local: Local) -> list[dict[str, Any]]:
    """Return what is shown of each of these trips: its jobs with what the consumer wants, its people, its marks."""
    rows = list(rows)
    warned = await warnings_of(reader, {row.vehicle_id for row in rows})
    trips = [trip_of(row, warned) for row in rows]
    jobs = await jobs_told(reader, [job.job_id for trip in trips for job in trip.jobs if not job.dropped])
    names = await names_of(reader, [who for trip in trips for who in _people(trip)])
    return [
        {
            "trip": trip,
            "state": UseState(trip.state),
            "jobs": [_job(jobs[one.job_id], local) for one in trip.jobs if one.job_id in jobs],
            "marks": [sentence_of(mark, local.language) for mark in trip.marks],
            "names": names,
        }
        for trip in trips
    ]


def _people(trip: TripView) -> list[UUID | None]:
    return [trip.requester_id, trip.approver_id, trip.spoken_entered_by, *(one.actor_id for one in trip.decisions)]


def _job(row: Any, local: Local) -> dict[str, Any]:
    return {
        "told": row,
        "kind": JobKind(row.kind),
        "urgency": urgency(row.warn_on, local.today),
        "left": days_left(row.warn_on, local.today, local.language),
    }


def _refusals(rows: Sequence[Any], language: str) -> list[dict[str, Any]]:
    return [
        {"row": row, "stage": STAGES[row.stage], "sentences": [sentence_of(code, language) for code in row.reasons]}
        for row in rows
    ]


class InboxController(Controller):
    """What waits for the custodian, and what everybody sees of it."""

    path = "/board"
    include_in_schema = False
    guards = (Allow(BOARD),)

    @get("/inbox", name="pages.inbox", opt={"page": True})
    async def inbox(
        self, request: Request[Any, Any, Any], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> Template:
        """Show what waits; the part alone where a script asks for it."""
        async with database.read(actor.bureau_id) as reader:
            local = await local_of(reader, language_of_page(request))
            approves = await units_approved_for(reader, actor)
            waiting = await trips_page(reader, TripFilter(state=UseState.REQUESTED), None, WAITING_SHOWN)
            spoken = [await trip_view(reader, use_id) for use_id in await spoken_unconfirmed(reader, actor.who)]
            found = await findings_page(reader, None, WAITING_SHOWN, explained=False, open_=True)
            chains = [key_view(row) for row in await keys_page(reader, None, WAITING_SHOWN, waiting=True)]
            plates = {one.vehicle_id: one.plate for one in await vehicles_page(reader, None, None)}
            shown: dict[str, Any] = {
                "local": local,
                "approves": approves,
                "waiting": await cards_of(reader, reversed(waiting), local),
                "spoken": await cards_of(reader, spoken, local),
                "findings": [finding_of(row, local.language, reader.now) for row in found],
                "plates": plates,
                "chains": [key for key in chains if key.gaps],
                "delegations": await delegations_told(reader),
                "delegates": await possible_delegates(reader, actor.who) if Role.CUSTODIAN in actor.roles else [],
                "refused": _refusals(await refusals_told(reader, 5), local.language),
                "seats": SEATS,
                "standings": STANDINGS,
            }
        part = "HX-Request" in request.headers
        return page(request, "board/inbox_part.html" if part else "board/inbox.html", actor, **shown)

    @get("/refusals", name="pages.refusals", opt={"page": True})
    async def refusals(
        self,
        request: Request[Any, Any, Any],
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        before: FromQuery[UUID | None] = None,
    ) -> Template:
        """Show what was refused and why, for everybody who works here."""
        async with database.read(actor.bureau_id) as reader:
            local = await local_of(reader, language_of_page(request))
            rows = await refusals_told(reader, REFUSALS_SHOWN + 1, before=before)
        shown = rows[:REFUSALS_SHOWN]
        return page(
            request,
            "board/refusals.html",
            actor,
            local=local,
            refused=_refusals(shown, local.language),
            before=shown[-1].refusal_id if len(rows) > REFUSALS_SHOWN else None,
        )

    @get("/trips/{trip_id:uuid}", name="pages.trip", opt={"page": True})
    async def trip(
        self,
        trip_id: FromPath[UUID],
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> Template:
        """Show a trip: whom it serves, who goes, every step with who took it, and what may be done now."""
        async with database.read(actor.bureau_id) as reader:
            local = await local_of(reader, language_of_page(request))
            (card,) = await cards_of(reader, [await trip_view(reader, trip_id)], local)
            approves = await units_approved_for(reader, actor)
            custodians = await custodians_of(reader, card["trip"].requester_unit_id)
            refused = await refusals_told(reader, REFUSALS_SHOWN, use_id=trip_id)
            now: datetime = reader.now
        part = "HX-Request" in request.headers
        return page(
            request,
            "board/trip_part.html" if part else "board/trip.html",
            actor,
            local=local,
            card=card,
            approves=approves,
            custodians=custodians,
            refused=_refusals(refused, local.language),
            verbs={verb.value: verb for verb in UseVerb},
            sources=SOURCES,
            seats=SEATS,
            standings=STANDINGS,
            now=now,
        )
