"""What follows from a visit note for its job, and which note a correction may name."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from uuid import UUID

from domain.complaint.words import VisitResult
from domain.errors import InvalidInput, StateConflict
from domain.values import Named

UUID_V7 = 7
UUID_V8 = 8
FORM = "odk"
"""The source of a note made of a filled form: its id is not the phone's, but made of the form's."""


class Presence(Named):
    """As what somebody was at the site."""

    COMPLAINANT = "complainant", "投诉人", "complainant"
    RESPONDENT = "respondent", "被投诉人", "respondent"
    MEDIATOR = "mediator", "调解人员", "mediator"
    WITNESS = "witness", "见证人", "witness"
    EXPERT = "expert", "专家", "expert"
    OTHER = "other", "其他", "other"


class NoteIdNotV7(InvalidInput):
    """A note's id is a UUIDv7 (RFC 9562), made by the device that wrote the note."""

    code = "note-id-not-v7"
    zh = "走访记录编号须为设备生成的 UUIDv7（RFC 9562）。"


class NoteIdUsed(StateConflict):
    """Another note has this id: what was sent now is kept aside for a person to look at."""

    code = "note-id-used"
    zh = "该编号已有内容不同的走访记录，本次内容已另行保存，等待人工核对。"


class CorrectedNoteMissing(StateConflict):
    """The note that this one corrects is not here yet: send that one first, then this one again."""

    code = "corrected-note-missing"
    zh = "被更正的走访记录尚未收到，请先发送该记录，再重新发送本记录。"


class CorrectsOtherJob(InvalidInput):
    """A correction is of a note of the same job."""

    code = "corrects-other-job"
    zh = "更正只能针对同一任务的走访记录。"


class JobStep(StrEnum):
    """What a note asks of its job."""

    FINISH = "finish"
    """the visit is done"""
    NEW_WINDOW = "new-window"
    """the visit must be made another time"""
    NONE = "none"
    """the job is not open any more"""


def checked_note_id(note_id: UUID, source: str) -> UUID:
    """Return the id if it is one that the note's source makes. Raises `NoteIdNotV7`."""
    if note_id.version != (UUID_V8 if source == FORM else UUID_V7):
        raise NoteIdNotV7(note_id=str(note_id))
    return note_id


def form_note_id(bureau_id: str, instance_id: str) -> UUID:
    """Return the id of the note made of a filled form: a UUIDv8 (RFC 9562 §5.8), the same however often it is sent."""
    digest = bytearray(hashlib.sha256(f"{bureau_id}\0{instance_id}".encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | UUID_V8 << 4
    digest[8] = digest[8] & 0x3F | 0x80
    return UUID(bytes=bytes(digest))


def step_after(result: VisitResult, *, job_open: bool) -> JobStep:
    """Return what a note with this result asks of its job: only `done` finishes it."""
    if not job_open:
        return JobStep.NONE
    return JobStep.FINISH if result is VisitResult.DONE else JobStep.NEW_WINDOW
