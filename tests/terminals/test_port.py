"""The port for terminals: encrypted where a certificate is given, refused in words where it cannot be opened."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
import subprocess
import sys
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from api.app import create_app
from api.cli.serve import check_address
from api.settings import Settings, SettingsError
from tests.conftest import Server, SignIn
from tests.live import free_port
from tests.phones import rows
from tests.terminal import Line, on_file
from tests.world import INSIDE, HeldClock, World


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Return a certificate of this machine's own making and its key."""
    return make_certificate(tmp_path)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate and its key, in place of those that may be there."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "desk")]), dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def app_settings(settings: Settings, certificate: tuple[Path, Path]) -> Settings:
    """Listen at any free port, encrypted."""
    cert, key = certificate
    return replace(settings, jt808_port=0, jt808_host="127.0.0.1", jt808_certificate=cert, jt808_key=key)


async def test_a_terminal_may_speak_tls(
    server: Server,
    app_settings: Settings,
    clock: HeldClock,
    signed_in: SignIn,
    world: World,
) -> None:
    """With a certificate the same conversation goes through TLS, and plain TCP is not understood."""
    application = create_app(app_settings, server.service, server.ingest, clock)
    _, token, terminal = await on_file(signed_in, world)
    trusting = ssl.create_default_context(cafile=str(app_settings.jt808_certificate))
    async with application.lifespan():
        port = application.state.terminals.port
        line = Line(terminal, *await asyncio.open_connection("127.0.0.1", port, ssl=trusting))
        assert (await line.say(terminal.authenticate(token))).body[-1] == 0
        assert (await line.say(terminal.location(world.clock(), INSIDE))).body[-1] == 0
        plain = Line(terminal, *await asyncio.open_connection("127.0.0.1", port))
        await plain.send(terminal.authenticate(token))
        assert await plain.ended()
        await line.close()
        await plain.close()
    assert len(await rows(world)) == 1


@pytest.fixture
def sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the certificate all the time."""
    monkeypatch.setattr("api.terminals.tls.LOOK_S", 0.02)


@pytest.mark.usefixtures("sooner")
async def test_a_renewed_certificate_is_taken_up_while_terminals_are_connected(
    server: Server,
    app_settings: Settings,
    clock: HeldClock,
    signed_in: SignIn,
    world: World,
) -> None:
    """Who comes then is shown the new one; who is connected goes on; one that is half written changes nothing."""
    application = create_app(app_settings, server.service, server.ingest, clock)
    _, token, terminal = await on_file(signed_in, world)
    certificate = app_settings.jt808_certificate
    assert certificate is not None
    async with application.lifespan():
        port = application.state.terminals.port

        async def is_shown() -> bool:
            trusting = ssl.create_default_context(cafile=str(certificate))
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
            except ssl.SSLCertVerificationError:
                return False
            writer.close()
            return True

        trusting = ssl.create_default_context(cafile=str(certificate))
        line = Line(terminal, *await asyncio.open_connection("127.0.0.1", port, ssl=trusting))
        assert (await line.say(terminal.authenticate(token))).body[-1] == 0
        whole = certificate.read_text("ascii")
        certificate.write_text(whole[:200])
        await asyncio.sleep(0.2)
        certificate.write_text(whole)
        assert await is_shown()
        make_certificate(certificate.parent)
        assert not await is_shown()
        for _ in range(500):
            if shown := await is_shown():
                break
            await asyncio.sleep(0.02)
        assert shown
        assert (await line.say(terminal.location(world.clock(), INSIDE))).body[-1] == 0
        await line.close()
    assert len(await rows(world)) == 1


@pytest.fixture
def free(settings: Settings) -> Settings:
    """Return settings whose ports are free."""
    return replace(settings, port=free_port(), jt808_port=free_port(), jt808_host="127.0.0.1")


def test_a_service_that_cannot_listen_to_terminals_says_so_before_it_starts(
    free: Settings, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    """A taken port, the same port twice, a host of others, a key alone, a certificate that is none."""
    cert, key = certificate
    (tmp_path / "other.pem").write_text("no certificate")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wrong = [
            (replace(free, jt808_port=taken.getsockname()[1]), "listens at"),
            (replace(free, jt808_port=free.port), "are the same"),
            (replace(free, jt808_port=free.port + 1, https_port=free.port + 1), "HTTPS_PORT and ZHUANCHE_JT808_PORT"),
            (replace(free, jt808_port=70_000), "at most"),
            (replace(free, jt808_host="192.0.2.1"), "cannot listen"),
            (replace(free, jt808_key=key), "together"),
            (replace(free, jt808_certificate=tmp_path / "other.pem", jt808_key=key), "together"),
            (replace(free, jt808_certificate=tmp_path / "gone.pem", jt808_key=key), "together"),
        ]
        for settings, sentence in wrong:
            with pytest.raises(SettingsError, match=sentence):
                check_address(settings)
    check_address(free)
    check_address(replace(free, jt808_certificate=cert, jt808_key=key))
    check_address(replace(free, jt808_port=None))


def test_where_terminals_connect_a_process_may_have_more_connections_than_usual() -> None:
    """A soft limit of 300 open files is raised towards the hard one, and never lowered."""
    code = (
        "import resource; hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1];"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard));"
        "from api.cli.serve import allow_connections; allow_connections();"
        "soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]; print(soft >= min(hard, 16384) or hard == -1)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == "True"
