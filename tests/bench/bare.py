"""The limits that ingest is measured against: the same server and event loop with handlers that only decode.

.venv/bin/python -m tests.bench.bare PORT litestar|asgi

`litestar` is what a handler of the framework costs that decodes the same body to the same struct and answers with the
same struct; `asgi` goes without the framework, as the lane of `api.ingest.door` does.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, Request, Response, post
from litestar.params import FromPath

from api.http.note_wire import VisitNoteBody
from api.ingest.entry import Outcome
from api.ingest.fixes import Fixes, decode_fixes
from api.ingest.protocol import Protocol, Read, Reply, Sent
from api.ingest.protocols import PROTOCOLS
from api.openrosa.filled import read_filled
from api.openrosa.replies import XML, message
from api.openrosa.upload import XML_PART, Part, read_parts

ANSWER = b'{"stored":1,"repeated":0,"held":0,"aside":0,"faults":[]}'


PHONES = {f"/in/{protocol.name}": protocol for protocol in PROTOCOLS}


def decoded(protocol: Protocol, scope: Any, body: bytes) -> Reply:
    """Decode what a phone sent, knowing which it is, and return its answer."""
    headers = dict(scope["headers"])
    kind = headers.get(b"content-type", b"").decode().partition(";")[0]
    sent = Sent(query=scope["query_string"], content_type=kind, headers=headers, body=body)
    assert protocol.decode(sent, Read(now=datetime.now(UTC))).fixes
    return protocol.reply


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read a body, decode its fixes, answer."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    protocol = PHONES.get(scope["path"])
    if protocol is None:
        decode_fixes(body)
        answer = ANSWER
    else:
        answer = decoded(protocol, scope, body).body
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": answer})


@post("/in/{name:str}", status_code=200)
async def phones(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer as if what the phone sent were stored."""
    reply = decoded(PHONES[f"/in/{name}"], request.scope, await request.body())
    return Response(reply.body, media_type=reply.media_type)


@post("/v1/positions", status_code=200)
async def positions(data: Fixes) -> Outcome:  # noqa: ARG001 - decoding is all there is to it
    """Answer as if the one fix were stored."""
    return Outcome(stored=1, repeated=0, held=0, aside=0)


@post("/v1/visit-notes")
async def visit_notes(data: VisitNoteBody) -> dict[str, str]:
    """Answer as if the note were recorded."""
    return {"note_id": str(data.note_id)}


@post("/openrosa/{token:str}/submission", request_max_body_size=None)
async def submission(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Read a form and hash its files, and answer as if it were kept."""
    xml, digest, is_form = b"", sha256(), False
    chunks = (chunk async for chunk in request.stream() if chunk)
    async for event in read_parts(chunks, request.headers["content-type"]):
        if isinstance(event, Part):
            is_form = event.field == XML_PART
        elif event is not None:
            xml += event if is_form else b""
            digest.update(event)
    return Response(message(read_filled(xml).instance_id).encode(), media_type=XML)


async def main() -> None:
    """Serve until killed."""
    litestar = Litestar([phones, positions, submission, visit_notes], openapi_config=None, logging_config=None)
    server = Server(
        litestar if sys.argv[2] == "litestar" else application,
        port=int(sys.argv[1]),
        interface=Interfaces.ASGINL,
        websockets=False,
        backlog=1024,
        log_enabled=False,
    )
    async with litestar.lifespan():
        await server.serve()


if __name__ == "__main__":
    uvloop.run(main())
