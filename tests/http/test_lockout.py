"""Who guesses a colleague's pass word is stopped, and the colleague is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from litestar import Litestar

import api.guesses
import api.usecases.sign_in
from api.app import create_app
from api.db.database import UnitOfWork
from api.db.tables.people import Person
from api.guesses import STOPPED, TRIES, Account, Guesses
from api.http.browsers import COOKIE, KEPT_S
from api.settings import Settings
from api.source import Source
from tests.conftest import Server, problem_code
from tests.world import PASSWORD, HeldClock, World

ATTACKER, COLLEAGUE, DESK = "198.51.100.7", "203.0.113.9", "192.0.2.10"
At = Callable[..., httpx.AsyncClient]


@pytest.fixture
def app_settings(settings: Settings) -> Settings:
    """Let addresses fail as often as they may by default, and believe a proxy of the desk."""
    return Settings(data=settings.data, pool_size=20, jobs=False, proxies="192.0.2.1", failures_a_minute=12)


@pytest.fixture
def at(app: Litestar) -> At:
    """Return a function that makes a browser at an address; it keeps its cookies."""

    def browser(address: str, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=transport_of(app, address), base_url="https://desk", headers=headers)

    return browser


def transport_of(app: Litestar, address: str) -> httpx.ASGITransport:
    """Return a way to an application that comes from an address."""
    return httpx.ASGITransport(app=app, client=(address, 1), raise_app_exceptions=False)  # type: ignore[arg-type]


async def tries(browser: httpx.AsyncClient, world: World, login: str, password: str = PASSWORD) -> int:
    """Try a pass word and return the answer's status; the session's own cookie is dropped, the browser's kept."""
    body = {"bureau_id": world.bureau_id, "login": login, "password": password}
    answer = await browser.post("/v1/session", json=body)
    if "zhuanche_session" in browser.cookies:
        browser.cookies.delete("zhuanche_session")
    return answer.status_code


async def guess(browser: httpx.AsyncClient, world: World, login: str, times: int = TRIES) -> set[int]:
    """Type a pass word wrongly so many times and return the answers' statuses."""
    return {await tries(browser, world, login, "wrong") for _ in range(times)}


async def test_who_guesses_from_another_address_stops_nobody_but_themselves(world: World, at: At) -> None:
    """The colleague signs in as ever, without any cookie; the guesser does not, even with the right pass word."""
    attacker = at(ATTACKER)
    assert await guess(attacker, world, "officer") == {401}
    assert await tries(attacker, world, "officer") == 401
    assert await tries(at(COLLEAGUE), world, "officer") == 201


async def test_behind_a_proxy_each_is_where_the_proxy_says(world: World, at: At) -> None:
    """Two behind one proxy are two; who is no proxy and claims to come from elsewhere stays where they are."""
    proxied = {"X-Forwarded-Proto": "https"}
    await guess(at("192.0.2.1", **proxied, **{"X-Forwarded-For": ATTACKER}), world, "officer")
    assert await tries(at("192.0.2.1", **proxied, **{"X-Forwarded-For": COLLEAGUE}), world, "officer") == 201
    for claimed in range(TRIES):
        await guess(at(DESK, **{"X-Forwarded-For": f"203.0.113.{claimed}"}), world, "driver", 1)
    assert await tries(at(DESK, **{"X-Forwarded-For": COLLEAGUE}), world, "driver") == 401


async def test_at_a_desk_that_shares_an_address_a_known_browser_signs_in_all_the_same(world: World, at: At) -> None:
    """Somebody there guesses until the address itself is stopped; people at their own machines do not notice."""
    own, shared, guesser = at(DESK), at(DESK), at(DESK)
    assert await tries(own, world, "officer") == 201
    for login in ("dispatcher", "custodian"):
        assert await tries(shared, world, login) == 201
    assert await guess(guesser, world, "officer") == {401}
    assert 429 in await guess(guesser, world, "custodian", 12)
    assert await tries(guesser, world, "officer") == 429
    assert await tries(own, world, "officer") == 201
    for login in ("dispatcher", "custodian"):
        assert await tries(shared, world, login) == 201


