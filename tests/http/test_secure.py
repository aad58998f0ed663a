"""Off this machine nothing is served over plain HTTP; proxies are believed only where they are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

import api.http.failures
from api.app import create_app
from api.errors import TooManyRequests
from api.http.failures import Asked
from api.settings import Settings, SettingsError
from api.source import without_port
from api.web.assets import asset
from tests.conftest import Server, running, token_of
from tests.world import HeldClock, World

BROWSER = {"Accept": "text/html,*/*"}
OFFICE = ("192.168.10.77", 50_000)
PROXY = ("192.168.10.2", 50_000)


def client_of(app: Litestar, client: tuple[str, int], scheme: str = "http") -> httpx.AsyncClient:
    """Return a client whose connection comes from an address."""
    transport = httpx.ASGITransport(app=app, client=client, raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=f"{scheme}://desk")


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/board", "/v1/session", "/v1/complaints", "/healthz", "/in/x", "/schema", "/nowhere"]
)
async def test_plain_http_from_the_office_gets_nothing_but_the_explanation(app: Litestar, path: str) -> None:
    """A browser is sent to it, a program is told so, and neither learns whether there is anything at the address."""
    async with client_of(app, OFFICE) as client:
        sent = await client.get(path, headers=BROWSER)
        assert (sent.status_code, sent.headers["location"]) == (303, "/trust")
        told = await client.post(path, json={})
        assert (told.status_code, told.json()["code"]) == (403, "plain-http")
        explained = await client.get("/trust", headers=BROWSER | {"Accept-Language": "en"})
        assert explained.status_code == 200
        assert "safe connection" in explained.text


async def test_https_and_the_machine_itself_get_everything(app: Litestar) -> None:
    """The same from the office over HTTPS, and from the loopback in every spelling."""
    async with client_of(app, OFFICE, "https") as client:
        assert (await client.get("/sign-in")).status_code == 200
    for host in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"):
        async with client_of(app, (host, 1)) as client:
            assert (await client.get("/sign-in")).status_code == 200, host


async def test_a_proxy_that_nobody_named_is_not_believed(app: Litestar) -> None:
    """Neither one in the network, nor one on the machine itself, whatever it says of the request."""
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
    for client in (OFFICE, ("127.0.0.1", 1)):
        async with client_of(app, client) as http:
            assert (await http.get("/v1/session", headers=said)).status_code == 403


async def test_a_named_proxy_is_believed_about_how_and_from_where(
    server: Server, settings: Settings, clock: HeldClock, world: World
) -> None:
    """HTTPS before it is HTTPS, with a Secure cookie; plain HTTP before it is refused; who fails is who is behind."""
    behind = replace(settings, proxies="192.168.10.0/28, 127.0.0.1", failures_a_minute=3)
    app = create_app(behind, server.service, server.ingest, clock)
    wrong = {"bureau_id": world.bureau_id, "login": "officer", "password": "not the right one"}
    right = wrong | {"password": "a good long sentence"}
    async with running(app), client_of(app, PROXY) as client:
        assert (await client.get("/v1/session")).status_code == 403
        plain = {"X-Forwarded-Proto": "http", "X-Forwarded-For": "203.0.113.7"}
        assert (await client.get("/v1/session", headers=plain)).json()["code"] == "plain-http"
        safe = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1, 203.0.113.7, 192.168.10.3"}
        signed = await client.post("/v1/session", json=right, headers=safe)
        assert signed.status_code == 201
        assert "Secure" in signed.headers["set-cookie"]
        for _ in range(3):
            assert (await client.post("/v1/session", json=wrong, headers=safe)).status_code == 401
        stopped = await client.post("/v1/session", json=right, headers=safe)
        assert (stopped.status_code, stopped.json()["code"]) == (429, "too-many-failures")
        assert stopped.headers["retry-after"] == "60"
        other = safe | {"X-Forwarded-For": "203.0.113.8"}
        assert (await client.post("/v1/session", json=right, headers=other)).status_code == 201


async def test_a_proxy_that_writes_a_line_of_its_own_is_believed_before_what_the_client_wrote(
    server: Server, settings: Settings, clock: HeldClock, world: World
) -> None:
    """Two lines of a header are one list (HAProxy's `option forwardfor`): no client names its own address or scheme."""
    behind = replace(settings, proxies="192.168.10.2", failures_a_minute=3)
    app = create_app(behind, server.service, server.ingest, clock)
    wrong = {"bureau_id": world.bureau_id, "login": "officer", "password": "not the right one"}
    async with running(app), client_of(app, PROXY) as client:
        plain = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "http"), ("X-Forwarded-For", "203.0.113.9")]
        assert (await client.get("/v1/session", headers=plain)).json()["code"] == "plain-http"
        for guess in range(4):
            said = [
                ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-For", f"198.51.100.{guess}"),
                ("X-Forwarded-For", "203.0.113.9"),
            ]
            answer = await client.post("/v1/session", json=wrong, headers=said)
            assert answer.status_code == (401 if guess < 3 else 429)


@pytest.mark.parametrize("told", ["203.0.113.9:{port}", "[2001:db8::9]:{port}", "2001:db8::{port}"])
async def test_a_proxy_that_writes_ports_or_a_customer_with_many_addresses_is_counted_as_one(
    server: Server, settings: Settings, clock: HeldClock, told: str
) -> None:
    """Each connection has another port, and a customer of IPv6 has 2^64 addresses: neither is another source."""
    behind = replace(settings, proxies="192.168.10.2", failures_a_minute=3)
    app = create_app(behind, server.service, server.ingest, clock)
    async with running(app), client_of(app, PROXY) as client:
        for port in range(1024, 1028):
            said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": told.format(port=port)}
            answer = await client.get("/enrol/nonsense", headers=said)
            assert answer.status_code == (404 if port < 1027 else 429)


