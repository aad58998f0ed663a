"""What a phone tells its person: what it cannot read, keep or send, who may do what, and what became of its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Dialog, Page, Route, expect
from sqlalchemy import text

from tests.browser.conftest import Opens
from tests.browser.field import acts_of, called, departs, draws, enrolled, goes_on, ready, set_up, tap, trip_now
from tests.browser.looked_at import no_violations
from tests.lots import always_asked
from tests.world import World

DRAWN = """await (async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 60, height: 40 });
  canvas.getContext('2d').fillRect(0, 0, 20, 20);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg'));
  return [...new Uint8Array(await blob.arrayBuffer())];
})()"""


async def picture(page: Page, name: str = "1.jpg") -> dict[str, Any]:
    """Return a photo, as a camera hands it over."""
    return {"name": name, "mimeType": "image/jpeg", "buffer": bytes(await called(page, "bytes", DRAWN))}


FITS = """() => [...document.querySelectorAll('canvas.pad')].every(
  (one) => one.width === one.offsetWidth * devicePixelRatio)"""


async def fitted(page: Page) -> bool:
    """Tell whether the places for signatures have the size they are shown at, a moment after the phone was turned."""
    await page.wait_for_timeout(300)
    return bool(await page.evaluate(FITS))


async def test_what_cannot_be_read_or_sent_of_a_note_is_told_and_can_be_sent_again(duty: World, handset: Opens) -> None:
    """A damaged photo beside a good one; a phone turned while its person signs; a file that the server refuses."""
    await trip_now(duty)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field#%")
    await set_up(page)
    await page.evaluate("location.hash = 'constructor'")
    await expect(page.locator("h1")).to_have_text("今天")
    await departs(page)
    await goes_on(page, "写走访记录")
    await page.locator("[data-key=next]").tap()
    await page.get_by_label("查明的情况").fill("外套褪色属实。")
    damaged = {"name": "2.heic", "mimeType": "image/heic", "buffer": b"ftypheic" * 40}
    for _ in range(2):  # the same ones can be chosen again
        await page.locator("input[type=file]").set_input_files([damaged, await picture(page)])
        await expect(page.locator("[role=alert]", has_text="读不出来")).to_be_visible()
        await expect(page.locator(".thumbs img")).to_have_count(1)
        assert await page.locator("input[type=file]").input_value() == ""
    await tap(page, "读给双方听")
    sizes = "(one) => parseFloat(getComputedStyle(one).fontSize)"
    assert await page.locator(".read .lines").first.evaluate(sizes) >= 17

    await draws(page, 0)
    await page.set_viewport_size({"width": 844, "height": 390})
    assert await fitted(page)
    await draws(page, 1)
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await fitted(page)

    async def too_large(route: Route) -> None:
        told = {"code": "too-large", "title": "太大", "detail": "文件太大，服务器不收。", "status": 413}
        await route.fulfill(status=413, json=told, content_type="application/problem+json")

    await page.route("**/v1/attachments/**", too_large)
    await tap(page, "签署并保存")
    await page.evaluate("location.hash = 'waits'")
    await expect(page.locator("main")).to_contain_text("3 张照片或签名未被服务器接受")
    await expect(page.locator("main")).not_to_contain_text("全部已送达")
    await expect(page.locator("main .alert li").first).to_contain_text("文件太大，服务器不收。")
    await no_violations(page)
    await page.unroute_all()
    await tap(page, "再发送")
    await expect(page.locator("main")).to_contain_text("全部已送达")
    await expect(page.locator("main .alert")).to_have_count(0)
    await page.evaluate("location.hash = 'today'")
    await tap(page, "出车详情")
    await tap(page, "记录副本")
    async with page.expect_download() as saved:
        await tap(page, "发送或打开 PDF")
    assert (await saved.value).suggested_filename.endswith(".pdf")


async def test_a_drivers_phone_leads_to_what_a_driver_may_do(duty: World, handset: Opens) -> None:
    """Arrive, leave, return: no note, no complaint; a lesser reading is doubted once, thousands may have a comma."""
    await trip_now(duty)
    await enrolled(duty, "driver")
    page = await handset("driver", "/field")
    await set_up(page)
    await departs(page)
    await goes_on(page, "离开")
    await expect(page.locator("a[href^='#note/'], a[href^='#another/']")).to_have_count(0)
    await page.locator(".heading a").tap()
    await expect(page.locator("main")).to_contain_text("出车中")
    await expect(page.locator("a[href^='#note/']")).to_have_count(0)
    await tap(page, "出车详情")
    await goes_on(page, "返回收车")
    await page.locator("[data-key=next]").tap()
    reading = page.locator("input.reading")
    stood = int(await reading.input_value())
    await reading.fill(str(stood - 1))
    await tap(page, "确认收车")
    await expect(page.locator("[role=alert]", has_text="读数小于上次的读数")).to_be_visible()
    await reading.fill(f"{stood + 3:,}")
    await tap(page, "确认收车")
    await expect(page.locator("main")).to_contain_text("已返回")
    await page.evaluate("location.hash = 'waits'")
    await expect(page.locator("main")).to_contain_text("全部已送达")
    acts = await acts_of(duty)
    assert [(one.act, one.outcome) for one in acts] == [
        (act, "recorded") for act in ("depart", "stop", "stop", "return")
    ]


async def test_who_may_not_work_in_the_field_is_told_why_and_can_leave_the_phone_to_its_person(handset: Opens) -> None:
    """The server's own sentence, and a sign-out: the way in would only lead back here."""
    page = await handset("auditor", "/field")
    await ready(page)
    await expect(page.locator("main .alert")).to_contain_text("角色")
    await no_violations(page)
    await tap(page, "退出，换人登录")
    await expect(page.locator("input[type=password]")).to_be_visible()


