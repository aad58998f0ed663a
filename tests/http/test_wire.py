"""What comes over a real socket broken, endless or slow: told in bounded time, nothing half-written, others served."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import text

from api.db.database import Database
from api.settings import Settings
from domain.tracking_notice import VERSION
from tests.conftest import Server
from tests.live import PATIENCE_S, Live, serving
from tests.world import PASSWORD, HeldClock, World, make_world, monday_morning

SLOW_BODY_S = 2
BODY_LIMIT, FILE_LIMIT = 1 << 20, 1 << 21
SOON_S = 10
"""An answer that does not wait for the sender comes well within this, on a busy machine too."""
WRITTEN = (
    "attachment",
    "complaint",
    "idempotency_key",
    "ledger_outbox",
    "position",
    "position_aside",
    "position_held",
    "visit_note",
    "visit_note_conflict",
)
FILE = f"/v1/attachments/{hashlib.sha256(b'photo').hexdigest()}"
COMPLAINTS, NOTES, POSITIONS, OSMAND = "/v1/complaints", "/v1/visit-notes", "/v1/positions", "/in/osmand"
OVERLAND = "/in/overland"
EVERY = (COMPLAINTS, NOTES, POSITIONS, OSMAND, OVERLAND, FILE)
JSON, FORM, BYTES = "application/json", "application/x-www-form-urlencoded", "application/octet-stream"


@pytest.fixture(scope="module")
def live(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Return a service of its own on the run's database, with small limits and little patience."""
    folder = tmp_path_factory.mktemp("wire")
    limits = {
        "slow_body_s": SLOW_BODY_S,
        "body_limit_bytes": BODY_LIMIT,
        "attachment_limit_bytes": FILE_LIMIT,
    }
    with serving(folder / "log", database_url=server.superuser, data=folder, jobs=0, **limits) as service:
        yield service


@dataclass
class Answer:
    """What came back before the connection closed or the answer was whole."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    took_s: float = 0.0

    @property
    def code(self) -> Any:
        """Return the problem's code, after checking that it is a problem that helps."""
        assert self.headers["content-type"] == "application/problem+json", self
        told = json.loads(self.body)
        assert len(told["detail"]) > 10, told
        assert told["status"] == self.status
        return told["code"]


@dataclass
class Desk:
    """A bureau as it is reached over the socket: its address and whose token goes where."""

    live: Live
    world: World
    tokens: dict[str, str]
    meant: dict[str, int] = field(default_factory=dict)
    """Rows that a test means to be written, by table."""

    def head(
        self, path: str, *lines: str, who: str | None = None, kind: str | None = None, method: str | None = None
    ) -> bytes:
        """Return the head of a request to one of `EVERY`, signed as who may send there."""
        method = method or ("PUT" if path == FILE else "POST")
        role = who or {COMPLAINTS: "dispatcher", POSITIONS: "device", OSMAND: "device", OVERLAND: "device"}.get(
            path, "officer"
        )
        query = f"?id={quote(self.tokens[role], encoding='latin-1')}" if path == OSMAND else ""
        declared = kind or {FILE: BYTES, OSMAND: FORM}.get(path, JSON)
        return "\r\n".join(
            [
                f"{method} {path}{query} HTTP/1.1",
                "Host: desk",
                "Accept-Language: en",
                f"Authorization: Bearer {self.tokens[role]}",
                f"Content-Type: {declared}",
                *lines,
                "\r\n",
            ]
        ).encode("latin-1")

    async def send(self, *parts: bytes, pause_s: float = 0.0, patience_s: float = 30.0) -> Answer:
        """Send parts one after the other, as long as somebody listens, and return the answer.

        Where the answer came before the request was whole, the service must also hang up.
        """
        began = time.monotonic()
        async with asyncio.timeout(patience_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.live.port)
            sending = asyncio.create_task(_send_all(writer, parts, pause_s))
            try:
                answer = await _answer(reader)
                if not sending.done():
                    with contextlib.suppress(ConnectionError):
                        await reader.read()
            finally:
                sending.cancel()
                writer.close()
                with contextlib.suppress(OSError, asyncio.CancelledError):
                    await sending
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
        answer.took_s = time.monotonic() - began
        return answer

    async def whole(self, path: str, body: bytes, **head: Any) -> Answer:
        """Send a request with its body."""
        return await self.send(self.head(path, f"Content-Length: {len(body)}", **head) + body)

    async def written(self) -> dict[str, int]:
        """Return how many rows of this bureau there are of what these addresses write."""
        counts = {}
        async with self.world.database.read(self.world.bureau_id) as reader:
            for table in WRITTEN:
                found = await reader.execute(
                    text(f"SELECT count(*) FROM {table} WHERE bureau_id = :b"), {"b": self.world.bureau_id}
                )
                counts[table] = int(found.scalar_one())
        return counts


