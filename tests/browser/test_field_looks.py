"""Every screen of the app: no barriers, one language, no wider than the phone, in each theme and size of text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import text

from api.db.queries.my_devices import acknowledgements_of
from api.usecases.enrol_device import NewDevice, enrol_device
from tests.browser.conftest import Opens
from tests.browser.field import comes_back, enrolled, kept_here, ready, set_up
from tests.browser.looked_at import fits, no_violations, texts_translated
from tests.trips import approved_trip, departed_trip
from tests.world import HeldClock, World


async def looked_at(page: Page, lang: str) -> None:
    """Look at a screen once it is drawn."""
    await expect(page.locator("main h1")).to_be_visible()
    await no_violations(page)
    await texts_translated(page, lang)
    await fits(page)


@pytest.mark.parametrize("look", [("zh", "light", ""), ("en", "dark", "large")], ids=["zh", "en"])
async def test_every_screen_has_no_barriers_one_language_and_fits(
    handset: Opens, world: World, clock: HeldClock, look: tuple[str, str, str]
) -> None:
    """Screen by screen, as its person finds it."""
    lang, theme, size = look
    clock.at = datetime.now(UTC) - timedelta(hours=1)
    out = await departed_trip(
        world, planned_from=clock() + timedelta(minutes=30), planned_until=clock() + timedelta(hours=3)
    )
    next_one = await approved_trip(
        world, planned_from=clock() + timedelta(hours=4), planned_until=clock() + timedelta(hours=5)
    )
    clock.at = datetime.now(UTC)
    page = await handset("", "/field", lang=lang, theme=theme)
    await ready(page)
    await looked_at(page, lang)
    await enrolled(world, "officer")
    page = await handset("officer", "/field", lang=lang, theme=theme)
    await page.evaluate("(size) => size && localStorage.setItem('zhuanche-text', size)", size)
    await page.reload()
    await ready(page)
    await looked_at(page, lang)
    await set_up(page)
    await looked_at(page, lang)
    job = await page.evaluate("""async () => (await (await fetch('/v1/field/day')).json()).trips[0].jobs[0].job_id""")
    for screen in (
        f"trip/{out}",
        f"note/{out}/{job}",
        f"readBack/{out}/{job}",
        f"another/{out}",
        f"breakDown/{out}",
        f"comeBack/{out}",
        f"depart/{next_one}",
        "waits",
        "settings",
        "leaving",
        "enrolling",
    ):
        await page.evaluate("(screen) => { location.hash = screen; }", screen)
        await page.wait_for_timeout(400)
        await looked_at(page, lang)


async def test_a_phone_is_told_what_is_tracked_before_its_key_is_made(handset: Opens, world: World) -> None:
    """Nothing is signed or tracked before its person has read the notice; without a phone on record it says so."""
    page = await handset("driver", "/field", lang="en")
    await ready(page)
    await expect(page.locator("main")).to_contain_text("No phone is registered for you")
    await enrol_device(world.database, world["admin"], NewDevice(name="a phone", person_id=world["driver"].who))
    await page.reload()
    await ready(page)
    await expect(page.locator("dt").first).to_contain_text("What is recorded")
    await page.get_by_role("button", name="I have read it").tap()
    await expect(page.locator("h1")).to_contain_text("Today")
    async with world.database.read(world.bureau_id) as reader:
        acknowledged = await acknowledgements_of(reader, world["driver"].who)
    assert [one.obtained for one in acknowledged] == ["signed-in"]


async def test_the_enrolment_link_sets_this_phone_up_and_it_tells_where_it_is_on_a_trip(
    handset: Opens, world: World, clock: HeldClock
) -> None:
    """From the code on the board to the first position: one button on each page, the token out of the address."""
    clock.at = datetime.now(UTC) - timedelta(minutes=5)
    await departed_trip(world, planned_from=clock(), planned_until=clock() + timedelta(hours=1))
    await enrolled(world, "officer", "另一部手机")
    device_id, token = await enrolled(world, "officer")
    clock.at = datetime.now(UTC)
    page = await handset("officer", f"/enrol/{token}")
    await page.get_by_role("link", name="打开外勤").tap()
    await ready(page)
    assert token not in page.url
    await expect(page.locator(f"input[value='{device_id}']")).to_be_checked()
    await set_up(page)
    await page.locator("a[href^='#trip/']").first.tap()
    await page.context.set_geolocation({"latitude": 25.4351, "longitude": 118.999, "accuracy": 8})
    await expect(page.locator("main")).to_contain_text("本页打开时记录位置")
    clock.at = datetime.now(UTC) + timedelta(seconds=30)  # the return is after the fix also by the held clock
    await comes_back(page)
    await page.evaluate("dispatchEvent(new Event('online'))")
    count = text("SELECT count(*) FROM position WHERE bureau_id = :bureau_id AND device_id = :device_id")
    for _ in range(50):
        async with world.database.read(world.bureau_id) as reader:
            found = (await reader.execute(count, {"bureau_id": world.bureau_id, "device_id": device_id})).scalar_one()
        if found:
            break
        await page.wait_for_timeout(200)
    assert found >= 1
    assert token not in await kept_here(page)
