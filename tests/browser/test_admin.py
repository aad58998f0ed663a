"""The registers as plain pages: each is drawn in both languages and themes, and one write of each kind goes through."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from litestar import Litestar
from playwright.async_api import Page, Route, expect

from api.settings import Settings
from api.usecases.reach import NewWebhook, set_webhook
from api.vault import Vault
from domain.notices import HookKind, NoticeKind
from tests.browser.conftest import Opens
from tests.browser.looked_at import fits, no_violations, texts_translated
from tests.browser.tried import LONG, RIGHT_TO_LEFT, SCRIPT, TEMPLATE, nothing_ran
from tests.browser.walk import drawn
from tests.conftest import SignIn
from tests.http.test_upkeep import end, ordered
from tests.notes import note_body, send_note
from tests.objects import JPEG
from tests.openrosa.forms import AUDIT, filled, phone_of
from tests.trips import a_complaint_job, requested_trip
from tests.world import World

FIRST: Final = "first"
"""The first of a select's choices that is one."""
UNFOLD: Final = "at => { for (; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true; }"
PLACE: Final = {"lat": "25.4337", "lon": "118.9990"}
LATER: Final = "2026-12-01T18:00"
ON: Final = {"reason": "按规定"}


def at(prefix: str) -> dict[str, str]:
    """Return the controls of a place."""
    return {f"{prefix}{name}": value for name, value in PLACE.items()}


ADDS: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    ("admin", "units", "POST /v1/units", {"name": "龙桥所", "kind": "station"}),
    (
        "admin",
        "people",
        "POST /v1/people",
        {"name": "新来的", "login": "newcomer", "unit_id": FIRST, "roles": ["officer", "driver"]},
    ),
    (
        "admin",
        "examinations",
        "POST /v1/examinations",
        {
            "person_id": FIRST,
            "taken_on": "2026-11-02",
            "passed": "true",
            "valid_until": "2027-11-01",
            "examiner": "人事股",
        },
    ),
    (
        "admin",
        "licences",
        "POST /v1/licences",
        {
            "person_id": FIRST,
            "number": "350302199001010011",
            "vehicle_class": "C1",
            "valid_from": "2025-01-01",
            "valid_until": "2031-01-01",
        },
    ),
    (
        "dispatcher",
        "shifts",
        "POST /v1/shifts",
        {"person_id": FIRST, "start_at": "2026-11-24T08:30", "end_at": "2026-11-24T17:30"},
    ),
    ("desk_chief", "devices", "POST /v1/devices", {"name": "值班手机", "person_id": FIRST}),
    (
        "admin",
        "vehicles",
        "POST /v1/vehicles",
        {"plate": "闽B30003", "name": "备用车", "base_name": "后院"} | at("base."),
    ),
    (
        "admin",
        "upkeep-places",
        "POST /v1/upkeep-places",
        {"name": "定点维修厂", "address": "荔城大道", "kinds": ["repair", "tyres"], "document_no": "〔2026〕3号"}
        | at("place."),
    ),
    (
        "custodian",
        "sites",
        "POST /v1/site-decisions",
        {"name": "边界市场", "radius_m": "120", "inside": "true", "reason": "经核定位于辖区"} | at(""),
    ),
    (
        "admin",
        "mandates",
        "POST /v1/mandates",
        {
            "auditor_name": "外来审计",
            "home_bureau_id": "350303",
            "home_person_id": str(uuid4()),
            "document_no": "〔2026〕9号",
            "valid_until": LATER,
        },
    ),
)
"""Who adds what on which page: one of each kind."""

PAPER: Final = {"kind": "inspection", "document_no": "检2026", "valid_from": "2026-11-01", "valid_until": "2027-10-31"}
OF_A_VEHICLE: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("admin", "papers", PAPER),
    (
        "admin",
        "dedication-orders",
        {"kind": "dedicate", "unit_id": FIRST, "effective_on": "2026-11-20", "document_no": "〔2026〕7号"} | ON,
    ),
    ("admin", "bases", {"name": "新停车场"} | at("place.") | ON),
    (
        "admin",
        "cards",
        {"kind": "fuel", "card_no": "1000112200", "issuer": "石化", "effective_on": "2026-11-01", "held": "true"} | ON,
    ),
    ("admin", "dues", {"kind": "brakes", "done_on": "2026-11-01", "every_months": "12", "document_no": "保2026"}),
    ("custodian", "holiday-seals", {"verb": "seal", "at": "2026-11-23T08:59", "odometer_m": "52100"}),
)


