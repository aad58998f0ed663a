"""HTTPS as an operator switches it on: the service's own authority, or a certificate of theirs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from cryptography import x509
from granian.server.embed import Server

from api.authority import AUTHORITY_FOR, BEFORE, CERTIFICATE_FOR, authority_of, fingerprint_of, own_certificate
from api.cli.renewing import Renewal
from api.cli.serve import listeners, listening
from api.settings import Settings
from tests.live import free_port, serving, zhuanche

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ONE_PORT = free_port()


def trusting(authority: x509.Certificate | Path) -> ssl.SSLContext:
    """Return a context that trusts one authority and nobody else, as a phone that was told to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if isinstance(authority, Path):
        context.load_verify_locations(authority)
    return context


def test_the_service_makes_its_own_authority_and_speaks_https_by_it(tmp_path: Path) -> None:
    """From nothing: HTTPS that a phone trusts once told to, and the same authority at the next start."""
    data, port = tmp_path / "data", free_port()
    said = {"data": data, "https_port": port, "host": "127.0.0.1"}
    assert zhuanche("migrate", data=data).returncode == 0
    authority = data / "tls" / "authority.pem"
    prints = []
    for _ in range(2):
        with serving(tmp_path / "log", **said) as live:
            assert authority.stat().st_mode & 0o777 == 0o644
            assert (data / "tls" / "authority.key").stat().st_mode & 0o077 == 0
            with httpx.Client(verify=trusting(authority), base_url=f"https://127.0.0.1:{port}") as client:
                assert client.get("/healthz").status_code == 200
                signed = client.post(
                    "/v1/session", json={"bureau_id": "350302", "login": "nobody", "password": "nothing at all"}
                )
                assert signed.status_code == 401
            with httpx.Client(base_url=live.url) as plain:
                offered = plain.get("/trust/zhuanche.crt")
            assert x509.load_der_x509_certificate(offered.content) == x509.load_pem_x509_certificate(
                authority.read_bytes()
            )
            with pytest.raises(httpx.ConnectError, match="certificate"):
                httpx.get(f"https://127.0.0.1:{port}/healthz")
        prints.append(authority.read_bytes())
    assert prints[0] == prints[1]


def test_the_authority_can_pretend_to_be_no_other_site(tmp_path: Path) -> None:
    """Who trusts it trusts it for private networks, local names and the machine's own, and nothing of the outside."""
    settings = Settings(data=tmp_path, base_url="https://zhuanche.example.gov.cn", https_names="203.0.113.5, desk.lan")
    files = own_certificate(settings, NOW)
    authority = authority_of(settings)
    assert authority is not None
    permitted = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert permitted.critical
    told = [str(one.value) for one in permitted.value.permitted_subtrees or []]
    assert {"zhuanche.example.gov.cn", "203.0.113.5/32", "192.168.0.0/16", "lan"} <= set(told)
    assert not [one for one in told if one in ("", "0.0.0.0/0", "::/0", "cn", "gov.cn", "com")]
    leaf = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=825)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"zhuanche.example.gov.cn", "desk.lan", "localhost", socket.gethostname().lower()} <= set(
        names.get_values_for_type(x509.DNSName)
    )
    leaf.verify_directly_issued_by(authority)
    assert fingerprint_of(authority).count(":") == 31


def test_the_authority_is_made_anew_only_when_it_may_not_speak_for_the_machine(tmp_path: Path) -> None:
    """A new address of a private network needs none, nor its end coming near; a name outside does, and its end."""
    settings = Settings(data=tmp_path)

    def made(changed: Settings, at: datetime) -> str:
        own_certificate(changed, at)
        authority = authority_of(changed)
        assert authority is not None
        return fingerprint_of(authority)

    first = made(settings, NOW)
    assert made(replace(settings, https_names="10.1.2.3, car.local"), NOW) == first
    assert made(settings, NOW + timedelta(days=2_000)) == first
    other = made(replace(settings, https_names="zhuanche.example.gov.cn"), NOW)
    assert other != first
    assert made(settings, NOW + AUTHORITY_FOR - timedelta(seconds=1)) == other
    assert made(settings, NOW + AUTHORITY_FOR) != other


def test_services_that_begin_at_once_make_one_authority(tmp_path: Path) -> None:
    """Each on the same folder for the first time: whichever phones are told to trust, all speak by it."""
    settings = Settings(data=tmp_path)

    def begins(_: int) -> str:
        files = own_certificate(settings, NOW)
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key)
        authority = authority_of(settings)
        assert authority is not None
        return fingerprint_of(authority)

    with ThreadPoolExecutor(8) as together:
        assert len(set(together.map(begins, range(8)))) == 1
    assert {one.name for one in (tmp_path / "tls").iterdir()} == {
        *("authority.pem", "authority.key", "certificate.pem", "certificate.key")
    }


