"""The limit that ingest is measured against: the same server with a handler that only decodes.

.venv/bin/python -m tests.bench.bare PORT
"""

from __future__ import annotations

import sys
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from api.ingest.fixes import decode_fixes

ANSWER = b'{"stored":1,"repeated":0,"held":0,"aside":0,"faults":[]}'


async def application(_: dict[str, Any], receive: Any, send: Any) -> None:
    """Read a body, decode its fixes, answer."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    decode_fixes(body)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": ANSWER})


async def main() -> None:
    """Serve until killed."""
    server = Server(
        application,
        port=int(sys.argv[1]),
        interface=Interfaces.ASGINL,
        websockets=False,
        backlog=1024,
        log_enabled=False,
    )
    await server.serve()


if __name__ == "__main__":
    uvloop.run(main())
