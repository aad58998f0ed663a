"""What the service asks of others may be slow or dead: a trip departs as ever, and whoever waits is told in time."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from litestar import Litestar

import api.http.health
from api.app import create_app
from api.db.database import Database
from api.db.engine import LINE
from api.db.faults import Busy, DatabaseAway
from api.jobs.positions import make_months
from api.settings import Settings
from tests.conftest import Server, SignIn, embedded_server, problem_code, running, served, token_of
from tests.everyday import DEPART
from tests.notices.desk import deliveries, hook
from tests.notices.stand_in import StandIn
from tests.openrosa.forms import PNG
from tests.trips import approved_trip, requested_trip
from tests.world import World

BRIEF_S = 1.0
"""What each neighbour is given where it is waited for."""
LONG_S = 600.0
"""And where nobody waits for it: longer than all else takes on any machine."""
IN_TIME_S = 60.0
"""What never ends takes longer on any machine."""
AT_ONCE = 12
"""More than there are threads, or connections to the database, of one kind."""


@dataclass
class Dead:
    """A neighbour that takes every connection and never says a word."""

    port: int = 0
    asked: set[str] = field(default_factory=set)
    """How it was asked, and below which folder."""
    lines: list[asyncio.StreamWriter] = field(default_factory=list)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hear a connection out."""
        self.lines.append(writer)
        how, path = (await reader.readline()).decode("latin-1").split(" ")[:2]
        self.asked.add(f"{how} {urlsplit(path).path.split('/')[1]}")
        await reader.read()
        writer.close()


@pytest.fixture
async def dead() -> AsyncIterator[Dead]:
    """Return such a neighbour."""
    neighbour = Dead()
    server = await asyncio.start_server(neighbour.take, "127.0.0.1", 0)
    neighbour.port = server.sockets[0].getsockname()[1]
    yield neighbour
    server.close()
    for line in neighbour.lines:
        line.transport.abort()  # or threads that ask would be waited for where the run ends


@pytest.fixture
def patience_s() -> float:
    """Return how long each neighbour is waited for."""
    return LONG_S


