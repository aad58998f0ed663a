"""A submission while it streams in: the form's XML is read, its files go to the store as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.exceptions import InternalServerException

from api.db.database import Database
from api.errors import BodyTooSlow
from api.files import FileStore
from api.openrosa.filled import Filled, read_filled
from api.openrosa.upload import (
    ACCEPTS_BYTES,
    FIELD_BYTES,
    INCOMPLETE,
    XML_BYTES,
    XML_PART,
    FilledFormTooLarge,
    Part,
    UploadUnreadable,
    file_name,
    read_parts,
)
from api.settings import Settings
from api.usecases.keep_attachment import keep_retired
from api.usecases.note_of_form import SentFile
from api.usecases.receive_form import SentForm
from domain.errors import DomainError


@dataclass(frozen=True, slots=True)
class Phone:
    """A device whose token is good, and where below its server's address it asks: `/openrosa`, or with the token."""

    bureau_id: str
    device_id: UUID
    path: str


@asynccontextmanager
async def drained(request: Request[Any, Any, Any]) -> AsyncIterator[None]:
    """Read on, and forget, what comes of a body that a fault ends: a client that still sends reads no answer."""
    try:
        yield
    except DomainError:
        if request.method == "POST":
            with suppress(UploadUnreadable, BodyTooSlow):
                await _forget_body(request)
        raise


async def _forget_body(request: Request[Any, Any, Any]) -> None:
    read = 0
    async for chunk in _body(request):
        read += len(chunk)
        if read > ACCEPTS_BYTES:
            return


async def read_upload(
    request: Request[Any, Any, Any], phone: Phone, database: Database, files: FileStore, settings: Settings
) -> SentForm:
    """Read a submission; its files are in the store when this returns, and only there.

    Raises:
        UploadUnreadable: it is no multipart form data with a form in it, or broke off.
        FilledFormUnreadable: the form is no XML.
        InstanceIdMissing: nothing tells which form it is.
        FilledFormTooLarge: the form without its files is beyond its limit.
        BodyTooLarge: a file is beyond its limit.
        FilesAway: a file was dropped at the same moment, for nothing had named it; sent again, it stays.
    """
    form: tuple[bytes, Filled] | None = None
    sent: list[SentFile] = []
    incomplete = False
    parts = read_parts(_body(request), request.headers.get("content-type", ""))
    async for part in parts:
        if not isinstance(part, Part):
            raise UploadUnreadable
        if part.field == XML_PART:
            if form is not None:
                raise UploadUnreadable
            xml = await _held(parts, XML_BYTES, FilledFormTooLarge)
            form = xml, read_filled(xml)
        elif part.filename is None:
            value = await _held(parts, FIELD_BYTES, UploadUnreadable)
            incomplete = incomplete or (part.field == INCOMPLETE and value.strip() == b"yes")
        else:
            name = file_name(part.filename or part.field)
            taken = await files.take(phone.bureau_id, name, _data(parts), limit_bytes=settings.attachment_limit_bytes)
            await keep_retired(database, files, phone.bureau_id, phone.device_id, taken.sha256)
            sent.append(SentFile(name, taken.sha256, taken.size_bytes, taken.media_type))
    if form is None:
        raise UploadUnreadable
    return SentForm(device_id=phone.device_id, filled=form[1], xml=form[0], files=tuple(sent), incomplete=incomplete)


async def _data(parts: AsyncIterator[Part | bytes | None]) -> AsyncIterator[bytes]:
    """Yield the bytes of the part that has begun."""
    async for piece in parts:
        if not isinstance(piece, bytes | bytearray):
            return
        yield bytes(piece)


async def _held(parts: AsyncIterator[Part | bytes | None], limit_bytes: int, fault: type[DomainError]) -> bytes:
    held = bytearray()
    async for chunk in _data(parts):
        held += chunk
        if len(held) > limit_bytes:
            raise fault(limit_bytes=limit_bytes)
    return bytes(held)


async def _body(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """Pass the body's chunks on. Raises `UploadUnreadable` when the sender is gone."""
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except InternalServerException as fault:
        # Litestar's word for a sender that went away in the middle of a body.
        raise UploadUnreadable from fault