async def a_webhook(world: World, vault: Vault) -> UUID:
    """Set a webhook of the bureau, its address sealed by a vault."""
    hook_id = uuid4()
    new = NewWebhook(
        name="投诉群",
        kind=HookKind.WECOM,
        url="https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=secret-key",
        template=None,
        notices=(NoticeKind.APPROVAL_WANTED,),
        active=True,
        reason="按规定",
    )
    await set_webhook(world.database, vault, world["desk_chief"], hook_id, new)
    return hook_id


async def sent(page: Page, form: str, values: dict[str, Any]) -> dict[str, Any]:
    """Fill a form as somebody would, send it, and return what was answered."""
    shown = page.locator(form).first
    await shown.evaluate(
        "form => { for (let at = form; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true; }"
    )
    for name, value in values.items():
        if isinstance(value, list):
            for one in value:
                await shown.locator(f"[name='{name}'][value='{one}']").check()
            continue
        control = shown.locator(f"[name='{name}']")
        if await control.evaluate("control => control.tagName") == "SELECT":
            await control.select_option(index=1) if value == FIRST else await control.select_option(value)
        else:
            await control.fill(value)
    async with page.expect_response(lambda answer: answer.request.method in ("POST", "PUT")) as answered:
        await shown.locator("button").last.click()
    answer = await answered.value
    assert answer.status in (200, 201, 202, 204), f"{form}: {await answer.text()}"
    return dict(await answer.json() or {}) if answer.status != 204 and await answer.text() else {}


async def test_one_of_each_kind_is_added_and_stands_in_its_list(desk: Opens) -> None:
    """Sent by who may, through the API, and there at once."""
    pages: dict[str, Page] = {}
    for who, key, sends, values in ADDS:
        page = pages.get(who) or await desk(who, "/board/admin/units")
        pages[who] = page
        await page.goto(page.url.split("/board")[0] + f"/board/admin/{key}")
        await drawn(page)
        before = await page.locator("[data-register] tbody tr").count()
        await sent(page, f"form[data-act='{sends}']", values)
        await expect(page.locator("[data-register] tbody tr")).to_have_count(before + 1)


async def test_a_list_whose_rest_cannot_be_fetched_is_asked_for_once(desk: Opens) -> None:
    """Drawn anew after an act, as far as it was shown: where the network goes, it says so and waits for a person."""
    page = await desk("admin", "/board")
    network = True
    failed: list[str] = []

    async def in_pages(route: Route) -> None:
        if route.request.method != "GET":
            await route.continue_()
        elif "after=" not in route.request.url:
            answer = await route.fetch()
            told = await answer.json()
            await route.fulfill(json=told | {"items": told["items"][:2], "next": "two"})
        elif network:
            answer = await route.fetch(url=route.request.url.partition("?")[0])
            told = await answer.json()
            await route.fulfill(json=told | {"items": told["items"][2:], "next": None})
        else:
            failed.append(route.request.url)
            await route.abort()

    await page.route(re.compile(r"/v1/people(\?|$)"), in_pages)
    await page.goto(page.url.split("/board")[0] + "/board/admin/people")
    await drawn(page)
    rows = page.locator("[data-register] tbody tr")
    await expect(rows).to_have_count(2)
    await page.locator("[data-more]").click()
    await expect(rows.nth(3)).to_be_visible()
    shown = await rows.count()
    network = False
    values = {"name": "新来的", "login": "newcomer", "unit_id": FIRST, "roles": ["officer"]}
    await sent(page, "form[data-act='POST /v1/people']", values)
    await expect(page.locator("[data-none]")).to_contain_text("无法连接服务")
    await page.wait_for_timeout(500)
    assert len(failed) == 1
    network = True
    await page.locator("[data-more]").click()
    await expect(rows).to_have_count(shown + 1)


async def test_a_vehicles_file_is_kept_on_one_page(desk: Opens, world: World) -> None:
    """Papers, dedication, base, cards, dues and seals: each added where it is listed."""
    pages: dict[str, Page] = {}
    for who, what, values in OF_A_VEHICLE:
        page = pages.get(who) or await desk(who, f"/board/admin/vehicles/{world.vehicle_id}")
        pages[who] = page
        await drawn(page)
        await sent(page, f"form[data-act$='/{what}']", values)
        await drawn(page)
    await expect(pages["admin"].locator("main")).to_contain_text("检2026")


