"""How long the body of a request may take, the same on the router and on the fast lane of positions."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from litestar.types import Message, Receive, Send

from api.errors import BodyTooSlow

SLOWEST_BYTES_PER_S: Final = 4 * 1024
"""What a sender must keep up, beyond the seconds it is given: a photo over the poorest mobile network still arrives."""


class Answered:
    """ASGI: sends an answer, and knows when all of it was sent.

    Who asks what comes after that is told of a disconnect (ASGI specification, "Disconnect - receive event"). Of a
    client that goes away just as its stream ends, the server does not always tell, and the request would never end.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._all = asyncio.Event()

    async def __call__(self, message: Message) -> None:
        """Send a part of the answer."""
        try:
            await self._send(message)
        finally:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                self._all.set()

    async def or_gone(self, receive: Receive) -> Any:
        """Return what is received, or a disconnect once all of the answer was sent."""
        waiting = [asyncio.ensure_future(receive()), asyncio.ensure_future(self._all.wait())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            return waiting[0].result() if waiting[0].done() else {"type": "http.disconnect"}
        finally:
            for one in waiting:
                one.cancel()


class InTime:
    """ASGI: receives a body as long as it keeps coming.

    A sender may be `patience_s` behind; each 4 KiB that arrive earn it a second more, never above `patience_s`. So
    neither silence nor a byte now and then holds a request for ever. Only waiting counts, not what we do in between.
    """

    def __init__(self, receive: Receive, patience_s: float, answered: Answered | None = None) -> None:
        self._receive = receive
        self._patience_s = patience_s
        self._left_s = patience_s
        self._arrived = False
        self._answered = answered

    async def __call__(self) -> Any:
        """Return the next message.

        Raises:
            BodyTooSlow: the sender is too far behind.
        """
        if self._arrived:
            # What is waited for after the body is that the client goes away: a long download may take its time.
            return await (self._receive() if self._answered is None else self._answered.or_gone(self._receive))
        clock = asyncio.get_running_loop().time
        began_s = clock()
        try:
            async with asyncio.timeout(self._left_s):
                message: Any = await self._receive()
        except TimeoutError as fault:
            raise BodyTooSlow from fault
        earned_s = len(message.get("body", b"")) / SLOWEST_BYTES_PER_S
        self._left_s = min(self._patience_s, self._left_s - (clock() - began_s) + earned_s)
        self._arrived = not message.get("more_body", False)
        return message
