"""Register a complaint and ask for the car: one form, one Enter, no mouse, and the rule answers all along."""

from __future__ import annotations

import asyncio
import contextlib
import re
from datetime import timedelta
from typing import Final

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Route, expect
from sqlalchemy import text

from tests.browser.conftest import Opens
from tests.browser.hands import Hands
from tests.browser.looked_at import fits, no_violations, texts_translated
from tests.browser.tried import LONG, RIGHT_TO_LEFT, SCRIPT, TEMPLATE, nothing_ran
from tests.complaints import accepted_complaint, job_of
from tests.trips import a_complaint_job, approved_trip
from tests.world import World

REGISTER_AND_ASK: Final = {"pages": 1, "fields": 7, "keys": 11}
"""What registering a complaint and asking for the car takes at a desk: texts typed, and keys beside their signs."""

COMPLAINT: Final = (
    "林女士",
    "13800000001",
    "霞林街道某小区 3 号楼",
    "文献路某服装店",
    "文献步行街 12 号",
    "外套洗涤一次后褪色，商家拒绝退货。",
    "退货并退还 398 元",
)
"""In the order of the form: who, telephone, where they live, the business, the site, facts, claim."""


async def count(world: World, table: str) -> int:
    """Return how many rows the bureau has in a table."""
    async with world.database.read(world.bureau_id) as reader:
        counted = text(f"SELECT count(*) FROM {table} WHERE bureau_id = :b")
        return int((await reader.execute(counted, {"b": world.bureau_id})).scalar_one())


def rule(page: Page, says: str) -> object:
    """Return what waits until the rule says yes or no."""
    return page.wait_for_selector(f"#rule[data-permitted={says}]")


async def written(hands: Hands, texts: tuple[str, ...] = COMPLAINT) -> None:
    """Write the form's texts, field by field; the site is known from an earlier visit and found by its address."""
    for no, words in enumerate(texts):
        await hands.write(words)
        if no < len(texts) - 1:
            await hands.press("Tab")


async def test_registering_and_asking_takes_one_page_and_no_mouse(desk: Opens, world: World) -> None:
    """The complaint, both consents, the window, the crew and the car: typed and sent with one Enter."""
    await a_complaint_job(world)
    page = await desk("dispatcher", "/board/ask")
    hands = Hands(page)
    await written(hands)
    await hands.press("Tab")
    await hands.press("Space")
    await hands.press("Tab")
    await hands.press("Space")
    await rule(page, "yes")
    before = await count(world, "complaint")
    await hands.press("Enter")
    await expect(page.locator("#done")).to_be_visible()
    assert {"pages": len(hands.pages), "fields": hands.fields, "keys": hands.keys} == REGISTER_AND_ASK
    assert await count(world, "complaint") == before + 1
    trips = text(
        "SELECT t.use_id, d.marks FROM trip t JOIN decision d ON d.bureau_id = t.bureau_id AND d.use_id = t.use_id"
        " WHERE t.bureau_id = :b AND d.bureau_id = :b"
    )
    async with world.database.read(world.bureau_id) as reader:
        (trip,) = (await reader.execute(trips, {"b": world.bureau_id})).all()
    assert "consent-missing" not in trip.marks
    await hands.press("Enter")
    await page.wait_for_url(f"**/board/trips/{trip.use_id}")


