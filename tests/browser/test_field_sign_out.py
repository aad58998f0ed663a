"""Signing out on a phone: nothing readable stays, nothing is lost, and the server hears of it before its next page."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect
from sqlalchemy import text

from api.db.queries.people import open_sessions
from api.errors import DatabaseAway
from api.http.requests import SESSION_COOKIE
from api.usecases import sign_in
from api.usecases.change_role import RoleChange, change_role
from domain.values import Role
from tests.browser.conftest import Opens
from tests.browser.field import (
    acts_of,
    departs,
    enrolled,
    goes_on,
    kept_here,
    ready,
    set_up,
    tap,
    trip_now,
    whole,
    writes_note,
)
from tests.browser.test_sign_in import PUSH
from tests.conftest import token_of
from tests.world import PASSWORD, World


async def test_after_a_sign_out_the_phone_shows_nothing_and_loses_nothing(
    duty: World, port: int, handset: Opens
) -> None:
    """What waits is sealed: another person sees how much, its person's next sign-in opens and sends it."""
    await trip_now(duty)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    await departs(page)
    await goes_on(page, "写走访记录")
    await expect(page.locator("#state")).not_to_contain_text("待发送")  # what came before has arrived
    await page.context.set_offline(True)
    await writes_note(page, found="外套褪色属实。")
    await page.evaluate("location.hash = 'settings'")
    await tap(page, "退出登录")
    await expect(page.locator("main")).to_contain_text("没有送达")
    await page.route("**/v1/signed-acts", lambda route: route.abort())
    await page.route("**/v1/attachments/**", lambda route: route.abort())
    await page.context.set_offline(False)
    await tap(page, "仍要退出")
    await expect(page.locator("main")).to_contain_text("手机上有 1 项操作待处理")
    left = await kept_here(page)
    assert not re.findall(READABLE, left), left
    assert await page.evaluate("indexedDB.databases().then((all) => all.length)") == 1

    await signs_in(page, duty, port, "driver")
    await expect(page.locator("main")).to_contain_text("启用这部手机")
    await page.evaluate("location.hash = 'waits'")
    await expect(page.locator("main")).to_contain_text("全部已送达")
    await page.evaluate("location.hash = 'leaving'")
    await tap(page, "退出登录")
    await expect(page.locator("main")).to_contain_text("手机上有 1 项操作待处理")

    await page.unroute_all()
    await signs_in(page, duty, port, "officer")
    await page.evaluate("location.hash = 'waits'")
    await expect(page.locator("main")).to_contain_text("全部已送达", timeout=15_000)
    acts = await acts_of(duty)
    assert [one.outcome for one in acts] == ["recorded"] * 3
    assert whole(acts)
    async with duty.database.read(duty.bureau_id) as reader:
        count = "SELECT count(*) FROM attachment WHERE bureau_id = :bureau_id"
        assert (await reader.execute(text(count), {"bureau_id": duty.bureau_id})).scalar() == 2


async def signs_in(page: Page, world: World, port: int, who: str) -> None:
    """Let a person sign in on a phone that another had before."""
    await has_session(page, world, port, who)
    await page.goto(f"http://127.0.0.1:{port}/field")
    await ready(page)
    await expect(page.locator("#to-settings")).to_be_visible()


async def has_session(page: Page, world: World, port: int, who: str) -> None:
    """Give the browser a session of a person."""
    cookie = {"name": SESSION_COOKIE, "value": await token_of(world, who), "url": f"http://127.0.0.1:{port}"}
    await page.context.add_cookies([cookie | {"httpOnly": True, "sameSite": "Strict"}])  # type: ignore[list-item]


READABLE = "林某|服装店|外套|退款|闽B12315|officer 某|文献"


async def signs_out(page: Page) -> None:
    """Sign out by the app's own button."""
    await page.evaluate("location.hash = 'leaving'")
    await tap(page, "退出登录")
    await expect(page.get_by_role("link", name="登录")).to_be_visible()


async def worked_by(page: Page) -> None:
    """Wait until the service worker stands before this page and all others."""
    await page.evaluate("""async () => {
      await navigator.serviceWorker.ready;
      if (!navigator.serviceWorker.controller) {
        await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }));
      }
    }""")


async def sessions_of(world: World, who: str) -> int:
    """Return how many sessions of a person are open at the server."""
    async with world.database.read(world.bureau_id) as reader:
        return len(await open_sessions(reader, world[who].who))