async def test_a_new_person_gets_a_password_once_and_a_phone_its_code(desk: Opens, world: World) -> None:
    """Both are told where they can be read, and lead on to where they are used."""
    page = await desk("admin", "/board", lang="en")
    await expect(page).to_have_url(re.compile("/board/admin/people$"))  # who keeps the registers only is led there
    await drawn(page)
    values = {"name": "新来的", "login": "newcomer", "unit_id": FIRST, "roles": ["officer"]}
    answer = await sent(page, "form[data-act='POST /v1/people']", values)
    await expect(page.locator("#answer .value")).to_have_text(answer["temporary_password"])
    await page.goto(page.url.split("/board")[0] + "/board/admin/devices")
    await drawn(page)
    await sent(page, "form[data-act='POST /v1/devices']", {"name": "phone", "person_id": str(world["officer"].who)})
    async with page.expect_popup() as opened:
        await page.locator("#answer a").click()
    handed_over = await opened.value
    await expect(handed_over.get_by_role("button", name="I have read this")).to_be_visible()
    code = page.locator("#answer img")
    assert await code.evaluate("picture => picture.decode().then(() => picture.naturalWidth > 20)")
    await sent(page, "tr form[data-act$='/rotate']", {})
    await expect(page.locator("#answer img")).to_be_visible()


async def test_what_was_entered_is_taken_back_in_sight_with_its_reason_in_the_history(
    desk: Opens, world: World
) -> None:
    """A shift is struck through, an account closed, a role given; a setting is changed and its old value stays."""
    page = await desk("admin", "/board/admin/shifts", lang="en")
    page.on("dialog", lambda dialog: dialog.accept())
    root = page.url.split("/board")[0]
    await drawn(page)
    shift = {"person_id": str(world["officer"].who), "start_at": "2026-11-24T08:30", "end_at": "2026-11-24T17:30"}
    await sent(page, "form[data-act='POST /v1/shifts']", shift)
    await sent(page, "tr form[data-act$='/withdraw']", {})
    await expect(page.locator("tr.undone")).to_have_count(1)
    await page.goto(f"{root}/board/admin/people/{world['officer'].who}")
    await drawn(page)
    await sent(page, "form[data-act$='/roles']", {"role": "dispatcher", "granted": "true", "reason": "代班"})
    await expect(page.locator("main")).to_contain_text("代班")
    await sent(page, "form[data-act$='/deactivate']", {"reason": "调离"})
    await expect(page.locator("main")).to_contain_text("closed")
    chief = await desk("desk_chief", "/board/admin/settings", lang="en")
    await drawn(chief)
    await sent(chief, "form[data-act='PUT /v1/settings/late_return_s']", {"value": "900", "reason": "从严"})
    await chief.goto(f"{root}/board/admin/settings/late_return_s")
    await drawn(chief)
    await expect(chief.locator("tbody")).to_contain_text("1800")
    await expect(chief.locator("tbody")).to_contain_text("从严")


async def test_a_webhook_is_added_and_its_address_is_shown_to_nobody(desk: Opens) -> None:
    """Its host stands in the list; the key in its address does not."""
    page = await desk("desk_chief", "/board/admin/notices")
    await drawn(page)
    values = {
        "name": "投诉群",
        "kind": "wecom",
        "url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=secret-key",
        "notices": ["approval-wanted"],
        "reason": "按规定",
    }
    await sent(page, "form[data-act^='PUT /v1/webhooks/']", values)
    await expect(page.locator("main")).to_contain_text("qyapi.weixin.qq.com")
    await expect(page.locator("main")).not_to_contain_text("secret-key")


async def test_whatever_is_typed_into_a_register_is_only_text(desk: Opens) -> None:
    """Script, template and right-to-left stand in the list as they were typed; ten kilobytes are refused in words."""
    page = await desk("admin", "/board/admin/units", lang="en")
    await drawn(page)
    form = page.locator("form[data-act='POST /v1/units']")
    for words in (SCRIPT[:100], TEMPLATE, RIGHT_TO_LEFT):
        await sent(page, "form[data-act='POST /v1/units']", {"name": words, "kind": "station"})
        await expect(page.locator("tbody")).to_contain_text(words)
        await nothing_ran(page)
    await page.locator("summary").first.click()
    await form.locator("[name=name]").evaluate("(control, words) => { control.value = words; }", LONG)
    await form.locator("button").click()
    await expect(form.locator("[role=alert]")).not_to_be_empty()
    await nothing_ran(page)


