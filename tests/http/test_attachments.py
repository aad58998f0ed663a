"""Files over HTTP: sent by their hash, streamed both ways, kept apart by bureau."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlmodel import select

from api.app import create_app
from api.db.database import Database, UnitOfWork
from api.db.tables.ledger import LedgerPayload
from api.db.tables.notes import Attachment
from api.settings import Settings
from tests.conftest import Server, SignIn, problem_code
from tests.world import PASSWORD, HeldClock, World, make_world

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 40


def address(data: bytes) -> str:
    """Return where these bytes live."""
    return f"/v1/attachments/{hashlib.sha256(data).hexdigest()}"


async def test_a_photo_is_sent_by_its_hash_and_fetched_again(signed_in: SignIn, world: World) -> None:
    """201 with size and type by content; reading streams the same bytes with their type."""
    officer = await signed_in("officer")
    sent = await officer.put(address(JPEG), content=JPEG, headers={"Content-Type": "text/plain"})
    assert sent.status_code == 201, sent.text
    assert sent.json()["size_bytes"] == len(JPEG)
    assert sent.json()["media_type"] == "image/jpeg"
    fetched = await (await signed_in("auditor")).get(address(JPEG))
    assert fetched.content == JPEG
    assert fetched.headers["content-type"] == "image/jpeg"
    assert fetched.headers["x-content-type-options"] == "nosniff"
    async with world.database.read(world.bureau_id) as reader:
        row = await reader.get(Attachment, sent.json()["sha256"])
        entry = await reader.one(select(LedgerPayload.kind).where(LedgerPayload.entry_id == row.entry_id))
    assert entry == "attachment-kept"


async def test_the_same_photo_again_changes_nothing(signed_in: SignIn, world: World, clock: HeldClock) -> None:
    """A phone that lost the answer sends again: 200 with the first answer, one fact, one ledger entry."""
    officer = await signed_in("officer")
    first = await officer.put(address(JPEG), content=JPEG)
    clock.advance(hours=1)
    again = await officer.put(address(JPEG), content=JPEG)
    assert (again.status_code, again.json()) == (200, first.json())
    async with world.database.read(world.bureau_id) as reader:
        entries = await reader.all(select(LedgerPayload.entry_id).where(LedgerPayload.kind == "attachment-kept"))
    assert len(entries) == 1


async def test_the_same_photo_twenty_times_at_once_is_one_fact(signed_in: SignIn, world: World) -> None:
    """However many uploads of one file race, one is entered and the others are told of it."""
    officer = await signed_in("officer")
    answers = await asyncio.gather(*(officer.put(address(JPEG), content=JPEG) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert len({answer.text for answer in answers}) == 1
    async with world.database.read(world.bureau_id) as reader:
        assert len(await reader.all(select(Attachment.sha256))) == 1


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (JPEG + b"one byte more", 400, "hash-mismatch"),
        (JPEG[:-1], 400, "hash-mismatch"),
        (b"", 415, "file-type-refused"),
        (b"MZ" + bytes(300), 415, "file-type-refused"),
    ],
    ids=["other bytes", "cut short", "nothing", "a program"],
)
async def test_what_is_not_the_file_is_refused_and_leaves_nothing(
    signed_in: SignIn, sent: bytes, status: int, code: str
) -> None:
    """A wrong hash, a file cut short, nothing at all and a program are told apart, and none of it is kept."""
    officer = await signed_in("officer")
    refused = await officer.put(address(JPEG), content=sent)
    assert (refused.status_code, problem_code(refused)) == (status, code)
    assert (await officer.get(address(JPEG))).status_code == 404


SCRIPT = b"<script>document.title = 'ran'</script>"
PAGES = {
    "a page": b"<!doctype html><html><body>" + SCRIPT,
    "a page after a comment": b"<!-- " + b"x" * 9000 + b" --><html>" + SCRIPT,
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>",
    "a drawing with a head": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "a script": b"document.title = 'ran'",
}


@pytest.mark.parametrize("sent", PAGES.values(), ids=PAGES)
async def test_what_a_browser_would_run_is_not_taken_whatever_it_is_called(signed_in: SignIn, sent: bytes) -> None:
    """A page or a drawing with a script in it is no photo, though it says so."""
    officer = await signed_in("officer")
    refused = await officer.put(address(sent), content=sent, headers={"Content-Type": "image/jpeg"})
    assert (refused.status_code, problem_code(refused)) == (415, "file-type-refused")
    assert (await officer.get(address(sent))).status_code == 404


@pytest.mark.parametrize(
    ("media_type", "shown"),
    [("image/jpeg", True), ("audio/mpeg", True), ("application/pdf", False), ("application/octet-stream", False)],
)
async def test_nothing_that_is_served_can_run(
    signed_in: SignIn, world: World, settings: Settings, media_type: str, *, shown: bool
) -> None:
    """A picture that is a page as well, a PDF with scripts, and the bytes a form sent beside its photos."""
    body = JPEG + PAGES["a page"] + media_type.encode()
    sha256 = hashlib.sha256(body).hexdigest()

    async def kept(uow: UnitOfWork) -> None:
        entry_id = await uow.enter("attachment-kept", facts={"sha256": sha256})
        await uow.insert(
            Attachment(
                bureau_id=uow.bureau_id,
                sha256=sha256,
                size_bytes=len(body),
                media_type=media_type,
                actor_id=uow.actor.who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )

    await world.database.write(world["officer"], kept)
    file = settings.data / "files" / world.bureau_id / sha256[:2] / sha256
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)
    served = await (await signed_in("auditor")).get(address(body))
    assert served.content == body
    told = served.headers
    assert told["content-type"] == media_type
    assert told["content-disposition"] == ("inline" if shown else "attachment")
    assert told["x-content-type-options"] == "nosniff"
    assert told["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert (told["x-frame-options"], told["cross-origin-resource-policy"]) == ("DENY", "same-origin")


async def test_a_hash_that_is_none_is_refused(signed_in: SignIn) -> None:
    """Addresses are SHA-256 in lower case, nothing that could be a path."""
    officer = await signed_in("officer")
    for name in ("abc", "A" * 64, "..%2F..%2Fetc%2Fpasswd", "g" * 64):
        answer = await officer.put(f"/v1/attachments/{name}", content=JPEG)
        assert answer.status_code in (400, 404), answer.text


async def test_two_gigabytes_announced_are_refused_before_one_is_read(signed_in: SignIn) -> None:
    """The announced size is enough to say no."""
    officer = await signed_in("officer")

    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("nobody should read this body")
        yield b""

    refused = await officer.put(address(JPEG), content=never(), headers={"Content-Length": str(2 << 30)})
    assert (refused.status_code, problem_code(refused)) == (413, "body-too-large")


async def test_the_limit_is_a_setting(
    server: Server, settings: Settings, clock: HeldClock, world: World, tmp_path: Path
) -> None:
    """At the limit a file is taken, one byte more is refused though its size was not announced."""
    small = replace(settings, data=tmp_path, attachment_limit_bytes=len(JPEG))
    application = create_app(small, server.service, server.ingest, clock)
    async with application.lifespan(), _client(application, world) as officer:
        assert (await officer.put(address(JPEG), content=JPEG)).status_code == 201
        larger = JPEG + b"."

        async def unannounced() -> AsyncIterator[bytes]:
            yield larger

        refused = await officer.put(address(larger), content=unannounced())
        assert (refused.status_code, problem_code(refused)) == (413, "body-too-large")


async def test_a_sender_that_goes_away_leaves_nothing(signed_in: SignIn, app: Litestar) -> None:
    """A connection that breaks in the middle of a body keeps no file, no fact and no half of either."""
    officer = await signed_in("officer")
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": JPEG[:5000], "more_body": True},
        {"type": "http.disconnect"},
    ]
    answers: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PUT",
        "scheme": "http",
        "path": address(JPEG),
        "raw_path": address(JPEG).encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"authorization", officer.headers["Authorization"].encode()),
            (b"content-length", str(len(JPEG)).encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("desk", 80),
        "state": {},
    }
    await app(scope, receive, send)  # type: ignore[arg-type]
    assert answers[0]["status"] == 400
    assert (await officer.get(address(JPEG))).status_code == 404


async def test_a_file_of_another_bureau_is_not_found(
    signed_in: SignIn, app: Litestar, owner: Database, database: Database, clock: HeldClock
) -> None:
    """Knowing the hash opens nothing: the answer is that of a file that does not exist."""
    officer = await signed_in("officer")
    await officer.put(address(JPEG), content=JPEG)
    other = await make_world(owner, database, clock)
    async with _client(app, other) as stranger:
        foreign = await stranger.get(address(JPEG))
        missing = await stranger.get(address(b"never sent"))
        told = {key: value for key, value in foreign.json().items() if key != "request_id"}
        assert told == {key: value for key, value in missing.json().items() if key != "request_id"}
        assert foreign.status_code == 404


async def test_a_file_lost_from_the_store_can_be_sent_again(
    signed_in: SignIn, world: World, settings: Settings
) -> None:
    """After a loss of the folder the fact stands, reading says what is wrong, and the phone's copy mends it."""
    officer = await signed_in("officer")
    await officer.put(address(JPEG), content=JPEG)
    name = address(JPEG).rpartition("/")[2]
    (settings.data / "files" / world.bureau_id / name[:2] / name).unlink()
    gone = await officer.get(address(JPEG))
    assert (gone.status_code, problem_code(gone)) == (404, "file-gone")
    assert (await officer.put(address(JPEG), content=JPEG)).status_code == 200
    assert (await officer.get(address(JPEG))).content == JPEG


