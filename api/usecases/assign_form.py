"""Say which job a filled form is of that waits: then it is the visit note of the officer who filled it."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import select

from api.db.database import Actor, Database, UnitOfWork
from api.db.queries.forms import form_view
from api.db.queries.people import roles_of
from api.db.tables.forms import FormSubmission
from api.openrosa.filled import read_filled
from api.openrosa.form import FORM_ID
from api.usecases.note_of_form import MakeNote, SentFile, form_to_note, why_no_note
from api.usecases.receive_form import add_beside
from api.usecases.record_note import RecordedNote, SentNote, record_all
from domain.errors import NotFound
from domain.values import Role
from domain.visit.form import FormConflict, FormHasNote, FormIsNoNote, Waits


async def assign_form(database: Database, make_note: MakeNote, actor: Actor, submission_id: UUID, job_id: UUID) -> UUID:
    """Record the note of a form that waits, as one of this job, and return its id; who said so is in its entry.

    Raises:
        NotFound: there is no such form or job.
        FormHasNote: it is a note already.
        FormConflict: it came under an instanceID that another form has.
        FormIsNoNote: it is another form, not an officer's, or its answers are not such as a note has.
    """

    async def work(uow: UnitOfWork) -> UUID:
        # Held until the transaction ends, so that two dispatchers make one note of it.
        await uow.one(
            select(FormSubmission.submission_id)
            .where(FormSubmission.bureau_id == uow.bureau_id, FormSubmission.submission_id == submission_id)
            .with_for_update()
        )
        row = await form_view(uow, submission_id)
        if row.note_id is not None:
            raise FormHasNote(note_id=str(row.note_id))
        if row.conflict:
            raise FormConflict(submission_id=str(submission_id))
        filled = read_filled(bytes(row.xml))
        if filled.form_id != FORM_ID:
            raise FormIsNoNote(Waits.UNKNOWN_FORM)
        if Role.OFFICER not in await roles_of(uow, row.officer_id):
            raise FormIsNoNote(Waits.NOT_AN_OFFICER)
        files = [SentFile(**file) for file in row.media]
        form = form_to_note(uow.bureau_id, filled, row.device_id, files, job_id)
        new = make_note(form)
        officer = Actor(uow.bureau_id, row.officer_id)
        (outcome,) = await record_all(uow, [SentNote(officer, new, entered_by=actor.who)])
        if isinstance(outcome, NotFound):
            raise outcome
        if not isinstance(outcome, RecordedNote):
            raise FormIsNoNote(why_no_note(outcome))
        await uow.update(FormSubmission, submission_id, note_id=new.note_id, reason=None)
        named = {file.sha256 for file in new.files}
        beside = [file for file in form.files if file.sha256 not in named]
        await add_beside(uow, {new.note_id: beside} if beside else {})
        return new.note_id

    return await database.write(actor, work)
