"""A real PostgreSQL for the whole run, the real application on it, and a bureau of its own for each test.

`--database-url` names another server (a Citus coordinator, say) instead of the embedded one; its user must be able
to create roles. `--distribute` makes the schema distributed first.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import hypothesis
import psycopg
import pytest
import structlog
from granian.constants import Interfaces
from granian.server.embed import Server as Granian
from litestar import Litestar
from sqlmodel import select

from api.app import create_app
from api.cli.serve import Draining
from api.db.database import Actor, Database, UnitOfWork
from api.db.migrate import MIGRATION_LOCK, migrate
from api.db.roles import INGEST, OWNER, READER, SERVICE
from api.db.tables.people import Person
from api.settings import Settings
from api.usecases.sign_in import open_session
from tests.buckets import s3_server
from tests.ledger import ledger_faults
from tests.live import free_port, throw_away
from tests.world import HeldClock, World, make_world, monday_morning

if TYPE_CHECKING:
    from api.db.embedded import EmbeddedServer

# No test of the suite is timed.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# A fault's picture with all its locals takes seconds to draw, in which nothing else is answered.
structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])

for _name in [name for name in os.environ if name.startswith("ZHUANCHE_")]:
    del os.environ[_name]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the same suite run on another server."""
    parser.addoption("--database-url", default=None, help="superuser URL of a PostgreSQL or Citus to test on")
    parser.addoption(
        "--cases", type=int, default=3, help="requests an operation and role, made from the OpenAPI document"
    )
    parser.addoption("--bundle", default=None, help="archive of `make bundle` to install without a network")
    parser.addoption("--distribute", action="store_true", help="distribute the schema by bureau first (Citus)")


def pytest_collection_finish() -> None:
    """Spare the collector the modules of the libraries: they are never garbage, and each run walks them all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out on a cluster what looks at a single server's own answer: there the same refusal reads otherwise."""
    if config.getoption("--distribute"):
        for item in items:
            if item.get_closest_marker("one_server"):
                item.add_marker(pytest.mark.skip(reason="looks at a single server's own answer"))


@dataclass(frozen=True)
class Server:
    """A migrated database: a URL a role, and whether it is distributed."""

    superuser: str
    owner: str
    service: str
    ingest: str
    reader: str
    distributed: bool
    embedded: EmbeddedServer | None = None
    """The process, where it is ours."""


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Return the server that the whole run uses."""
    url = request.config.getoption("--database-url")
    if url:
        migrate(url)
        distributed = bool(request.config.getoption("--distribute"))
        if distributed:
            from api.db.distribute import distribute  # noqa: PLC0415 - only a Citus run needs it

            distribute(url)
        keep_months(url)
        yield Server(url, url, url, url, url, distributed)
        if not distributed:
            check_ledger(url)
        return
    with embedded_server() as embedded:
        yield embedded
        check_ledger(embedded.superuser)


@contextmanager
def embedded_server() -> Iterator[Server]:
    """Yield a server of its own that keeps nothing, migrated."""
    from api.db.embedded import throwaway  # noqa: PLC0415 - only a run on the embedded server needs it

    with throwaway() as embedded:
        superuser = embedded.dsn("postgres")
        migrate(superuser)
        keep_months(superuser)
        roles = [embedded.dsn(role) for role in (OWNER, SERVICE, INGEST, READER)]
        yield Server(superuser, *roles, distributed=False, embedded=embedded)


def check_ledger(url: str) -> None:
    """Compare facts and ledger entries both ways over all that the run's tests did; a fault fails the run."""
    with psycopg.connect(url) as connection:
        assert ledger_faults(connection) == [], "facts and ledger entries of the whole run do not match"


def keep_months(url: str) -> None:
    """Make the partitions around the tests' clock, whatever the date is today."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))  # several workers on one cluster
        connection.execute(
            "SELECT make_position_partition((%s::date + make_interval(months => n))::date)"
            " FROM generate_series(-3, 3) AS n",
            (monday_morning().date(),),
        )


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return the settings of the application under test."""
    unhindered = {"failures_a_minute": 1_000_000, "requests_a_minute": 1_000_000}
    return Settings(data=tmp_path_factory.mktemp("data"), pool_size=20, jobs=False, time_server="none", **unhindered)


class ClockOfTest:
    """The clock of the test that runs now, for the application that all tests share."""

    now: HeldClock

    def __call__(self) -> datetime:
        """Return the instant of the running test."""
        return self.now()