async def test_a_large_file_streams_in_constant_memory(
    server: Server, settings: Settings, clock: HeldClock, world: World, tmp_path: Path
) -> None:
    """256 MB go in and come out while the process grows by far less than a quarter of that."""
    piece, count = bytes(range(256)) * 1024, 1024
    digest = hashlib.sha256(JPEG)
    for _ in range(count):
        digest.update(piece)
    grown: list[int] = []
    at_first = resident_bytes()

    async def body() -> AsyncIterator[bytes]:
        yield JPEG
        for number in range(count):
            if number % 16 == 0:
                grown.append(resident_bytes() - at_first)
            yield piece

    large = replace(settings, data=tmp_path, attachment_limit_bytes=1 << 30)
    application = create_app(large, server.service, server.ingest, clock)
    place = f"/v1/attachments/{digest.hexdigest()}"
    async with application.lifespan(), _client(application, world) as officer:
        sent = await officer.put(place, content=body(), timeout=120)
        assert sent.status_code == 201, sent.text
        read_bytes = 0

        def seen(message: Any) -> None:
            nonlocal read_bytes
            read_bytes += len(message.get("body", b""))
            grown.append(resident_bytes() - at_first)

        line = Line(seen)
        await application(
            {  # type: ignore[arg-type]
                "type": "http",
                "asgi": {"version": "3.0"},
                "http_version": "1.1",
                "method": "GET",
                "scheme": "http",
                "path": place,
                "raw_path": place.encode(),
                "query_string": b"",
                "root_path": "",
                "headers": [(b"authorization", officer.headers["Authorization"].encode())],
                "client": ("127.0.0.1", 1),
                "server": ("desk", 80),
                "state": {},
            },
            line.receive,
            line.send,
        )
    assert read_bytes == len(JPEG) + count * len(piece)
    assert max(grown) < 64 * 1024 * 1024


class Line:
    """A connection to a client that sends an empty request, reads, and goes once it has the whole answer."""

    def __init__(self, seen: Callable[[Any], None]) -> None:
        self._seen = seen
        self._asked = False
        self._answered = asyncio.Event()

    async def receive(self) -> Any:
        """Return the request, and the client's going when it has its answer."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Take a part of the answer."""
        self._seen(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._answered.set()


def resident_bytes() -> int:
    """Return what this process holds in memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


class _client:  # noqa: N801 - reads as a phrase: `async with _client(app, world)`
    """An officer of a world, signed in on an application of the test's own."""

    def __init__(self, application: Litestar, world: World) -> None:
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)  # type: ignore[arg-type]
        self._client = httpx.AsyncClient(transport=transport, base_url="http://desk")
        self._world = world

    async def __aenter__(self) -> httpx.AsyncClient:
        asked = {"bureau_id": self._world.bureau_id, "login": "officer", "password": PASSWORD}
        answer = await self._client.post("/v1/session", json=asked)
        self._client.cookies.clear()
        self._client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        return self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()
