"""The limit that terminals are measured against: the same sockets and codec, answers without anything being written.

.venv/bin/python -m tests.bench.bare_terminals PORT
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

import uvloop

from api.ingest.jt808.frames import Frames
from api.ingest.jt808.message import read_message
from api.ingest.jt808.replies import Address
from api.ingest.jt808.report import Report


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Decode what comes and answer it."""
    frames, address = Frames(), None
    while data := await reader.read(16 * 1024):
        report = Report(None, datetime.now(UTC))
        for piece in frames.feed(data):
            message = read_message(piece)
            address = address or Address(message)
            result = report.add(message)
            writer.write(address.answer(message.id, message.serial, result))
        report.received()
    writer.close()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
