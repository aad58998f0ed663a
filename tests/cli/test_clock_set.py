"""The clock of a real machine is set while it serves: database and service both see it, and nothing goes astray."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from api.db import datafolder
from api.db.embedded import start
from api.db.migrate import migrate
from tests.conftest import Server
from tests.endure.desk import a_desk, send
from tests.live import PATIENCE_S, environment, free_port, serving, zhuanche

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[timedelta], None]]:
    """Return what sets the clock of every process that starts from now on (Debian's `faketime`)."""
    if LIBRARY is None:
        assert "CI" not in os.environ, "libfaketime is not here"
        pytest.skip("libfaketime is not here")
    with tempfile.TemporaryDirectory(prefix="zhuanche-clock-") as folder:
        Path(folder).chmod(0o755)  # the database is another account's
        told = Path(folder, "offset")

        def set_by(by: timedelta) -> None:
            told.write_text(f"{by.total_seconds():+.0f}\n")
            told.chmod(0o644)

        set_by(timedelta(0))
        variables = {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(told),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        monkeypatch.setattr(datafolder, "ENVIRONMENT", datafolder.ENVIRONMENT | variables)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield set_by


def eventually(what: Callable[[], bool]) -> None:
    """Wait until something holds; the clock that is waited by is the test's own."""
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.1)


async def test_what_happens_while_a_machines_clock_is_wrong_is_recorded_at_its_right_time(
    tmp_path: Path, faked: Callable[[timedelta], None]
) -> None:
    """Set a day ahead, a year back, and right again: each is in the bureau's record, every fix in its place."""
    data = tmp_path / "data"
    with start(data, durable=False) as database:
        url = database.dsn("postgres")
        migrate(url)
        with serving(tmp_path / "log", database_url=url, data=tmp_path / "files", time_server="none") as live:
            desk = await a_desk(data)

            def held(value: float) -> bool:
                return f"zhuanche_clock_held {value}" in httpx.get(f"{live.url}/metrics", timeout=PATIENCE_S).text

            async with httpx.AsyncClient(base_url=live.url, timeout=PATIENCE_S) as http:
                for by in (timedelta(days=1), timedelta(days=-365), timedelta(0)):
                    faked(by)
                    eventually(lambda by=by: held(1.0 if by else 0.0) and jumped(url, by))  # type: ignore[misc]
                    for kind in ("fix", "complaint", "signed"):
                        assert await send(http, desk, desk.next(kind)), (live.log.read_text(), by)
            with psycopg.connect(url) as connection:
                received = connection.execute("SELECT min(received_at), max(received_at) FROM position").fetchone()
                entered = connection.execute("SELECT min(recorded_at), max(recorded_at) FROM ledger_outbox").fetchone()
    now = datetime.now(UTC)
    for at in (*(received or ()), *(entered or ())):
        assert abs(at - now) < timedelta(minutes=PATIENCE_S / 60 * 3)


def jumped(url: str, by: timedelta) -> bool:
    """Tell whether a bureau's record tells of a clock that was set to be `by` off."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT to_at - noticed_at, followed FROM clock_jump ORDER BY recorded_at DESC LIMIT 1"
        ).fetchone()
    return row is not None and abs(row[0] - by) < timedelta(minutes=1) and row[1] is not bool(by)


def test_nothing_begins_under_a_doubted_clock_until_it_is_right_and_none_is_followed_until_it_is_let_count(
    tmp_path: Path, faked: Callable[[timedelta], None]
) -> None:
    """Three years ahead, no month is retired; set back and started anew, a service waits: neither could be undone."""
    data, log = tmp_path / "data", tmp_path / "log"
    port = free_port()
    with start(data, durable=False) as database:
        url = database.dsn("postgres")
        migrate(url)
        said: dict[str, object] = {"database_url": url, "data": tmp_path / "files", "time_server": "none"}
        asyncio.run(a_desk(data))
        faked(timedelta(days=3 * 365))
        eventually(lambda: off(url) > timedelta(days=1000))
        with ThreadPoolExecutor() as at_once:
            for refused in at_once.map(lambda command: zhuanche(*command, **said), IRREVOCABLE):
                assert (refused.returncode, "last 45 days" in refused.stderr) == (1, True), refused
        faked(timedelta(hours=-1))
        eventually(lambda: off(url) < timedelta(0))
        with waiting(log, port, said) as process:
            eventually(lambda: asked_for(port, "/readyz") == (503, True))
            assert asked_for(port, "/board") == (503, False)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        with waiting(log, port, said) as process:
            faked(timedelta(0))
            eventually(lambda: "answers at" in log.read_text())
            faked(timedelta(hours=-1))
            eventually(lambda: asked_for(port, "/readyz") == (200, True))
            accepted = zhuanche("clock", "--accept", "compared with the telephone", **said)
            assert accepted.returncode == 0, accepted.stderr
            eventually(lambda: asked_for(port, "/readyz") == (200, False))
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        assert jumped_back(url)


IRREVOCABLE = (["retire", "--month", "2026-10"], ["seal", "350302"])
HASTY = "import api.cli.waiting; api.cli.waiting.LOOK_AGAIN_S = 0.5; from api.cli.command_line import main; main()"
"""The product, looking again sooner than it does by itself."""


@contextlib.contextmanager
def waiting(log: Path, port: int, said: dict[str, object]) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a service that doubts the clock and says so."""
    command, variables = [sys.executable, "-c", HASTY, "serve"], environment(port=port, **said)
    with log.open("w") as told, subprocess.Popen(command, env=variables, stderr=told, stdout=told) as process:
        eventually(lambda: "earlier than the newest entry" in log.read_text())
        assert "answers at" not in log.read_text()
        yield process


def asked_for(port: int, path: str) -> tuple[int, bool]:
    """Return with which status a service answers for a page, and whether it says that something is held."""
    with contextlib.suppress(httpx.TransportError):
        answer = httpx.get(f"http://127.0.0.1:{port}{path}", headers={"Accept": "text/html"}, timeout=PATIENCE_S)
        return answer.status_code, '"held"' in answer.text
    return 0, False


def off(url: str) -> timedelta:
    """Return how far a database's clock is ahead."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    ahead: timedelta = row[0] - datetime.now(UTC)
    return ahead + timedelta(seconds=30)


def jumped_back(url: str) -> bool:
    """Tell whether a bureau's record tells of a clock that counts from an hour ago on."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT to_at - from_at, followed FROM clock_jump").fetchall()
    return any(by < timedelta(minutes=-50) and followed for by, followed in rows)


def test_a_command_goes_by_the_databases_time_and_not_by_its_own_machines(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop three years ahead judges no month by its own clock."""
    if LIBRARY is None:
        assert "CI" not in os.environ, "libfaketime is not here"
        pytest.skip("libfaketime is not here")
    now = datetime.now(UTC)
    monkeypatch.setenv("LD_PRELOAD", str(LIBRARY))
    monkeypatch.setenv("FAKETIME", "+1095d")
    told = zhuanche("clock", database_url=server.superuser, data=tmp_path)
    assert f"The database's clock says {now:%Y-%m-%d}" in told.stdout, told
    assert told.returncode == 0
