"""Recorded conversations of the stock clients: what they put on the wire, and what must come of it."""

from __future__ import annotations

import asyncio
import tomllib
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.phones import rows
from tests.world import World

FOLDER = Path(__file__).resolve().parent / "conversations"
NUMBERS = ("speed_mps", "course_deg", "altitude_m", "accuracy_m")


@dataclass(frozen=True)
class Exchange:
    """A request with marks for the token, and the answer its client needs."""

    send: str
    answer: bytes
    status: int = 200

    def request(self, token: str) -> bytes:
        """Return the bytes on the wire."""
        head, _, body = self.send.partition("\n\n")
        marks = {
            "{token}": token,
            "{basic}": b64encode(f"lin:{token}".encode()).decode(),
            "{basic_user}": b64encode(f"{token}:secret".encode()).decode(),
        }
        for mark, value in marks.items():
            head, body = head.replace(mark, value), body.replace(mark, value)
        head = head.replace("{length}", str(len(body.encode())))
        return head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body.encode()


@dataclass(frozen=True)
class Conversation:
    """What one version of a client says, and what must be known after it."""

    name: str
    exchanges: list[Exchange]
    fixes: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    asides: list[str] = field(default_factory=list)

    def requests(self, token: str) -> list[bytes]:
        """Return the requests in order."""
        return [exchange.request(token) for exchange in self.exchanges]


def conversations() -> list[Conversation]:
    """Return all that are recorded."""
    return [_read(path) for path in sorted(FOLDER.glob("*.toml"))]


def _read(path: Path) -> Conversation:
    told = tomllib.loads(path.read_text("utf-8"))
    assert "@" in told["source"], f"{path.name} names no commit that it was made from"
    return Conversation(
        name=path.stem,
        exchanges=[
            Exchange(one["send"], one.get("answer", told.get("answer", "")).encode()) for one in told["exchange"]
        ],
        fixes=told.get("fix", []),
        events=told.get("event", []),
        asides=[one["reason"] for one in told.get("aside", [])],
    )


@dataclass(frozen=True)
class Answer:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


async def answer(reader: asyncio.StreamReader) -> Answer:
    """Read one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(head[0].split()[1]), headers, body)


async def play(port: int, requests: list[bytes], *, pipelined: bool = False) -> list[Answer]:
    """Send requests over one connection, each after the answer to the one before unless all at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        if pipelined:
            writer.write(b"".join(requests))
            return [await answer(reader) for _ in requests]
        answers = []
        for request in requests:
            writer.write(request)
            answers.append(await answer(reader))
        return answers
    finally:
        writer.close()


async def send_and_leave(port: int, part: bytes, *, rudely: bool) -> None:
    """Send a part of a request and close the connection, with a goodbye or without."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(part)
    await writer.drain()
    if rudely:
        writer.transport.abort()
    else:
        writer.close()
        await writer.wait_closed()


async def written(world: World) -> dict[str, Any]:
    """Return all that a bureau's devices left: fixes and events in order of their times, and reasons of asides."""
    async with world.database.read(world.bureau_id) as reader:
        events = await reader.execute(
            text("SELECT kind, at, detail FROM device_event WHERE bureau_id = :b ORDER BY at, kind"),
            {"b": world.bureau_id},
        )
        told = [{"kind": row.kind, "at": row.at, "detail": row.detail} for row in events]
    return {
        "fixes": [_fix(row) for row in sorted(await rows(world), key=lambda row: row.fixed_at)],
        "held": len(await rows(world, "position_held")),
        "events": told,
        "asides": sorted(row.reason for row in await rows(world, "position_aside")),
    }


def _fix(row: Any) -> dict[str, Any]:
    numbers = {name: getattr(row, name) for name in NUMBERS if getattr(row, name) is not None}
    kept = {"attributes": row.attributes} if row.attributes else {}
    mock = {"mock": True} if row.mock else {}
    assert row.fixed, "a receiver without a fix tells no place"
    return {"fixed_at": row.fixed_at, "lat": row.raw_lat, "lon": row.raw_lon} | numbers | kept | mock


def meant(conversation: Conversation) -> dict[str, Any]:
    """Return what must be written of a conversation; numbers are kept in four bytes."""
    fixes = [
        {name: pytest.approx(value, rel=1e-6) if name in NUMBERS else value for name, value in fix.items()}
        for fix in conversation.fixes
    ]
    return {
        "fixes": sorted(fixes, key=lambda at: at["fixed_at"]),
        "held": 0,
        "events": sorted(conversation.events, key=lambda at: (at["at"], at["kind"])),
        "asides": sorted(conversation.asides),
    }
