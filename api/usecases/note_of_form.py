"""What the visit note of a filled form is made of, and why a form is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from api.openrosa.audit import AUDIT_FILE
from api.openrosa.filled import Filled, media_of
from api.usecases.record_note import NamedFile, NewNote
from domain.errors import DomainError, NotFound
from domain.visit.form import Waits
from domain.visit.note import CorrectedNoteMissing, CorrectsOtherJob, form_note_id

MakeNote: TypeAlias = Callable[["FormToNote"], NewNote]
"""How a filled form becomes a note; raises `FormIsNoNote` for one that cannot."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that came with a form, already in the store."""

    name: str
    sha256: str
    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormToNote:
    """What a note is made of: the answers, the files that have come, and the job where a dispatcher named it."""

    filled: Filled
    note_id: UUID
    corrects: UUID | None
    device_id: UUID
    files: list[NamedFile]
    job_id: UUID | None = None


def form_to_note(
    bureau_id: str, filled: Filled, device_id: UUID, files: Sequence[SentFile], job_id: UUID | None = None
) -> FormToNote:
    """Return what the note of a form is made of; its id is the same however often the form is sent."""
    return FormToNote(
        filled=filled,
        note_id=form_note_id(bureau_id, filled.instance_id),
        corrects=form_note_id(bureau_id, filled.replaces) if filled.replaces else None,
        device_id=device_id,
        files=note_files(filled, files),
        job_id=job_id,
    )


def note_files(filled: Filled, files: Sequence[SentFile]) -> list[NamedFile]:
    """Return the files as a note has them, in the form's order; Collect's own log is none of them."""
    roles = {media.name: media.role for media in media_of(filled)}
    order = {name: place for place, name in enumerate(roles)}
    mine = sorted(
        (file for file in files if file.name != AUDIT_FILE), key=lambda file: order.get(file.name, len(order))
    )
    return [NamedFile(file.sha256, file.name, roles.get(file.name) or _role(file)) for file in mine]


def _role(file: SentFile) -> str:
    return {"image": "photo", "audio": "recording"}.get(file.media_type.partition("/")[0], "document")


def why_no_note(outcome: object) -> Waits:
    """Return the reason for which a note that was made of a form was not recorded."""
    reasons = {
        NotFound: Waits.NO_SUCH_JOB,
        CorrectedNoteMissing: Waits.CORRECTED_MISSING,
        CorrectsOtherJob: Waits.CORRECTS_OTHER_JOB,
    }
    if isinstance(outcome, DomainError):
        return next((reason for kind, reason in reasons.items() if isinstance(outcome, kind)), Waits.UNREADABLE)
    return Waits.NOTE_ID_USED
