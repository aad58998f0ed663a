"""Guessing, changing and resetting pass words; sessions and their ends; cookies."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

import api.passwords
from api.app import create_app
from api.db.database import Database, UnitOfWork
from api.db.faults import Busy
from api.db.tables.people import Person, PersonAct
from api.guesses import TRIES
from api.http.browsers import COOKIE
from api.passwords import MOST_OF_ONE, MOST_OF_STRANGERS, MOST_WAITING, password_fits
from api.settings import Settings
from api.source import Source
from tests.conftest import Server, SignIn, problem_code
from tests.world import PASSWORD, HeldClock, World

OTHER = "quite another sentence"
GIBBERISH = "wrong, and known to be"
"""`Watched` does not compute the hash of this one: where many are checked, that takes seconds."""
ANSWERED_WITHIN_S = 20
"""So that a test whose event never comes fails instead of hanging; nothing is measured by it."""


def credentials(world: World, login: str, password: str = PASSWORD) -> dict[str, str]:
    """Return the body of a sign-in."""
    return {"bureau_id": world.bureau_id, "login": login, "password": password}


async def acts_on(world: World, who: str) -> list[str]:
    """Return the verbs recorded about a person, in order."""
    async with world.database.read(world.bureau_id) as reader:
        rows = await reader.all(
            select(PersonAct.verb)
            .where(PersonAct.bureau_id == world.bureau_id, PersonAct.person_id == world[who].person_id)
            .order_by(PersonAct.act_id)  # type: ignore[arg-type]  # a column, as SQLAlchemy reads it
        )
    return list(rows)


async def must_change(world: World, who: str) -> None:
    """Mark a person's pass word as one that somebody else has seen."""
    from api.usecases.change_password import reset_password  # noqa: PLC0415 - only these tests need it

    assert await reset_password(world.database, world["admin"], world[who].who, "forgotten")


async def test_a_session_ends_by_itself(signed_in: SignIn, clock: HeldClock) -> None:
    """Just before its hours are over a session is good, at that instant it is not."""
    client = await signed_in("dispatcher")
    clock.advance(hours=12, seconds=-1)
    assert (await client.get("/v1/session")).status_code == 200
    clock.advance(seconds=1)
    assert (await client.get("/v1/session")).status_code == 401


async def test_five_wrong_pass_words_stop_where_they_come_from_for_ten_minutes(
    world: World, anonymous: httpx.AsyncClient, clock: HeldClock
) -> None:
    """Guessing is stopped, that is a fact, and it ends by itself."""
    for _ in range(5):
        answer = await anonymous.post("/v1/session", json=credentials(world, "officer", "wrong"))
        assert problem_code(answer) == "wrong-credentials"
    right = credentials(world, "officer")
    assert (await anonymous.post("/v1/session", json=right)).status_code == 401
    assert await acts_on(world, "officer") == ["enter", "lock"]
    clock.advance(minutes=10)
    assert (await anonymous.post("/v1/session", json=right)).status_code == 201


async def test_four_wrong_pass_words_and_a_right_one_begin_the_count_again(
    world: World, anonymous: httpx.AsyncClient
) -> None:
    """Who knows the pass word is not locked out by old slips of the finger."""
    for _ in range(2):
        for _ in range(4):
            await anonymous.post("/v1/session", json=credentials(world, "officer", "wrong"))
        assert (await anonymous.post("/v1/session", json=credentials(world, "officer"))).status_code == 201


