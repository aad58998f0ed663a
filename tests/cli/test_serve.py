"""A service as its supervisor sees it: it starts plainly, outlives its database, and stops without losing a request."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg
import pytest

from api.cli.serve import let_in
from api.settings import Settings
from tests.conftest import Server
from tests.live import PATIENCE_S, Live, free_port, serving, zhuanche


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, Path]]:
    """Return a service on an embedded database of its own, and its data folder."""
    folder = tmp_path_factory.mktemp("serve")
    data = folder / "data"
    assert zhuanche("migrate", data=data).returncode == 0
    with serving(folder / "log", data=data) as live:
        yield live, data


def eventually(what: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


async def test_that_a_service_answers_is_said_once_it_does_and_not_before(tmp_path: Path) -> None:
    """Nor ever of one whose server could not begin to listen."""
    settings = Settings(data=tmp_path, port=free_port())

    async def late() -> None:
        await asyncio.sleep(0.3)
        listener = await asyncio.start_server(lambda _, writer: writer.close(), settings.host, settings.port)
        async with listener:
            await asyncio.Event().wait()

    serving = asyncio.create_task(late())
    began_s = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        assert await let_in(settings, [serving])
        assert time.monotonic() - began_s >= 0.3
        serving.cancel()
        await asyncio.wait({serving})
        assert not await let_in(replace(settings, port=free_port()), [serving])


def test_a_second_service_on_the_same_data_is_told_so_and_the_first_goes_on(embedded: tuple[Live, Path]) -> None:
    """Nothing is harmed."""
    live, data = embedded
    second = zhuanche("serve", data=data, port=0)
    assert second.returncode == 1
    assert "uses the data folder" in second.stderr
    assert "Traceback" not in second.stderr
    assert httpx.get(f"{live.url}/readyz").status_code == 200


def test_a_port_that_another_service_listens_on_is_told(embedded: tuple[Live, Path], tmp_path: Path) -> None:
    """Two services never share a port by accident."""
    live, _ = embedded
    second = zhuanche("serve", data=tmp_path / "data", port=live.port)
    assert second.returncode == 1
    assert "listens" in second.stderr
    assert "Traceback" not in second.stderr


def test_while_the_database_is_away_the_service_says_so_and_recovers_by_itself(embedded: tuple[Live, Path]) -> None:
    """A killed database server is 503 problems for a moment; the service process stays the same."""
    live, data = embedded
    postmaster = int((data / "postgres" / "pgdata" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGSTOP)  # so that it cannot be replaced before we look
    children = [int(pid) for pid in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()]
    for pid in (*children, postmaster):
        os.kill(pid, signal.SIGKILL)
    seen: set[int] = set()

    def recovered() -> bool:
        ready = httpx.get(f"{live.url}/readyz", timeout=PATIENCE_S)
        asked = httpx.get(f"{live.url}/v1/session", headers={"Authorization": "Bearer 350302." + "x" * 43})
        if asked.status_code == 503:
            assert asked.headers["content-type"].startswith("application/problem+json")
            assert asked.json()["code"] in {"database-away", "busy"}
            assert asked.headers["retry-after"]
        seen.update((ready.status_code, asked.status_code))
        return ready.status_code == 200 and asked.status_code == 401

    eventually(recovered)
    assert seen <= {200, 401, 503}
    assert live.process.poll() is None


async def test_a_service_that_is_told_to_stop_answers_what_it_accepted(server: Server, tmp_path: Path) -> None:
    """The request waits for a lock while the signal comes; it is answered, and only then does the process end."""
    with serving(tmp_path / "log", database_url=server.superuser, data=tmp_path, jobs=0) as live:
        body = {"bureau_id": "350302", "login": "nobody", "password": "a wrong one"}
        async with httpx.AsyncClient(base_url=live.url, timeout=PATIENCE_S) as client:
            blocker = await psycopg.AsyncConnection.connect(server.superuser)
            await blocker.execute("LOCK TABLE person IN ACCESS EXCLUSIVE MODE")
            asked = asyncio.create_task(client.post("/v1/session", json=body))
            waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'person'::regclass"
            await until(lambda: _found(blocker, waits))
            live.process.send_signal(signal.SIGTERM)
            # Once nobody new is let in, the stop has begun.
            await until(lambda: _is_closed(live.port))
            assert not asked.done()
            await blocker.rollback()
            await blocker.close()
            answer = await asked
        assert answer.json()["code"] == "wrong-credentials"
        assert live.process.wait(PATIENCE_S) == 0


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something outside this process holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not await what():  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.02)


async def _found(connection: psycopg.AsyncConnection[Any], statement: LiteralString) -> bool:
    return await (await connection.execute(statement)).fetchone() is not None


async def _is_closed(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    await writer.wait_closed()
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_end_a_service_in_order(server: Server, tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C at a terminal and a supervisor's TERM alike: exit code 0, no traceback."""
    with serving(tmp_path / "log", database_url=server.superuser, data=tmp_path, jobs=0) as live:
        live.process.send_signal(number)
        assert live.process.wait(PATIENCE_S) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()
