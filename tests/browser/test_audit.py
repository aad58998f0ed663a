"""The auditor's desk 审计台 in a real browser: looked at by eye and by keyboard, from the month down to the ruling."""

from __future__ import annotations

import re

import pytest
from litestar import Litestar
from playwright.async_api import Page, expect

from tests.audited import Audited, a_day
from tests.browser.conftest import Opens
from tests.browser.looked_at import barriers, fits, texts_translated, unreadable_in
from tests.browser.tried import RIGHT_TO_LEFT, SCRIPT, TEMPLATE, nothing_ran
from tests.browser.walk import pages_inside, path_of_page
from tests.conftest import SignIn
from tests.house.rights import routes
from tests.world import World

OVER = "/audit?month=2026-11"
ZOOMED = {"width": 640, "height": 400}
"""A desk's 1280 × 800 at 200 %."""
WIDE = {"width": 1280, "height": 800}


@pytest.fixture
async def happened(world: World, signed_in: SignIn) -> Audited:
    """Return a day that leaves an auditor something to look at."""
    return await a_day(world, signed_in)


async def goes(page: Page, path: str) -> None:
    """Go to another page of the same desk, and wait for its map."""
    await page.goto(re.sub(r"(https?://[^/]+).*", r"\1", page.url) + path)
    if "/trips/" in path:
        await page.wait_for_selector("#map[data-loaded]")


def kinds_there_are(app: Litestar) -> set[str]:
    """Return the pages of the desk by their routes."""
    paths = {route.path for route in routes(app) if route.path.startswith("/audit") and route.handler.opt.get("page")}
    return {re.sub(r"\{\w+_id\}", "{id}", path) for path in paths}


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_page_has_no_barriers_and_one_language(
    *, desk: Opens, handset: Opens, happened: Audited, world: World, signed_in: SignIn, app: Litestar, lang: str
) -> None:
    """At a desk, at 200 % and on a phone, light and dark; a page that no link leads to fails."""
    del happened
    world.clock.advance(days=10)
    auditor = await signed_in("auditor")
    (await auditor.post("/v1/lots/2026-11/draw", json={"salt": "07 12 19 23 30"})).raise_for_status()
    addresses = await pages_inside(auditor, OVER, "/audit")
    assert kinds_there_are(app) - {path_of_page(one) for one in addresses} == set()
    wide = await desk("auditor", OVER, lang=lang)
    narrow = await handset("auditor", OVER, lang=lang)
    wrong: dict[str, list[str]] = {}
    for address in addresses:
        await goes(wide, address)
        wrong[address] = await barriers(wide) + await unreadable_in(wide, "dark")
        await texts_translated(wide, lang)
        await fits(wide)
        await wide.set_viewport_size(ZOOMED)  # type: ignore[arg-type]  # width and height
        await fits(wide)
        await wide.set_viewport_size(WIDE)  # type: ignore[arg-type]  # width and height
        await goes(narrow, address)
        await fits(narrow)
        wrong[f"{address} on a phone"] = await barriers(narrow) + await unreadable_in(narrow, "dark")
    assert {address: faults for address, faults in wrong.items() if faults} == {}


async def test_the_doubtful_trip_is_found_and_ruled_on_from_the_month(desk: Opens, happened: Audited) -> None:
    """By keyboard or mouse: the colour, the finding, the ruling, its reasons, done. Five acts, one of them words."""
    page = await desk("auditor", "/audit", lang="en")
    acts = 0
    await page.click("a.tag-amber[data-count='1']")
    acts += 1
    await page.click(f"a[href='/audit/findings/{happened.finding_id}']")
    acts += 1
    words = f"Where is the receipt? {SCRIPT}{TEMPLATE}{RIGHT_TO_LEFT}"
    await page.check("input[name=verb][value=ask]")
    acts += 1
    await page.fill("textarea[name=text]", words)
    acts += 1
    async with page.expect_response("**/rule") as answer:
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
    acts += 1
    assert (await answer.value).status == 200
    await expect(page.locator("ol .prose").last).to_have_text(words)
    await expect(page.locator("form[data-act*='/rule']")).to_have_count(0)
    assert acts == 5
    await page.click(f"a[href='/audit/trips/{happened.doubtful}']")
    await expect(page.locator("#timeline")).to_contain_text(words)
    await nothing_ran(page)
    for path in ("/audit/findings", f"/audit/findings/{happened.finding_id}"):
        await goes(page, path)
        await expect(page.locator("main")).to_contain_text(SCRIPT)
        await nothing_ran(page)


async def test_a_trip_is_replayed_by_keyboard_and_says_what_nobody_saw(desk: Opens, happened: Audited) -> None:
    """Arrow by arrow through the trip: where it was, how far by then, and where only its ends are known."""
    page = await desk("auditor", f"/audit/trips/{happened.doubtful}", lang="en")
    await page.wait_for_selector("#map[data-loaded]")
    slider = page.locator("#moment")
    await slider.focus()
    assert (await slider.get_attribute("aria-valuetext") or "").startswith("10:00:00 · 0.0 km")
    await page.keyboard.press("ArrowRight")
    assert (await slider.get_attribute("aria-valuetext") or "").startswith("10:00:10 · 0.1 km")
    await page.keyboard.press("End")
    assert "nobody" not in (await slider.get_attribute("aria-valuetext") or "")
    seen = set()
    await page.keyboard.press("Home")
    for _ in range(12):
        await page.keyboard.press("PageUp")
        seen.add(await page.get_attribute("#map", "data-seen"))
    assert seen == {"true", "false"}
    await page.click("#play")
    await expect(page.locator("#play")).to_have_attribute("aria-pressed", "true")
    await page.click("#play")
    await expect(page.locator("#play")).to_have_attribute("aria-pressed", "false")


async def test_the_month_adds_up_and_old_values_stand_struck_through_and_the_head_sees_who_looked(
    desk: Opens, happened: Audited
) -> None:
    """From a part of the bar to its row; a corrected reading beside what it was; the custodian reads who looked."""
    page = await desk("auditor", "/audit", lang="en")
    widths = await page.eval_on_selector_all("svg.bar > rect[x]", "all => all.map((one) => one.getBBox().width)")
    assert (len(widths), sum(widths)) == (4, 100_000)
    figures = await page.eval_on_selector_all(
        "#shares tbody [data-metres]", "all => all.map((one) => +one.dataset.metres)"
    )
    assert f"{sum(figures) / 1000:.3f}" == await page.inner_text("#difference")
    await page.click("#shares a:has-text('unaccounted')")
    await expect(page.locator("#log tbody tr")).to_have_count(1)
    await page.goto(page.url.partition("?")[0] + "?kind=correction")
    await expect(page.locator("#log del")).to_have_text("52,117.000")
    await expect(page.locator("#log ins")).to_have_text("52,027.000")
    decoration = await page.eval_on_selector("#log del", "one => getComputedStyle(one).textDecorationLine")
    assert decoration == "line-through"
    await expect(page.locator("#log")).to_contain_text("看错一位数字")
    await goes(page, f"/audit/trips/{happened.doubtful}")
    head = await desk("custodian", "/audit/looks", lang="en")
    await expect(head.locator("#looks tbody tr").first).to_contain_text("track of a trip")
    await expect(head.locator("#looks")).to_contain_text("the vehicle log")
    await expect(head.locator("#looks")).to_contain_text("auditor 某")
