"""The OpenAPI document: what every operation has in common is said here once, not beside each handler.

Each operation tells the problems it may answer, the credentials it needs, and an example of its body.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from litestar import Litestar, Request, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.openapi.spec import (
    Components,
    Example,
    OpenAPI,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
    SecurityScheme,
    Tag,
)
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.openapi.spec.responses import Responses
from litestar.static_files import create_static_files_router

from api.errors import PROBLEM_JSON
from api.http.access import by_device_token, public, readable_under_mandate
from api.http.requests import BUREAU_HEADER

SCHEMA_PATH: Final = "/schema"
STATIC: Final = Path(__file__).parent / "static" / "swagger-ui"
_ASSETS: Final = f"{SCHEMA_PATH}/viewer"

_PARTS: Final = {
    "session": "Sign in and out, and who one is.",
    "complaints": "投诉: register, act, search, print.",
    "jobs": "现场调解任务: the visits a complaint asks for.",
    "places": "Find an address.",
    "site-decisions": "The custodian places a site inside or outside.",
    "calendar": "Holidays and make-up days that terms are counted by.",
    "trips": "出车: from request to close, and the dispatch order.",
    "refusals": "What was refused or asked in vain, and what did not fit.",
    "upkeep": "维保单: the only movement without a complaint.",
    "readings": "里程读数 of the odometer.",
    "positions": "定位点, sent by devices.",
    "visit-notes": "现场走访记录, as sent by phones.",
    "forms": "ODK Collect: forms to fill, and what was filled.",
    "attachments": "Files by their SHA-256.",
    "findings": "异常: explained by the custodian, ruled on by the auditor.",
    "ledger": "账本: the entry a fact left, with all it takes to check it.",
    "lots": "抽签: call-backs drawn by lot, and who acts together how often.",
    "vehicles": "Vehicles with their papers, dedication, free slots and log.",
    "live": "What happens, as it happens, for pages that are open.",
    "field": "What an officer's phone takes along and seals.",
    "signatures": "What phones sign: their keys, and acts in a chain.",
    "notices": "通知: who is told of what, by push or webhook, and what was sent.",
    "devices": "Phones and terminals that send positions.",
    "people": "People, units, roles, qualifications, delegations, roster.",
    "settings": "What a bureau sets, between bounds.",
    "operations": "Whether the service is well.",
}
"""The parts of the API in the order of a day's work, in which the viewer shows them."""

_EXAMPLE_BY_FORMAT: Final[dict[str, Any]] = {
    OpenAPIFormat.UUID: "01932b3c-7d5e-7a10-8c4f-0a1b2c3d4e5f",
    OpenAPIFormat.DATE_TIME: "2026-11-24T09:30:00+08:00",
    OpenAPIFormat.DATE: "2026-11-24",
}
"""What a value of such a format looks like, where the field names no example of its own."""


def openapi_config() -> OpenAPIConfig:
    """Return Litestar's configuration of the document and of its viewer, which needs no CDN."""
    return OpenAPIConfig(
        title="Zhuanche 专车",
        version=version("zhuanche"),
        summary="Every kilometre answers to a complaint.",
        description=(
            "The backend of a consumer-complaint desk's dedicated vehicle. Faults are problem details (RFC 9457) with"
            " a stable `code`; sentences follow Accept-Language (zh-CN or en). A POST with an `Idempotency-Key` is"
            " carried out once, however often it is sent."
        ),
        tags=[Tag(name=name, description=words) for name, words in _PARTS.items()],
        openapi_router=Router(
            SCHEMA_PATH, route_handlers=[], guards=[public], include_in_schema=False, before_request=_make_document
        ),
        render_plugins=[
            SwaggerRenderPlugin(
                js_url=f"{_ASSETS}/swagger-ui-bundle.js",
                css_url=f"{_ASSETS}/swagger-ui.css",
                standalone_preset_js_url=f"{_ASSETS}/swagger-ui-standalone-preset.js",
                favicon="",
                path="/",
            )
        ],
        components=Components(
            schemas={"Problem": _problem_schema()},
            security_schemes={
                "session": SecurityScheme(
                    type="http", scheme="bearer", description="the token that POST /v1/session answers"
                ),
                "device": SecurityScheme(
                    type="http", scheme="bearer", description="the token a device was given when it was enrolled"
                ),
            },
        ),
        use_handler_docstrings=True,
    )


