"""The registers of what was kept aside: forms that are no note yet, notes under used ids, acts that did not fit."""

from __future__ import annotations

from typing import Final

from api.http.pages.admin.people import BY, RECORDED
from api.http.pages.admin.register import AdminPage, Column, Control, Register, RegisterAct, Words, words_of
from domain.trip.life import UseKind, UseState, UseVerb
from domain.values import Role
from domain.visit.form import Waits

SETTLERS: Final = frozenset({Role.DISPATCHER, Role.CUSTODIAN, Role.DESK_CHIEF})
WHY_ASIDE: Final[Words] = {
    "departed-without-permit": ("没有准许就出了车", "it departed without a permit"),
    "already-departed": ("已有一次出车记录", "a departure is on record already"),
    "already-returned": ("已有一次收车记录", "a return is on record already"),
    "not-during-trip": ("不在出车期间", "not while the trip was under way"),
    **{f"was-{state.value}": (f"当时{state.zh}", f"it was {state.en}") for state in UseState},
}
"""Why an act from the field was kept aside."""

FORMS: Final = Register(
    said=("尚未成为走访记录的表单", "Filled forms that are no note yet"),
    list="/v1/form-submissions?waiting=true",
    id="submission_id",
    note=(
        "由调度员认定属于哪个任务，即成为填写人的走访记录。",
        "The dispatcher says which job a form is of; it then is the officer’s note.",
    ),
    columns=(
        Column("officer_name", ("填写人", "Filled by")),
        Column("received_at", ("收到于", "Received"), "at"),
        Column("reason", ("原因", "Why"), "word", words_of(Waits)),
        Column("conflict", ("编号重复", "Id used twice"), "yes"),
        Column("answers", ("内容", "Answers"), "detail"),
    ),
    acts=(
        RegisterAct(
            ("认定任务", "Say which job"),
            "POST /v1/form-submissions/{id}/assign",
            (Control("job_id", ("任务", "Job"), "select", "jobs"),),
            frozenset({Role.DISPATCHER}),
            when={"conflict": False},
        ),
    ),
)
NOTES: Final = Register(
    said=("同一编号的另一份走访记录", "Notes that came under the id of another"),
    list="/v1/visit-notes/conflicts",
    id="conflict_id",
    way="/board/notes-aside/{id}",
    note=(
        "先到的一份有效，后到的另存。与填写人核对；需要更正的，由其另作一份更正记录。",
        "The first stands, the other is kept. Compare them with the officer; what is wrong is corrected by a new note.",
    ),
    columns=(
        Column("note_id", ("记录编号", "Note’s id")),
        Column("size_bytes", ("字节", "Bytes")),
        BY,
        RECORDED,
    ),
)
ACTS: Final = Register(
    said=("现场报来、与记录不符的操作", "Acts from the field that did not fit"),
    list="/v1/field-conflicts",
    id="trip_id",
    way="/board/trips/{id}",
    way_when={"kind": UseKind.TRIP},
    columns=(
        Column("verb", ("事项", "Act"), "word", words_of(UseVerb)),
        Column("why", ("原因", "Why"), "word", WHY_ASIDE),
        Column("stated_at", ("所报时间", "Stated"), "at"),
        Column("reading.odometer_m", ("里程（公里）", "Odometer (km)"), "km"),
        BY,
        RECORDED,
    ),
)

PAGES: Final = (
    AdminPage(
        key="kept-aside",
        said=("另存待核", "Kept aside"),
        roles=SETTLERS,
        registers=(FORMS, NOTES, ACTS),
    ),
)