async def test_twenty_guesses_at_once_count_as_twenty_guesses(
    world: World, anonymous: httpx.AsyncClient, watch: Callable[..., Watched]
) -> None:
    """Guessing in parallel gains nothing: five are checked and the source is stopped, as one after the other."""
    watched = watch()
    wrong = credentials(world, "officer", "wrong")
    answers = await asyncio.gather(*(anonymous.post("/v1/session", json=wrong) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {401}
    assert len(watched.verified) == TRIES
    assert (await anonymous.post("/v1/session", json=credentials(world, "officer"))).status_code == 401


async def test_one_login_taken_by_two_at_once_gives_each_a_session_of_their_own(
    world: World, anonymous: httpx.AsyncClient
) -> None:
    """Two phones that sign in together both get in, with tokens that end apart."""
    both = await asyncio.gather(*(anonymous.post("/v1/session", json=credentials(world, "officer")) for _ in range(2)))
    anonymous.cookies.clear()
    first, second = ({"Authorization": f"Bearer {answer.json()['token']}"} for answer in both)
    assert first != second
    assert (await anonymous.delete("/v1/session", headers=first)).status_code == 204
    assert (await anonymous.get("/v1/session", headers=first)).status_code == 401
    assert (await anonymous.get("/v1/session", headers=second)).status_code == 200


class Watched:
    """argon2 as it is, with every verification noted, and held while a test wants it held."""

    def __init__(self, hasher: object, hold: threading.Event | None = None) -> None:
        self.hasher = hasher
        self.hold = hold
        self.verified: list[str] = []

    def hash(self, password: str) -> str:
        """Hash as always."""
        hashed: str = self.hasher.hash(password)  # type: ignore[attr-defined]  # pwdlib's own
        return hashed

    def verify(self, password: str, password_hash: str) -> bool:
        """Verify as always, when let go."""
        if self.hold is not None and not self.hold.wait(ANSWERED_WITHIN_S):
            return False
        self.verified.append(password_hash)
        if password == GIBBERISH:
            return False
        fits: bool = self.hasher.verify(password, password_hash)  # type: ignore[attr-defined]  # pwdlib's own
        return fits


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Watched]]:
    """Return a function that puts `Watched` before argon2; what it holds is let go when the test is over."""
    held: list[threading.Event] = []

    def put(hold: threading.Event | None = None) -> Watched:
        held.extend([hold] if hold is not None else [])
        watched = Watched(api.passwords._hasher, hold)
        monkeypatch.setattr(api.passwords, "_hasher", watched)
        return watched

    yield put
    for hold in held:
        hold.set()


@pytest.mark.parametrize("login", ["officer", "nobody-of-that-name"])
async def test_an_unknown_login_costs_as_much_as_a_wrong_pass_word(
    world: World, anonymous: httpx.AsyncClient, watch: Callable[..., Watched], login: str
) -> None:
    """Both are one verification and the same answer, so logins cannot be guessed by the clock."""
    watched = watch()
    answer = await anonymous.post("/v1/session", json=credentials(world, login, "wrong"))
    assert problem_code(answer) == "wrong-credentials"
    assert len(watched.verified) == 1


async def test_a_locked_account_costs_as_much_as_an_open_one(
    world: World, anonymous: httpx.AsyncClient, watch: Callable[..., Watched]
) -> None:
    """Being locked is not told by a quicker answer."""

    async def lock(uow: UnitOfWork) -> None:
        await uow.update(Person, world["officer"].who, locked_until=uow.now + timedelta(minutes=10))

    await world.database.write(world["admin"], lock)
    watched = watch()
    await anonymous.post("/v1/session", json=credentials(world, "officer"))
    assert len(watched.verified) == 1


@pytest.mark.parametrize("login", ["officer", "nobody-of-that-name"])
async def test_who_is_stopped_takes_no_place_whether_there_is_such_a_login_or_not(
    world: World, anonymous: httpx.AsyncClient, watch: Callable[..., Watched], login: str
) -> None:
    """Nothing is checked any more that comes from there; the right pass word is answered like a wrong one."""
    for _ in range(TRIES):
        await anonymous.post("/v1/session", json=credentials(world, login, "wrong"))
    watched = watch()
    answer = await anonymous.post("/v1/session", json=credentials(world, login))
    assert problem_code(answer) == "wrong-credentials"
    assert not watched.verified


async def test_checking_a_pass_word_holds_neither_the_loop_nor_a_connection(
    server: Server,
    settings: Settings,
    world: World,
    clock: HeldClock,
    watch: Callable[..., Watched],
) -> None:
    """While argon2 works, others are answered, even with a single connection to the database."""
    let_go = threading.Event()
    watched = watch(let_go)
    one = Settings(data=settings.data, pool_size=1, pool_timeout_s=1)
    app = create_app(one, server.service, server.ingest, clock)
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # Litestar is an ASGI application
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        signing_in = asyncio.create_task(client.post("/v1/session", json=credentials(world, "officer")))
        while not let_go.is_set():
            assert not signing_in.done()
            ready = await client.get("/readyz")
            assert ready.status_code == 200
            if api.passwords._threads._threads:
                let_go.set()
        assert (await signing_in).status_code == 201
    assert len(watched.verified) == 1
    await app.state.database.close()


async def checked(sources: list[Source]) -> list[asyncio.Task[bool]]:
    """Let a pass word be checked for each of them at once."""
    waiting = [asyncio.create_task(password_fits(GIBBERISH, None, source)) for source in sources]
    await asyncio.sleep(0)
    return waiting


async def test_more_pass_words_than_can_wait_are_answered_busy(watch: Callable[..., Watched]) -> None:
    """A flood of sign-ins is told to come back; it fills neither memory nor the queue of everybody else."""
    let_go = threading.Event()
    watch(let_go)
    own = Source("browser 1", known=True)
    waiting = await checked([Source(f"browser {n}", known=True) for n in range(MOST_WAITING)])
    with pytest.raises(Busy):
        await password_fits(GIBBERISH, None, own)
    let_go.set()
    assert not any(await asyncio.gather(*waiting))
    assert not await password_fits(GIBBERISH, None, own)


