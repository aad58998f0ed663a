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
from api.db.queries.due_warnings import warnings_of
from api.db.queries.findings import findings_page
from api.db.queries.inbox import (
    delegations_told,
    jobs_told,
    kept_aside,
    possible_delegates,
    refusals_told,
    spoken_unconfirmed,
    units_approved_for,
)
from api.db.queries.people import names_of
from api.db.queries.refusals import conflicts_page
from api.db.queries.signed_acts import WantedActs, acts_page, keys_page
from api.db.queries.trips import TripFilter, trip_view, trips_page
from api.db.queries.vehicles import vehicles_page
from api.db.queries.who_can_go import custodians_of
from api.http.access import Allow
from api.http.device_keys import key_view
from api.http.findings import finding_of
from api.http.pages.admin.kept_aside import SETTLERS, WHY_ASIDE
from api.http.pages.admin.register import words_of
from api.http.pages.board import BOARD
from api.http.pages.shell import language_of_page, page
from api.http.pages.trip_changes import changes_shown
from api.http.pages.trip_record import SAID
from api.http.pages.words import SOURCES, STAGES
from api.http.pages.written import Written, written_for
from api.http.trip_wire import TripView, trip_of
from domain.complaint.job import JobKind
from domain.complaint.left import days_left, urgency
from domain.signing.act import ActKind
from domain.trip.life import UseState, UseVerb
from domain.use_rule.facts import Seat
from domain.use_rule.reasons import sentence_of
from domain.values import Role

WAITING_SHOWN: Final = 200
REFUSALS_SHOWN: Final = 30
STANDINGS: Final = {
    "consumer": ("消费者", "consumer"),
    "respondent": ("被投诉人", "respondent"),
    "expert": ("专家", "expert"),
    "witness": ("见证人", "witness"),
    "other": ("其他", "other"),
}
"""Who somebody aboard is that is not of the crew."""
SEATS: Final = words_of(Seat)


async def cards_of(reader: Reader, rows: Iterable[Any], w: Written) -> list[dict[str, Any]]:
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
            "jobs": [_job(jobs[one.job_id], w) for one in trip.jobs if one.job_id in jobs],
            "marks": [sentence_of(mark, w.language) for mark in trip.marks],
            "names": names,
        }
        for trip in trips
    ]


def _people(trip: TripView) -> list[UUID | None]:
    return [trip.requester_id, trip.approver_id, trip.spoken_entered_by, *(one.actor_id for one in trip.decisions)]


def _job(row: Any, w: Written) -> dict[str, Any]:
    return {
        "told": row,
        "kind": JobKind(row.kind),
        "urgency": urgency(row.warn_on, w.today),
        "left": days_left(row.warn_on, w.today, w.language),
    }


def _refusals(rows: Sequence[Any], language: str) -> list[dict[str, Any]]:
    return [
        {"row": row, "stage": STAGES[row.stage], "sentences": [sentence_of(code, language) for code in row.reasons]}
        for row in rows
    ]


def sees(actor: Actor) -> bool:
    """Tell whether somebody sees what came from the field and did not fit, as `/v1/field-conflicts` has it."""
    return bool(actor.roles & SETTLERS)


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
            w = await written_for(reader, language_of_page(request))
            approves = await units_approved_for(reader, actor)
            waiting = await trips_page(reader, TripFilter(state=UseState.REQUESTED), None, WAITING_SHOWN)
            spoken = [await trip_view(reader, use_id) for use_id in await spoken_unconfirmed(reader, actor.who)]
            found = await findings_page(reader, None, WAITING_SHOWN, explained=False, open_=True)
            chains = [key_view(row) for row in await keys_page(reader, None, WAITING_SHOWN, waiting=True)]
            losses = [key_view(row) for row in await keys_page(reader, None, WAITING_SHOWN, unanswered=True)]
            unrecorded = await acts_page(reader, WantedActs(outcome="refused"), None, 5) if sees(actor) else []
            plates = {one.vehicle_id: one.plate for one in await vehicles_page(reader, None, None)}
            told = [finding_of(row, w.language, reader.now) for row in found]
            shown: dict[str, Any] = {
                "w": w,
                "approves": approves,
                "waiting": await cards_of(reader, reversed(waiting), w),
                "spoken": await cards_of(reader, spoken, w),
                "findings": told,
                "plates": plates,
                "most": WAITING_SHOWN,
                "finding_acts": SAID,
                "finding_names": await names_of(reader, [act.actor_id for one in told for act in one.acts]),
                "chains": [key for key in chains if key.gaps],
                "losses": losses,
                "unrecorded": unrecorded,
                "signed_words": {one.value: one for one in ActKind},
                "aside": await kept_aside(reader) if sees(actor) else None,
                "delegations": await delegations_told(reader),
                "delegates": await possible_delegates(reader, actor.who) if Role.CUSTODIAN in actor.roles else [],
                "refused": _refusals(await refusals_told(reader, 5), w.language),
                "seats": SEATS,
                "standings": STANDINGS,
            }
        return page(request, "board/inbox.html", actor, part="board/inbox_part.html", **shown)

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
            w = await written_for(reader, language_of_page(request))
            rows = await refusals_told(reader, REFUSALS_SHOWN + 1, before=before)
        shown = rows[:REFUSALS_SHOWN]
        return page(
            request,
            "board/refusals.html",
            actor,
            w=w,
            refused=_refusals(shown, w.language),
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
            w = await written_for(reader, language_of_page(request))
            (card,) = await cards_of(reader, [await trip_view(reader, trip_id)], w)
            approves = await units_approved_for(reader, actor)
            custodians = await custodians_of(reader, card["trip"].requester_unit_id)
            refused = await refusals_told(reader, REFUSALS_SHOWN, use_id=trip_id)
            changes = await changes_shown(reader, card["trip"], w)
            aside = await conflicts_page(reader, None, REFUSALS_SHOWN, use_id=trip_id) if sees(actor) else ()
            now: datetime = reader.now
        return page(
            request,
            "board/trip.html",
            actor,
            part="board/trip_part.html",
            w=w,
            card=card,
            approves=approves,
            custodians=custodians,
            refused=_refusals(refused, w.language),
            verbs={verb.value: verb for verb in UseVerb},
            sources=SOURCES,
            seats=SEATS,
            standings=STANDINGS,
            aside=[(row, WHY_ASIDE[row.why]) for row in aside],
            now=now,
            **changes,
        )
