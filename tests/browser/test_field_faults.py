"""Other people's sessions, gateways and full storage: no act is lost, no day is mixed up, no draft comes back."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import text

from api.http.requests import SESSION_COOKIE
from tests.browser.conftest import Opens
from tests.browser.field import (
    acts_of,
    departs,
    enrolled,
    goes_on,
    ready,
    set_up,
    tap,
    trip_now,
    writes_note,
)
from tests.conftest import token_of
from tests.world import World

PAGE = "<html><body>网站防护: 请稍后重试</body></html>"


@pytest.fixture
async def phone(duty: World, handset: Opens) -> Page:
    """Return the officer's phone, set up, with a trip approved for now."""
    await trip_now(duty)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    return page


async def becomes(page: Page, world: World, port: int, who: str) -> None:
    """Let somebody sign in in this browser, as in another tab: the cookie is theirs from now on."""
    cookie = {"name": SESSION_COOKIE, "value": await token_of(world, who), "url": f"http://127.0.0.1:{port}"}
    await page.context.add_cookies([cookie | {"httpOnly": True, "sameSite": "Strict"}])  # type: ignore[list-item]


async def test_an_act_that_is_sent_while_another_is_signed_in_waits_for_its_person(
    phone: Page, duty: World, port: int
) -> None:
    """The server takes the other person's cookie for the sender: nothing is refused for good."""
    await departs(phone)
    await expect(phone.locator("#state")).not_to_contain_text("待发送")
    await becomes(phone, duty, port, "driver")
    await phone.locator("[data-key=next]").tap()
    await expect(phone.locator("main")).to_contain_text("手机上没有这次出车")
    await becomes(phone, duty, port, "officer")
    await phone.evaluate("dispatchEvent(new Event('online'))")
    await phone.evaluate("location.hash = 'waits'")
    await expect(phone.locator("main")).to_contain_text("到达现场")
    await expect(phone.locator("main")).to_contain_text("全部已送达")
    assert [(one.act, one.standing, one.outcome) for one in await acts_of(duty)] == [
        ("depart", "chain", "recorded"),
        ("stop", "chain", "recorded"),
    ]


async def test_a_gateway_s_page_is_no_answer_and_shuts_nobody_out(phone: Page, duty: World) -> None:
    """502 for the session, 200 with a page for acts and pictures: the trip stays in sight, and all arrives."""
    for path in ("**/v1/session", "**/v1/field/vault"):
        await phone.route(path, lambda route: route.fulfill(status=502, body=PAGE, content_type="text/html"))
    await phone.reload()
    await ready(phone)
    await expect(phone.locator("a[href^='#depart/']").first).to_be_visible()
    for path in ("**/v1/signed-acts", "**/v1/attachments/**", "**/v1/field/day"):
        await phone.route(path, lambda route: route.fulfill(status=200, body=PAGE, content_type="text/html"))
    await phone.locator("a[href^='#depart/']").first.tap()
    await tap(phone, "全部正常")
    await tap(phone, "现在出车")
    await expect(phone.locator("[data-key=next]")).to_contain_text("到达")
    await goes_on(phone, "写走访记录")
    await writes_note(phone)
    await expect(phone.locator("#state")).to_contain_text("待发送 5")  # three acts, two signatures
    assert await acts_of(duty) == []
    await phone.unroute_all()
    await phone.evaluate("dispatchEvent(new Event('online'))")
    await phone.evaluate("location.hash = 'waits'")
    await expect(phone.locator("main")).to_contain_text("全部已送达")
    assert [(one.act, one.outcome) for one in await acts_of(duty)] == [
        ("depart", "recorded"),
        ("stop", "recorded"),
        ("note", "recorded"),
    ]


async def test_the_day_of_whoever_signed_in_elsewhere_is_not_taken_for_one_s_own(
    phone: Page, duty: World, port: int
) -> None:
    """The answer names its person: the officer's day stays the officer's, sealed as it was."""
    await becomes(phone, duty, port, "driver")
    await phone.route(
        "**/v1/session", lambda route: route.abort()
    )  # it does not hear who it is before it asks for the day
    day = "**/v1/field/day"
    async with phone.expect_response(day):
        await phone.evaluate("""async () => {
          const { freshDay, rememberedDay } = await import(
            document.querySelector('script[src*="field/app.js"]').src.replace('app.js', 'day.js'));
          const { remembered } = await import(
            document.querySelector('script[src*="field/app.js"]').src.replace('app.js', 'session.js'));
          const who = await remembered();
          const before = await rememberedDay(who);
          const fresh = await freshDay(who);
          const after = await rememberedDay(who);
          if (!fresh.another || after.person.person_id !== before.person.person_id) throw new Error('taken');
        }""")