async def test_the_rule_answers_while_one_types_and_a_key_takes_its_cure(desk: Opens, world: World) -> None:
    """Busy at ten: the free slot is one key away, and green; a window turned round is told as what it is."""
    await approved_trip(world)
    job = await job_of(world, await accepted_complaint(world))
    at = world.clock() + timedelta(hours=1)
    page = await desk("officer", f"/board/ask?job={job}", lang="en")
    await page.fill("#from", (at + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M"))
    await page.fill("#until", (at + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M"))
    await rule(page, "no")
    await expect(page.locator("#rule")).to_contain_text("The vehicle has another trip or upkeep order then.")
    await expect(page.locator("#rule button.cure").first).to_contain_text("Move it to this free slot 11-23 09:00–10:00")
    await no_violations(page)
    await page.keyboard.press("Alt+1")
    await rule(page, "yes")
    assert await page.input_value("#from") == "2026-11-23T09:00"
    await page.select_option("#driver", "")
    await rule(page, "no")
    await expect(page.locator("#rule")).to_contain_text("There is no driver")
    await page.keyboard.press("Alt+1")
    await rule(page, "yes")
    await page.fill("#until", "2026-11-23T08:00")
    await expect(page.locator("#rule")).to_contain_text("window", ignore_case=True)


async def test_a_step_that_fails_keeps_what_was_done_before_it(desk: Opens, world: World) -> None:
    """The car is taken meanwhile: the complaint stays registered, the slot is taken, and Enter goes on from there."""
    await approved_trip(world)
    page = await desk("dispatcher", "/board/ask")
    hands = Hands(page)
    await written(hands)
    await page.fill("#from", "2026-11-23T10:00")
    await page.fill("#until", "2026-11-23T11:00")
    before = await count(world, "complaint")
    await page.press("#claim", "Enter")
    await expect(page.locator("#fault")).to_contain_text(re.compile("投诉 .* 已登记"))
    assert await page.is_disabled("#who")
    await expect(page.locator("#rule button.cure").first).to_contain_text("11-23")
    await page.keyboard.press("Alt+1")
    await rule(page, "yes")
    await page.press("#until", "Enter")
    await expect(page.locator("#done")).to_be_visible()
    assert await count(world, "complaint") == before + 1
    assert await count(world, "refusal") == 1


async def test_a_site_is_found_by_words_typed_as_degrees_or_picked_by_keyboard(desk: Opens, world: World) -> None:
    """The datum is never left open; degrees of a phone's map are GCJ-02 unless told otherwise."""
    await a_complaint_job(world)
    page = await desk("dispatcher", "/board/ask", lang="en")
    await page.fill("#site", "文献")
    await page.wait_for_selector("#places [role=option]")
    await no_violations(page)
    await page.press("#site", "ArrowDown")
    await page.press("#site", "Enter")
    await expect(page.locator("#placed")).to_contain_text("WGS-84")
    await page.fill("#site", "25.4337, 118.9990")
    await expect(page.locator("#placed")).to_contain_text("25.4337, 118.999 GCJ-02")
    await rule(page, "yes")
    await page.fill("#site", "a new market")
    await page.wait_for_selector("#pick[data-loaded]")
    await page.focus("#pick")
    await page.keyboard.press("Enter")
    await expect(page.locator("#placed")).to_contain_text("a new market")
    await page.fill("#site", "25.60, 119.40")
    await expect(page.locator("#rule")).to_contain_text("boundary")
    await expect(page.locator("#rule")).to_contain_text("custodian 某")
    await texts_translated(page, "en")


async def test_a_search_answered_late_does_not_take_back_what_was_picked(desk: Opens, world: World) -> None:
    """Leaving the field searches; on a slow network the answer comes after the map was used, and is too late then."""
    await a_complaint_job(world)
    page = await desk("dispatcher", "/board/ask", lang="en")
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        asked.set()
        await answer.wait()
        with contextlib.suppress(PlaywrightError):  # The page has given up waiting.
            await route.continue_()

    await page.route("**/v1/places?*", slowly)
    await page.locator("details[data-pick] summary").click()
    await page.wait_for_selector("#pick[data-loaded]")
    await page.fill("#site", "a new market")
    await asked.wait()
    await page.focus("#pick")
    await page.keyboard.press("Enter")
    answer.set()
    await page.wait_for_load_state("networkidle")
    await expect(page.locator("#placed")).to_contain_text("✓ a new market")


async def test_whatever_is_typed_is_only_text(desk: Opens, handset: Opens, world: World) -> None:
    """Script, template, right-to-left and ten kilobytes in every field: refused in words or kept, and never run."""
    await a_complaint_job(world)
    page = await desk("dispatcher", "/board/ask")
    for nasty in (SCRIPT, TEMPLATE, RIGHT_TO_LEFT, LONG):
        for name in ("who", "home", "shop", "facts", "claim"):
            words = nasty if nasty is LONG else nasty[:100]
            await page.evaluate("([id, words]) => { document.getElementById(id).value = words; }", [name, words])
        await page.fill("#tel", "13800000001")
        await page.fill("#site", "文献步行街 12 号")
        await page.press("#site", "Tab")
        await rule(page, "yes")
        await page.press("#tel", "Enter")
        if nasty is LONG:
            await expect(page.locator("#fault")).not_to_be_empty()
        else:
            await expect(page.locator("#done")).to_be_visible()
        await nothing_ran(page)
        await page.goto(page.url)
    for opens, who in ((desk, "dispatcher"), (handset, "custodian")):
        for path in ("/board", "/board/inbox"):
            shown = await opens(who, path)
            await nothing_ran(shown)


async def test_the_form_has_no_barriers_in_either_language_and_theme(desk: Opens, handset: Opens, world: World) -> None:
    """At a desk and on a phone, at 200 % too: 1280 pixels shown as 640."""
    await a_complaint_job(world)
    for opens, lang, theme in ((desk, "zh", "dark"), (desk, "en", "light"), (handset, "zh", "light")):
        page = await opens("dispatcher", "/board/ask", lang=lang, theme=theme)
        await page.wait_for_selector("#rule[data-permitted]")
        await no_violations(page)
        await texts_translated(page, lang)
        await fits(page)
    zoomed = await desk("dispatcher", "/board/ask", viewport={"width": 640, "height": 400})
    await fits(zoomed)
