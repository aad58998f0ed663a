"""A day in the field without a network: nothing is lost, nothing is doubled, whatever happens to the phone."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from playwright.async_api import Error as PlaywrightError
from sqlalchemy import text

import api.web.assets as web_assets
from api.http.requests import SESSION_COOKIE
from tests.browser.conftest import ARGUMENTS, HANDSET, Opens
from tests.browser.field import (
    acts_of,
    called,
    comes_back,
    departs,
    draws,
    enrolled,
    goes_on,
    ready,
    set_up,
    tap,
    trip_now,
    whole,
    writes_note,
)
from tests.conftest import token_of
from tests.world import World


def browsers_of(folder: Path) -> Iterator[int]:
    """Yield the processes that run on a folder of storage."""
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            said = (process / "cmdline").read_bytes().split(b"\0") if process.name.isdigit() else []
            if f"--user-data-dir={folder}".encode() in said:
                yield int(process.name)


class Handset:
    """A phone whose storage outlives its browser, which can be killed as a system kills an app."""

    def __init__(self, playwright: Any, chromium: str, folder: Path, address: str, token: str) -> None:
        self.playwright, self.chromium, self.folder = playwright, chromium, folder
        self.address, self.token = address, token
        self.context: BrowserContext | None = None

    async def on(self) -> Page:
        """Start the browser with what it kept, and open the app."""
        self.context = await self.playwright.chromium.launch_persistent_context(
            self.folder,
            executable_path=self.chromium,
            args=list(ARGUMENTS),
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            **HANDSET,
        )
        cookie = {"name": SESSION_COOKIE, "value": self.token, "url": self.address, "httpOnly": True}
        await self.context.add_cookies([cookie | {"sameSite": "Strict"}])  # type: ignore[list-item]
        return self.context.pages[0]

    async def kill(self) -> None:
        """End the browser with kill -9: no page hears of it, nothing is written any more."""
        assert self.context is not None
        for process in browsers_of(self.folder):
            os.kill(process, signal.SIGKILL)
        with suppress(PlaywrightError):
            await self.context.close()
        for lock in self.folder.glob("Singleton*"):
            lock.unlink()


@pytest.fixture
async def own_handset(
    chromium: str, duty: World, port: int, tmp_path: Path
) -> AsyncIterator[Callable[[], Awaitable[Handset]]]:
    """Return a function that makes the officer's phone, with storage of its own."""
    made: list[Handset] = []
    async with async_playwright() as playwright:

        async def make() -> Handset:
            token = await token_of(duty, "officer")
            folder = tmp_path / f"phone-{len(made)}"
            folder.mkdir()
            made.append(Handset(playwright, chromium, folder, f"http://127.0.0.1:{port}", token))
            return made[-1]

        yield make
        for one in made:
            if one.context is not None:
                await one.context.close()


async def build_of(page: Page) -> str:
    """Return the build that a page shows."""
    address = await page.get_attribute("link[rel=stylesheet]", "href")
    found = re.search(r"/assets/([0-9a-f]+)/", address or "")
    assert found
    return found[1]


async def takes_another(page: Page) -> None:
    """Take a complaint on the spot."""
    await tap(page, "现场另接投诉")
    for name, words in {"姓名": "黄某", "电话": "13900000002", "住址": "霞林街道"}.items():
        await page.get_by_label(name, exact=True).fill(words)
    await page.get_by_label("请求").fill("换货")
    await page.get_by_label("事实").fill("鞋底开胶")
    await tap(page, "登记并加入本次出车")
    await expect(page.locator("main")).to_contain_text("黄某")


DAY = [
    *("depart", "stop", "note", "another-job"),
    *("stop", "stop", "note", "stop", "return"),
    *("depart", "stop", "return"),
]
"""Twelve acts: a trip to a site where another complaint is taken, and a second trip that finds nobody."""


async def morning(page: Page) -> None:
    """The first four acts."""
    await expect(page.locator("#state")).to_contain_text("离线")
    await departs(page)
    await goes_on(page, "写走访记录")
    await writes_note(page)
    await takes_another(page)
    await expect(page.locator("#state")).to_contain_text("待发送")


async def afternoon(page: Page) -> None:
    """The other eight, from where the first trip stands."""
    await tap(page, "出车详情")
    await goes_on(page, "到达")
    await goes_on(page, "写走访记录")
    await writes_note(page, found="鞋底开胶属实。", agreed="当场换货。")
    await goes_on(page, "返回收车")
    await comes_back(page)
    await page.locator(".heading a").tap()
    await departs(page)
    await goes_on(page, "写走访记录")
    await comes_back(page)


async def changes_build(page: Page, context: BrowserContext, bring: Callable[[], str]) -> None:
    """Let a new build come in a moment of network in which nothing that is sent is answered, and use it."""
    await context.route("**/v1/**", lambda route: route.abort())
    before, after = await build_of(page), bring()
    await context.set_offline(False)
    await page.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.update())")
    await page.get_by_role("button", name="更新").tap()
    await expect(page.locator(f"link[href*='{after}']").first).to_be_attached()
    await ready(page)
    assert await build_of(page) == after != before