@pytest.fixture
def app_settings(settings: Settings, dead: Dead, patience_s: float, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings whose object store and geocoder are that neighbour; a webhook may be."""
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{dead.port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "desk",
        "AWS_SECRET_ACCESS_KEY": "not a secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return replace(
        settings,
        pool_size=5,
        files_url="s3://desk/files",
        files_timeout_s=patience_s,
        geocoder="nominatim",
        geocoder_url=f"http://127.0.0.1:{dead.port}",
        geocoder_timeout_s=patience_s,
        notice_hosts="127.0.0.1",
        notice_timeout_s=patience_s,
    )


@pytest.fixture
async def waiting(
    app: Litestar, world: World, signed_in: SignIn, dead: Dead
) -> AsyncIterator[dict[str, list[asyncio.Task[Any]]]]:
    """Return a dozen photos and as many questions that wait for it, and a webhook that is told of a trip."""
    officer, dispatcher = await signed_in("officer"), await signed_in("dispatcher")

    async def photo(number: int) -> httpx.Response:
        content = PNG + number.to_bytes(2, "big")
        return await officer.put(f"/v1/attachments/{hashlib.sha256(content).hexdigest()}", content=content)

    async def place(number: int) -> httpx.Response:
        return await dispatcher.get(f"/v1/places?q=文献步行街{number}号")

    await hook(signed_in, StandIn(port=dead.port))
    later = world.clock() + timedelta(days=2)
    await requested_trip(world, planned_from=later, planned_until=later + timedelta(hours=1))
    tasks = {
        "photos": [asyncio.create_task(photo(number)) for number in range(AT_ONCE)],
        "places": [asyncio.create_task(place(number)) for number in range(AT_ONCE)],
        "notices": [asyncio.create_task(app.state.courier.round(world.database, world.bureau_id))],
    }
    yield tasks
    left = [task for of_kind in tasks.values() for task in of_kind]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def test_a_dead_object_store_geocoder_and_webhook_slow_no_trip(
    waiting: dict[str, list[asyncio.Task[Any]]], dead: Dead, world: World, signed_in: SignIn
) -> None:
    """Trips are asked, approved, depart and return while all who wait for nobody go on waiting."""
    async with asyncio.timeout(IN_TIME_S):
        while not dead.asked >= {"POST desk", "GET search", "POST hook"}:  # noqa: ASYNC110 - it is another's word that is waited for
            await asyncio.sleep(0.02)
    driver = await signed_in("driver")
    for number in range(3):
        start = world.clock() + timedelta(hours=number * 3)
        trip_id = await approved_trip(world, planned_from=start, planned_until=start + timedelta(hours=1))
        world.clock.at = start
        departed = await driver.post(f"/v1/trips/{trip_id}/depart", json=DEPART)
        assert departed.status_code == 200, departed.text
        back = {"reading": DEPART["reading"]}
        assert (await driver.post(f"/v1/trips/{trip_id}/return", json=back)).status_code == 200
    assert not [kind for kind, tasks in waiting.items() if any(task.done() for task in tasks)]


@pytest.mark.parametrize("patience_s", [BRIEF_S])
async def test_whoever_waits_for_a_dead_neighbour_is_told_so(
    waiting: dict[str, list[asyncio.Task[Any]]], signed_in: SignIn
) -> None:
    """Each by its own limit: no file is kept, remembered places are all there are, the notice is tried again."""
    async with asyncio.timeout(IN_TIME_S):
        kept, found = await asyncio.gather(*waiting["photos"]), await asyncio.gather(*waiting["places"])
        await asyncio.gather(*waiting["notices"])
    assert {(one.status_code, problem_code(one)) for one in kept} == {(503, "files-away")}
    assert {one.status_code for one in found} == {200}
    assert {one.json()["geocoder"]["outcome"] for one in found} == {"away"}
    assert ("waiting", "timeout") in {(one["state"], one["fault"]) for one in await deliveries(signed_in)}
    ready = await (await signed_in("officer")).get("/readyz")
    assert (ready.status_code, ready.json()["files"]) == (200, "away")


async def test_a_database_that_takes_connections_and_never_speaks_is_away_in_time(
    settings: Settings, dead: Dead
) -> None:
    """A host that hangs is told like one that is off."""
    hangs = replace(settings, connect_timeout_s=2)  # libpq counts no less than two seconds
    database = Database(f"postgresql://desk@127.0.0.1:{dead.port}/desk", hangs)
    async with asyncio.timeout(IN_TIME_S):
        with pytest.raises((DatabaseAway, Busy)):
            await database.ping()
    await database.close()


async def test_what_the_service_counts_is_told_while_the_database_is_away(settings: Settings) -> None:
    """Then it is asked for most: how full the pool and the disks are, and no number of what nobody can say now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"postgresql://desk@127.0.0.1:{taken.getsockname()[1]}/desk"
    application = create_app(settings, url, url)  # nobody listens there any more
    transport = httpx.ASGITransport(app=application)  # type: ignore[arg-type]  # Litestar is an ASGI application
    async with httpx.AsyncClient(transport=transport, base_url="https://desk") as http:
        told, ready = await http.get("/metrics"), await http.get("/readyz")
    assert (told.status_code, ready.status_code) == (200, 503)
    assert "zhuanche_pool_connections" in told.text
    assert not re.search(r"^zhuanche_position_months_ahead ", told.text, re.MULTILINE)
    with pytest.raises(DatabaseAway):
        await make_months(application.state.database)
    await application.state.database.close()


async def test_what_the_service_counts_is_told_while_every_connection_is_used(
    server: Server, settings: Settings
) -> None:
    """The pool that is full is what the number is about."""
    application = create_app(replace(settings, pool_size=1, pool_timeout_s=0.1), server.service, server.ingest)
    transport = httpx.ASGITransport(app=application)  # type: ignore[arg-type]  # Litestar is an ASGI application
    async with (
        application.state.database.engine.connect(),
        httpx.AsyncClient(transport=transport, base_url="https://desk") as http,
    ):
        told = await http.get("/metrics")
    assert told.status_code == 200
    assert "zhuanche_pool_used 1.0" in told.text
    await application.state.database.close()


@pytest.fixture
def stopped() -> Iterator[Server]:
    """Return a database of its own, which the test may stop."""
    with embedded_server() as own:
        yield own


def processes_of(server: Server) -> list[int]:
    """Return the numbers of a database's processes, the server's last."""
    assert server.embedded is not None
    pid = server.embedded.pid
    return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()), pid]