async def _send_all(writer: asyncio.StreamWriter, parts: tuple[bytes, ...], pause_s: float) -> None:
    for number, part in enumerate(parts):
        await asyncio.sleep(pause_s if number else 0)
        writer.write(part)
        await writer.drain()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    answer = Answer()
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        answer.status = int(head[0].split()[1])
        answer.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        answer.body = await reader.readexactly(int(answer.headers.get("content-length", 0)))
    return answer


@pytest.fixture(scope="module")
async def opened(live: Live, server: Server, settings: Settings, owner: Database) -> AsyncIterator[Desk]:
    """Return a bureau with people signed in at the service and a phone of the driver's."""
    clock = HeldClock(monday_morning())
    database = Database(server.service, settings, clock)
    world = await make_world(owner, database, clock)
    tokens = {}
    async with httpx.AsyncClient(base_url=live.url, timeout=PATIENCE_S) as client:
        for who in ("dispatcher", "officer", "admin"):
            asked = {"bureau_id": world.bureau_id, "login": who, "password": PASSWORD}
            tokens[who] = (await client.post("/v1/session", json=asked)).json()["token"]
        enrolled = await client.post(
            "/v1/devices",
            json={"name": "a phone", "person_id": str(world["driver"].who)},
            headers={"Authorization": f"Bearer {tokens['admin']}"},
        )
        tokens["device"] = enrolled.json()["token"]
        told = await client.post(f"/enrol/{tokens['device']}", data={"notice": VERSION})
        assert told.status_code == 303, told.text
    yield Desk(live, world, tokens)
    await database.close()


@pytest.fixture
async def desk(opened: Desk) -> AsyncIterator[Desk]:
    """Return the bureau, and see afterwards that nothing was written that the test did not mean."""
    before = await opened.written()
    opened.meant = {}
    yield opened
    after = await opened.written()
    assert {table: after[table] - before[table] for table in WRITTEN if after[table] != before[table]} == opened.meant
    assert opened.live.process.poll() is None


@pytest.mark.parametrize("path", EVERY)
async def test_a_body_of_two_gigabytes_is_refused_when_it_is_announced(desk: Desk, path: str) -> None:
    """Nobody waits for it, and nobody keeps it."""
    answer = await desk.send(desk.head(path, f"Content-Length: {1 << 31}"), b"x" * 1000)
    assert (answer.status, answer.code) == (413, "body-too-large")
    assert answer.took_s < SOON_S


