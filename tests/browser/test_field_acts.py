"""Acts that a day may bring: the lot falls on a departure, the car breaks down, the parties want their copy."""

from __future__ import annotations

import io

import pytest
import segno
from playwright.async_api import expect
from sqlalchemy import text

from tests.browser.conftest import Opens
from tests.browser.field import acts_of, departs, enrolled, goes_on, set_up, tap, trip_now, writes_note
from tests.conftest import SignIn
from tests.lots import always_asked
from tests.world import World


def dashboard() -> bytes:
    """Return a picture as a phone may take one."""
    made = io.BytesIO()
    segno.make("闽B12315").save(made, kind="png", scale=40)
    return made.getvalue()


async def test_a_photo_asked_for_at_departure_is_taken_and_arrives(
    duty: World, handset: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lot falls on this departure: the phone says until when, and is silent once it is there."""
    always_asked(monkeypatch)
    await trip_now(duty)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field", theme="dark")
    await set_up(page)
    await departs(page)
    await expect(page.locator("main")).to_contain_text("抽查：请在")
    await tap(page, "拍照")
    await page.locator("input[type=file]").set_input_files(
        {"name": "dashboard.png", "mimeType": "image/png", "buffer": dashboard()}
    )
    await expect(page.locator("[data-key=next]")).to_contain_text("到达")
    await expect(page.locator("main")).not_to_contain_text("抽查：请在")
    async with duty.database.read(duty.bureau_id) as reader:
        photos = text("SELECT count(*) FROM reading_photo WHERE bureau_id = :b")
        assert (await reader.execute(photos, {"b": duty.bureau_id})).scalar_one() == 1


async def test_a_breakdown_ends_the_trip_where_the_car_stands_also_without_a_network(
    duty: World, handset: Opens, signed_in: SignIn
) -> None:
    """Where, what, who was hurt, the police's number: kept on the phone, then on record with the reading."""
    trip_id = await trip_now(duty)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    await departs(page)
    await expect(page.locator("#state")).not_to_contain_text("待发送")
    await page.context.set_offline(True)
    await tap(page, "故障或事故")
    await tap(page, "报告并结束出车")
    await expect(page.locator("[role=alert]").last).to_contain_text("请写明停在哪里")
    await page.get_by_label("事故", exact=True).check()
    await page.get_by_label("停在哪里").fill("荔城大道 100 号门前")
    await page.get_by_label("发生了什么").fill("右前轮爆胎，碰到护栏")
    await page.get_by_label("涉及第三方").check()
    await page.get_by_label("报警编号（可选）").fill("P-7788")
    await tap(page, "报告并结束出车")
    await expect(page.locator("main")).to_contain_text("已返回")
    await page.context.set_offline(False)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await page.evaluate("location.hash = 'waits'")
    await expect(page.locator("main")).to_contain_text("全部已送达")
    assert [(one.act, one.outcome) for one in await acts_of(duty)] == [
        ("depart", "recorded"),
        ("break-down", "recorded"),
    ]
    trip = (await (await signed_in("custodian")).get(f"/v1/trips/{trip_id}")).json()
    assert trip["state"] == "returned"
    async with duty.database.read(duty.bureau_id) as reader:
        told = text("SELECT place, account, third_party, police_no FROM accident_report WHERE bureau_id = :b")
        row = (await reader.execute(told, {"b": duty.bureau_id})).one()
    assert tuple(row) == ("荔城大道 100 号门前", "右前轮爆胎，碰到护栏", True, "P-7788")


async def test_the_parties_get_the_note_as_a_code_without_a_network_and_as_a_file_with_one(
    duty: World, handset: Opens
) -> None:
    """What the code says can be read beside it; the PDF is handed to the phone's sharing, or saved."""
    await trip_now(duty)
    await enrolled(duty, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    await departs(page)
    await goes_on(page, "写走访记录")
    await expect(page.locator("#state")).not_to_contain_text("待发送")
    await page.context.set_offline(True)
    await writes_note(page, found="外套褪色属实。", agreed="三日内退款 398 元。")
    await page.get_by_role("link", name="记录副本").first.tap()
    await expect(page.locator("canvas.qr")).to_be_visible()
    await page.locator("details.fold summary").tap()
    await expect(page.locator("details.fold")).to_contain_text("三日内退款 398 元。")
    await expect(page.locator("main")).to_contain_text("服务器确认后可以发送 PDF")
    drawn = await page.locator("canvas.qr").evaluate(
        "(canvas) => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"
    )
    assert drawn >= 2
    await page.context.set_offline(False)
    await page.evaluate("dispatchEvent(new Event('online'))")
    share = page.get_by_role("button", name="PDF")
    await expect(share).to_be_visible()
    async with page.expect_download() as saved:
        await share.tap()
    kept = await (await saved.value).path()
    assert kept.read_bytes()[:5] == b"%PDF-"
    await page.evaluate("""() => {
      navigator.canShare = () => true;
      navigator.share = async ({ files: [file] }) => {
        document.documentElement.dataset.shared = `${file.type} ${(await file.text()).slice(0, 5)}`;
      };
    }""")
    await share.tap()
    await expect(page.locator("html")).to_have_attribute("data-shared", "application/pdf %PDF-")
