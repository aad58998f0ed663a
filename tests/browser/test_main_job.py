"""The main job, from a telephone call to a line of the log, by the people who do it, each at a place of their own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from playwright.async_api import Page, expect

from tests.browser.conftest import Opens
from tests.browser.counted import counted, counting
from tests.browser.field import comes_back, departs, enrolled, goes_on, ready, set_up, writes_note
from tests.browser.hands import Hands
from tests.browser.test_ask import rule, written
from tests.world import World

APPROVE: Final = {"taps": 1, "fields": 0}
DEPART_NOTE_RETURN: Final = {"taps": 13, "fields": 3}
"""Departure, arrival, note, leaving, return: taps, the two drawn signatures among them, and fields filled."""
CHECK_A_DAY: Final = {"taps": 2, "fields": 0}
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


async def asks(page: Page, at: datetime) -> str:
    """Register a complaint and ask for the car from `at`, by keyboard; return the trip's address."""
    await written(Hands(page))
    for field, when in (("#from", at), ("#until", at + timedelta(hours=2))):
        await page.fill(field, when.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M"))
    for box in await page.locator("[data-consent]").all():
        await box.check()
    await page.fill("#site", "25.4337, 118.9962")
    await page.locator("#datum").select_option("WGS-84")
    await rule(page, "yes")
    await page.press("#claim", "Enter")
    await expect(page.locator("#done")).to_be_visible()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/board/trips/*")
    return page.url


async def test_three_people_do_the_main_job_and_the_auditor_finds_its_line(
    desk: Opens, handset: Opens, duty: World
) -> None:
    """Asked for at the desk, approved on one phone, driven and written down on another, and read at the audit desk."""
    await enrolled(duty, "officer")
    dispatcher = await desk("dispatcher", "/board/ask")
    await asks(dispatcher, duty.clock() - timedelta(minutes=5))

    custodian = await handset("custodian", "/board/inbox")
    await counting(custodian)
    card = custodian.locator("article[data-trip]")
    await card.get_by_role("button", name="批准", exact=False).first.tap()
    await expect(card).to_have_count(0)
    assert await counted(custodian) == APPROVE

    officer = await handset("officer", "/field")
    await set_up(officer)
    await officer.reload()
    await ready(officer)
    await counting(officer)
    await departs(officer)
    await goes_on(officer, "写走访记录")
    await writes_note(officer)
    await goes_on(officer, "返回收车")
    await comes_back(officer)
    assert await counted(officer) == DEPART_NOTE_RETURN
    await expect(officer.locator("#state")).to_contain_text("已连接")

    await dispatcher.reload()
    await expect(dispatcher.locator("main")).to_contain_text("已收车")

    auditor = await desk("auditor", "/audit")
    await counting(auditor)
    await auditor.get_by_role("link", name="台账").click()
    line = auditor.locator("tr", has_text="3.000").first
    await expect(line).to_contain_text("officer 某")
    await line.get_by_role("link").first.click()
    await expect(auditor.locator("main")).to_contain_text("外套褪色属实。")
    await expect(auditor.locator("main")).to_contain_text("已签名")
    assert await counted(auditor) == CHECK_A_DAY
