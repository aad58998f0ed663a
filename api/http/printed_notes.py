"""`/v1/visit-notes/{id}/note.pdf` and `/v1/complaints/{id}/mediation-record.pdf`: paper for the parties to take."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.db.database import Actor, Database
from api.db.queries.mediation_records import printed_complaint, printed_site
from api.db.queries.visit_notes import WantedNotes, note_view, notes_page
from api.files import FileGone, FileStore
from api.http.note_wire import VisitNoteView, note_of
from api.http.visit_notes import READS_NOTES
from api.print.picture import BYTES_MOST
from api.print.typeset import typeset
from api.print.visit_note import note_form, record_form

SIGNATURE = "signature-"
"""How the role of a file begins that is a drawn signature."""
VISITS_MOST = 100
"""More visits for one complaint than anybody has made."""


@get(
    "/v1/visit-notes/{note_id:uuid}/note.pdf",
    guards=[READS_NOTES],
    name="visit_note.pdf",
    tags=["visit-notes"],
    summary="A visit note as PDF",
    media_type="application/pdf",
)
async def note_pdf(
    note_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    files: NamedDependency[FileStore],
) -> Response[bytes]:
    """Return a note on paper with the signatures drawn on the phone; one that was corrected says so."""
    async with database.read(actor.bureau_id) as reader:
        note = note_of(await note_view(reader, note_id))
        complaint = await printed_complaint(reader, note.complaint_id)
        site = await printed_site(reader, note.job_id, note.trip_id)
        now = reader.now
    form = note_form(note, complaint, site, await _drawn(files, actor.bureau_id, [note]))
    return Response(await typeset(form, now), media_type="application/pdf")


@get(
    "/v1/complaints/{complaint_id:uuid}/mediation-record.pdf",
    guards=[READS_NOTES],
    name="complaints.mediation_record_pdf",
    tags=["complaints"],
    summary="Mediation record of a complaint as PDF",
    media_type="application/pdf",
)
async def mediation_record_pdf(
    complaint_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    files: NamedDependency[FileStore],
) -> Response[bytes]:
    """Return the record of a complaint's mediation on paper, visit by visit."""
    async with database.read(actor.bureau_id) as reader:
        complaint = await printed_complaint(reader, complaint_id)
        wanted = WantedNotes(complaint_id=complaint_id)
        notes = [note_of(row) for row in await notes_page(reader, wanted, None, VISITS_MOST)]
        now = reader.now
    form = record_form(complaint, notes, await _drawn(files, actor.bureau_id, notes))
    return Response(await typeset(form, now), media_type="application/pdf")


async def _drawn(files: FileStore, bureau_id: str, notes: Sequence[VisitNoteView]) -> dict[str, bytes]:
    """Return what has arrived of the notes' drawn signatures; of a file too large to be set, its head."""
    wanted = {file.sha256 for note in notes for file in note.files if file.arrived and file.role.startswith(SIGNATURE)}
    drawn = {}
    for sha256 in sorted(wanted):
        # A file that the store lost is as good as not arrived here; fetching it by its hash tells the loss.
        with suppress(FileGone):
            data = bytearray()
            async for chunk in await files.read(bureau_id, sha256):
                data += chunk
                if len(data) > BYTES_MOST:
                    break
            drawn[sha256] = bytes(data)
    return drawn