async def test_however_many_addresses_ask_a_session_has_its_own_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once more of them asked than are remembered, all others share one count; who is signed in is none of them."""
    monkeypatch.setattr(api.http.failures, "REMEMBERED_MOST", 3)
    asked = Asked(2)
    for number in range(5):
        asked.count(None, f"2001:db8:0:{number}::1")
    with pytest.raises(TooManyRequests):
        asked.count(None, "2001:db8:0:5::1")
    asked.count(str(uuid4()), "2001:db8:0:5::1")


def test_an_address_with_a_port_is_told_from_one_that_has_colons_of_its_own() -> None:
    """What is no address stays what it is: a proxy may write a name, or `unknown`."""
    for told, bare in (
        ("203.0.113.9:5678", "203.0.113.9"),
        ("203.0.113.9", "203.0.113.9"),
        ("[2001:db8::9]:5678", "2001:db8::9"),
        ("[2001:db8::9]", "2001:db8::9"),
        ("2001:db8::9", "2001:db8::9"),
        ("unknown", "unknown"),
        ("_hidden:12", "_hidden:12"),
        ("", ""),
    ):
        assert without_port(told) == bare


async def test_links_that_open_nothing_are_counted_and_those_that_do_are_not(
    server: Server, settings: Settings, clock: HeldClock
) -> None:
    """Who tries tokens and order codes is slowed down like who tries pass words."""
    app = create_app(replace(settings, failures_a_minute=4), server.service, server.ingest, clock)
    async with running(app), client_of(app, ("127.0.0.1", 1)) as client:
        for path in ("/enrol/nonsense", "/verify/350302/2026/1/x") * 2:
            assert (await client.get(path)).status_code == 404
        for path in ("/enrol/nonsense", "/verify/350302/2026/1/x"):
            assert (await client.get(path)).status_code == 429


async def test_browsers_insist_on_https_only_by_a_certificate_that_the_operator_named(
    server: Server, settings: Settings, clock: HeldClock
) -> None:
    """By the service's own authority an error must stay passable; behind a proxy it is the proxy's to say."""
    named = replace(settings, https_port=8443, certificate=Path("chain.pem"), proxies="192.168.10.2")
    own = replace(settings, https_port=8443)
    through = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    for how, client, scheme, headers, told in (
        (named, OFFICE, "https", {}, "max-age=2592000"),
        (named, PROXY, "http", through, None),
        (named, ("127.0.0.1", 1), "http", {}, None),
        (own, OFFICE, "https", {}, None),
    ):
        app = create_app(how, server.service, server.ingest, clock)
        async with running(app), client_of(app, client, scheme) as browser:
            answer = await browser.get("/sign-in", headers=headers)
            assert (answer.status_code, answer.headers.get("strict-transport-security")) == (200, told)


async def test_who_asks_without_an_end_is_slowed_down_and_no_colleague_with_them(
    server: Server, settings: Settings, clock: HeldClock, world: World
) -> None:
    """One session, or an address without one, is answered 429 for the rest of the minute; others go on from there."""
    app = create_app(replace(settings, requests_a_minute=5), server.service, server.ingest, clock)
    noisy, quiet = [
        {"Authorization": f"Bearer {await token_of(world, who)}", "Accept-Language": "en"}
        for who in ("dispatcher", "custodian")
    ]
    async with running(app), client_of(app, OFFICE, "https") as client:
        for headers in (noisy, {}):
            for _ in range(5):
                assert (await client.get("/v1/session", headers=headers)).status_code in (200, 401)
            stopped = await client.get("/v1/session", headers=headers)
            assert (stopped.status_code, stopped.json()["code"]) == (429, "too-many-requests")
            assert stopped.headers["retry-after"] == "60"
        assert (await client.get("/sign-in", headers=BROWSER)).status_code == 429
        assert (await client.get("/v1/session", headers=quiet)).status_code == 200


async def test_files_of_pages_and_what_trackers_send_are_counted_by_nobody(
    server: Server, settings: Settings, clock: HeldClock
) -> None:
    """A gateway of terminals, phones that report where they are, a phone that stores the app: none is slowed down."""
    app = create_app(replace(settings, requests_a_minute=1), server.service, server.ingest, clock)
    async with running(app), client_of(app, OFFICE, "https") as client:
        for _ in range(3):
            assert (await client.get(asset("app.css"))).status_code == 200
            assert (await client.post("/v1/positions", json={})).status_code == 401
            assert (await client.get("/in/nonsense")).status_code != 429


async def test_trackers_may_send_in_plain_where_the_operator_says_so(
    server: Server, settings: Settings, clock: HeldClock
) -> None:
    """Only their doors open by it."""
    app = create_app(replace(settings, plain_trackers=True), server.service, server.ingest, clock)
    async with running(app), client_of(app, OFFICE) as client:
        assert (await client.get("/in/nonsense")).status_code != 403
        assert (await client.get("/v1/session")).json()["code"] == "plain-http"


def test_a_proxy_that_is_no_address_is_told_at_the_start(tmp_path: Path) -> None:
    """Better no start than a proxy that is not believed."""
    with pytest.raises(SettingsError, match="ZHUANCHE_PROXIES"):
        create_app(Settings(data=tmp_path, proxies="the proxy"), "postgresql://nowhere", "postgresql://nowhere")
