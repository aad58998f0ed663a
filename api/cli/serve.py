"""`zhuanche serve`: answer requests until told to stop, then finish what was accepted."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import resource
import signal
import socket
import ssl
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NoReturn

import typer
import uvloop
from granian.constants import Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server

from api.authority import Files, authority_of, fingerprint_of, own_certificate, own_files
from api.cli.connections import Connections, check_schema, held
from api.cli.ending import finished
from api.cli.renewing import Renewal
from api.cli.waiting import until_trusted
from api.clock import wall_clock
from api.db.work import working
from api.first_look import Look
from api.http.secure import TRUST, proxies_of
from api.log import start_logging
from api.settings import Settings, SettingsError, load_settings, own_address
from api.terminals.tls import tls_of

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

BACKLOG: Final = 1024
"""Connections that may wait to be taken up, and requests that may be worked on."""
PORT_MOST: Final = 65_535
DRAIN_S: Final = 30.0
"""How long a stopping service waits for the requests it has accepted."""
OPEN_FILES: Final = 16_384
"""Open files and connections wanted where terminals connect."""
READS_S: Final = 60.0
"""How long whoever asked may take to read the next part of an answer (256 KiB of a file)."""
HEADERS_S: Final = 10
"""The headers of a request must have arrived within this time."""


def serve() -> None:
    """Serve over HTTP, on the embedded database or the one ZHUANCHE_DATABASE_URL names.

    Until SIGTERM or Ctrl-C, upon which it finishes what it has accepted.

    Example: zhuanche serve
    """
    settings = load_settings()
    with held_to_serve(settings) as connections:
        check_schema(connections)
        run(settings, connections)


@contextlib.contextmanager
def held_to_serve(settings: Settings, *, make: bool = False) -> Iterator[Connections]:
    """Yield the connections of a process that will serve: log and address are good, a signal ends all in order.

    The process ends here: nothing runs after the block.
    """
    start_logging(settings)
    check_address(settings)
    signal.signal(signal.SIGTERM, _told_to_stop)
    ended: list[str] = []

    def end(why: str) -> None:
        ended.append(why)
        os.kill(os.getpid(), signal.SIGTERM)

    with (
        contextlib.suppress(KeyboardInterrupt),
        held(settings, make=make) as connections,
        working(connections.lock_url, "serve", end),
    ):
        yield connections
    if ended:
        typer.echo(f"zhuanche: the service ended. {ended[0]}", err=True)
    _leave(1 if ended else 0)


def _leave(code: int) -> NoReturn:
    """End the process now that all is closed, without taking the interpreter down.

    The server's own threads outlive `Server.serve`. Until Python 3.14 a thread that asks for the interpreter's lock
    while the interpreter goes down is unwound by force, which Rust answers by aborting the process (PyO3 pull
    request 4874).
    """
    logging.shutdown()
    with contextlib.suppress(OSError):  # whoever read our output may be gone
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _told_to_stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def check_address(settings: Settings) -> None:
    """Check that this process can listen where it is to, at HTTP's port and at that of terminals.

    Raises:
        SettingsError: a port is taken, the host is none of this machine's, or the certificate cannot be used.
    """
    _check_free(settings.host, settings.port, "HOST", "PORT")
    proxies_of(settings)
    if settings.https_port is None and (settings.certificate or settings.key):
        raise SettingsError("ZHUANCHE_CERTIFICATE is for HTTPS: name its port in ZHUANCHE_HTTPS_PORT.")
    if settings.https_port is not None:
        if settings.https_port == settings.port:
            raise SettingsError("ZHUANCHE_PORT and ZHUANCHE_HTTPS_PORT are the same; each needs one of its own.")
        _check_free(settings.host, settings.https_port, "HOST", "HTTPS_PORT")
        if settings.certificate is not None:
            certificate_of(settings, wall_clock())
    if settings.jt808_port is None:
        return
    if settings.jt808_port == settings.port:
        raise SettingsError("ZHUANCHE_PORT and ZHUANCHE_JT808_PORT are the same; each needs one of its own.")
    if settings.jt808_port == settings.https_port:
        raise SettingsError("ZHUANCHE_HTTPS_PORT and ZHUANCHE_JT808_PORT are the same; each needs one of its own.")
    _check_free(settings.jt808_host, settings.jt808_port, "JT808_HOST", "JT808_PORT")
    try:
        tls_of(settings)
    except (OSError, ValueError) as fault:
        raise SettingsError(
            f"ZHUANCHE_JT808_CERTIFICATE and ZHUANCHE_JT808_KEY cannot be used together: {fault}."
        ) from fault


def _check_free(host: str, port: int, host_name: str, port_name: str) -> None:
    """Check that nobody listens there: the server's own socket would share the port. Raises `SettingsError`."""
    if not 0 <= port <= PORT_MOST:
        raise SettingsError(f"ZHUANCHE_{port_name} is {port}; a port is at most {PORT_MOST}.")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as fault:
        where = f"{host}:{port} (ZHUANCHE_{host_name}, ZHUANCHE_{port_name})"
        if fault.errno == errno.EADDRINUSE:
            raise SettingsError(f"Another process listens at {where} already.") from fault
        raise SettingsError(f"This machine cannot listen at {where}: {fault.strerror}.") from fault


