"""A filled form that is to be a visit note: why one waits for the dispatcher."""

from __future__ import annotations

from domain.errors import StateConflict
from domain.values import Named


class Waits(Named):
    """Why there is no note of a form: it is kept and shown, never refused."""

    UNKNOWN_FORM = "unknown-form", "不是走访记录表单。", "It is not the visit-note form."
    NOT_AN_OFFICER = "not-an-officer", "填写人不是执法人员。", "Who filled it is not an officer."
    NO_JOB = "no-job", "没有选择任务。", "No job was chosen."
    NO_SUCH_JOB = "no-such-job", "所选任务不存在。", "The chosen job is not there."
    FILES_MISSING = "files-missing", "附件尚未全部送达。", "Its files have not all come yet."
    UNREADABLE = "unreadable", "填写内容无法作为走访记录读取。", "Its answers cannot be read as a visit note."
    CORRECTED_MISSING = "corrected-missing", "被更正的记录尚未收到。", "The note that it corrects is not here."
    CORRECTS_OTHER_JOB = (
        "corrects-other-job",
        "被更正的记录属于其他任务。",
        "The note that it corrects is of another job.",
    )
    NOTE_ID_USED = "note-id-used", "记录编号已被使用。", "The note's id is in use."


class FormIsNoNote(StateConflict):
    """This form cannot become a visit note; `reason` says why."""

    code = "form-no-note"
    zh = "该表单不能成为走访记录，理由见 reason。"

    def __init__(self, reason: Waits) -> None:
        super().__init__(None, reason=reason.value)
        self.reason = reason


class FormHasNote(StateConflict):
    """A visit note was made of this form before."""

    code = "form-has-note"
    zh = "该表单已成为走访记录。"


class FormConflict(StateConflict):
    """This form was sent before with other answers: what came now is kept aside for a person to look at."""

    code = "form-conflict"
    zh = "该表单此前已送达，内容不同，本次内容已另行保存，等待人工核对。"
