"""The network to the database holds every byte back: the service ends all the same when it is told to, and in time."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from api.db.database import Database
from api.settings import Settings
from api.usecases.enrol_device import NewDevice, enrol_device
from tests.conftest import Server
from tests.endure.wire import wired
from tests.live import PATIENCE_S, serving
from tests.phones import drive, rows, send
from tests.world import HeldClock, make_world

IMPATIENT = (
    "import api.cli.ending, api.db.work, api.timekeeper;"
    " api.cli.ending.SILENT_S = 1.0; api.db.work.LOOK_EVERY_S = api.timekeeper.SYNC_S = 600.0;"
    " from api.cli.command_line import main; main()"
)
"""The product, with less patience with a silent database than it has by itself, and asking it nothing by itself."""


def behind(url: str) -> Path | int:
    """Return the socket or the port that a URL of a database leads to."""
    named = conninfo_to_dict(url)
    host, port = str(named.get("host") or ""), int(named.get("port") or 5432)
    return Path(host, f".s.PGSQL.{port}") if host.startswith("/") else port


async def test_a_service_ends_in_time_though_its_database_says_nothing_more(
    server: Server, owner: Database, settings: Settings, tmp_path: Path
) -> None:
    """What was acknowledged is there; what was asked in vain is answered to nobody, and nobody waits for it."""
    clock = HeldClock(datetime.now(UTC))
    async with AsyncExitStack() as stack:
        wire = await stack.enter_async_context(wired(behind(server.superuser)))
        through = make_url(server.superuser).difference_update_query(["host", "port"])
        url = through.set(host="127.0.0.1", port=wire.port).render_as_string(hide_password=False)
        service = Database(server.service, replace(settings, pool_size=2), clock)
        stack.push_async_callback(service.close)
        world = await make_world(owner, service, clock)
        device = await enrol_device(service, world["admin"], NewDevice(name="terminal", vehicle_id=world.vehicle_id))
        token, way = device.token or "", drive(clock(), 20)
        starting = serving(
            tmp_path / "log", program=(sys.executable, "-c", IMPATIENT), data=tmp_path, database_url=url, jobs=0
        )
        live = await asyncio.to_thread(starting.__enter__)
        stack.callback(starting.__exit__, None, None, None)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=live.url, timeout=PATIENCE_S))
        assert (await send(http, token, way[:10])).json()["stored"] == 10
        wire.hush()
        in_vain = asyncio.create_task(send(http, token, way[10:]))
        await asyncio.wait_for(wire.held.wait(), PATIENCE_S)  # the request asks the database
        live.process.terminate()
        assert await asyncio.to_thread(live.process.wait, PATIENCE_S) == 0
        with pytest.raises(httpx.TransportError):
            await in_vain
        assert "stopped-unfinished" in (tmp_path / "log").read_text()
        assert "Traceback" not in (tmp_path / "log").read_text()
        wire.cut()
        assert len(await rows(world)) == 10