@pytest.mark.parametrize("path", EVERY)
async def test_a_body_without_a_length_is_refused_where_the_limit_is_passed(desk: Desk, path: str) -> None:
    """Chunk after chunk, without ever saying how much."""
    limit = FILE_LIMIT if path == FILE else BODY_LIMIT
    start = b"\x89PNG\r\n\x1a\n" if path == FILE else b" "
    chunk = b"10000\r\n" + start.ljust(65_536) + b"\r\n"
    chunks = [chunk] * (limit // 65_536 + 4)
    answer = await desk.send(desk.head(path, "Transfer-Encoding: chunked"), *chunks)
    assert (answer.status, answer.code) == (413, "body-too-large")


async def test_a_body_that_comes_by_the_byte_ends_in_time_while_others_are_served(desk: Desk) -> None:
    """A byte now and then is no body, at no address; meanwhile everybody else is answered at once."""
    bytes_of_it = [b"{"] + [b" "] * 100
    heads = [desk.head(path, "Content-Length: 600") for path in EVERY]
    slow = [asyncio.create_task(desk.send(head, *bytes_of_it, pause_s=0.5, patience_s=60)) for head in heads]
    async with httpx.AsyncClient(base_url=desk.live.url, timeout=SOON_S) as client:
        while not all(task.done() for task in slow):
            assert (await client.get("/healthz")).status_code == 200
            await asyncio.sleep(0.2)
    for answer in await asyncio.gather(*slow):
        assert (answer.status, answer.code) == (408, "body-too-slow")
        assert SLOW_BODY_S * 0.9 < answer.took_s < SLOW_BODY_S + SOON_S


async def test_a_file_that_comes_slowly_but_steadily_arrives(desk: Desk) -> None:
    """Three times the patience at twice the least pace: the poorest mobile network is a network all the same."""
    photo = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(4 * 1024 * 12)
    path = f"/v1/attachments/{hashlib.sha256(photo).hexdigest()}"
    parts = [photo[at : at + 4096] for at in range(0, len(photo), 4096)]
    head = desk.head(path, f"Content-Length: {len(photo)}", kind=BYTES, method="PUT")
    answer = await desk.send(head, *parts, pause_s=0.5)
    assert answer.status == 201, answer
    assert answer.took_s > 2 * SLOW_BODY_S
    desk.meant = {"attachment": 1, "ledger_outbox": 1}


@pytest.mark.parametrize("path", EVERY)
async def test_a_sender_that_goes_away_in_the_middle_leaves_nothing(desk: Desk, path: str) -> None:
    """A phone that loses its network."""
    _, writer = await asyncio.open_connection("127.0.0.1", desk.live.port)
    writer.write(desk.head(path, "Content-Length: 600") + b'{"datum": "WGS-84", ')
    await writer.drain()
    writer.transport.abort()
    again = await desk.whole(COMPLAINTS, b"{}")
    assert (again.status, again.code) == (400, "invalid-input")


async def test_headers_that_never_end_close_the_connection_in_time(desk: Desk) -> None:
    """They come before anything that a service could answer as a problem."""
    line = b"X-Slow: 1\r\n"
    answer = await desk.send(b"GET /healthz HTTP/1.1\r\nHost: desk\r\n", *[line] * 60, pause_s=1, patience_s=40)
    assert answer.status in (0, 408)
    assert answer.took_s < 25


HEADERS = {
    "a header of a megabyte": (b"X-Long: " + b"x" * (1 << 20) + b"\r\n", {0, 400, 431}),
    "ten thousand headers": (b"X-Many: 1\r\n" * 10_000, {0, 400, 431}),
    "a line that is no header": (b"nonsense\r\n", {400}),
    "control bytes": (b"X-Bytes: a\x00b\x01\r\n", {400}),
    "two lengths": (b"Content-Length: 2\r\nContent-Length: 3\r\n", {400}),
    "a length that is no number": (b"Content-Length: many\r\n", {400}),
    "a length below nothing": (b"Content-Length: -1\r\n", {400}),
    "a length and chunks": (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", {400, 401}),
    "an unknown encoding": (b"Transfer-Encoding: wishful\r\n", {400, 401, 501}),
}


@pytest.mark.parametrize("kind", HEADERS)
async def test_nonsense_in_the_head_is_refused_at_once_and_harms_nobody(desk: Desk, kind: str) -> None:
    """Before there is a request, the server itself refuses: 400 or 431, or it hangs up."""
    lines, statuses = HEADERS[kind]
    answer = await desk.send(b"POST /v1/complaints HTTP/1.1\r\nHost: desk\r\n" + lines + b"\r\n" + b"0\r\n\r\n")
    assert answer.status in statuses, answer
    assert answer.took_s < SOON_S


@pytest.mark.parametrize(
    "line",
    [
        "Accept-Language: \xff\xfe;q=zh",
        "Idempotency-Key: \xff\xfe",
        "X-Request-Id: \xff\x80",
        "Cookie: \xff=\xfe; ;;=",
        "Zhuanche-Sent-At: \xff",
        "Expect: the unexpected",
    ],
)
@pytest.mark.parametrize("path", [COMPLAINTS, NOTES, POSITIONS, FILE])
async def test_bytes_beyond_ascii_in_a_header_are_no_fault_of_the_service(desk: Desk, path: str, line: str) -> None:
    """What is wrong with the request is told as ever."""
    answer = await desk.send(desk.head(path, "Content-Length: 1", line) + b"[")
    assert 400 <= answer.status < 500, answer
    assert answer.code


BODIES = {
    "nothing": b"",
    "JSON a hundred thousand deep": b"[" * 100_000,
    "an object a hundred thousand deep": b'{"a":' * 100_000,
    "bytes that are no UTF-8": b'{"claim": "\xff\xfe", "datum": "\xff"}',
    "half a body": b'{"datum": "WGS-84", "fixes": [{"fix',
    "a list": b"[]",
    "a number": b"1e400",
    "another charset": '{"claim": "退款"}'.encode("utf-16"),
    "a NUL in a text": b'{"claim": "a\\u0000b", "datum": "a\\u0000"}',
}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("path", [COMPLAINTS, NOTES, POSITIONS])
async def test_a_body_that_cannot_be_read_is_told_as_such(desk: Desk, path: str, kind: str) -> None:
    """The same at every address that takes JSON."""
    answer = await desk.whole(path, BODIES[kind])
    assert answer.status == 400, answer
    assert answer.code in {"unparseable", "invalid-input", "bad-fixes", "unstorable"}


@pytest.mark.parametrize("kind", BODIES)
async def test_a_file_whose_bytes_are_others_is_refused(desk: Desk, kind: str) -> None:
    """Whatever it is called, what counts is the content."""
    answer = await desk.whole(FILE, BODIES[kind])
    assert (answer.status, answer.code) in {(400, "hash-mismatch"), (415, "file-type-refused")}


KINDS = ("application/xml", "text/plain", "multipart/form-data; boundary=x", "nonsense")


@pytest.mark.parametrize("path", [OSMAND, OVERLAND])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_phone_that_sends_what_nobody_can_read_need_not_send_it_again(desk: Desk, path: str, kind: str) -> None:
    """Its queue goes on: a known phone is told that it was taken; a batch nobody can read is kept aside."""
    unlike_others = b"<" + b"a" * len(kind) + b"/>"
    assert (await desk.whole(path, unlike_others, kind=kind)).status == 200
    desk.meant = {"position_aside": 1} if path == OVERLAND else {}


@pytest.mark.parametrize("path", [COMPLAINTS, NOTES, POSITIONS])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_body_of_a_kind_that_is_not_taken_is_told_which_are(desk: Desk, path: str, kind: str) -> None:
    """A client's author reads what to send."""
    answer = await desk.whole(path, b"<a/>", kind=kind)
    assert (answer.status, answer.code) == (415, "wrong-media-type")
    assert json.loads(answer.body)["takes"]


@pytest.mark.parametrize(
    ("path", "who"), [(COMPLAINTS, "device"), (NOTES, "device"), (FILE, "device"), (POSITIONS, "officer")]
)
async def test_a_token_of_another_kind_opens_nothing(desk: Desk, path: str, who: str) -> None:
    """A phone's token is no session, and a session is no device."""
    answer = await desk.whole(path, b"{}", who=who)
    assert (answer.status, answer.code) == (401, "unknown-device" if path == POSITIONS else "not-signed-in")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["", "x", "\xff", "350302." + "A" * 43, "A" * 8000])
async def test_a_phone_that_nobody_enrolled_is_told_so_by_every_protocol(desk: Desk, token: str) -> None:
    """Unknown, empty, endless or no text at all."""
    desk.tokens["stranger"] = token
    whole = json.dumps({"datum": "WGS-84", "fixes": [GOOD]}).encode()
    for path, body in ((POSITIONS, whole), (OSMAND, b"lat=25.4&lon=119.0")):
        answer = await desk.whole(path, body, who="stranger")
        assert (answer.status, answer.code) == (400 if path == OSMAND else 401, "unknown-device"), answer


GOOD: dict[str, Any] = {"fixed_at": "2026-11-23T01:00:00Z", "lat": 25.4337, "lon": 118.9962}
UNREADABLE = {
    "no datum": {"fixes": [GOOD]},
    "a datum of another planet": {"datum": "Mars", "fixes": [GOOD]},
    "no fix": {"datum": "WGS-84", "fixes": []},
    "a thousand and one": {"datum": "WGS-84", "fixes": [GOOD] * 1001},
    "a field nobody knows": {"datum": "WGS-84", "fixes": [GOOD], "colour": "red"},
    "NaN": {"datum": "WGS-84", "fixes": [GOOD | {"lat": float("nan")}]},
}


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_positions_that_are_none_as_a_whole_are_refused_as_a_whole(desk: Desk, kind: str) -> None:
    """Nothing of them is kept: it is the client that is wrong, not a fix."""
    answer = await desk.whole(POSITIONS, json.dumps(UNREADABLE[kind]).encode())
    assert (answer.status, answer.code) == (400, "bad-fixes")


ODD_FIXES = {
    "a latitude of 91": {"lat": 91},
    "a longitude of -180.1": {"lon": -180.1},
    "a time of the year 1": {"fixed_at": "0001-01-01T00:00:00Z"},
    "a time of the year 9999": {"fixed_at": "9999-12-31T23:59:59Z"},
    "a time without a zone": {"fixed_at": "2026-11-23T01:00:00"},
    "an accuracy below nothing": {"accuracy_m": -1},
    "an unknown field": {"colour": "red"},
}


@pytest.mark.parametrize("kind", ODD_FIXES)
async def test_an_odd_fix_is_named_by_its_index_and_kept_aside(desk: Desk, kind: str) -> None:
    """It is acknowledged, so that the phone does not send it for ever; it counts for nothing."""
    body = {"datum": "WGS-84", "fixes": [GOOD | ODD_FIXES[kind]]}
    answer = await desk.whole(POSITIONS, json.dumps(body).encode())
    assert answer.status == 200, answer
    told = json.loads(answer.body)
    assert (told["stored"], told["aside"], [fault["index"] for fault in told["faults"]]) == (0, 1, [0])
    assert len(told["faults"][0]["detail"]) > 10
    desk.meant = {"position_aside": 1}
