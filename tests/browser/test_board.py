"""The dispatcher's screen: what is due, the vehicles' day and the map at one look, by mouse, by keys, on a phone."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.async_api import Error, Page, Route, expect

from api.usecases.add_job import add_job
from api.usecases.place_town import NewTown, place_town
from api.web.assets import asset
from domain.place.datum import from_wgs84
from domain.values import Datum, Point
from tests.browser.conftest import Opens
from tests.browser.looked_at import fits, no_violations, texts_translated
from tests.complaints import accepted_complaint, new_job
from tests.conftest import SignIn
from tests.phones import drive, enrol, send
from tests.trips import a_complaint_job, approved_trip, departed_trip, requested_trip
from tests.world import INSIDE, World, add_vehicle


async def a_full_day(world: World) -> None:
    """Let a vehicle be out, another trip be approved, one be asked for, and a job wait."""
    await departed_trip(world)
    await approved_trip(
        world, planned_from=world.clock() + timedelta(hours=5), planned_until=world.clock() + timedelta(hours=6)
    )
    await requested_trip(
        world, planned_from=world.clock() + timedelta(hours=7), planned_until=world.clock() + timedelta(hours=8)
    )
    await a_complaint_job(world)
    await add_vehicle(world, "闽B20002")


async def drawn(page: Page) -> None:
    """Wait until the map is drawn."""
    await page.wait_for_selector("#map[data-loaded]")


@pytest.mark.parametrize(("lang", "theme"), [("zh", "light"), ("en", "dark")])
async def test_the_screen_has_no_barriers_and_one_language(
    desk: Opens, handset: Opens, world: World, lang: str, theme: str
) -> None:
    """At a desk one screen without scrolling; on a phone one thing below the other."""
    await a_full_day(world)
    page = await desk("dispatcher", "/board", lang=lang, theme=theme)
    await drawn(page)
    await no_violations(page)
    await texts_translated(page, lang)
    await fits(page)
    assert await page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await no_violations(page)
    phone = await handset("custodian", "/board", lang=lang, theme=theme)
    await drawn(phone)
    await fits(phone)
    await no_violations(phone)


async def test_urgency_is_told_by_words_and_signs_and_provisional_days_are_marked(desk: Opens, world: World) -> None:
    """A term that is nearly over looks otherwise in every way, not in colour alone."""
    job_id = await a_complaint_job(world)
    world.clock.advance(days=58)
    page = await desk("dispatcher", "/board", lang="en")
    job = page.locator(f"[data-job='{job_id}']")
    await expect(job.locator(".job-left")).to_contain_text("▲")
    await expect(job.locator(".job-left")).to_contain_text("left")
    await expect(job.locator(".job-left .tag")).to_have_text("provisional")
    await expect(page.locator("#jobs header")).to_contain_text("1 urgent")


async def test_a_job_is_taken_to_a_free_slot_by_keys_alone(desk: Opens, world: World) -> None:
    """Down, Enter, one: the form has the job, the vehicle and the window, and the rule says yes."""
    job_id = await a_complaint_job(world)
    page = await desk("dispatcher", "/board")
    await drawn(page)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#job[open] [data-slot='1']")
    await no_violations(page)
    await page.keyboard.press("1")
    await page.wait_for_url("**/board/ask?*")
    await page.wait_for_selector("#rule[data-permitted=yes]")
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["job"], asked["vehicle"]) == ([str(job_id)], [str(world.vehicle_id)])
    await page.press("#until", "Enter")
    await expect(page.locator("#done")).to_be_visible()
    await page.goto(page.url.split("/board")[0] + "/board")
    await expect(page.locator(f"[data-job='{job_id}']")).to_contain_text("已申请")


async def test_a_job_is_dragged_onto_a_vehicles_line(desk: Opens, world: World) -> None:
    """Where it is let go is when the trip begins, on a whole five minutes."""
    job_id = await a_complaint_job(world)
    page = await desk("dispatcher", "/board")
    await drawn(page)
    await page.locator(f"[data-job='{job_id}']").drag_to(page.locator(f"[data-vehicle='{world.vehicle_id}'] .line"))
    await page.wait_for_url("**/board/ask?*")
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["job"], asked["vehicle"]) == ([str(job_id)], [str(world.vehicle_id)])
    hour, minute = asked["from"][0][-5:].split(":")
    assert 12 <= int(hour) <= 13
    assert int(minute) % 5 == 0


async def test_a_vehicle_moves_on_the_map_as_its_terminal_reports(
    desk: Opens, world: World, signed_in: SignIn, port: int
) -> None:
    """Nobody reloads: the plate is where the last fix was, and a trip that is asked for meanwhile is on the line."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    page = await desk("dispatcher", "/board", lang="en")
    await drawn(page)
    await expect(page.locator("#live[data-state=open]")).to_have_text("● live")
    car = page.locator(f".car[data-vehicle='{world.vehicle_id}']")
    await expect(car).to_have_class(re.compile("car-still"))
    before = await car.bounding_box()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for fix in drive(world.clock(), 3, place=Point(INSIDE.lat + 0.05, INSIDE.lon)):
            await send(client, token, [fix])
    await expect(car).not_to_have_class(re.compile("car-still"))
    await page.wait_for_timeout(1200)
    after = await car.bounding_box()
    assert before is not None
    assert after is not None
    assert after["y"] < before["y"] - 20
    await no_violations(page)
    trip_id = await requested_trip(world)
    await expect(page.locator(f"#day a[href='/board/trips/{trip_id}']")).to_have_count(1)
    await expect(page.locator("#jobs [data-job] .tag:has-text('requested')")).to_have_count(1)