async def test_what_was_asked_before_a_sign_out_opens_nothing_after_it(duty: World, handset: Opens) -> None:
    """The app asks who is signed in, the person signs out, and the answer comes late: the phone stays shut."""
    await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    late: asyncio.Queue[Route] = asyncio.Queue()

    await page.evaluate("""async () => {
      const db = await new Promise((done) => {
        const opening = indexedDB.open('zhuanche-field');
        opening.onsuccess = () => done(opening.result);
      });
      const tx = db.transaction('session', 'readwrite');
      const session = tx.objectStore('session');
      const asked = session.get('now');
      const soon = new Date(Date.now() + 60000).toISOString();
      asked.onsuccess = () => session.put({ ...asked.result, until: soon }, 'now');
      await new Promise((done) => { tx.oncomplete = done; });
      db.close();
    }""")  # the session ends soon: its key is asked for anew
    await page.route("**/v1/field/vault", late.put)
    await page.evaluate("dispatchEvent(new Event('online'))")
    held = await asyncio.wait_for(late.get(), 10)
    answer = await held.fetch()
    await page.route("**/v1/session", lambda route: route.abort())
    other = await page.context.new_page()
    await other.goto(page.url)
    await ready(other)
    await signs_out(other)
    await held.fulfill(response=answer)
    await page.wait_for_timeout(500)
    assert "CryptoKey false" not in (await kept_here(page)).split("keys")[0]
    await expect(page.get_by_role("link", name="登录")).to_be_visible()


async def test_a_sign_out_without_a_network_is_carried_out_before_any_page_of_the_server(
    duty: World, handset: Opens, port: int
) -> None:
    """The cookie cannot be dropped without the server: the first page asked for comes after the session has ended."""
    await trip_now(duty)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    await worked_by(page)
    board = await page.context.new_page()
    await board.goto(f"http://127.0.0.1:{port}/board")
    await expect(board.locator("h1").first).to_be_visible()
    await page.context.set_offline(True)
    await signs_out(page)
    await expect(page.locator("main")).to_contain_text("先结束服务器上的登录")
    await expect(board).to_have_url(re.compile("/field$"))
    assert not re.findall(READABLE, await kept_here(page))
    assert await sessions_of(duty, "officer") == 1

    await page.close()
    await board.close()
    await board.context.set_offline(False)
    again = await board.context.new_page()
    await again.goto(f"http://127.0.0.1:{port}/board")
    await expect(again).to_have_url(re.compile("/sign-in"))
    assert await sessions_of(duty, "officer") == 0
    assert SESSION_COOKIE not in {one.get("name") for one in await board.context.cookies()}


