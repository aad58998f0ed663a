"""The registers as plain pages: each is drawn in both languages and themes, and one write of each kind goes through."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from api.http.pages.admin import PAGES
from tests.browser.conftest import Opens
from tests.browser.looked_at import fits, no_violations, texts_translated
from tests.browser.tried import LONG, RIGHT_TO_LEFT, SCRIPT, TEMPLATE, nothing_ran
from tests.trips import closed_trip
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


async def drawn(page: Page) -> None:
    """Wait until every register of the page has its rows."""
    await page.wait_for_function(
        "() => [...document.querySelectorAll('[data-register]')].every(one => one.dataset.loaded)"
    )


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
    assert answer.status in (200, 201, 204), f"{form}: {await answer.text()}"
    return dict(await answer.json()) if answer.status != 204 and await answer.text() else {}


def files_of(world: World) -> dict[str, str]:
    """Return of which thing each page with a file shows one."""
    return {"people": str(world["officer"].who), "vehicles": str(world.vehicle_id), "settings": "late_return_s"}


@pytest.mark.parametrize(("who", "lang", "theme"), [("admin", "zh", "light"), ("desk_chief", "en", "dark")])
async def test_every_register_is_drawn_without_barriers_in_one_language(  # noqa: PLR0917 - a page in each of its looks
    desk: Opens, handset: Opens, world: World, who: str, lang: str, theme: str
) -> None:
    """With rows in it, at a desk and on a phone; who keeps the registers only is sent here from the board."""
    await closed_trip(world)
    page = await (handset if who == "admin" else desk)(who, "/board", lang=lang, theme=theme)
    assert ("/board/admin/people" in page.url) == (who == "admin")
    root = page.url.split("/board")[0]
    files = files_of(world)
    for key, shown in PAGES.items():
        ways = [f"/board/admin/{key}", *([f"/board/admin/{key}/{files[key]}"] if key in files else [])]
        assert not shown.file or key in files or key in ("devices", "mandates")
        for way in ways:
            await page.goto(root + way)
            await drawn(page)
            await no_violations(page)
            await texts_translated(page, lang)
            await fits(page)


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
    page = await desk("admin", "/board/admin/people", lang="en")
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
