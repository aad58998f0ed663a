"""Texts that would harm, in every field of every form of `/field`: kept as typed, shown as text everywhere."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect
from sqlalchemy import text

from tests.browser.conftest import Opens
from tests.browser.field import acts_of, draws, enrolled, goes_on, set_up, tap, trip_now
from tests.browser.tried import LONG, RIGHT_TO_LEFT, SCRIPT, TEMPLATE, nothing_ran
from tests.conftest import SignIn
from tests.world import World

HOSTILE = f"{RIGHT_TO_LEFT} {TEMPLATE} {SCRIPT} "
"""What is shown first of each text, so that a short field is tried with the marks, and a long one with all of it."""


async def tries(place: Locator, begin: str = "") -> str:
    """Fill a field with as much of it as it takes, and return what it holds."""
    most = int(await place.get_attribute("maxlength") or 10_000)
    typed = (begin + HOSTILE + LONG)[:most].strip()
    await place.fill(typed)
    return typed


async def departs_with_remark(page: Page) -> str:
    """Depart with something that is not in order."""
    await page.locator("a[href^='#depart/']").first.tap()
    await tap(page, "全部正常")
    await page.get_by_label("灯光").uncheck()
    remark = await tries(page.get_by_label("不正常的地方"))
    await tap(page, "现在出车")
    await expect(page.locator("[data-key=next]")).to_contain_text("到达")
    return remark


async def writes(page: Page) -> list[str]:
    """Write a note in which every text is odd: people, what was found and agreed, signing and refusing."""
    await page.locator("[data-key=next]").tap()
    typed = [await tries(page.get_by_label("其他人姓名"))]
    await tap(page, "添加")
    typed += [await tries(page.get_by_label(label)) for label in ("查明的情况", "达成的协议")]
    await tap(page, "读给双方听")
    await expect(page.locator(".read")).to_contain_text("שלום")
    await nothing_ran(page)
    places = page.locator("section.card").filter(has=page.locator("canvas.pad"))
    typed.append(await tries(places.nth(0).get_by_label("姓名")))
    await draws(page, 0)
    await places.nth(1).locator("input[value=refused]").check()
    typed += [await tries(places.nth(1).get_by_label(label)) for label in ("姓名", "原因", "见证人")]
    await tap(page, "签署并保存")
    await expect(page.locator("canvas.qr")).to_be_visible()
    await page.locator("details.fold summary").tap()
    await nothing_ran(page)
    await tap(page, "回到出车")
    return typed


async def takes_another(page: Page) -> list[str]:
    """Take a complaint on the spot of which every text is odd."""
    await tap(page, "现场另接投诉")
    labels = ("姓名", "电话", "住址", "商家名称", "地址", "请求", "事实")
    typed = [await tries(page.get_by_label(label, exact=True)) for label in labels]
    await tap(page, "登记并加入本次出车")
    await expect(page.locator("main [role=alert]").last).to_contain_text("电话号码应为")
    await page.get_by_label("电话").fill("13900000002")
    await tap(page, "登记并加入本次出车")
    await expect(page.locator("h1")).not_to_contain_text("另接投诉")
    await nothing_ran(page)
    return typed


async def breaks_down(page: Page) -> list[str]:
    """Report an accident in odd words."""
    await tap(page, "故障或事故")
    reading = page.locator("input.reading")
    await reading.fill(str(int(await reading.input_value()) + 3))
    labels = ("停在哪里", "发生了什么", "报警编号（可选）")
    typed = [await tries(page.get_by_label(label)) for label in labels]
    await tap(page, "报告并结束出车")
    await expect(page.locator("main")).to_contain_text("已返回")
    await nothing_ran(page)
    return typed


@pytest.mark.parametrize("theme", ["dark"])
async def test_odd_texts_in_every_field_of_the_app_are_text_on_phone_board_audit_and_paper(
    duty: World, handset: Opens, desk: Opens, signed_in: SignIn, theme: str
) -> None:
    """Script, template syntax, text that runs the other way, ten kilobytes: recorded, shown, printed, never run."""
    first = await trip_now(duty)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field", theme=theme)
    await set_up(page)
    typed = [await departs_with_remark(page)]
    await goes_on(page, "写走访记录")
    typed += await writes(page)
    typed += await takes_another(page)
    typed += await breaks_down(page)
    await page.evaluate("location.hash = 'waits'")
    await expect(page.locator("main")).to_contain_text("全部已送达")
    await nothing_ran(page)
    acts = await acts_of(duty)
    assert [(one.act, one.outcome) for one in acts] == [
        ("depart", "recorded"),
        ("stop", "recorded"),
        ("note", "recorded"),
        ("another-job", "recorded"),
        ("break-down", "recorded"),
    ]
    assert len(typed) == 18
    assert all("\u202e" in one for one in typed)

    async with duty.database.read(duty.bureau_id) as reader:
        note = (
            await reader.execute(text("SELECT note_id FROM visit_note WHERE bureau_id = :b"), {"b": duty.bureau_id})
        ).scalar_one()
    for who, path in (
        ("custodian", f"/board/trips/{first}"),
        ("custodian", "/board/inbox"),
        ("dispatcher", "/board"),
        ("auditor", f"/audit/trips/{first}"),
        ("auditor", "/audit/log"),
    ):
        shown = await desk(who, path, theme=theme)
        await expect(shown.locator("h1").first).to_be_visible()
        await nothing_ran(shown)
    printed = await (await signed_in("officer")).get(f"/v1/visit-notes/{note}/note.pdf")
    assert (printed.status_code, printed.content[:5]) == (200, b"%PDF-")
    assert b"/JavaScript" not in printed.content
