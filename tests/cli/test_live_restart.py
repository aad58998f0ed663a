"""The service stops with pages open: it does not wait for them, and they find their way back."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import httpx

from api.db.embedded import start
from api.db.migrate import migrate
from tests.cli.test_watch_killed import a_desk
from tests.live import serving
from tests.sse import page

STOPS_WITHIN_S = 20


async def test_open_pages_do_not_hold_up_a_restart(tmp_path: Path) -> None:
    """Told to stop, the service ends the streams at once and is gone; the next one tells the page to ask anew."""
    data = tmp_path / "data"
    with start(data) as server:
        migrate(server.dsn("postgres"))
    with serving(tmp_path / "log", data=data) as live:
        _, auditor = await a_desk(data)
        async with httpx.AsyncClient(base_url=live.url) as http, page(http, auditor) as board:
            last_id = board.last_id
            began = monotonic()
            assert live.stop() == 0
            assert monotonic() - began < STOPS_WITHIN_S
            assert not (data / "postgres" / "pgdata" / "postmaster.pid").exists(), "its database was not shut down"
            await board.ends()
    with serving(tmp_path / "log2", data=data) as live:
        async with httpx.AsyncClient(base_url=live.url) as http, page(http, auditor, last_id=last_id) as board:
            await board.hears("reload")