async def test_a_known_browser_is_known_for_its_own_people_and_cannot_be_made_up(world: World, at: At) -> None:
    """The cookie of one account is no good at another's, nor is one that was altered or thought up."""
    own, guesser = at(DESK), at(DESK)
    assert await tries(own, world, "officer") == 201
    assert await tries(guesser, world, "dispatcher") == 201
    await guess(at(DESK), world, "officer")
    assert await tries(guesser, world, "officer") == 401
    kept = own.cookies[COOKIE]
    for value in (f"{kept[:-1]}{'0' if kept[-1] != '0' else '1'}", f"{'A' * 22}.{'0' * 32}", "x", "", "." * 500):
        forged = at(DESK, Cookie=f"{COOKIE}={value}")
        assert await tries(forged, world, "officer") == 401, value
    assert await tries(at(DESK, Cookie=f"{COOKIE}={kept}"), world, "officer") == 201


async def test_a_known_browser_signs_in_while_another_of_its_address_asks_without_an_end(
    server: Server, settings: Settings, world: World, clock: HeldClock
) -> None:
    """Page and sign-in are answered; whoever made a cookie up counts with the address, and a known browser ends too."""
    few = replace(settings, jobs=False, requests_a_minute=20)
    app = create_app(few, server.service, server.ingest, clock)
    own, noisy = (httpx.AsyncClient(transport=transport_of(app, DESK), base_url="https://desk") for _ in range(2))
    assert await tries(own, world, "officer") == 201
    while (answer := await noisy.get("/healthz")).status_code == 200:
        pass
    assert (answer.status_code, await tries(noisy, world, "officer")) == (429, 429)
    kept = own.cookies[COOKIE]
    other = "0" if kept[54] != "0" else "1"
    for value in (kept[:22], f"{kept[:22]}.{'0' * 32}", f"{kept[:54]}{other}", f"{'A' * 22}{kept[22:]}", "x"):
        assert (await noisy.get("/sign-in", headers={"Cookie": f"{COOKIE}={value}"})).status_code == 429, value
    for path in ("/sign-in", "/field", "/field/sw.js"):
        assert (await own.get(path)).status_code == 200
    assert (await own.get("/v1/session")).status_code == 401
    assert await tries(own, world, "officer") == 201
    assert await tries(own, world, "dispatcher") == 201, "a colleague who was never here"
    assert [(await own.get("/healthz")).status_code for _ in range(20)][-1] == 429
    await app.state.database.close()