async def test_a_link_does_not_hide_the_day_and_a_key_that_ended_is_no_lost_storage(
    duty: World, handset: Opens
) -> None:
    """Not now; set up anew, asked where acts wait; once another phone is set up, the first one says that it ended."""
    await trip_now(duty)
    device_id, token = await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    home = page.url.split("#")[0]
    await page.goto("about:blank")
    await page.goto(f"{home}#enrol={token}&device={device_id}")
    await ready(page)
    await expect(page.locator("a[href^='#depart/']")).to_be_visible()
    await no_violations(page)
    await tap(page, "以后再说")
    await expect(page.locator("main .alert")).to_have_count(0)
    await page.evaluate("location.hash = 'enrolling'")
    await tap(page, "启用")
    await expect(page.locator("h1")).to_have_text("今天")
    await page.evaluate("dispatchEvent(new Event('online'))")
    await page.reload()
    await ready(page)
    await expect(page.locator("a[href^='#depart/']")).to_be_visible()
    await expect(page.locator("main .alert")).to_have_count(0)

    other = await handset("officer", "/field")
    await set_up(other)
    asked: list[str] = []

    async def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await dialog.dismiss()

    page.on("dialog", refuse)
    await page.route("**/v1/signed-acts", lambda route: route.abort())
    await departs(page)
    await page.evaluate("location.hash = 'enrolling'")
    await tap(page, "启用")
    await page.wait_for_timeout(300)
    assert "1 项操作没有送达" in asked[0]
    await page.unroute_all()
    await page.evaluate("location.hash = 'waits'")
    await tap(page, "现在发送")
    await expect(page.locator("main .tag-red")).to_have_count(1)
    await page.evaluate("location.hash = 'today'")
    told = page.locator("main .alert:not(:empty)")
    await expect(told).to_contain_text("这部手机的密钥已停用")
    await page.reload()
    await ready(page)
    await expect(told).to_have_count(1)
    await expect(page.locator("main")).not_to_contain_text("清除过")


async def test_a_new_build_taken_in_one_tab_leaves_what_is_filled_in_in_the_other(
    duty: World, handset: Opens, new_build: Callable[[], str]
) -> None:
    """Also in the first session of a browser; the other tab changes with its next screen, or when told to."""
    await trip_now(duty)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    other = await page.context.new_page()
    await other.goto(page.url)
    await ready(other)
    await other.locator("a[href^='#depart/']").tap()
    await other.locator("input.reading").fill("52000")
    after = new_build()
    await page.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.update())")
    await page.get_by_role("button", name="更新").tap()
    await expect(page.locator(f"link[href*='{after}']").first).to_be_attached()
    await expect(other.locator("#banner")).to_contain_text("新版本已启用")
    assert await other.locator("input.reading").input_value() == "52000"
    await expect(other.locator(f"link[href*='{after}']")).to_have_count(0)
    other.once("dialog", lambda dialog: dialog.dismiss())
    await other.get_by_role("button", name="更新").tap()
    assert await other.locator("input.reading").input_value() == "52000"
    await other.locator(".heading a").tap()
    await expect(other.locator(f"link[href*='{after}']").first).to_be_attached()
    await expect(other.locator("a[href^='#depart/']").first).to_be_visible()


async def test_the_photo_of_a_spot_check_is_kept_until_it_has_arrived(
    duty: World, handset: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken without a network, it is there after a reload and is sent by one button."""
    always_asked(monkeypatch)
    trip_id = await trip_now(duty)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    await departs(page)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await tap(page, "拍照")
    await page.context.set_offline(True)
    await page.locator("input[type=file]").set_input_files(await picture(page))
    await expect(page.locator("[role=alert]").last).to_contain_text("照片存在手机上")
    await page.context.set_offline(False)
    await page.reload()
    await ready(page)
    await expect(page.locator(".thumbs img")).to_be_visible()
    await no_violations(page)
    await tap(page, "再发送")
    await expect(page.locator("h1")).not_to_contain_text("拍里程表")
    async with duty.database.read(duty.bureau_id) as reader:
        asked = text("SELECT count(*) FROM reading_photo WHERE bureau_id = :b")
        assert (await reader.execute(asked, {"b": duty.bureau_id})).scalar_one() == 1
    assert str(trip_id) in page.url