def test_phones_trust_the_authority_of_an_older_release_to_its_last_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of ten years go on: certificates end with them, and are not made again each minute."""
    settings, reloads = Settings(data=tmp_path), []
    monkeypatch.setattr("api.authority.AUTHORITY_FOR", timedelta(days=3_650))
    files = own_certificate(settings, NOW)
    before, now = authority_of(settings), NOW + timedelta(days=3_000)
    assert before is not None
    own_certificate(settings, now)
    server = SimpleNamespace(reload=lambda: reloads.append(now))
    renewal = Renewal(settings, cast("Server", server), files, lambda: now)
    for days, renewed in ((3_001, 0), (3_595, 0), (3_649, 0), (3_651, 1), (3_652, 1)):
        now = NOW + timedelta(days=days)
        renewal.look()
        assert len(reloads) == renewed, days
        leaf, authority = x509.load_pem_x509_certificates(files.certificate.read_bytes())
        assert leaf.not_valid_after_utc <= authority.not_valid_after_utc
        assert leaf.not_valid_after_utc > now
        assert (authority == before) == (not renewed)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"https_port": ONE_PORT, "port": ONE_PORT}, "ZHUANCHE_HTTPS_PORT"),
        ({"certificate": "nowhere.pem"}, "ZHUANCHE_HTTPS_PORT"),
        ({"https_port": free_port(), "certificate": "nowhere.pem"}, "ZHUANCHE_CERTIFICATE"),
        ({"https_port": 0}, "ZHUANCHE_HTTPS_PORT"),
    ],
)
def test_what_cannot_be_served_by_is_told_in_one_sentence(tmp_path: Path, said: dict[str, object], named: str) -> None:
    """Before anything starts."""
    port = said.get("port", free_port())
    answer = zhuanche("serve", data=tmp_path, **said | {"port": port})
    assert answer.returncode == 1
    assert named in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_what_the_machine_happens_to_be_called_makes_no_new_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another address of the provider, another container's name: phones go on trusting; a name that is told is new."""
    prints, speaks_for = [], []
    for name, address, told in (
        ("cupboard.example", "2409:8a34:1:2::a", ""),
        ("4f2c9d1a77be", "2409:8a34:9:9::b", ""),
        ("4f2c9d1a77be", "2409:8a34:9:9::b", "zhuanche.example.gov.cn"),
    ):
        monkeypatch.setattr("socket.gethostname", lambda name=name: name)
        monkeypatch.setattr("api.authority._own_addresses", lambda address=address: ["192.168.1.5", address])
        settings = Settings(data=tmp_path, https_names=told)
        certificate = x509.load_pem_x509_certificate(own_certificate(settings, NOW).certificate.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        speaks_for.append(
            {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}
        )
        made = authority_of(settings)
        assert made is not None
        prints.append(fingerprint_of(made))
    first, second, third = speaks_for
    assert prints[0] == prints[1] != prints[2]
    assert {"cupboard.example", "2409:8a34:1:2::a", "192.168.1.5"} <= first
    assert "192.168.1.5" in second
    assert not {"4f2c9d1a77be", "2409:8a34:9:9::b"} & second
    assert {"4f2c9d1a77be", "2409:8a34:9:9::b", "zhuanche.example.gov.cn"} <= third


async def test_a_certificate_is_renewed_while_requests_go_on(tmp_path: Path) -> None:
    """Ten years in a cupboard: nobody starts the service anew for it, and a slow upload goes on through it."""
    settings, asked = Settings(data=tmp_path), asyncio.Event()
    now = today = datetime.now(UTC)
    files = own_certificate(settings, today - CERTIFICATE_FOR + BEFORE)

    async def desk(scope: Any, receive: Any, send: Any) -> None:
        del receive
        if scope["path"] == "/slow":
            asked.set()
            await renewed.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"car", "more_body": False})

    renewed, port = asyncio.Event(), free_port()
    (_, server) = listeners(replace(settings, port=0, https_port=port), desk, files)
    serving = asyncio.create_task(server.serve())
    await asyncio.wait_for(listening("127.0.0.1", port), 30)
    renewal = Renewal(settings, server, files, lambda: now)
    url, trust = f"https://127.0.0.1:{port}", trusting(tmp_path / "tls" / "authority.pem")
    async with httpx.AsyncClient(verify=trust, base_url=url, timeout=30) as client:
        slow = asyncio.create_task(client.get("/slow"))
        await asyncio.wait_for(asked.wait(), 30)
        first = await asyncio.to_thread(end_of, port)

        async def quick() -> datetime | None:
            """Ask on a connection of its own; return until when the certificate holds, None if it is to be asked again.

            Who connects in the very moment in which the old worker ends may be turned away.
            """
            with contextlib.suppress(httpx.TransportError, ssl.SSLError, ConnectionError):
                async with httpx.AsyncClient(verify=trust, base_url=url, timeout=30) as other:
                    assert (await other.get("/quick")).text == "car"
                return await asyncio.to_thread(end_of, port)
            return None

        now = today - timedelta(hours=1)
        renewal.look()
        assert await quick() == first, "it is not due yet"
        now = today + timedelta(hours=1)
        renewal.look()
        then = first + CERTIFICATE_FOR - BEFORE + timedelta(hours=1)
        async with asyncio.timeout(60):  # old and new worker take turns for some seconds, then the old one ends
            while [await quick() for _ in range(10)] != 10 * [then]:
                pass
        renewed.set()
        assert (await slow).text == "car"
    server.stop()  # type: ignore[no-untyped-call]  # Granian's own
    await serving


class Unlike(Exception):
    """A library's own fault, of no kind that is foreseen."""


def test_a_certificate_that_cannot_be_made_now_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the fault was: else nothing would be renewed any more, and nobody told until phones turn away."""
    settings, today, reloads = Settings(data=tmp_path), datetime.now(UTC), []
    files = own_certificate(settings, today - CERTIFICATE_FOR)
    server = SimpleNamespace(reload=lambda: reloads.append(today))
    renewal = Renewal(settings, cast("Server", server), files, lambda: today)
    with monkeypatch.context() as patch:
        patch.setattr("api.cli.renewing.own_certificate", raising(Unlike()))
        renewal.look()
    assert reloads == []
    renewal.look()
    assert reloads == [today]


def raising(fault: Exception) -> Callable[..., None]:
    """Return a function that fails."""

    def fail(*_: object) -> None:
        raise fault

    return fail


def end_of(port: int) -> datetime:
    """Return until when the certificate holds that a server shows to who comes anew."""
    shown = ssl.get_server_certificate(("127.0.0.1", port))
    return x509.load_pem_x509_certificate(shown.encode()).not_valid_after_utc