def viewer_assets() -> Router:
    """Return the files of the viewer."""
    return create_static_files_router(path=_ASSETS, directories=[STATIC], guards=[public], include_in_schema=False)


def document_of(app: Litestar) -> OpenAPI:
    """Return an application's document, made when first asked for: half of what an application's start would cost."""
    document = app.openapi_schema
    schemas: dict[str, Schema] = (document.components.schemas or {}) if document.components else {}
    if "Problem" not in schemas:
        schemas["Problem"] = _problem_schema()
        _complete(app, schemas)
    return document


async def _make_document(request: Request[Any, Any, Any]) -> None:
    document_of(request.app)


def _complete(app: Litestar, schemas: dict[str, Schema]) -> None:
    """Add to every operation what all operations have in common."""
    for handler, operation in _operations(app):
        guards = handler.guards or ()
        if public in guards:
            operation.security = []
        else:
            operation.security = [{"device" if by_device_token in guards else "session": []}]
        if readable_under_mandate(handler, next(iter(handler.http_methods))):
            operation.parameters = [*(operation.parameters or ()), _visited_bureau()]
        _tell_what_is_read_raw(handler, operation)
        responses = operation.responses if operation.responses is not None else {}
        responses.pop("400", None)
        _tell_contents(handler, responses)
        for status in _problem_statuses(handler, operation):
            responses.setdefault(str(int(status)), _problem_response(status, handler.opt.get("faults", PROBLEM_JSON)))
        operation.responses = responses
        if isinstance(operation.request_body, RequestBody):
            _add_example(operation.request_body, schemas)


def _operations(app: Litestar) -> Iterator[tuple[HTTPRouteHandler, Operation]]:
    paths = app.openapi_schema.paths or {}
    for route in app.routes:
        item = paths.get(route.path_format)
        if item is None:
            continue
        for method in ("get", "head", "post", "put", "patch", "delete"):
            operation = getattr(item, method)
            found = getattr(route, "route_handler_map", {}).get(method.upper())
            if operation is not None and found is not None:
                yield found[0], operation


def _visited_bureau() -> Parameter:
    return Parameter(
        name=BUREAU_HEADER,
        param_in="header",
        required=False,
        description="the other bureau that an outside auditor looks into under a mandate; each look is recorded there",
        schema=Schema(type=OpenAPIType.STRING, pattern="^[0-9]{6}$", examples=["350302"]),
    )


def _tell_what_is_read_raw(handler: HTTPRouteHandler, operation: Operation) -> None:
    """Document the body and the query of a handler that reads them itself: `takes` and `reads` of its `opt`."""
    reads: dict[str, str] = handler.opt.get("reads", {})
    text = Schema(type=OpenAPIType.STRING)
    told = [Parameter(name=name, param_in="query", schema=text, description=what) for name, what in reads.items()]
    operation.parameters = [*(operation.parameters or ()), *told] or None
    if operation.request_body is None and (takes := [kind for kind in handler.opt.get("takes", ()) if kind]):
        schema = Schema(type=OpenAPIType.OBJECT, properties=dict.fromkeys(reads, text)) if reads else text
        media = {"*/*" if kind == "*" else kind: OpenAPIMediaType(schema=schema) for kind in takes}
        if "example" in handler.opt:
            media["application/json"] = OpenAPIMediaType(
                schema=Schema(type=[OpenAPIType.OBJECT, OpenAPIType.ARRAY], examples=[handler.opt["example"]])
            )
        operation.request_body = RequestBody(content=media, required=False)


def _tell_contents(handler: HTTPRouteHandler, responses: Responses) -> None:
    """Document what a stream may hold (`answers` of its `opt`), that a 204 holds nothing, and a conflict kept."""
    for status, response in list(responses.items()):
        if isinstance(response, Reference):
            continue
        if status == "204":
            response.content = None
        elif answers := handler.opt.get("answers"):
            response.content = {kind: OpenAPIMediaType(schema=Schema()) for kind in answers}
        if status == "200" and handler.opt.get("may_conflict"):
            responses["202"] = OpenAPIResponse(description="Kept as a conflict for a person", content=response.content)


