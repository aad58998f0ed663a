"""`/v1/form-submissions`: filled forms as they came from ODK Collect, and what waits for a dispatcher among them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api.db.database import Actor, Database
from api.db.queries.attachments import files_withheld
from api.db.queries.forms import form_view, forms_page
from api.files import FileStore
from api.http.access import Allow
from api.http.form_notes import note_of_form
from api.http.paging import After, Limit, Page, instant_cursor, parse_instant_cursor
from api.http.visit_notes import READS_NOTES
from api.openrosa.audit import AUDIT_BYTES, AUDIT_FILE, read_audit
from api.openrosa.filled import media_of, read_filled
from api.usecases.assign_form import assign_form
from domain.erasure import PersonalDataWithheld
from domain.values import Role
from domain.visit.form import Waits


class FormFileView(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came with the form."""

    name: str
    sha256: str
    media_type: str | None
    size_bytes: int | None


class FilledFormView(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it came: its answers by name, its files, those it names that have not come, and its note."""

    submission_id: UUID
    instance_id: str
    form_id: str
    form_version: str | None
    device_id: UUID
    officer_id: UUID
    officer_name: str
    received_at: datetime
    conflict: Annotated[bool, msgspec.Meta(description="another form has this instanceID")]
    note_id: UUID | None
    reason: Annotated[Waits | None, msgspec.Meta(description="why there is no note of it")]
    answers: dict[str, list[str]]
    files: list[FormFileView]
    missing: list[str]
    xml_sha256: str


class FormLogRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of Collect's own log: what was done, at which question, when; `more` has the columns beside."""

    event: str
    node: str
    start_at: datetime | None
    end_at: datetime | None
    more: dict[str, str]


class AssignForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The job that the visit was for."""

    job_id: UUID


class AssignedForm(msgspec.Struct, frozen=True, kw_only=True):
    """The visit note that the form is from now on."""

    note_id: UUID


class FilledFormController(Controller):
    """Filled forms from ODK Collect."""

    path = "/v1/form-submissions"
    tags = ("forms",)

    @get(guards=[READS_NOTES], summary="Filled forms", name="forms.list")
    async def forms(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        waiting: FromQuery[bool] = False,
        note_id: FromQuery[UUID | None] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[FilledFormView]:
        """List filled forms, the last received first; `waiting`: those that are no note, conflicts too."""
        async with database.read(actor.bureau_id) as reader:
            rows = await forms_page(
                reader, waiting=waiting, note_id=note_id, after=parse_instant_cursor(after), limit=limit + 1
            )
        items = [_form_of(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=items, next=instant_cursor(items[-1].received_at, items[-1].submission_id) if more else None)

    @get("/{submission_id:uuid}", guards=[READS_NOTES], summary="One filled form", name="forms.get")
    async def form(
        self, submission_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> FilledFormView:
        """Return a filled form."""
        async with database.read(actor.bureau_id) as reader:
            return _form_of(await form_view(reader, submission_id))

    @get(
        "/{submission_id:uuid}/raw",
        guards=[READS_NOTES],
        summary="A filled form's bytes",
        name="forms.raw",
        media_type="text/xml",
        opt={"answers": ["text/xml"]},
    )
    async def raw(
        self, submission_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> Response[bytes]:
        """Return the XML exactly as Collect sent it."""
        async with database.read(actor.bureau_id) as reader:
            row = await form_view(reader, submission_id)
        xml = bytes(row.xml)
        if hashlib.sha256(xml).hexdigest() != row.xml_sha256:
            raise PersonalDataWithheld
        return Response(
            xml,
            media_type="text/xml",
            headers={
                "ETag": f'"{row.xml_sha256}"',
                "X-Content-Type-Options": "nosniff",
                "Content-Disposition": "attachment",
            },
        )

    @get("/{submission_id:uuid}/log", guards=[READS_NOTES], summary="How a form was filled", name="forms.log")
    async def log(
        self,
        submission_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        files: NamedDependency[FileStore],
    ) -> list[FormLogRow]:
        """Return Collect's own log of the filling, `audit.csv`, as far as it can be read; nothing where none came."""
        async with database.read(actor.bureau_id) as reader:
            row = await form_view(reader, submission_id)
            sha256 = next((file["sha256"] for file in row.media if file["name"] == AUDIT_FILE), None)
            if sha256 is None:
                return []
            if await files_withheld(reader, [sha256]):
                raise PersonalDataWithheld(sha256=sha256)
        data = bytearray()
        async for chunk in await files.read(actor.bureau_id, sha256):
            data += chunk
            if len(data) > AUDIT_BYTES:
                break
        return [
            FormLogRow(event=one.event, node=one.node, start_at=one.start_at, end_at=one.end_at, more=one.more)
            for one in read_audit(bytes(data[:AUDIT_BYTES]))
        ]

    @post(
        "/{submission_id:uuid}/assign",
        guards=[Allow(Role.DISPATCHER)],
        status_code=201,
        summary="Say which job a form is of",
        name="forms.assign",
    )
    async def assign(
        self,
        submission_id: FromPath[UUID],
        data: JSONBody[AssignForm],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> AssignedForm:
        """Make the visit note of a form that waits: the officer's, of this job; the entry names the dispatcher."""
        return AssignedForm(note_id=await assign_form(database, note_of_form, actor, submission_id, data.job_id))


def _form_of(row: Any) -> FilledFormView:
    filled = read_filled(bytes(row.xml))
    came = {file["name"] for file in row.media}
    return FilledFormView(
        submission_id=row.submission_id,
        instance_id=row.instance_id,
        form_id=filled.form_id,
        form_version=row.form_version,
        device_id=row.device_id,
        officer_id=row.officer_id,
        officer_name=row.officer_name,
        received_at=row.received_at,
        conflict=row.conflict,
        note_id=row.note_id,
        reason=Waits(row.reason) if row.reason else None,
        answers=filled.answers,
        files=[FormFileView(**file) for file in row.media],
        missing=[media.name for media in media_of(filled) if media.name not in came],
        xml_sha256=row.xml_sha256,
    )
