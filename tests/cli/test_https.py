"""HTTPS as an operator switches it on: the service's own authority, or a certificate of theirs."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from api.authority import authority_of, fingerprint_of, own_certificate
from api.settings import Settings
from tests.live import free_port, serving, zhuanche

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


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
    """A new address of a private network needs none; a name outside, or its end coming near, does."""
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
    assert made(settings, NOW + timedelta(days=3_000)) != other


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"https_port": 8000, "port": 8000}, "ZHUANCHE_HTTPS_PORT"),
        ({"certificate": "nowhere.pem"}, "ZHUANCHE_HTTPS_PORT"),
        ({"https_port": 0, "certificate": "nowhere.pem"}, "ZHUANCHE_CERTIFICATE"),
    ],
)
def test_what_cannot_be_served_by_is_told_in_one_sentence(tmp_path: Path, said: dict[str, object], named: str) -> None:
    """Before anything starts."""
    port = said.get("port", free_port())
    answer = zhuanche("serve", data=tmp_path, **said | {"port": port})
    assert answer.returncode == 1
    assert named in answer.stderr
    assert answer.stderr.count("\n") == 1