async def test_a_town_that_somebody_placed_stands_on_the_map_by_name(desk: Opens, world: World) -> None:
    """Drawn from the bureau's own data: nothing is asked of any other host."""
    await place_town(world.database, world["admin"], NewTown(name="霞林街道", place=INSIDE, shown=True, reason="实地"))
    page = await desk("dispatcher", "/board", lang="en")
    await drawn(page)
    await expect(page.locator("#map .town")).to_have_text("霞林街道")
    await no_violations(page)
    await texts_translated(page, "en")


async def test_a_notice_leads_to_what_it_is_about(desk: Opens, world: World) -> None:
    """Its link names a trip, a finding or a job, and opens nothing without a session."""
    trip_id, job_id = await requested_trip(world), await a_complaint_job(world)
    page = await desk("custodian", f"/board?trip={trip_id}")
    await expect(page.locator("#trip")).to_be_visible()
    root = page.url.split("/board")[0]
    await page.goto(f"{root}/board?job={job_id}")
    await page.wait_for_url(f"**/board/jobs/{job_id}")
    await page.goto(f"{root}/board?finding={job_id}")
    await page.wait_for_url("**/board/inbox*")
    stranger = await desk("", f"/board?trip={trip_id}")
    assert "/sign-in?next=" in stranger.url


async def test_what_is_shown_on_tiles_of_gcj_02_is_shifted_as_the_service_shifts_it(desk: Opens) -> None:
    """Browser and service give the same place, to far less than a metre."""
    page = await desk("dispatcher", "/board")
    shifted = await page.evaluate(
        "async ([module, lat, lon]) => (await import(module)).toGcj02(lat, lon)",
        [asset("js/datum.js"), INSIDE.lat, INSIDE.lon],
    )
    expected = from_wgs84(INSIDE, Datum.GCJ02)
    assert shifted == pytest.approx(expected, abs=1e-9)
    assert abs(shifted[1] - INSIDE.lon) > 0.004


async def test_many_jobs_come_in_pages_and_can_be_narrowed_to_the_urgent_ones(desk: Opens, world: World) -> None:
    """Forty at a time keep the page light; the count tells of all."""
    complaint = await accepted_complaint(world)
    for _ in range(45):
        await add_job(world.database, world["dispatcher"], new_job(complaint, world.clock()))
    page = await desk("dispatcher", "/board", lang="en")
    await drawn(page)
    assert await page.locator("[data-job]").count() == 40
    await expect(page.locator("#jobs header")).to_contain_text("45 ahead")
    await page.get_by_role("button", name="More").click()
    await expect(page.locator("[data-job]")).to_have_count(45)
    await page.get_by_role("link", name="Urgent", exact=True).click()
    await expect(page.locator("#jobs")).to_contain_text("No job waits for a visit.")


