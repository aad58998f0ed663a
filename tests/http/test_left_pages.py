"""Pages that are left in the midst of what they asked for."""

from __future__ import annotations

import asyncio
import gc

from api.app import create_app
from api.http.requests import SESSION_COOKIE
from api.settings import Settings
from tests.conftest import Server, running, served, token_of
from tests.world import HeldClock, World

ASKED = ("/board", "/v1/live", "/v1/trips", "/board") * 3


async def test_a_page_that_is_left_in_the_midst_of_a_request_leaves_no_connection_behind(
    server: Server, settings: Settings, clock: HeldClock, world: World
) -> None:
    """What was asked is worked on to its end though nobody waits for it and the service was told to stop meanwhile.

    A connection to the database that the garbage collector finds open is a warning, and a warning fails the test.
    """
    token = await token_of(world, "dispatcher")
    app = create_app(settings, server.service, server.ingest, clock)
    async with running(app), served(app) as port:
        for path in ASKED:
            _, page = await asyncio.open_connection("127.0.0.1", port)
            page.write(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
                f"Cookie: {SESSION_COOKIE}={token}\r\n\r\n".encode()
            )
            page.close()
    gc.collect()