async def test_strangers_however_many_leave_places_to_browsers_that_are_known(
    world: World, anonymous: httpx.AsyncClient, watch: Callable[..., Watched]
) -> None:
    """While they fill all that strangers may have, a stranger is told to come back and a known browser signs in."""
    body = credentials(world, "officer")
    known = {"Cookie": f"{COOKIE}={(await anonymous.post('/v1/session', json=body)).cookies[COOKIE]}"}
    anonymous.cookies.clear()
    let_go = threading.Event()
    watch(let_go)
    waiting = await checked([Source(f"198.51.100.{n}") for n in range(MOST_OF_STRANGERS)])
    # Of what is answered `busy` nothing counts: it would stop who only waited.
    for _ in range(TRIES + 1):
        async with asyncio.timeout(ANSWERED_WITHIN_S / 2):
            assert problem_code(await anonymous.post("/v1/session", json=body)) == "busy"
    own = asyncio.create_task(anonymous.post("/v1/session", json=body, headers=known))
    while api.passwords._places._taken.total() == MOST_OF_STRANGERS:
        assert not own.done()
        await asyncio.sleep(0.01)
    let_go.set()
    assert (await own).status_code == 201
    assert not any(await asyncio.gather(*waiting))
    anonymous.cookies.clear()
    assert (await anonymous.post("/v1/session", json=body)).status_code == 201


@pytest.mark.parametrize("known", [False, True])
async def test_one_source_holds_a_few_places_only(watch: Callable[..., Watched], *, known: bool) -> None:
    """Neither an address nor a known browser keeps out others of its kind."""
    let_go = threading.Event()
    watch(let_go)
    waiting = await checked([Source("one", known=known)] * MOST_OF_ONE)
    with pytest.raises(Busy):
        async with asyncio.timeout(ANSWERED_WITHIN_S / 2):
            await password_fits(GIBBERISH, None, Source("one", known=known))
    waiting += await checked([Source("another", known=known)])
    let_go.set()
    assert not any(await asyncio.gather(*waiting))
    assert not api.passwords._places._taken


async def test_until_a_first_pass_word_is_changed_nothing_else_may_be_done(world: World, signed_in: SignIn) -> None:
    """Every guarded route but my session's own answers 403 until somebody else no longer knows the pass word."""
    await must_change(world, "officer")
    client = await signed_in("officer")
    assert (await client.get("/v1/session")).json()["must_change_password"] is True
    refused = await client.get("/v1/sessions")
    assert (refused.status_code, problem_code(refused)) == (403, "password-change-required")