async def test_a_webhooks_template_is_seen_edited_tried_and_the_webhook_switched_off_and_on(
    desk: Opens, world: World, settings: Settings
) -> None:
    """Its form says what holds; what is no JSON or says another word is refused in words; off, it cannot be tried."""
    hook_id = await a_webhook(world, Vault.of(settings))
    page = await desk("desk_chief", "/board/admin/notices", lang="en")
    await drawn(page)
    form = f"tr[data-id='{hook_id}'] form[data-act^='PUT']"
    await page.locator(form).evaluate(UNFOLD)
    await expect(page.locator(f"{form} [name=name]")).to_have_value("投诉群")
    await expect(page.locator(f"{form} [name=notices][value='approval-wanted']")).to_be_checked()
    await no_violations(page)
    alert = page.locator(f"{form} [role=alert]")
    await page.fill(f"{form} [name=reason]", "改用简短的")
    for template, told in (("{text", "This is not JSON"), ('{"text": "${who}"}', "template")):
        await page.fill(f"{form} [name=template]", template)
        await page.locator(f"{form} button").click()
        await expect(alert).to_contain_text(told)
    await sent(page, form, {"template": '{"text": "${plate}"}', "active": "false", "reason": "停几天"})
    await expect(page.locator("main")).to_contain_text("${plate}")
    await expect(page.locator(f"tr[data-id='{hook_id}'] form[data-act$='/try']")).to_have_count(0)
    await sent(page, form, {"active": "true", "reason": "恢复"})
    await expect(page.locator(f"{form} [name=template]")).to_have_value('{\n  "text": "${plate}"\n}')
    await sent(page, f"tr[data-id='{hook_id}'] form[data-act$='/try']", {})


async def test_a_webhook_whose_address_opens_no_more_is_told_in_words_and_entered_anew(
    desk: Opens, world: World, app: Litestar, tmp_path: Path
) -> None:
    """Its secret was not brought along: the list of notices says so, and a change that would keep the address."""
    hook_id = await a_webhook(world, Vault(tmp_path))
    page = await desk("desk_chief", "/board/admin/notices")
    await drawn(page)
    await sent(page, f"tr[data-id='{hook_id}'] form[data-act$='/try']", {})
    await app.state.courier.round(world.database, world.bureau_id)
    await page.reload()
    await drawn(page)
    await expect(page.locator("main")).to_contain_text("发送失败 · 地址无法解开，请重新填写")
    form = f"tr[data-id='{hook_id}'] form[data-act^='PUT']"
    await page.locator(form).evaluate(UNFOLD)
    await page.fill(f"{form} [name=reason]", "停几天")
    await page.locator(f"{form} button").click()
    await expect(page.locator(f"{form} [role=alert]")).to_contain_text("请重新填写地址")
    await sent(page, form, {"url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=new", "reason": "恢复后重填"})


async def test_a_document_is_put_into_a_vehicles_file_and_opened_again(desk: Opens, world: World) -> None:
    """The file goes first, under its SHA-256; its row leads to it, with who put it there and when."""
    page = await desk("admin", f"/board/admin/vehicles/{world.vehicle_id}")
    await drawn(page)
    form = page.locator("form[data-act$='/documents']")
    await form.evaluate(UNFOLD)
    picture = JPEG + b"of the papers"
    await form.locator("[name=sha256]").set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": picture})
    await sent(page, "form[data-act$='/documents']", {"kind": "driving-permit", "title": "行驶证正本"})
    row = page.locator("tr", has_text="行驶证正本")
    await expect(row).to_contain_text("行驶证")
    way = await row.locator("a").get_attribute("href")
    assert way == f"/v1/attachments/{hashlib.sha256(picture).hexdigest()}"
    assert await (await page.request.get(page.url.split("/board")[0] + way)).body() == picture