async def test_a_database_that_hangs_in_the_midst_is_given_up_in_time_and_found_again(
    stopped: Server, settings: Settings
) -> None:
    """Its connections stand and nothing comes: no time-out of its own counts, so the service has one."""
    database = Database(stopped.service, settings, longest_s=1)
    async with database.read("350302"):
        pass
    processes = processes_of(stopped)
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(IN_TIME_S):  # a second, and ten that the driver takes to give its question up
            with pytest.raises(Busy):
                async with database.read("350302"):
                    pass
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
    async with database.read("350302"):
        pass
    await database.close()


async def test_whoever_watches_is_told_in_time_of_a_database_that_hangs(
    stopped: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is asked meanwhile, one connection waits, and the others are there once the database goes on."""
    application = create_app(replace(settings, pool_size=3), stopped.service, stopped.ingest)
    transport = httpx.ASGITransport(app=application)  # type: ignore[arg-type]  # Litestar is an ASGI application
    async with httpx.AsyncClient(transport=transport, base_url="https://desk") as http:
        assert (await http.get("/readyz")).status_code == 200
        monkeypatch.setattr(api.http.health, "ANSWERS_S", 0.2)
        processes = processes_of(stopped)
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(IN_TIME_S):
                ready = [await http.get("/readyz") for _ in range(3)]
                told = await asyncio.gather(*(http.get("/metrics") for _ in range(AT_ONCE)))
        finally:
            for pid in processes:
                os.kill(pid, signal.SIGCONT)
        assert {(one.status_code, one.json()["database"]) for one in ready} == {(503, "away")}
        assert {one.status_code for one in told} == {200}
        assert {"zhuanche_pool_used 1.0" in one.text for one in told} == {True}
        monkeypatch.undo()
        async with asyncio.timeout(IN_TIME_S):
            while (await http.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - the database goes on when it does
                await asyncio.sleep(0.02)
    await application.state.database.close()


def test_every_connection_to_the_database_has_its_limits(project: Path) -> None:
    """Of a process that serves: who makes one elsewhere gives it the same."""
    made = {
        path: path.read_text("utf-8")
        for path in (project / "api").rglob("*.py")
        if "AsyncConnection.connect(" in path.read_text("utf-8")
    }
    assert len(made) >= 6
    for path, text in made.items():
        assert text.count("AsyncConnection.connect(") == text.count("**LINE") == text.count("connect_timeout="), path
    assert LINE["tcp_user_timeout"] <= 20_000


def open_files() -> int:
    """Return how many files and connections this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_who_asks_for_a_file_and_does_not_read_it_is_not_waited_for(
    tmp_path: Path, server: Server, settings: Settings, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each such answer holds a connection open: it is given up, and the others are answered meanwhile."""
    monkeypatch.setattr("api.cli.serve.READS_S", BRIEF_S)
    application = create_app(replace(settings, data=tmp_path), server.service, server.ingest, world.clock)
    photo = PNG + os.urandom(16 * 1024 * 1024)
    path = f"/v1/attachments/{hashlib.sha256(photo).hexdigest()}"
    token = await token_of(world, "officer")
    asked = f"GET {path} HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        running(application),
        served(application) as at,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{at}", headers=headers) as http,
    ):
        assert (await http.put(path, content=photo)).status_code == 201
        before = open_files()
        reader, writer = await asyncio.open_connection("127.0.0.1", at, limit=1024)
        writer.write(asked)
        await asyncio.sleep(0.5)
        assert open_files() > before
        assert (await http.get("/healthz")).status_code == 200
        await asyncio.sleep(2 * BRIEF_S)
        read = 0
        while part := await reader.read(65_536):
            read += len(part)
        assert read < len(photo)
        writer.close()