async def test_a_day_offline_with_an_update_and_a_killed_browser_arrives_whole_and_once(
    duty: World,
    port: int,
    own_handset: Callable[[], Awaitable[Handset]],
    new_build: Callable[[], str],
) -> None:
    """Twelve acts without a network, the app updated in between, the browser killed and opened again, then sent."""
    await trip_now(duty)
    await trip_now(duty, from_min=20, until_min=60)
    await enrolled(duty, "officer")
    phone = await own_handset()
    page = await phone.on()
    await page.goto(f"http://127.0.0.1:{port}/field")
    await set_up(page)
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    assert phone.context is not None
    await phone.context.set_offline(True)
    await page.reload()
    await ready(page)
    await morning(page)

    await changes_build(page, phone.context, new_build)
    updated = await build_of(page)
    await phone.kill()
    page = await phone.on()
    await phone.context.set_offline(True)
    await page.goto(f"http://127.0.0.1:{port}/field")
    await ready(page)
    assert await build_of(page) == updated
    await afternoon(page)
    assert await acts_of(duty) == []

    duty.clock.at = datetime.now(UTC)  # as the phone's went on: what it did lies in the past when it arrives
    await phone.context.set_offline(False)
    await page.goto(f"http://127.0.0.1:{port}/field#waits")
    await expect(page.locator("main")).to_contain_text("全部已送达", timeout=20_000)
    acts = await acts_of(duty)
    assert [one.act for one in acts] == DAY
    assert {(one.standing, one.outcome, one.why) for one in acts} == {("chain", "recorded", None)}
    assert whole(acts)


KEEPS = """await (async () => {
  const { remembered } = await import(x.session);
  const who = await remembered();
  const kept = await Promise.all(x.numbers.map((no) => m.keep(who, { act: 'note', body: { no } })));
  return kept.map((one) => one.seq);
})()"""


async def test_two_tabs_sign_one_chain_and_send_everything_once(duty: World, handset: Opens) -> None:
    """Both tabs of a phone sign and send at the same time: no number is given twice, no act is sent by both."""
    await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    other = await page.context.new_page()
    await other.goto(page.url)
    await ready(other)
    sent: list[str] = []
    page.context.on("request", lambda asked: sent.append(asked.post_data or "") if "signed-acts" in asked.url else None)
    session = web_assets.asset("js/field/session.js")
    numbers = await asyncio.gather(
        called(page, "chain", KEEPS, {"session": session, "numbers": [1, 2, 3]}),
        called(other, "chain", KEEPS, {"session": session, "numbers": [4, 5, 6]}),
    )
    assert sorted(numbers[0] + numbers[1]) == [1, 2, 3, 4, 5, 6]
    for tab in (page, other):
        await tab.evaluate("dispatchEvent(new Event('online'))")
    for tab in (page, other):
        await tab.evaluate("location.hash = 'waits'")
        await expect(tab.locator("main")).to_contain_text("全部已送达", timeout=15_000)
        await expect(tab.locator(".tag-red")).to_have_count(6)  # notes without a job: refused, and said so
    acts = await acts_of(duty)
    assert whole(acts)
    assert len(acts) == len(sent) == len(set(sent)) == 6


async def test_a_departure_the_rule_refuses_is_told_with_its_reason(duty: World, handset: Opens) -> None:
    """With a network the rule answers before anybody drives; the trip stays where it was."""
    await trip_now(duty, from_min=120, until_min=180)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field", lang="en")
    await set_up(page)
    await expect(page.locator("main")).to_contain_text("may depart in")
    await page.locator("a[href^='#depart/']").first.tap()
    await tap(page, "All in order")
    await tap(page, "Depart now")
    await expect(page.locator(".alert[role=alert]").first).to_contain_text("not accepted")
    await expect(page.locator(".alert[role=alert]").first).to_contain_text("window")
    await expect(page.locator("main")).to_contain_text("to depart")
    assert [(one.act, one.outcome) for one in await acts_of(duty)] == [("depart", "refused")]


async def test_a_party_who_refuses_is_named_with_reason_and_witness(duty: World, handset: Opens) -> None:
    """Nobody is made to sign, and nobody's signature is left out without a word."""
    await trip_now(duty)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    await departs(page)
    await goes_on(page, "写走访记录")
    await page.locator("[data-key=next]").tap()
    await page.get_by_label("查明的情况").fill("商家不认可。")
    await tap(page, "读给双方听")
    await draws(page, 0)
    place = page.locator("section.card").filter(has=page.locator("canvas.pad")).nth(1)
    await place.locator("input[value=refused]").check()
    await tap(page, "签署并保存")
    await expect(page.locator("[role=alert]").last).to_contain_text("缺少原因、见证人")
    await place.get_by_label("原因").fill("不同意调解结果")
    await place.get_by_label("见证人").fill("市场管理员 黄某")
    await tap(page, "签署并保存")
    await expect(page.locator("canvas.qr")).to_be_visible()
    await expect(page.get_by_role("button", name="PDF")).to_be_visible()
    async with duty.database.read(duty.bureau_id) as reader:
        body = (
            await reader.execute(text("SELECT body FROM visit_note WHERE bureau_id = :b"), {"b": duty.bureau_id})
        ).scalar()
    note = json.loads(bytes(body))
    assert [one["how"] for one in note["signatures"]] == ["signed", "refused"]
    assert (note["signatures"][1]["reason"], note["signatures"][1]["witness"]) == ("不同意调解结果", "市场管理员 黄某")
    assert note["position"]["accuracy_m"] == 8
    assert note["position_end"]["datum"] == "WGS-84"