async def test_the_screen_never_shows_another_jobs_slots(desk: Opens, world: World) -> None:
    """What a job's slots are cannot be fetched: that is said, and no digit asks for the job that was open before."""
    first, second = await a_complaint_job(world), await a_complaint_job(world)
    page = await desk("dispatcher", "/board", lang="en")
    await drawn(page)
    await page.locator(f"[data-job='{first}'] a").click()
    await page.wait_for_selector("#job[open] [data-slot='1']")
    await page.keyboard.press("Escape")
    await page.route(f"**/board/jobs/{second}", lambda route: route.fulfill(status=500, body="no"))
    await page.locator(f"[data-job='{second}'] a").click()
    await expect(page.locator("#told")).to_contain_text("could not be fetched")
    await expect(page.locator("#job[open]")).to_have_count(0)
    await page.keyboard.press("1")
    await expect(page).to_have_url(re.compile("/board$"))
    await page.unroute(f"**/board/jobs/{second}")
    await page.locator(f"[data-job='{second}'] a").click()
    slot = page.locator("#job[open] [data-slot='1']")
    await expect(slot).to_have_attribute("href", re.compile(str(second)))


async def test_what_happens_elsewhere_takes_nobodys_place_in_the_list(desk: Opens, world: World) -> None:
    """The list is drawn anew with as many jobs as were shown, and the focus stays on its job."""
    complaint = await accepted_complaint(world)
    for _ in range(45):
        await add_job(world.database, world["dispatcher"], new_job(complaint, world.clock()))
    page = await desk("dispatcher", "/board", lang="en")
    await drawn(page)
    await expect(page.locator("#live[data-state=open]")).to_be_visible()
    await page.get_by_role("button", name="More").click()
    await expect(page.locator("[data-job]")).to_have_count(45)
    chosen = page.locator("[data-job]").nth(42)
    job_id = await chosen.get_attribute("data-job")
    await chosen.locator("a").focus()
    await add_job(world.database, world["dispatcher"], new_job(complaint, world.clock()))
    await expect(page.locator("#jobs header")).to_contain_text("46 ahead")
    await expect(page.locator(f"[data-job='{job_id}'] a")).to_be_focused()
    assert await page.locator("[data-job]").count() >= 45


async def test_another_day_is_shown_as_chosen_whatever_is_on_the_way(desk: Opens) -> None:
    """A late answer of the day before is not written over it, and news of meanwhile do not take the choice away."""
    page = await desk("dispatcher", "/board", lang="en")
    await drawn(page)
    name, refresh = page.locator("#day h2"), "window.htmx.trigger('#day', 'refresh')"
    go_on, asked = asyncio.Event(), asyncio.Queue[str]()

    async def late(route: Route) -> None:
        asked.put_nowait(urlsplit(route.request.url).query)
        await go_on.wait()
        with suppress(Error):  # the page has given it up
            await route.continue_()

    async def choose_another() -> str:
        before = await name.inner_text()
        await page.locator("[data-later]").click()
        await expect(name).not_to_have_text(before)
        return await name.inner_text()

    await page.route("**/board/day", late)
    await page.evaluate(refresh)
    assert await asked.get() == ""
    chosen = await choose_another()
    go_on.set()
    async with page.expect_response("**/board/day?day=*"):
        await page.evaluate(refresh)
    assert await name.inner_text() == chosen

    go_on.clear()
    await page.route("**/board/day?*", late)
    another = asyncio.create_task(choose_another())
    way = await asked.get()
    await page.evaluate(refresh)
    go_on.set()
    assert await another != chosen
    assert await asked.get() == way


async def test_an_officer_is_led_nowhere_that_is_closed_to_officers(desk: Opens, world: World) -> None:
    """Every way on the board opens for who sees it, and slots of every vehicle of the desk are offered."""
    job_id = await a_complaint_job(world)
    plates = [f"闽B2000{no}" for no in range(3)]
    for plate in plates:
        await add_vehicle(world, plate)
    page = await desk("officer", "/board", lang="en")
    await drawn(page)
    ways = await page.evaluate("() => [...document.querySelectorAll('main a[href]')].map(one => one.href)")
    for way in set(ways):
        assert (await page.request.get(way)).status == 200, way
    await page.locator(f"[data-job='{job_id}'] a").click()
    for plate in plates:
        await expect(page.locator("#job[open] [data-slots]")).to_contain_text(plate)