def _problem_statuses(handler: HTTPRouteHandler, operation: Operation) -> Iterator[HTTPStatus]:
    guards = handler.guards or ()
    yield HTTPStatus.BAD_REQUEST
    yield HTTPStatus.METHOD_NOT_ALLOWED
    yield HTTPStatus.SERVICE_UNAVAILABLE
    if public not in guards or operation.request_body is not None:
        yield HTTPStatus.UNAUTHORIZED
    if public not in guards:
        yield HTTPStatus.FORBIDDEN
    if public not in guards or any(getattr(one, "param_in", None) == "path" for one in operation.parameters or ()):
        yield HTTPStatus.NOT_FOUND
    if operation.request_body is not None or "GET" not in handler.http_methods:
        yield HTTPStatus.REQUEST_TIMEOUT
        yield HTTPStatus.CONFLICT
        yield HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        yield HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def _problem_response(status: HTTPStatus, media_type: str) -> OpenAPIResponse:
    """Return how a fault is told: as a problem, or as the XML that a client of forms reads."""
    problem = Reference(ref="#/components/schemas/Problem")
    told = problem if media_type == PROBLEM_JSON else Schema(type=OpenAPIType.STRING)
    return OpenAPIResponse(description=status.phrase, content={media_type: OpenAPIMediaType(schema=told)})


def _problem_schema() -> Schema:
    text = Schema(type=OpenAPIType.STRING)
    return Schema(
        type=OpenAPIType.OBJECT,
        title="Problem",
        description="Problem details (RFC 9457); further members tell what was wrong.",
        required=["type", "title", "status", "code", "detail", "request_id"],
        properties={
            "type": text,
            "title": text,
            "status": Schema(type=OpenAPIType.INTEGER),
            "code": text,
            "detail": text,
            "request_id": text,
        },
    )


def _add_example(body: RequestBody, schemas: dict[str, Schema]) -> None:
    for media in body.content.values():
        if media.examples is None and media.schema is not None:
            media.examples = _examples_of(media.schema, schemas) or None


def _examples_of(schema: Schema | Reference, schemas: dict[str, Schema]) -> dict[str, Example | Reference]:
    """Return an example of a body, or one of each shape it may have, by the shape's name."""
    shapes = [] if isinstance(schema, Reference) else [one for one in schema.one_of or () if isinstance(one, Reference)]
    if shapes:
        named = {shape.ref.rpartition("/")[2]: _example_of(shape, schemas) for shape in shapes}
    else:
        named = {"example": _example_of(schema, schemas)}
    return {name: Example(value=value) for name, value in named.items() if value is not None}


def _example_of(schema: Schema | Reference, schemas: dict[str, Schema]) -> Any:
    """Return a value of the schema made of its fields' own examples; None where nothing can be said."""
    if isinstance(schema, Reference):
        return _example_of(schemas[schema.ref.rpartition("/")[2]], schemas)
    given = [*(schema.examples or ()), *((schema.const,) if schema.const is not None else ()), *(schema.enum or ())]
    if given:
        return given[0]
    if schema.properties:
        required = set(schema.required or ())
        fields = {name: _example_of(field, schemas) for name, field in schema.properties.items()}
        return {name: value for name, value in fields.items() if value is not None or name in required}
    for choice in schema.one_of or schema.any_of or ():
        if (value := _example_of(choice, schemas)) is not None:
            return value
    return _plain_example(schema, schemas)


def _plain_example(schema: Schema, schemas: dict[str, Schema]) -> Any:
    kind = schema.type[0] if isinstance(schema.type, list) else schema.type
    if schema.format in _EXAMPLE_BY_FORMAT:
        return _EXAMPLE_BY_FORMAT[schema.format]
    if kind == OpenAPIType.ARRAY and schema.items is not None:
        item = _example_of(schema.items, schemas)
        return [] if item is None else [item]
    if kind == OpenAPIType.BOOLEAN:
        return False
    if kind in (OpenAPIType.INTEGER, OpenAPIType.NUMBER):
        return schema.minimum if schema.minimum is not None else 1
    return None
