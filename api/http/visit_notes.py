"""`/v1/visit-notes`: what officers record at a site."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody

from api.db.database import Actor, Database
from api.db.queries.visit_notes import WantedNotes, note_conflicts, note_view, notes_page
from api.gather import Gather
from api.http.access import Allow
from api.http.note_wire import (
    NoteConflictView,
    RecordedNoteView,
    VisitNoteBody,
    VisitNoteView,
    note_of,
    recorded_of,
)
from api.http.paging import After, Limit, Page, instant_cursor, parse_instant_cursor
from api.usecases.record_note import RecordedNote, SentNote
from domain.erasure import PersonalDataWithheld
from domain.errors import InvalidInput, NotFound
from domain.values import Role
from domain.visit.note import FORM

READS_NOTES = Allow(Role.OFFICER, Role.DISPATCHER, Role.CUSTODIAN, Role.DESK_CHIEF, Role.AUDITOR)


class VisitNoteController(Controller):
    """Visit notes 现场走访记录."""

    path = "/v1/visit-notes"
    tags = ("visit-notes",)

    @post(
        guards=[Allow(Role.OFFICER)],
        status_code=201,
        summary="Send a visit note",
        name="visit_note.record",
        responses={200: ResponseSpec(data_container=RecordedNoteView, description="The note was here before")},
    )
    async def record(
        self,
        *,
        data: JSONBody[VisitNoteBody],
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        notes: NamedDependency[Gather[SentNote, RecordedNote]],
        sent_at: Annotated[
            datetime | None,
            HeaderParameter(name="Zhuanche-Sent-At", description="the device's clock as it sends: tells its skew"),
        ] = None,
    ) -> Response[RecordedNoteView]:
        """Keep the exact bytes: 201 the first time, 200 with the same answer when they were here before.

        Other bytes under a used id answer 409 and are kept aside for a person to look at.
        """
        if data.source == FORM:
            raise InvalidInput("The note of a form is made here, of the form itself.")
        recorded = await notes(actor.bureau_id, SentNote(actor, data.new(await request.body(), sent_at)))
        return Response(recorded_of(recorded.row), status_code=200 if recorded.again else 201)

    @get(guards=[READS_NOTES], summary="Visit notes", name="visit_note.list")
    async def notes(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        job_id: FromQuery[UUID | None] = None,
        trip_id: FromQuery[UUID | None] = None,
        officer_id: FromQuery[UUID | None] = None,
        complaint_id: FromQuery[UUID | None] = None,
        corroborated: FromQuery[bool | None] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[VisitNoteView]:
        """List notes, the last recorded first."""
        wanted = WantedNotes(
            job_id=job_id,
            trip_id=trip_id,
            officer_id=officer_id,
            complaint_id=complaint_id,
            corroborated=corroborated,
        )
        async with database.read(actor.bureau_id) as reader:
            rows = await notes_page(reader, wanted, parse_instant_cursor(after), limit + 1)
        items = [note_of(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=items, next=instant_cursor(items[-1].recorded_at, items[-1].note_id) if more else None)

    @get("/{note_id:uuid}", guards=[READS_NOTES], summary="One visit note", name="visit_note.get")
    async def note(
        self, note_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> VisitNoteView:
        """Return a note with what was checked, and the files it still waits for."""
        async with database.read(actor.bureau_id) as reader:
            return note_of(await note_view(reader, note_id))

    @get(
        "/{note_id:uuid}/raw",
        guards=[READS_NOTES],
        summary="A visit note's bytes",
        name="visit_note.raw",
        media_type="application/json",
        opt={"answers": ["application/json"]},
    )
    async def raw(
        self, note_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> Response[bytes]:
        """Return the exact bytes that the device sent."""
        async with database.read(actor.bureau_id) as reader:
            row = await note_view(reader, note_id)
        return _as_sent(row)

    @get("/conflicts", guards=[READS_NOTES], summary="Notes kept aside", name="visit_note.conflicts")
    async def conflicts(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        note_id: FromQuery[UUID | None] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[NoteConflictView]:
        """List what came under the ids of other notes, the last first."""
        async with database.read(actor.bureau_id) as reader:
            rows = await note_conflicts(
                reader,
                note_ids=None if note_id is None else [note_id],
                after=parse_instant_cursor(after),
                limit=limit + 1,
            )
        items = [
            NoteConflictView(
                conflict_id=row.conflict_id,
                note_id=row.note_id,
                body_sha256=row.body_sha256,
                size_bytes=len(row.body),
                actor_id=row.actor_id,
                recorded_at=row.recorded_at,
            )
            for row in rows[:limit]
        ]
        more = len(rows) > limit
        last = items[-1] if items else None
        return Page(items=items, next=instant_cursor(last.recorded_at, last.conflict_id) if more and last else None)

    @get(
        "/conflicts/{conflict_id:uuid}/raw",
        guards=[READS_NOTES],
        summary="The bytes of a note kept aside",
        name="visit_note.conflict_raw",
        media_type="application/json",
        opt={"answers": ["application/json"]},
    )
    async def conflict_raw(
        self, conflict_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> Response[bytes]:
        """Return the exact bytes that came under a used id."""
        async with database.read(actor.bureau_id) as reader:
            rows = await note_conflicts(reader, conflict_id=conflict_id)
        if not rows:
            raise NotFound("There is no such conflict.", conflict_id=str(conflict_id))
        return _as_sent(rows[0])


def _as_sent(row: Any) -> Response[bytes]:
    body = bytes(row.body)
    if hashlib.sha256(body).hexdigest() != row.body_sha256:
        raise PersonalDataWithheld
    return Response(
        body,
        media_type="application/json",
        headers={"ETag": f'"{row.body_sha256}"', "X-Content-Type-Options": "nosniff"},
    )