async def owing(world: World, handset: Opens) -> Page:
    """Return the app on a phone whose person signed out without a network: the server has not heard of it."""
    await enrolled(world, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    await worked_by(page)
    await page.context.set_offline(True)
    await signs_out(page)
    return page


async def test_while_a_sign_out_is_owed_no_page_of_the_server_comes_and_nobody_signs_in(
    duty: World, handset: Opens, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not end the session shows no page of it either; the app says what is owed."""
    page = await owing(duty, handset)

    async def fails(*_given: object) -> None:
        raise DatabaseAway

    monkeypatch.setattr(sign_in, "sign_out", fails)
    await page.context.set_offline(False)
    await page.goto(f"http://127.0.0.1:{port}/board")
    await expect(page).to_have_url(re.compile("/field$"))
    await expect(page.locator("main")).to_contain_text("先结束服务器上的登录")
    signing_in = "fetch('/v1/session', { method: 'POST' }).then(() => 'sent', () => 'not sent')"
    assert await page.evaluate(signing_in) == "not sent"
    monkeypatch.undo()
    await page.goto(f"http://127.0.0.1:{port}/sign-in?next=/field")
    await expect(page).to_have_url(re.compile("/sign-in"))
    assert await sessions_of(duty, "officer") == 0


@pytest.mark.parametrize("roles", [[Role.OFFICER], [Role.OFFICER, Role.DISPATCHER]])
async def test_a_phone_of_a_person_whose_role_was_withdrawn_is_shut_and_can_be_left(
    duty: World, handset: Opens, port: int, roles: list[Role]
) -> None:
    """Their session ends and with it the day; who signs in again is told why not, and the next person can."""
    for role in roles[1:]:
        await change_role(duty.database, duty["admin"], _role(duty, role, granted=True))
    await trip_now(duty)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    await change_role(duty.database, duty["admin"], _role(duty, Role.OFFICER, granted=False))
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.get_by_role("link", name="登录")).to_be_visible()
    assert "CryptoKey false" not in (await kept_here(page)).split("keys")[0]
    await has_session(page, duty, port, "officer")
    await page.goto(f"http://127.0.0.1:{port}/field")
    await expect(page.locator("main")).to_contain_text("外勤由现场调解人员和驾驶员使用")
    await tap(page, "退出，换人登录")
    await expect(page.locator("[name=login]")).to_be_visible()
    assert await sessions_of(duty, "officer") == 0


def _role(world: World, role: Role, *, granted: bool) -> RoleChange:
    return RoleChange(person_id=world["officer"].who, role=role, granted=granted, reason="调离")


async def test_a_network_that_stalls_holds_no_page_for_long_while_a_sign_out_is_owed(
    duty: World, handset: Opens, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server takes the request and does not answer: after ten seconds the app's own page is there, and says it."""
    page = await owing(duty, handset)
    answers = asyncio.Event()

    async def stalls(*_given: object) -> None:
        await answers.wait()

    monkeypatch.setattr(sign_in, "sign_out", stalls)
    await page.context.set_offline(False)
    try:
        await page.goto(f"http://127.0.0.1:{port}/board", timeout=20_000)
        await expect(page).to_have_url(re.compile("/field$"))
        await expect(page.locator("main")).to_contain_text("先结束服务器上的登录")
    finally:
        answers.set()


async def test_a_sign_out_that_is_owed_ends_no_session_of_who_signs_in_next(
    duty: World, handset: Opens, port: int
) -> None:
    """Also where no service worker stands before the way in: the owed one is carried out first, the new one lasts."""
    page = await owing(duty, handset)
    await page.goto("about:blank")
    await page.context.set_offline(False)
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.setBypassServiceWorker", {"bypass": True})  # as when one reloads with Shift
    await page.route("**/v1/session", lambda route: route.abort())
    await page.goto(f"http://127.0.0.1:{port}/sign-in")
    for name, value in (("bureau_id", duty.bureau_id), ("login", "dispatcher"), ("password", PASSWORD)):
        await page.fill(f"[name={name}]", value)
    await page.keyboard.press("Enter")
    await expect(page.locator("form [role=alert]")).to_contain_text("无法连接服务")
    await page.unroute_all()
    await page.locator("form [name=password]").press("Enter")
    await page.wait_for_url("**/board")
    assert await sessions_of(duty, "officer") == 0
    assert not await page.evaluate("caches.has('zhuanche-sign-out')")
    await page.goto(f"http://127.0.0.1:{port}/field")
    await ready(page)
    assert await sessions_of(duty, "dispatcher") == 1


async def test_a_phone_shows_nobody_s_notices_after_a_sign_out(handset: Opens) -> None:
    """Without a network too: what the browser tells does not wait for the server."""
    page = await handset("officer", "/field")
    await expect(page.locator("#to-settings")).to_be_visible()
    await worked_by(page)
    await page.evaluate(PUSH % "a subscription")
    await page.context.set_offline(True)
    await signs_out(page)
    assert await page.evaluate("[localStorage.told ?? null, localStorage.unsubscribed]") == [None, "yes"]


async def test_the_browser_wakes_the_worker_for_a_sign_out_that_is_owed(duty: World, handset: Opens, port: int) -> None:
    """No page of ours is open when the network is back: the session ends all the same."""
    await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    await worked_by(page)
    session = await page.context.new_cdp_session(page)
    known: asyncio.Queue[str] = asyncio.Queue()

    def registered(told: dict[str, Any]) -> None:
        for one in told["registrations"]:
            if one["scopeURL"] == f"http://127.0.0.1:{port}/":
                known.put_nowait(one["registrationId"])

    session.on("ServiceWorker.workerRegistrationUpdated", registered)
    await session.send("ServiceWorker.enable")
    registration = await asyncio.wait_for(known.get(), 10)
    await page.context.set_offline(True)
    await signs_out(page)
    await page.goto("about:blank")
    await page.context.set_offline(False)
    assert await sessions_of(duty, "officer") == 1
    event = {"origin": f"http://127.0.0.1:{port}", "registrationId": registration, "tag": "zhuanche-sign-out"}
    await session.send("ServiceWorker.dispatchSyncEvent", event | {"lastChance": False})
    for _ in range(50):
        if not await sessions_of(duty, "officer"):
            break
        await page.wait_for_timeout(100)
    assert await sessions_of(duty, "officer") == 0
