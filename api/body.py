"""How long the body of a request may take, the same on the router and on the fast lane of positions."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from litestar.types import Receive

from api.errors import BodyTooSlow

SLOWEST_BYTES_PER_S: Final = 4 * 1024
"""What a sender must keep up, beyond the seconds it is given: a photo over the poorest mobile network still arrives."""


class InTime:
    """ASGI: receives a body as long as it keeps coming.

    A sender may be `patience_s` behind; each 4 KiB that arrive earn it a second more, never above `patience_s`. So
    neither silence nor a byte now and then holds a request for ever. Only waiting counts, not what we do in between.
    """

    def __init__(self, receive: Receive, patience_s: float) -> None:
        self._receive = receive
        self._patience_s = patience_s
        self._left_s = patience_s
        self._arrived = False

    async def __call__(self) -> Any:
        """Return the next message.

        Raises:
            BodyTooSlow: the sender is too far behind.
        """
        if self._arrived:
            # What is waited for after the body is that the client goes away: a long download may take its time.
            return await self._receive()
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
