"""What may be lost on a phone, and is not, or is told: drafts, odd texts, storage that the browser throws away."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Error, Page, expect
from sqlalchemy import text

from tests.browser.conftest import Opens
from tests.browser.field import departs, draws, enrolled, goes_on, ready, set_up, tap
from tests.browser.looked_at import fits, no_violations, texts_translated
from tests.trips import approved_trip
from tests.world import HeldClock, World

ODD = "<img src=x onerror=alert(1)>{{7*7}}\u202eדקגב\u202c '; DROP TABLE 😀 " + "长" * 10_000


async def killed(page: Page) -> Page:
    """End the process of a page, and return an empty page; one that is only left may yet hear a network, and send."""
    async with page.expect_event("crash"):
        with pytest.raises(Error):
            await page.goto("chrome://crash")
    await page.close()
    return await page.context.new_page()


async def test_a_draft_survives_a_reload_and_odd_text_arrives_as_it_was_typed(
    handset: Opens, world: World, clock: HeldClock
) -> None:
    """Script, template syntax, right-to-left marks, ten thousand characters: text and nothing else."""
    clock.at = datetime.now(UTC)
    await approved_trip(world, planned_from=clock() - timedelta(minutes=5), planned_until=clock() + timedelta(hours=1))
    await enrolled(world, "officer")
    page = await handset("officer", "/field")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await set_up(page)
    await departs(page)
    await goes_on(page, "写走访记录")
    await page.locator("[data-key=next]").tap()
    await page.get_by_label("查明的情况").fill(ODD)
    await expect(page.locator("main")).to_contain_text("已定位")
    await page.wait_for_timeout(800)
    await page.reload()
    await ready(page)
    await expect(page.locator("main")).to_contain_text("之前未完成的草稿")
    assert await page.get_by_label("查明的情况").input_value() == ODD
    await tap(page, "读给双方听")
    await expect(page.locator(".read")).to_contain_text("DROP TABLE")
    assert await page.locator("main img").count() == 0
    for no in range(2):
        await draws(page, no)
    await tap(page, "签署并保存")
    await expect(page.get_by_role("button", name="PDF")).to_be_visible()
    async with world.database.read(world.bureau_id) as reader:
        bodies = await reader.execute(text("SELECT body FROM visit_note WHERE bureau_id = :b"), {"b": world.bureau_id})
        assert [json.loads(bytes(body))["found"] for body in bodies.scalars()] == [ODD]
    assert dialogs == []


async def test_storage_thrown_away_is_told_with_what_was_lost_and_the_chain_begins_anew(
    handset: Opens, desk: Opens, world: World, clock: HeldClock, port: int
) -> None:
    """Two acts were signed, one arrived: its person hears it, the custodian answers for it, the auditor sees both."""
    clock.at = datetime.now(UTC)
    await approved_trip(world, planned_from=clock() - timedelta(minutes=5), planned_until=clock() + timedelta(hours=1))
    await enrolled(world, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    await departs(page)
    await expect(page.locator(".tag-green").last).to_contain_text("已确认")
    await page.context.set_offline(True)
    await goes_on(page, "写走访记录")
    page = await killed(page)
    session = await page.context.new_cdp_session(page)
    origin = {"origin": f"http://127.0.0.1:{port}", "storageTypes": "indexeddb,service_workers,cache_storage"}
    await session.send("Storage.clearDataForOrigin", origin)
    await page.context.set_offline(False)
    await page.goto(f"http://127.0.0.1:{port}/field")
    await expect(page.locator(".alert").first).to_contain_text(
        "曾签名 2 项，其中 1 项未送达、已丢失，已报告用车单位领导"
    )
    await set_up(page)
    await expect(page.locator("main")).to_contain_text("出车中")
    async with world.database.read(world.bureau_id) as reader:
        ended = text("SELECT ended_seq FROM device_key WHERE bureau_id = :b AND replaces IS NOT NULL")
        assert (await reader.execute(ended, {"b": world.bureau_id})).scalar_one() == 1
    await page.reload()
    await ready(page)
    await expect(page.locator("main")).not_to_contain_text("清除过本应用的存储")

    inbox = await handset("custodian", "/board/inbox", theme="dark")
    card = inbox.locator("article[data-loss]")
    await expect(card).to_contain_text("手机丢失了 1 项未发送的操作")
    await card.locator("summary").tap()
    await no_violations(inbox)
    await texts_translated(inbox, "zh")
    await fits(inbox)
    await card.locator("textarea").fill("到达一项已按纸质单据补录")
    await card.locator("button.button").tap()
    await expect(card).to_have_count(0)
    audit = await desk("auditor", "/audit/keys", lang="en")
    await expect(audit.locator("#keys")).to_contain_text("lost, says the phone 1")
    await expect(audit.locator("#keys")).to_contain_text("到达一项已按纸质单据补录")
    await no_violations(audit)
    await texts_translated(audit, "en")


async def test_a_phone_set_up_again_or_elsewhere_has_lost_nothing(
    handset: Opens, world: World, clock: HeldClock
) -> None:
    """A key made anew replaces the one before, here or on another phone: nobody is told that acts are gone."""
    clock.at = datetime.now(UTC)
    await enrolled(world, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    await page.evaluate("location.hash = 'enrolling'")
    await set_up(page)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await page.reload()
    await ready(page)
    await expect(page.locator("h1")).to_contain_text("今天")
    await expect(page.locator("main")).not_to_contain_text("清除过本应用的存储")
    other = await handset("officer", "/field")
    await set_up(other)
    await expect(other.locator("main")).not_to_contain_text("清除过本应用的存储")
