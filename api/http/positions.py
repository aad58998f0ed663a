"""`/v1/positions` and `/in/osmand`: where devices send their fixes, known by their token alone."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

from litestar import Request, Response, get, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.dto import AbstractDTO, DTOFieldDefinition
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.spec import Reference, Schema
from litestar.params import JSONBody
from litestar.typing import FieldDefinition

from api.headers import bearer
from api.http.access import by_device_token
from api.ingest.door import POSITIONS, Door
from api.ingest.entry import Outcome
from api.ingest.fixes import Fixes, Received, decode_fixes

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator


OSMAND: Final = {
    "id": "the device's token; also `deviceid`",
    "lat": "degrees, WGS-84; without a place the message is a heartbeat",
    "lon": "degrees, WGS-84",
    "timestamp": "seconds or milliseconds since 1970, ISO 8601, or `yyyy-MM-dd HH:mm:ss`; now without it",
    "accuracy": "metres",
    "altitude": "metres",
    "speed": "knots",
    "bearing": "degrees; also `heading`",
    "valid": "`false` where it is no fix",
    "mock": "`true` where an app made it up",
}
"""What is read of a message; anything else is kept with the fix (docs/positions.md)."""


async def enrolled(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse who is no device before anything of the body is read. Raises `UnknownDevice`."""
    door: Door = connection.app.state.door
    await door.device(bearer(connection.scope))


class FixByFix(AbstractDTO[Fixes]):
    """Reads a body so that one bad fix harms no other; the document shows it as `Fixes` all the same."""

    @classmethod
    def create_for_field_definition(cls, *_: Any, **__: Any) -> None:
        """Make nothing: there is no transfer model."""

    @classmethod
    def generate_field_definitions(cls, _: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        """Yield nothing: there is no transfer model."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, _: FieldDefinition) -> bool:
        """Return False: there is no transfer model."""
        return False

    @classmethod
    def create_openapi_schema(
        cls,
        field_definition: FieldDefinition,  # noqa: ARG003 - Litestar passes it by name
        handler_id: str,  # noqa: ARG003 - the same
        schema_creator: SchemaCreator,
    ) -> Reference | Schema:
        """Return the schema of `Fixes`."""
        return schema_creator.for_field_definition(FieldDefinition.from_annotation(Fixes))

    def decode_bytes(self, value: bytes) -> Received:
        """Decode fix by fix. Raises `BadFixes`."""
        return decode_fixes(value)


@post(
    POSITIONS,
    guards=[by_device_token, enrolled],
    status_code=200,
    name="positions.send",
    tags=["positions"],
    summary="Send 1 to 1,000 fixes of a device",
    dto=FixByFix,
    return_dto=None,
)
async def send_positions(
    data: JSONBody[Received], request: Request[Any, Any, Any], door: NamedDependency[Door]
) -> Outcome:
    """Store the fixes of the device whose token is the Bearer, durably, before the answer.

    What comes twice is counted and stored once. A fix that can never count is named by its index and kept aside;
    it need not be sent again.
    """
    return await door.writer.put(await door.device(bearer(request.scope)), data)


@get(
    "/in/osmand",
    guards=[by_device_token],
    name="osmand.query",
    tags=["positions"],
    summary="Send one position as OsmAnd and Traccar Client do, in the query",
    media_type="text/plain",
    opt={"reads": OSMAND},
)
async def osmand_query(request: Request[Any, Any, Any], door: NamedDependency[Door]) -> Response[bytes]:
    """Store the position of the device whose token is `id`."""
    await door.osmand(request.scope["query_string"], b"")
    return Response(b"", media_type="text/plain")


@post(
    "/in/osmand",
    guards=[by_device_token],
    status_code=200,
    name="osmand.form",
    tags=["positions"],
    summary="Send one position as OsmAnd and Traccar Client do, in the query, in a form, or in both",
    media_type="text/plain",
    opt={"takes": ("application/x-www-form-urlencoded", ""), "reads": OSMAND},
)
async def osmand_form(request: Request[Any, Any, Any], door: NamedDependency[Door]) -> Response[bytes]:
    """Store the position of the device whose token is `id`."""
    await door.osmand(request.scope["query_string"], await request.body())
    return Response(b"", media_type="text/plain")