def allow_connections() -> None:
    """Let this process have as many open connections as the system lets it: the usual 1,024 are soon taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def run(settings: Settings, connections: Connections) -> None:
    """Serve until SIGINT or SIGTERM."""
    if settings.jt808_port is not None:
        allow_connections()
    look = until_trusted(connections.service, settings, partial(listeners, settings, files=kept_certificate(settings)))
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    # Not by `uvloop.run`: that would wait for what is left, however long a silent database keeps it.
    loop.run_until_complete(_run(settings, connections, look))


async def _run(settings: Settings, connections: Connections, look: Look) -> None:
    from api.app import create_app  # noqa: PLC0415 - of all commands, only a server takes the time to load it

    app = create_app(settings, connections.service, connections.ingest, look.clock)
    if look.newest is not None and look.is_set_right:
        app.state.timekeeper.note(look.newest, look.at, followed=True)
    draining = Draining(app)
    files = certificate_of(settings, look.clock()) if settings.https_port is not None else None
    servers = listeners(settings, draining, files)
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def stop() -> None:
        stopping.set()
        app.state.hub.close_pages()  # no stream ends by itself
        for server in servers:
            server.stop()  # type: ignore[no-untyped-call]  # Granian's own

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)

    async def work() -> None:
        async with app.lifespan():
            spare_what_stays()
            serving = [asyncio.create_task(server.serve()) for server in servers]
            if await let_in(settings, serving):
                typer.echo(f"Zhuanche answers at {settings.address} (Ctrl-C stops it).")
                _tell_of_authority(settings)
            renewing = asyncio.create_task(Renewal(settings, servers[-1], files, look.clock).run()) if files else None
            await asyncio.gather(*serving)
            if renewing is not None:
                renewing.cancel()
            await draining.finish()

    jobs = [runner.break_off for runner in app.state.runners]
    await finished(asyncio.create_task(work()), stopping, connections.service, jobs)


async def let_in(settings: Settings, serving: Sequence[asyncio.Task[None]]) -> bool:
    """Wait until who connects is let in, and tell so; False where a server ended before that."""
    ports = filter(None, (settings.port, settings.https_port))
    listens = asyncio.gather(*(listening(settings.host, port) for port in ports))
    waited: set[asyncio.Future[Any]] = {listens, *serving}
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    if listens.done():
        return True
    listens.cancel()
    return False


async def listening(host: str, port: int) -> None:
    """Wait until somebody who connects is let in."""
    while True:
        try:
            _, writer = await asyncio.open_connection(own_address(host), port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


def listeners(settings: Settings, app: ASGIApp, files: Files | None) -> list[Server]:
    """Return servers of an application at the service's addresses; over HTTPS where there is a certificate."""
    servers = [_server(app, settings.host, settings.port)]
    if settings.https_port is not None and files is not None:
        servers.append(_server(app, settings.host, settings.https_port, files))
    return servers


def kept_certificate(settings: Settings) -> Files | None:
    """Return the certificate of the last time: none is made while the time is doubted."""
    if settings.https_port is None:
        return None
    if settings.certificate is not None:
        return certificate_of(settings, wall_clock())
    own = own_files(settings)
    return own if own.certificate.exists() and own.key.exists() else None


def _server(app: ASGIApp, host: str, port: int, files: Files | None = None) -> Server:
    """Return a server at a port, over HTTPS where it is given a certificate."""
    return Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,  # the lifespan is ours: it ends after the last request, not beside it
        websockets=False,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_S * 1000),
        log_enabled=False,
        ssl_cert=None if files is None else files.certificate,
        ssl_key=None if files is None else files.key,
        ssl_protocol_min=SSLProtocols.tls12,  # phones of 2018 know no newer one
    )


def certificate_of(settings: Settings, now: datetime) -> Files:
    """Return the certificate to speak HTTPS by: the one named, else one of the service's own authority.

    Raises:
        SettingsError: certificate and key cannot be used together, or none can be made.
    """
    if settings.certificate is None:
        try:
            return own_certificate(settings, now)
        except OSError as fault:
            raise SettingsError(f"No certificate can be made in ZHUANCHE_DATA: {fault}.") from fault
    files = Files(settings.certificate, settings.key or settings.certificate)
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(files.certificate, files.key)
    except OSError as fault:
        raise SettingsError(f"ZHUANCHE_CERTIFICATE and ZHUANCHE_KEY cannot be used together: {fault}.") from fault
    return files


def _tell_of_authority(settings: Settings) -> None:
    """Print the authority's fingerprint: what a phone shows is compared with it before the phone trusts it."""
    own = authority_of(settings) if settings.https_port is not None and settings.certificate is None else None
    if own is not None:
        typer.echo(f"Its own authority, for phones to trust ({TRUST}): SHA-256 {fingerprint_of(own)}")


def spare_what_stays() -> None:
    """Keep what is loaded by now out of every later search for garbage.

    It stays until the end, 200,000 objects and more; to walk through it each time held up every request for over a
    tenth of a second.
    """
    gc.collect()
    gc.freeze()


def _read_in_time(send: Send) -> Send:
    """Return what sends, and gives up where nobody reads: each such answer holds a file or a part of one open."""

    async def send_in_time(message: Message) -> None:
        async with asyncio.timeout(READS_S):
            await send(message)

    return send_in_time


class Draining:
    """ASGI: counts the requests that are worked on, so that stopping can wait for them; ends those nobody reads."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        self._open += 1
        self._idle.clear()
        try:
            await self._app(scope, receive, _read_in_time(send))
        finally:
            self._open -= 1
            if self._open == 0:
                self._idle.set()

    async def finish(self) -> None:
        """Wait until nothing is worked on, within reason."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), DRAIN_S)
