"""Receive filled forms: the exact bytes, the files beside them, and the visit note that one is.

All of a form is one transaction: what was answered is there whole, what a fault cut off is not there at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from api.db.database import Actor, Database, UnitOfWork
from api.db.faults import Busy, DatabaseAway
from api.db.ledger_entry import EntryRows, entry_rows, new_id
from api.db.queries.attachments import files_withheld, hold_files, last_steps
from api.db.queries.forms import known_forms, last_file_numbers
from api.db.tables.forms import FormMedia, FormSubmission
from api.db.tables.notes import Attachment, NoteAttachment
from api.folder import FilesAway
from api.gather import one_by_one
from api.ingest.fixes import UnknownDevice
from api.openrosa.filled import Filled, media_of
from api.openrosa.form import FORM_ID
from api.usecases.know_holder import holders_of_devices
from api.usecases.note_of_form import FormToNote, MakeNote, SentFile, form_to_note, note_files, why_no_note
from api.usecases.record_note import NamedFile, RecordedNote, SentNote, file_row, record_all
from domain.values import Role
from domain.visit.form import FormConflict, FormIsNoNote, Waits


@dataclass(frozen=True, slots=True, kw_only=True)
class SentForm:
    """A form as it came, from which device, and whether the client says that more of its files follow."""

    device_id: UUID
    filled: Filled
    xml: bytes
    files: tuple[SentFile, ...] = ()
    incomplete: bool = False

    @property
    def sha256(self) -> str:
        """Return the hash of its bytes."""
        return hashlib.sha256(self.xml).hexdigest()


@dataclass(frozen=True, slots=True)
class ReceivedForm:
    """A form on record: its note, or why it waits; `again` when the same bytes were there before."""

    submission_id: UUID
    note_id: UUID | None
    reason: Waits | None
    again: bool


@dataclass(slots=True)
class _Form:
    """A form while it is received."""

    sent: SentForm
    actor: Actor
    submission_id: UUID
    fresh: bool
    conflict: bool
    note_id: UUID | None
    reason: str | None
    files: list[SentFile]
    added: list[SentFile] = field(default_factory=list)
    noted_now: bool = False
    beside: list[NamedFile] = field(default_factory=list)
    """Files of the note that its body does not name: they came later, or are more than it holds."""

    @property
    def wants_note(self) -> bool:
        return not self.conflict and self.note_id is None


async def receive_forms(
    database: Database, make_note: MakeNote, bureau_id: str, sent: list[SentForm]
) -> list[ReceivedForm | Exception]:
    """Keep forms of a bureau for good, in one transaction, with the notes they are.

    The same bytes under an instanceID change nothing but for the files that are new; other bytes are kept as a
    conflict. Each has its own outcome, the fault where it is not what was sent before:
        FormConflict: another form has this instanceID.
        UnknownDevice: the device was revoked meanwhile, or its person has left.
        FilesAway: a file of it was let go at this moment, for nothing had named it; sent again, it stays.
    """
    if len(sent) > 1 and not _apart(sent):
        return await one_by_one(partial(receive_forms, database, make_note, bureau_id), sent)

    async def work(uow: UnitOfWork) -> list[_Form | None]:
        return await _receive_all(uow, make_note, sent)

    try:
        # Where the same form comes to two processes at once, the second try finds the first one's.
        forms = await database.write(Actor(bureau_id), work)
    except Exception as fault:
        # Whatever else it was, it is one form's own: the others are not told of it.
        every = isinstance(fault, DatabaseAway | Busy) and not isinstance(fault, FilesAway)
        if every or len(sent) == 1:
            raise
        return await one_by_one(partial(receive_forms, database, make_note, bureau_id), sent)
    return [_outcome(form) for form in forms]


def _outcome(form: _Form | None) -> ReceivedForm | Exception:
    if form is None:
        return UnknownDevice()
    if form.conflict:
        return FormConflict(submission_id=str(form.submission_id))
    reason = Waits(form.reason) if form.reason else None
    return ReceivedForm(form.submission_id, form.note_id, reason, again=not form.fresh)


def _apart(sent: list[SentForm]) -> bool:
    """Tell whether no form comes with itself, or with the one that it is an edit of."""
    instances = {one.filled.instance_id for one in sent}
    return len(instances) == len(sent) and not any(one.filled.replaces in instances for one in sent)


async def _receive_all(uow: UnitOfWork, make_note: MakeNote, sent: list[SentForm]) -> list[_Form | None]:
    holders = await holders_of_devices(uow, list({one.device_id for one in sent}))
    known = await known_forms(uow, [one.filled.instance_id for one in sent])
    every = [_form(one, holders.get(one.device_id), known.get(one.filled.instance_id, ())) for one in sent]
    forms = [form for form in every if form is not None]
    await _make_notes(uow, make_note, forms)
    await _keep_files(uow, forms)
    await _keep_forms(uow, forms)
    await _add_to_notes(uow, forms)
    return every


def _form(sent: SentForm, actor: Actor | None, known: Sequence[Any]) -> _Form | None:
    if actor is None:
        return None
    same = next((row for row in known if row.xml_sha256 == sent.sha256), None)
    if same is None:
        form = _Form(sent, actor, new_id(), fresh=True, conflict=bool(known), note_id=None, reason=None, files=[])
    else:
        form = _Form(
            sent,
            actor,
            same.submission_id,
            fresh=False,
            conflict=same.conflict,
            note_id=same.note_id,
            reason=same.reason,
            files=[SentFile(**media) for media in same.media],
        )
    before = {(file.name, file.sha256) for file in form.files}
    came = {(file.name, file.sha256): file for file in sent.files}
    form.added = [file for key, file in came.items() if key not in before]
    form.files += form.added
    return form


async def _make_notes(uow: UnitOfWork, make_note: MakeNote, forms: list[_Form]) -> None:
    """Record the notes that the forms are, or say of each why it is none."""
    notes: list[tuple[_Form, SentNote]] = []
    for form in forms:
        if not form.wants_note:
            continue
        try:
            new = make_note(_to_note(uow.bureau_id, form))
            notes.append((form, SentNote(form.actor, new)))
        except FormIsNoNote as fault:
            form.reason = fault.reason.value
    outcomes = await record_all(uow, [note for _, note in notes]) if notes else []
    for (form, note), outcome in zip(notes, outcomes, strict=True):
        if isinstance(outcome, RecordedNote):
            form.note_id, form.reason, form.noted_now = outcome.row.note_id, None, True
            named = {file.sha256 for file in note.new.files}
            every = note_files(form.sent.filled, form.files)
            form.beside = [file for file in every if file.sha256 not in named]
        else:
            form.reason = why_no_note(outcome).value


def _to_note(bureau_id: str, form: _Form) -> FormToNote:
    sent = form.sent
    if sent.filled.form_id != FORM_ID:
        raise FormIsNoNote(Waits.UNKNOWN_FORM)
    if Role.OFFICER not in form.actor.roles:
        raise FormIsNoNote(Waits.NOT_AN_OFFICER)
    if sent.incomplete and not {media.name for media in media_of(sent.filled)} <= {file.name for file in form.files}:
        raise FormIsNoNote(Waits.FILES_MISSING)
    return form_to_note(bureau_id, sent.filled, sent.device_id, form.files)


async def _keep_files(uow: UnitOfWork, forms: list[_Form]) -> None:
    """Enter that files have come; one that is on record is not entered again. Raises `FilesAway`: one just went."""
    came = {file.sha256: (file, form.actor) for form in reversed(forms) for file in form.added}
    # One that was erased stays on record, and is taken out of the store again.
    known = await hold_files(uow, came) | await files_withheld(uow, came)
    retired = await last_steps(uow, came.keys() - known)
    entries: list[EntryRows] = []
    rows: list[dict[str, Any]] = []
    for sha256, (file, actor) in sorted(came.items()):
        if sha256 in known:
            continue
        if sha256 in retired:
            # Its time was over after it was put: it may be out of the store by now.
            raise FilesAway
        facts: dict[str, Any] = {"sha256": sha256, "size_bytes": file.size_bytes, "media_type": file.media_type}
        entries.append(
            entry_rows(
                uow.bureau_id,
                "attachment-kept",
                now=uow.now,
                actor_id=actor.person_id,
                facts=facts,
                person=None,
                place=None,
                previous=None,
            )
        )
        rows.append(
            {
                "bureau_id": uow.bureau_id,
                **facts,
                "actor_id": actor.person_id,
                "recorded_at": uow.now,
                "entry_id": entries[-1].entry_id,
            }
        )
    await uow.enter_together(entries)
    await uow.insert_together(Attachment, rows)


async def _keep_forms(uow: UnitOfWork, forms: list[_Form]) -> None:
    """Write what is new of each form: itself, files that came later, the note that was made later."""
    entries: list[EntryRows] = []
    submissions: list[dict[str, Any]] = []
    media: list[dict[str, Any]] = []
    for form in sorted(forms, key=lambda one: one.submission_id):
        if not (form.fresh or form.added):
            continue
        entries.append(_entry(uow, form))
        entry_id = entries[-1].entry_id
        if form.fresh:
            submissions.append(_submission(uow, form, entry_id))
        media += [
            {
                "bureau_id": uow.bureau_id,
                "submission_id": form.submission_id,
                "name": file.name,
                "sha256": file.sha256,
                "received_at": uow.now,
                "entry_id": entry_id,
            }
            for file in form.added
        ]
    await uow.enter_together(entries)
    await uow.insert_together(FormSubmission, submissions)
    await uow.insert_together(FormMedia, media)
    for form in forms:
        if not form.fresh and (form.noted_now or (form.added and form.wants_note)):
            await uow.update(FormSubmission, form.submission_id, note_id=form.note_id, reason=form.reason)


def _entry(uow: UnitOfWork, form: _Form) -> EntryRows:
    kind = "form-conflict" if form.conflict else "form-received"
    return entry_rows(
        uow.bureau_id,
        kind if form.fresh else "form-files-received",
        now=uow.now,
        actor_id=form.actor.person_id,
        facts={
            "submission_id": form.submission_id,
            "device_id": form.sent.device_id,
            "note_id": form.note_id,
            "reason": form.reason,
            "files": [file.sha256 for file in form.added],
        },
        person={"instance_id": form.sent.filled.instance_id, "xml_sha256": form.sent.sha256},
        place=None,
        previous=None,
    )


def _submission(uow: UnitOfWork, form: _Form, entry_id: UUID) -> dict[str, Any]:
    return {
        "bureau_id": uow.bureau_id,
        "submission_id": form.submission_id,
        "instance_id": form.sent.filled.instance_id,
        "device_id": form.sent.device_id,
        "officer_id": form.actor.who,
        "form_version": form.sent.filled.version,
        "xml": form.sent.xml,
        "xml_sha256": form.sent.sha256,
        "conflict": form.conflict,
        "note_id": form.note_id,
        "reason": form.reason,
        "received_at": uow.now,
        "entry_id": entry_id,
    }


async def _add_to_notes(uow: UnitOfWork, forms: list[_Form]) -> None:
    for form in forms:
        if form.note_id is not None and not form.noted_now:
            form.beside = note_files(form.sent.filled, form.added)
    await add_beside(uow, {form.note_id: form.beside for form in forms if form.note_id is not None and form.beside})


async def add_beside(uow: UnitOfWork, beside: Mapping[UUID, Sequence[NamedFile]]) -> None:
    """Give notes the files that their bodies do not name."""
    last = await last_file_numbers(uow, list(beside)) if beside else {}
    rows = [
        file_row(uow.bureau_id, note_id, last.get(note_id, 0) + place, file)
        for note_id, files in beside.items()
        for place, file in enumerate(files, start=1)
    ]
    await uow.insert_together(NoteAttachment, rows)