async def test_a_burst_of_names_from_one_address_is_no_more_than_so_many_failures(
    world: World, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each counts as it begins, so that many at once do not all pass before the first is counted."""
    guesser, checked = at(DESK), []

    async def fits(*told: object) -> bool:
        checked.append(told)
        await asyncio.sleep(0.1)
        return False

    monkeypatch.setattr(api.usecases.sign_in, "password_fits", fits)
    answers = await asyncio.gather(*(tries(guesser, world, f"login{number}", "wrong") for number in range(40)))
    assert (len(checked), answers.count(401), answers.count(429)) == (12, 12, 28)


async def test_a_known_browser_may_guess_no_more_than_others(world: World, at: At, clock: HeldClock) -> None:
    """Who sits down at a colleague's machine has five tries, and others of the address go on."""
    own = at(DESK)
    assert await tries(own, world, "officer") == 201
    assert await guess(own, world, "officer") == {401}
    assert await tries(own, world, "officer") == 401
    assert await tries(at(DESK), world, "officer") == 201
    clock.advance(minutes=10)
    assert await tries(own, world, "officer") == 201


async def test_who_copied_the_cookie_of_a_browser_may_guess_as_it_and_its_person_gets_in_without_it(
    world: World, at: At
) -> None:
    """The cookie opens nothing by itself; what it stops is that browser, until its cookies are cleared."""
    own = at(DESK)
    assert await tries(own, world, "officer") == 201
    thief = at(ATTACKER, Cookie=f"{COOKIE}={own.cookies[COOKIE]}")
    assert (await thief.get("/v1/session")).status_code == 401
    assert await guess(thief, world, "officer") == {401}
    assert await tries(thief, world, "officer") == 401
    assert await tries(own, world, "officer") == 401
    own.cookies.clear()
    assert await tries(own, world, "officer") == 201


async def test_the_cookie_of_a_browser_is_for_no_script_no_other_site_and_no_plain_line(world: World, at: At) -> None:
    """It is kept for half a year and sent to every page, since asking for the page counts too."""
    body = {"bureau_id": world.bureau_id, "login": "officer", "password": PASSWORD}
    set_cookies = (await at(DESK).post("/v1/session", json=body)).headers.get_list("set-cookie")
    (kept,) = (one for one in set_cookies if one.startswith(f"{COOKIE}="))
    assert {part.strip().lower() for part in kept.split(";")[1:]} == {
        "httponly",
        "secure",
        "samesite=strict",
        "path=/",
        f"max-age={KEPT_S}",
    }


async def test_an_ipv6_customer_has_one_count_for_all_their_addresses(world: World, at: At) -> None:
    """Each has 2^64 of them; a neighbour's network is another."""
    for last in range(TRIES):
        await guess(at(f"2001:db8:0:1::{last}"), world, "officer", 1)
    assert await tries(at("2001:db8:0:1::99"), world, "officer") == 401
    assert await tries(at("2001:db8:0:2::1"), world, "officer") == 201


async def test_where_the_service_listens_at_every_address_a_guesser_of_ipv4_stops_nobody_else(
    world: World, at: At
) -> None:
    """A socket of IPv6 tells an address of IPv4 as one of its own; all of them together are no one customer."""
    await guess(at(f"::ffff:{ATTACKER}"), world, "officer")
    assert await tries(at(f"::ffff:{ATTACKER}"), world, "officer") == 401
    assert await tries(at(ATTACKER), world, "officer") == 401, "the same machine, by another socket"
    assert await tries(at(f"::ffff:{COLLEAGUE}"), world, "officer") == 201


async def test_an_account_at_which_a_thousand_guess_is_locked_for_strangers_alone(
    world: World, at: At, clock: HeldClock
) -> None:
    """From however many addresses: then only browsers that the person signed in from before get in, for ten minutes."""
    own = at(DESK)
    assert await tries(own, world, "officer") == 201

    async def nearly(uow: UnitOfWork) -> None:
        await uow.update(Person, world["officer"].who, failed_tries=999)

    await world.database.write(world["admin"], nearly)
    await guess(at(ATTACKER), world, "officer", 1)
    assert await tries(at(COLLEAGUE), world, "officer") == 401
    assert await tries(own, world, "officer") == 201
    clock.advance(minutes=10)
    assert await tries(at(COLLEAGUE), world, "officer") == 201


async def test_changing_a_pass_word_is_stopped_after_five_wrong_old_ones(world: World, at: At) -> None:
    """Who finds a session open guesses no further; the person's other sessions are not hindered."""
    body = {"bureau_id": world.bureau_id, "login": "officer", "password": PASSWORD}
    found, own = at(DESK), at(DESK)
    for client in (found, own):
        token = (await client.post("/v1/session", json=body)).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
    change = {"old_password": "not the old one", "new_password": "a quite other sentence"}
    for _ in range(TRIES):
        assert problem_code(await found.post("/v1/session/password", json=change)) == "wrong-credentials"
    right = change | {"old_password": PASSWORD}
    assert (await found.post("/v1/session/password", json=right)).status_code == 401
    assert (await own.post("/v1/session/password", json=right)).status_code == 204


def test_what_is_over_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of names fills no memory for longer than its ten minutes, to the second."""
    monkeypatch.setattr(api.guesses, "SWEPT_AT", 10)
    guesses, now, source = Guesses(), datetime(2026, 11, 23, tzinfo=UTC), Source("192.0.2.1")
    for number in range(100):
        guesses.begin(Account("350302", f"login{number}"), source, now)
    officer = Account("350302", "officer")
    assert [guesses.begin(officer, source, now) for _ in range(TRIES)] == [1, 2, 3, 4, 5]
    assert guesses.begin(officer, source, now + STOPPED - timedelta(seconds=1)) is None
    guesses.take_back(officer, source)
    assert guesses.begin(officer, source, now) == TRIES, "of what was not checked nothing is left"
    for later in (now + STOPPED, now - timedelta(days=1)):  # the second is a clock that was set back rightly
        assert guesses.begin(officer, source, later) == 1
        guesses.take_back(officer, source)
        for _ in range(TRIES):
            guesses.begin(officer, source, now)
    guesses.begin(officer, source, now + STOPPED)
    assert len(guesses._wrong) == 1
