"""`/v1/attachments/{sha256}`: send a file by its hash, and fetch it again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, get, put
from litestar.di import NamedDependency
from litestar.exceptions import InternalServerException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, Parameter
from litestar.response import Stream

from api.db.database import Actor, Database
from api.errors import BodyTooLarge
from api.files import FileStore
from api.http.access import EVERYONE, STAFF, Allow
from api.media_type import MEDIA_TYPES, TABLE, UNKNOWN
from api.settings import Settings
from api.usecases.keep_attachment import attachment_on_record, keep_attachment
from domain.errors import InvalidInput

Sha256 = Annotated[
    str,
    Parameter(
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the file's bytes, in lower-case hexadecimal",
    ),
]


class UploadBroken(InvalidInput):
    """The upload ended before all of the file had arrived; nothing was kept, please send it again."""

    code = "upload-broken"
    zh = "上传中断，文件未完整送达，没有保存任何内容，请重新上传。"


SHOWN: Final = ("image/", "audio/")
"""What a browser may show by itself. A PDF can hold scripts: it is downloaded, as is whatever is no picture and no
sound."""
INERT: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
"""Nothing that was sent here runs, or is taken for another kind of file, whatever its bytes are."""


class KeptFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file on record."""

    sha256: Annotated[str, msgspec.Meta(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])]
    size_bytes: Annotated[int, msgspec.Meta(examples=[184320])]
    media_type: Annotated[str, msgspec.Meta(description="by content", examples=["image/jpeg"])]
    recorded_at: datetime


class AttachmentController(Controller):
    """Files that notes, readings and paper sheets name by their SHA-256."""

    path = "/v1/attachments"
    tags = ("attachments",)

    @put(
        "/{sha256:str}",
        guards=[Allow(STAFF)],
        summary="Send a file",
        name="attachment.keep",
        opt={"takes": ("*",)},
        request_max_body_size=None,
        responses={201: ResponseSpec(data_container=KeptFile, description="The file was not here before")},
    )
    async def keep(
        self,
        *,
        sha256: FromPath[Sha256],
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        files: NamedDependency[FileStore],
        settings: NamedDependency[Settings],
    ) -> Response[KeptFile]:
        """Stream the body into the store: 201 the first time, 200 when the file was here before.

        The type is told by the content, whatever Content-Type says. A body that breaks off, is too large, or has
        another hash leaves nothing behind.
        """
        limit = settings.attachment_limit_bytes
        if (request.content_length or 0) > limit:
            raise BodyTooLarge(limit_bytes=limit)
        kept = await keep_attachment(database, files, actor, sha256, _body(request), limit_bytes=limit)
        answer = KeptFile(
            sha256=kept.sha256, size_bytes=kept.size_bytes, media_type=kept.media_type, recorded_at=kept.recorded_at
        )
        return Response(answer, status_code=200 if kept.again else 201)

    @get(
        "/{sha256:str}",
        guards=[Allow(EVERYONE)],
        summary="Fetch a file",
        name="attachment.read",
        opt={"answers": [*sorted(MEDIA_TYPES), TABLE, UNKNOWN]},
    )
    async def read(
        self,
        sha256: FromPath[Sha256],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        files: NamedDependency[FileStore],
    ) -> Stream:
        """Stream the file's bytes: pictures and sounds to be shown, everything else to be saved; nothing of it runs."""
        kept = await attachment_on_record(database, actor.bureau_id, sha256)
        return Stream(
            await files.read(actor.bureau_id, sha256),
            media_type=kept.media_type,
            headers={
                "Content-Length": str(kept.size_bytes),
                "Content-Disposition": "inline" if kept.media_type.startswith(SHOWN) else "attachment",
            }
            | INERT,
        )


async def _body(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """Pass the body's chunks on. Raises `UploadBroken` when the sender is gone."""
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except InternalServerException as fault:
        # Litestar's word for a sender that went away in the middle of a body.
        raise UploadBroken from fault
