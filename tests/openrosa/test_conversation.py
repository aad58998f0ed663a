"""What stock Collect puts on the wire, played over a real socket: whole, twice, at once, and cut at every byte."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest

from api.settings import Settings
from api.spool import INCOMING
from tests.conftest import SignIn
from tests.openrosa.collect import sentence
from tests.openrosa.forms import AUDIT, filled, kept, photo
from tests.phones import enrol
from tests.recorded import play, send_and_leave
from tests.trips import a_complaint_job
from tests.world import World

TOGETHER = 32
"""Connections cut at once."""
NAME = "1795395640123.jpg"


@pytest.fixture
async def requests(signed_in: SignIn, world: World) -> list[bytes]:
    """Return the recorded requests with a token, a job and files of this test."""
    _, token = await enrol(signed_in, person_id=world["officer"].who)
    told = tomllib.loads(Path(__file__).with_name("collect-2026.toml").read_text("utf-8"))
    xml = filled(await a_complaint_job(world), world.clock(), photos=[NAME], result="postponed-by-agreement")
    marks = {b"{xml}": xml, b"{photo}": photo(1, 400), b"{audit}": AUDIT.encode()}
    made = []
    for exchange in told["exchange"]:
        head, _, body = exchange["send"].partition("\n\n")
        content = body.replace("\n", "\r\n").encode()
        for mark, data in marks.items():
            content = content.replace(mark, data)
        head = head.replace("{token}", token).replace("{length}", str(len(content)))
        made.append(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + content)
    return made


async def left(world: World) -> dict[str, int]:
    """Return how much of everything there is."""
    tables = ("form_submission", "form_media", "visit_note", "note_attachment", "attachment")
    return {table: len(await kept(world, table)) for table in tables}


ONE: dict[str, Any] = {
    "form_submission": 1, "form_media": 2, "visit_note": 1, "note_attachment": 1, "attachment": 2
}  # fmt: skip
NONE = dict.fromkeys(ONE, 0)


async def test_the_conversation_is_one_note_with_its_photo(world: World, port: int, requests: list[bytes]) -> None:
    """204, then 201 with a sentence that Collect can show."""
    head, post = await play(port, requests)
    assert (head.status, head.body) == (204, b"")
    assert head.headers["x-openrosa-version"] == "1.0"
    assert post.status == 201
    assert sentence(post.body.decode()) == "走访记录已收到。"
    assert await left(world) == ONE


async def test_doubled_and_all_at_once_it_is_one_note_all_the_same(
    world: World, port: int, requests: list[bytes]
) -> None:
    """Over one connection and over several, whichever comes first."""
    head, post = requests
    answers = await asyncio.gather(*[play(port, [post, head, post], pipelined=True) for _ in range(8)])
    assert {tuple(one.status for one in answer) for answer in answers} == {(201, 204, 201)}
    assert await left(world) == ONE


async def test_cut_at_every_byte_nothing_is_half_written(
    world: World, port: int, requests: list[bytes], settings: Settings
) -> None:
    """The network is gone after any byte: there is no form, no note and no file, and the whole is taken afterwards."""
    _, post = requests
    room = asyncio.Semaphore(TOGETHER)

    async def cut(end: int) -> None:
        async with room:
            await send_and_leave(port, post[:end], rudely=end % 2 == 0)

    await asyncio.gather(*[cut(end) for end in range(1, len(post))])
    await play(port, [b"GET /healthz HTTP/1.1\r\nHost: desk\r\n\r\n"])
    assert await left(world) == NONE
    assert [status.status for status in await play(port, requests)] == [204, 201]
    assert await left(world) == ONE
    assert list((settings.data / "files" / INCOMING).glob("*")) == []


async def test_a_body_that_ends_before_its_end_is_answered_with_a_sentence(
    world: World, port: int, requests: list[bytes]
) -> None:
    """A proxy that cut it and mended the length: 400 at every byte, in words for the officer, and nothing is kept."""
    head, _, body = requests[1].partition(b"\r\n\r\n")
    whole = f"Content-Length: {len(body)}".encode()

    async def shortened(end: int) -> None:
        request = head.replace(whole, f"Content-Length: {end}".encode()) + b"\r\n\r\n" + body[:end]
        (answer,) = await play(port, [request])
        assert answer.status == 400, end
        assert sentence(answer.body.decode()), end

    for start in range(0, len(body) - 2, TOGETHER):
        await asyncio.gather(*[shortened(end) for end in range(start, min(start + TOGETHER, len(body) - 2))])
    assert await left(world) == NONE