async def test_a_changed_pass_word_opens_the_door_and_ends_other_sessions(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """The new one works, the old one does not, my other devices are out, and the change is a fact."""
    here, elsewhere = await signed_in("officer"), await signed_in("officer")
    changed = await here.post("/v1/session/password", json={"old_password": PASSWORD, "new_password": OTHER})
    assert changed.status_code == 204
    assert (await here.get("/v1/session")).json()["must_change_password"] is False
    assert (await elsewhere.get("/v1/session")).status_code == 401
    assert (await anonymous.post("/v1/session", json=credentials(world, "officer"))).status_code == 401
    assert (await anonymous.post("/v1/session", json=credentials(world, "officer", OTHER))).status_code == 201
    assert await acts_on(world, "officer") == ["enter", "change-password"]


async def test_the_old_pass_word_is_asked_for_and_wrong_ones_count(world: World, signed_in: SignIn) -> None:
    """A phone left lying about does not let its finder take the account."""
    client = await signed_in("officer")
    for _ in range(5):
        answer = await client.post("/v1/session/password", json={"old_password": "no", "new_password": OTHER})
        assert (answer.status_code, problem_code(answer)) == (401, "wrong-credentials")
    locked = await client.post("/v1/session/password", json={"old_password": PASSWORD, "new_password": OTHER})
    assert problem_code(locked) == "wrong-credentials"
    assert await acts_on(world, "officer") == ["enter", "lock"]


@pytest.mark.parametrize(
    ("new", "status"),
    [("123456789", 400), ("1234567890", 204), (PASSWORD, 400), ("x" * 200, 204), ("x" * 201, 400)],
)
async def test_a_pass_word_has_ten_to_two_hundred_characters_and_is_new(
    signed_in: SignIn, new: str, status: int
) -> None:
    """Nine characters are refused and ten are taken, two hundred are taken and one more is not."""
    client = await signed_in("officer")
    answer = await client.post("/v1/session/password", json={"old_password": PASSWORD, "new_password": new})
    assert answer.status_code == status, answer.text


async def test_a_pass_word_is_not_the_login(signed_in: SignIn) -> None:
    """Not in capitals either."""
    client = await signed_in("second_officer")
    body = {"old_password": PASSWORD, "new_password": "Second_Officer"}
    assert problem_code(await client.post("/v1/session/password", json=body)) == "password-too-weak"


async def test_two_changes_at_once_leave_one_of_them(world: World, signed_in: SignIn) -> None:
    """The loser's old pass word is no longer the old one."""
    client = await signed_in("officer")
    bodies = [{"old_password": PASSWORD, "new_password": f"sentence number {n}"} for n in range(2)]
    answers = await asyncio.gather(*(client.post("/v1/session/password", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [204, 401]
    assert await acts_on(world, "officer") == ["enter", "change-password"]


async def test_i_see_where_i_am_signed_in_and_end_one_or_all(signed_in: SignIn) -> None:
    """A lost phone is signed out from the desk."""
    desk, phone = await signed_in("officer"), await signed_in("officer")
    listed = (await desk.get("/v1/sessions")).json()
    assert [item["current"] for item in listed].count(True) == 1
    lost = next(item["session_id"] for item in listed if not item["current"])
    assert (await desk.delete(f"/v1/sessions/{lost}")).status_code == 204
    assert (await phone.get("/v1/session")).status_code == 401
    assert (await desk.delete(f"/v1/sessions/{lost}")).status_code == 404
    assert (await desk.delete("/v1/sessions")).status_code == 204
    assert (await desk.get("/v1/session")).status_code == 401


async def test_nobody_ends_a_session_of_another_by_its_id(signed_in: SignIn) -> None:
    """A session's id is worth nothing in other hands."""
    officer, driver = await signed_in("officer"), await signed_in("driver")
    theirs = (await officer.get("/v1/sessions")).json()[0]["session_id"]
    answer = await driver.delete(f"/v1/sessions/{theirs}")
    assert (answer.status_code, problem_code(answer)) == (404, "not-found")
    assert (await officer.get("/v1/session")).status_code == 200


async def test_a_cookie_changes_things_only_with_our_pages_header(world: World, anonymous: httpx.AsyncClient) -> None:
    """A form on another site sends the cookie at most; it cannot send the header, and so it changes nothing."""
    opened = await anonymous.post("/v1/session", json=credentials(world, "officer"))
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert (await anonymous.get("/v1/session")).status_code == 200
    forged = await anonymous.delete("/v1/session")
    assert (forged.status_code, problem_code(forged)) == (403, "cross-site")
    forged = await anonymous.post(
        "/v1/session/password", content="a=b", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert problem_code(forged) == "cross-site"
    ours = await anonymous.delete("/v1/session", headers={"X-Zhuanche-Page": "1"})
    assert ours.status_code == 204
    assert "zhuanche_session=;" in ours.headers["set-cookie"].replace('""', "")


@pytest.mark.parametrize("login", ["officer' OR '1'='1", "", "x" * 101, "officer\x00"])
async def test_odd_logins_are_only_wrong(world: World, anonymous: httpx.AsyncClient, login: str) -> None:
    """Whatever is typed as a login is refused like any other, never a fault of the service."""
    answer = await anonymous.post("/v1/session", json=credentials(world, login))
    assert answer.status_code in (400, 401), answer.text
    problem_code(answer)


async def test_the_service_cannot_change_a_pass_word_without_an_act(world: World, database: Database) -> None:
    """Direct SQL as the service's role is refused, also for the mark that it must be changed."""
    async with database.engine.connect() as connection:
        await connection.execute(text(f"SET LOCAL zhuanche.bureau_id = '{world.bureau_id}'"))
        for change in ("password_hash = 'x'", "must_change_password = true", "active = false"):
            nested = await connection.begin_nested()
            with pytest.raises(Exception, match="no-act"):
                await connection.execute(
                    text(f"UPDATE person SET {change} WHERE person_id = '{world['officer'].person_id}'")
                )
            await nested.rollback()


async def test_no_pass_word_stands_in_the_clear(world: World, signed_in: SignIn) -> None:
    """What is kept is argon2id, and no answer shows it."""
    async with world.database.read(world.bureau_id) as reader:
        person = await reader.get(Person, world["officer"].person_id)
    assert person is not None
    assert person.password_hash.startswith("$argon2id$")
    client = await signed_in("officer")
    assert "argon2" not in (await client.get("/v1/session")).text