async def test_a_draft_that_was_dropped_does_not_come_back(phone: Page) -> None:
    """Thrown away is thrown away; and the next complaint on the spot begins without the former complainant's data."""
    await departs(phone)
    await goes_on(phone, "写走访记录")
    await phone.locator("[data-key=next]").tap()
    await phone.get_by_label("查明的情况").fill("写错了")
    phone.on("dialog", lambda dialog: dialog.accept())
    await tap(phone, "丢弃草稿")
    await phone.locator("[data-key=next]").tap()
    await expect(phone.get_by_label("查明的情况")).to_have_value("")
    await expect(phone.locator("main")).not_to_contain_text("之前未完成的草稿")
    await phone.locator(".heading a").tap()
    await tap(phone, "现场另接投诉")
    for name, words in {"姓名": "黄某", "电话": "13900000002", "住址": "霞林街道"}.items():
        await phone.get_by_label(name, exact=True).fill(words)
    await phone.get_by_label("请求").fill("换货")
    await phone.get_by_label("事实").fill("鞋底开胶")
    await tap(phone, "登记并加入本次出车")
    await expect(phone.locator("main")).to_contain_text("换货")
    await tap(phone, "现场另接投诉")
    await expect(phone.get_by_label("姓名", exact=True)).to_have_value("")
    await expect(phone.get_by_label("请求")).to_have_value("")


async def test_a_draft_that_cannot_be_written_is_told_and_stops_nobody(phone: Page) -> None:
    """The storage is full once: it is said at the top, the screen can be left, and later it is kept again."""
    await departs(phone)
    await goes_on(phone, "写走访记录")
    await phone.locator("[data-key=next]").tap()
    await phone.evaluate("""() => {
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (value, ...more) {
        if (String(value?.name).startsWith('draft ')) throw new DOMException('full', 'QuotaExceededError');
        return put.call(this, value, ...more);
      };
      window.space = () => { IDBObjectStore.prototype.put = put; };
    }""")
    await phone.get_by_label("查明的情况").fill("外套褪色属实。")
    await expect(phone.locator("#banner [role=alert]")).to_contain_text("没有存下")
    await phone.locator(".heading a").tap()
    await expect(phone.locator("h1")).not_to_contain_text("走访记录")
    await phone.evaluate("space()")
    await phone.locator("[data-key=next]").tap()
    await phone.get_by_label("查明的情况").fill("外套褪色属实。")
    await expect(phone.locator("#banner [role=alert]")).to_have_count(0)
    await tap(phone, "读给双方听")
    await expect(phone.locator(".read")).to_contain_text("外套褪色属实。")


async def test_the_link_of_another_s_device_sets_nothing_up(duty: World, handset: Opens, port: int) -> None:
    """A colleague's code scanned by mistake, or sent on purpose: this phone never sends its track as theirs."""
    await trip_now(duty)
    theirs, token = await enrolled(duty, "driver")
    mine, own = await enrolled(duty, "officer")
    page = await handset("officer", f"/field#enrol={token}&device={theirs}")
    await ready(page)
    await page.locator("form:has(input[name=device]) button.button").click()
    await expect(page.locator("main [role=alert]").first).to_contain_text("启用链接属于另一台设备")
    await set_up(page)
    await page.evaluate("location.hash = 'settings'")
    await expect(page.locator("main")).to_contain_text("请扫描管理员给的二维码")
    await page.goto(f"http://127.0.0.1:{port}/field#enrol={own}&device={mine}")
    await page.reload()
    await ready(page)
    await page.get_by_role("link", name="重新启用").tap()
    await set_up(page)
    await page.evaluate("location.hash = 'settings'")
    await expect(page.get_by_role("link", name="安装定位软件")).to_have_attribute("href", re.compile(own))
    async with duty.database.read(duty.bureau_id) as reader:
        keys = text("SELECT device_id FROM device_key WHERE bureau_id = :b")
        assert set((await reader.execute(keys, {"b": duty.bureau_id})).scalars()) == {mine}