async def test_two_notes_under_one_id_stand_beside_each_other(desk: Opens, world: World, signed_in: SignIn) -> None:
    """From the inbox to both notes, what differs marked; no role that may not see them is led there."""
    job_id = await a_complaint_job(world)
    note = note_body(job_id, world.clock())
    officer = await signed_in("officer")
    assert (await send_note(officer, note)).status_code == 201
    assert (await send_note(officer, note | {"found": "又去了一次。"})).status_code == 409
    page = await desk("dispatcher", "/board/inbox", lang="en")
    await page.locator("section[aria-labelledby=aside] a").click()
    await drawn(page)
    await page.locator("a[href^='/board/notes-aside/']").click()
    line = page.locator("tr", has=page.locator("code", has_text="found"))
    await expect(line).to_contain_text("≠")
    await expect(line).to_contain_text("又去了一次。")
    await expect(page.locator(".tag")).to_have_count(1)
    await no_violations(page)
    await texts_translated(page, "en")
    await fits(page)


async def test_a_form_that_waits_becomes_the_note_of_the_job_that_the_dispatcher_names(
    desk: Opens, world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """It leaves the list when its job is chosen."""
    phone = await phone_of(signed_in, world, anonymous)
    job_id = await a_complaint_job(world)
    await phone.send(filled("none", world.clock(), job_words="文献步行街鞋店"), {"audit.csv": AUDIT.encode()})
    page = await desk("dispatcher", "/board/admin/kept-aside")
    await drawn(page)
    await expect(page.locator("main")).to_contain_text("文献步行街鞋店")
    await sent(page, "tr form[data-act$='/assign']", {"job_id": str(job_id)})
    await expect(page.locator("main")).not_to_contain_text("文献步行街鞋店")


async def test_an_act_kept_aside_leads_to_its_trip_and_one_of_upkeep_nowhere(
    desk: Opens, world: World, signed_in: SignIn
) -> None:
    """An upkeep order has no page of its own: a link to a trip of its id would lead to none."""
    driver = await signed_in("driver")
    order_id = await ordered(await signed_in("desk_chief"), world)
    world.clock.advance(minutes=31)
    for odometer_m, source in ((52_000_000, "online"), (52_001_000, "offline")):
        at = {"source": source, "stated_at": world.clock().isoformat()} if source == "offline" else {}
        told = await driver.post(f"/v1/upkeep-orders/{order_id}/depart", json=end(odometer_m) | at)
        assert told.status_code in (200, 202), told.text
        world.clock.advance(minutes=2)
    page = await desk("dispatcher", "/board/admin/kept-aside")
    await drawn(page)
    row = page.locator(f"tr[data-id='{order_id}']")
    await expect(row).to_have_count(1)
    await expect(row.locator("a")).to_have_count(0)

    async def of_a_trip(route: Route) -> None:
        answer = await route.fetch()
        told = await answer.json()
        await route.fulfill(json=told | {"items": [one | {"kind": "trip"} for one in told["items"]]})

    await page.route("**/v1/field-conflicts", of_a_trip)
    await page.reload()
    await expect(row.locator("a")).to_have_attribute("href", f"/board/trips/{order_id}")


async def test_a_value_that_is_not_taken_is_told_at_its_control_in_the_readers_language(
    world: World, desk: Opens
) -> None:
    """By the control's own name and in a sentence, with the cursor in it; the words of a decoder are on no page."""
    assert world.bureau_id
    for lang, told in (("zh", "半径（米）：不得小于 1。"), ("en", "Radius (m): not less than 1.")):
        page = await desk("custodian", "/board/admin/sites", lang=lang)
        form = page.locator("form[data-act='POST /v1/site-decisions']")
        await form.evaluate(UNFOLD)
        for name, value in ({"name": "边界市场", "radius_m": "-5", "reason": "核定"} | at("")).items():
            await form.locator(f"[name='{name}']").fill(value)
        await form.locator("[name='inside']").select_option("true")
        await form.locator("button").last.click()
        await expect(form.get_by_role("alert")).to_contain_text(told)
        await expect(form.get_by_role("alert")).not_to_contain_text("Expected")
        await expect(form.locator("[name='radius_m']")).to_be_focused()
        await expect(form.locator("[aria-invalid='true']")).to_have_count(1)


async def test_a_notice_that_reached_nobody_says_so(desk: Opens, world: World) -> None:
    """Nobody subscribed: the list of notices tells it, instead of an empty place."""
    await requested_trip(world)
    page = await desk("custodian", "/board/admin/notices", lang="en")
    await drawn(page)
    await expect(page.locator("[data-register] tbody tr").first).to_contain_text("nobody could be reached")
