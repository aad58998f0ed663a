"""What the server did not record: its person reads why, says so, and finds it again; the desk sees it without them."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Opens
from tests.browser.field import acts_of, enrolled, set_up, tap, trip_now
from tests.browser.looked_at import fits, no_violations, texts_translated
from tests.world import World


@pytest.mark.parametrize(("lang", "theme"), [("zh", "dark"), ("en", "light")])
async def test_a_refused_act_is_read_confirmed_as_not_recorded_and_found_again(
    duty: World, handset: Opens, lang: str, theme: str
) -> None:
    """A departure outside its window: the reason, what it means, one button; no reminder then, and still listed."""
    zh = lang == "zh"
    await trip_now(duty, from_min=120, until_min=180)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field", lang=lang, theme=theme)
    await set_up(page)
    await page.locator("a[href^='#depart/']").first.tap()
    await tap(page, "全部正常" if zh else "All in order")
    await tap(page, "现在出车" if zh else "Depart now")
    await tap(page, "查看并确认" if zh else "Read and confirm")
    await expect(page.locator("main")).to_contain_text("没有记入系统" if zh else "This act is not recorded")
    await expect(page.locator("main ul.data")).not_to_be_empty()
    await no_violations(page)
    await texts_translated(page, lang)
    await fits(page)
    await tap(page, "已阅：我知道它没有记录" if zh else "I have read it: it is not recorded")
    await expect(page.locator("h1")).to_contain_text("待发送" if zh else "What waits")
    read = page.locator("details.fold")
    await expect(read.locator("summary")).to_contain_text("已阅、未记录 1 项" if zh else "Read, not recorded: 1")
    await read.locator("summary").tap()
    await expect(read.locator(".tag-red")).to_have_count(1)
    await no_violations(page)
    await texts_translated(page, lang)
    await page.evaluate("location.hash = 'today'")
    await expect(page.locator("a[href^='#depart/']").first).to_be_visible()
    await expect(page.locator(".alert")).to_have_count(0)
    await page.reload()
    await page.evaluate("location.hash = 'waits'")
    await expect(page.locator("details.fold .tag-red")).to_have_count(1)
    assert [(one.act, one.outcome) for one in await acts_of(duty)] == [("depart", "refused")]
    inbox = await handset("custodian", "/board/inbox", lang=lang, theme=theme)
    told = inbox.locator("[data-act-refused]")
    await expect(told).to_contain_text("officer 某")
    await expect(told).to_contain_text("出车" if zh else "departure")
    await no_violations(inbox)
    await texts_translated(inbox, lang)
    await fits(inbox)