@pytest.fixture(scope="session", autouse=True)
def thrown_away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let the databases that tests left in their folders be cleared once those are gone, wherever their homes lie."""
    yield
    for home in tmp_path_factory.getbasetemp().rglob("postgres"):
        throw_away(home.parent)


@pytest.fixture(scope="session")
def shared_clock() -> ClockOfTest:
    """Return the clock that the shared application reads."""
    return ClockOfTest()


@pytest.fixture
def clock(shared_clock: ClockOfTest) -> HeldClock:
    """Return a clock held at an ordinary Monday morning."""
    shared_clock.now = HeldClock(monday_morning())
    return shared_clock.now


@pytest.fixture(scope="session")
async def owner(server: Server, settings: Settings) -> AsyncIterator[Database]:
    """Return a database of the owner role, for what only an owner may do."""
    database = Database(server.owner, settings, monday_morning, role=OWNER)
    yield database
    await database.close()


@pytest.fixture
async def database(server: Server, settings: Settings, clock: HeldClock) -> AsyncIterator[Database]:
    """Return the service's database under the test's clock."""
    service = Database(server.service, settings, clock)
    yield service
    await service.close()


@pytest.fixture
async def world(owner: Database, database: Database, clock: HeldClock) -> World:
    """Return a bureau that belongs to this test alone."""
    return await make_world(owner, database, clock)


@pytest.fixture
def app_settings(settings: Settings) -> Settings:
    """Return the settings the application runs with; a test module may have its own."""
    return settings


@asynccontextmanager
async def running(application: Litestar) -> AsyncIterator[None]:
    """Let an application run, in a task of its own: a lifespan must end in the task that began it."""
    running, done = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with application.lifespan():
            running.set()
            await done.wait()

    task = asyncio.create_task(run())
    await asyncio.wait({task, asyncio.create_task(running.wait())}, return_when=asyncio.FIRST_COMPLETED)
    yield
    done.set()
    await task


@pytest.fixture(scope="session")
async def shared_app(server: Server, settings: Settings, shared_clock: ClockOfTest) -> AsyncIterator[Litestar]:
    """Return an application that runs through all tests: a new one each would take longer than most tests do."""
    application = create_app(settings, server.service, server.ingest, shared_clock)
    async with running(application):
        yield application


@pytest.fixture
async def app(server: Server, app_settings: Settings, clock: HeldClock) -> AsyncIterator[Litestar]:
    """Return a running application of the test's own, for what looks into it or sets it otherwise."""
    application = create_app(app_settings, server.service, server.ingest, clock)
    async with running(application):
        yield application


@pytest.fixture
def spoken_to(request: pytest.FixtureRequest, app_settings: Settings, settings: Settings) -> Litestar:
    """Return the application that a test's clients speak to: the shared one, unless the test has one of its own."""
    request.getfixturevalue("clock")
    own = "app" in request.fixturenames or app_settings is not settings
    spoken_to: Litestar = request.getfixturevalue("app" if own else "shared_app")
    return spoken_to


@asynccontextmanager
async def served(app: Litestar) -> AsyncIterator[int]:
    """Serve a running application as the product does, yield the port, and work on what was asked to its end."""
    at = free_port()
    draining = Draining(app)
    server = Granian(draining, port=at, interface=Interfaces.ASGINL, websockets=False, backlog=1024, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{at}") as client:
        for _ in range(200):
            try:
                await client.get("/healthz")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.02)
    yield at
    app.state.hub.close_pages()  # as `zhuanche serve` does: no stream of an open page ends by itself
    server.stop()
    await serving
    await draining.finish()  # who goes away in the midst of a request does not end it


@pytest.fixture
async def port(app: Litestar) -> AsyncIterator[int]:
    """Return the port of the application, served as the product serves it but under the test's clock."""
    async with served(app) as at:
        yield at


@pytest.fixture
async def anonymous(spoken_to: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client that is not signed in."""
    transport = httpx.ASGITransport(app=spoken_to, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        yield client


async def token_of(world: World, login: str) -> str:
    """Return the token of a new session of a person of the world, without the cost of checking a pass word."""

    async def work(uow: UnitOfWork) -> str:
        person = await uow.one(select(Person).where(Person.bureau_id == world.bureau_id, Person.login == login))
        token, _ = await open_session(uow, person, client="test", hours=12)
        return token

    return await world.database.write(Actor(world.bureau_id), work)


SignIn = Callable[[str], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def signed_in(spoken_to: Litestar, world: World) -> AsyncIterator[SignIn]:
    """Return a function that signs a person of the world in by name and returns their HTTP client."""
    clients: list[httpx.AsyncClient] = []

    async def client_of(who: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=spoken_to, raise_app_exceptions=False)  # type: ignore[arg-type]
        client = httpx.AsyncClient(transport=transport, base_url="http://desk", headers={"Accept-Language": "en"})
        clients.append(client)
        client.headers["Authorization"] = f"Bearer {await token_of(world, who)}"
        return client

    yield client_of
    for client in clients:
        await client.aclose()


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """Return the address of an S3 server of this machine with one bucket."""
    with s3_server() as url:
        yield url


@pytest.fixture(scope="session")
def project() -> Path:
    """Return the folder of the project."""
    return Path(__file__).resolve().parent.parent


def problem_code(answer: httpx.Response) -> Any:
    """Return the code of a problem, after checking that it is one."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    return answer.json()["code"]
