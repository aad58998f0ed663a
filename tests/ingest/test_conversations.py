"""What the stock clients say (tests/conversations), played over a real socket: exactly what they mean comes of it."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import pytest

from tests.conftest import SignIn
from tests.phones import enrol, rows
from tests.recorded import Conversation, conversations, meant, play, send_and_leave, written
from tests.world import World

ALL = conversations()
TOGETHER = 32
"""Connections cut at once."""
DAY_OFFLINE = 2_000


@pytest.fixture
async def token(signed_in: SignIn, world: World) -> str:
    """Return the token of a device whose fixes and events always count."""
    return (await enrol(signed_in, vehicle_id=world.vehicle_id))[1]


@pytest.fixture(params=ALL, ids=lambda one: one.name)
def conversation(request: pytest.FixtureRequest) -> Conversation:
    """Return each of the conversations."""
    recorded: Conversation = request.param
    return recorded


async def test_a_conversation_gives_exactly_the_fixes_and_answers_that_its_client_means(
    world: World, port: int, token: str, conversation: Conversation
) -> None:
    """Times, units, what is no fix, and an answer after which the client forgets what it sent."""
    answers = await play(port, conversation.requests(token))
    assert [(one.status, one.body) for one in answers] == [
        (exchange.status, exchange.answer) for exchange in conversation.exchanges
    ]
    assert await written(world) == meant(conversation)


async def test_doubled_reordered_and_all_at_once_it_comes_to_the_same(
    world: World, port: int, token: str, conversation: Conversation
) -> None:
    """A client whose answers were lost sends again, from the newest to the oldest, over one connection or several."""
    requests = conversation.requests(token)
    await asyncio.gather(play(port, requests[::-1]), play(port, [one for one in requests for _ in range(2)]))
    for one in await play(port, requests + requests[::-1], pipelined=True):
        assert one.status == 200
    assert await written(world) == meant(conversation)


async def test_cut_at_every_byte_nothing_is_half_written(
    world: World, port: int, token: str, conversation: Conversation
) -> None:
    """The network is gone after any byte of any request: as if it had never been sent, and others are served."""
    # The lane must know the device, or the half of a request would end at the look-up of its token.
    known = await play(port, [f"GET /in/{token}?batt=1&timestamp=1795395600 HTTP/1.1\r\nHost: desk\r\n\r\n".encode()])
    assert known[0].status == 200
    before = await written(world)
    cuts = [request[:end] for request in conversation.requests(token) for end in range(1, len(request))]
    room = asyncio.Semaphore(TOGETHER)

    async def cut(number: int, part: bytes) -> None:
        async with room:
            await send_and_leave(port, part, rudely=number % 2 == 0)

    await asyncio.gather(*[cut(number, part) for number, part in enumerate(cuts)])
    await play(port, [b"GET /healthz HTTP/1.1\r\nHost: desk\r\n\r\n"])
    assert await written(world) == before
    await play(port, conversation.requests(token))
    assert (await written(world))["fixes"] == meant(conversation)["fixes"]


async def test_a_day_offline_is_durable_and_sent_again_it_is_stored_once(world: World, port: int, token: str) -> None:
    """2,000 requests in one burst over a phone's one connection; then the same, since it saw no answer."""
    start = int(world.clock().timestamp()) - DAY_OFFLINE * 30
    burst = []
    for n in range(DAY_OFFLINE):
        place = {"lat": 25.4 + n * 1e-5, "lon": 119.0, "timestamp": start + n * 30, "speed": 14.0, "batt": 90}
        burst.append(f"POST /?{urlencode({'id': token} | place)} HTTP/1.1\r\nHost: desk\r\nContent-Length: 0\r\n\r\n")
    requests = [one.encode() for one in burst]
    for _ in range(2):
        answers = await play(port, requests, pipelined=True)
        assert {(one.status, one.body) for one in answers} == {(200, b"")}
        assert len(await rows(world)) == DAY_OFFLINE


async def test_two_phones_may_share_one_connection(signed_in: SignIn, world: World, port: int, token: str) -> None:
    """Behind one proxy: whose a fix is stands in the request."""
    _, other = await enrol(signed_in, vehicle_id=world.vehicle_id)
    requests = [
        f"GET /?id={of}&lat=25.4&lon=119&timestamp={1795395600 + n} HTTP/1.1\r\nHost: desk\r\n\r\n".encode()
        for n, of in enumerate([token, other, "nobody", token, other, token])
    ]
    answers = await play(port, requests, pipelined=True)
    assert [one.status for one in answers] == [200, 200, 400, 200, 200, 200]
    by_device: dict[object, list[int]] = {}
    for row in await rows(world):
        by_device.setdefault(row.device_id, []).append(int(row.fixed_at.timestamp()) - 1795395600)
    assert sorted(by_device.values()) == [[0, 3, 5], [1, 4]]
