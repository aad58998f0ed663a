"""`/v1/positions` and the doors of phones: where devices send their fixes, known by their token alone."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Final

from litestar import Request, Response, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.dto import AbstractDTO, DTOFieldDefinition
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.spec import Reference, Schema
from litestar.params import JSONBody
from litestar.typing import FieldDefinition

from api.errors import NoSuchAddress
from api.headers import bearer
from api.http.access import by_device_token
from api.ingest.door import POSITIONS, ROOT, Door, sent_of, takes
from api.ingest.entry import Outcome
from api.ingest.fixes import Fixes, Received, decode_fixes
from api.ingest.protocol import FORM, JSON

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
"""What is read of a message of OsmAnd's; anything else is kept with the fix (docs/protocols.md)."""
GPSLOGGER: Final = {
    "lat": "degrees, WGS-84",
    "lon": "degrees, WGS-84",
    "timestamp": "seconds or milliseconds since 1970; also `time`, `timeoffset`",
    "spd": "metres a second",
    "spd_kph": "kilometres an hour",
    "acc": "metres",
    "alt": "metres",
    "dir": "degrees",
}
"""The names of GPSLogger's placeholders that have a field."""


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


async def take_phone(request: Request[Any, Any, Any], door: NamedDependency[Door]) -> Response[bytes]:
    """Store what the device sent whose token stands anywhere in the request; the shape is told by its content.

    Whatever the shape, a point that can never count is acknowledged and kept aside. A token that is nobody's is
    answered as the client of that shape expects: 400 for OsmAnd's, 404 for Traccar's JSON, 401 for the others.
    """
    sent = sent_of(request.scope, dict(request.scope["headers"]), await request.body())
    if not takes(request.scope, sent):
        raise NoSuchAddress
    reply = await door.phone(sent)
    return Response(reply.body, media_type=reply.media_type)


PHONE_DOORS: Final = {
    "any": ("/in/{token:str}", "Send positions as any of the phones' clients does; the token is in the address"),
    "root": (ROOT, "Send positions as a client does whose user can type a server and no path"),
    "osmand": ("/in/osmand", "Send a position as OsmAnd and Traccar Client do"),
    "owntracks": ("/in/owntracks", "Send a message as OwnTracks does in HTTP mode"),
    "overland": ("/in/overland", "Send a batch as Overland does"),
    "gpslogger": ("/in/gpslogger", "Send a position as GPSLogger does to a custom URL"),
}
EXAMPLES: Final[dict[str, Any]] = {
    "osmand": {
        "device_id": "350302-0000-0000-0000-0000",
        "location": {
            "timestamp": "2026-11-23T01:00:00.000Z",
            "coords": {"latitude": 25.4337, "longitude": 119.001, "accuracy": 5, "speed": 8.5, "heading": 90},
        },
    },
    "owntracks": {"_type": "location", "lat": 25.4337, "lon": 119.001, "tst": 1795395600, "acc": 5, "vel": 31},
    "overland": {
        "locations": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [119.001, 25.4337]},
                "properties": {"timestamp": "2026-11-23T01:00:00Z", "horizontal_accuracy": 5, "speed": 8},
            }
        ]
    },
}
"""A body of a client that sends JSON, by the name of the door; the same is taken at any of them."""
READS: Final = {"any": OSMAND, "root": OSMAND, "osmand": OSMAND, "gpslogger": GPSLOGGER}
"""What is read of a query or a form, by the name of the door."""


def _phone_handlers() -> Iterator[HTTPRouteHandler]:
    """Yield a GET and a POST for each address, all of them the same behind it."""
    for name, (path, summary) in PHONE_DOORS.items():
        for method in ("GET", "POST"):
            example = EXAMPLES.get(name, EXAMPLES["osmand"])
            takes_body = {"takes": (JSON, FORM, "", "*"), "example": example} if method == "POST" else {}
            yield HTTPRouteHandler(
                path,
                http_method=method,
                guards=[by_device_token],
                status_code=200,
                name=f"phones.{name}.{method.lower()}",
                operation_id=f"phones-{name}-{method.lower()}",
                tags=["positions"],
                summary=summary,
                media_type="text/plain",
                opt={"reads": READS.get(name, {}), "answers": ("text/plain", JSON)} | takes_body,
            )(take_phone)


phone_handlers: Final = tuple(_phone_handlers())
