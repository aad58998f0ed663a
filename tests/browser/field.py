"""The officer's app for tests: a phone that is set up, its modules, and what it keeps."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from playwright.async_api import Page, expect
from sqlalchemy import text

from api.usecases.acknowledge_tracking import acknowledge_tracking
from api.usecases.enrol_device import NewDevice, enrol_device
from api.web.assets import asset
from domain.tracking_notice import VERSION
from tests.trips import approved_trip
from tests.world import World

ACTS = text(
    "SELECT a.seq, a.act, a.standing, a.previous, a.digest, o.outcome, o.why FROM signed_act a"
    " LEFT JOIN signed_act_outcome o ON o.bureau_id = a.bureau_id AND o.digest = a.digest"
    " WHERE a.bureau_id = :bureau_id ORDER BY a.seq"
)


expect.set_options(timeout=15_000)
"""A phone is slow, and so is a machine that runs tests of several kinds at once."""


async def enrolled(world: World, who: str, name: str = "红米手机") -> tuple[UUID, str]:
    """Register a phone of a person, who has been told what is tracked; return its id and token.

    From now on the service's clock goes on, as the phone's does.
    """
    world.clock.go_on()
    device = await enrol_device(world.database, world["admin"], NewDevice(name=name, person_id=world[who].who))
    assert device.token is not None
    await acknowledge_tracking(world.database, world[who], device.device_id, VERSION, "signed-in")
    return device.device_id, device.token


async def trip_now(world: World, **minutes: int) -> UUID:
    """Return an approved trip whose window is `from_min` to `until_min` from now."""
    start, end = minutes.get("from_min", -20), minutes.get("until_min", 15)
    return await approved_trip(
        world,
        planned_from=world.clock() + timedelta(minutes=start),
        planned_until=world.clock() + timedelta(minutes=end),
    )


async def acts_of(world: World) -> list[Any]:
    """Return what arrived, in the order of its chain."""
    async with world.database.read(world.bureau_id) as reader:
        return list((await reader.execute(ACTS, {"bureau_id": world.bureau_id})).all())


def whole(acts: list[Any]) -> bool:
    """Tell whether each act names the one before."""
    return [one.seq for one in acts] == list(range(1, len(acts) + 1)) and all(
        after.previous == before.digest for before, after in pairwise(acts)
    )


async def ready(page: Page) -> None:
    """Wait until the app has drawn its first screen."""
    await page.wait_for_selector("html[data-ready=yes]", state="attached")


async def set_up(page: Page) -> None:
    """Make this phone's key, by the one button there is for it."""
    await ready(page)
    await page.locator("form:has(input[name=device]) button.button").click()
    await expect(page.locator("input[name=device]")).to_have_count(0)


async def called(page: Page, module: str, expression: str, argument: Any = None) -> Any:
    """Evaluate an expression of `m`, a module of the app, and `x`, the argument."""
    address = asset(f"js/field/{module}.js")
    return await page.evaluate(
        f"async ([address, x]) => {{ const m = await import(address); return {expression}; }}", [address, argument]
    )


async def kept_here(page: Page) -> str:
    """Return all that can be read of this phone's storage without a key: database, caches, cookies, local storage."""
    return str(
        await page.evaluate("""async () => {
          const texts = [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
          const plain = (value) => {
            if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
              return new TextDecoder('utf-8').decode(value);
            }
            if (value instanceof CryptoKey) return `CryptoKey ${value.extractable}`;
            if (value && typeof value === 'object') {
              return Object.entries(value).map(([name, one]) => `${name}: ${plain(one)}`).join(' ');
            }
            return String(value);
          };
          for (const { name } of await indexedDB.databases()) {
            const db = await new Promise((resolve, reject) => {
              const opening = indexedDB.open(name);
              opening.onsuccess = () => resolve(opening.result);
              opening.onerror = reject;
            });
            for (const store of db.objectStoreNames) {
              const all = await new Promise((resolve) => {
                const asked = db.transaction(store).objectStore(store).getAll();
                asked.onsuccess = () => resolve(asked.result);
              });
              texts.push(store, ...all.map(plain));
            }
            db.close();
          }
          for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const request of await cache.keys()) {
              if (!request.url.includes('/assets/')) texts.push(request.url, await (await cache.match(request)).text());
            }
          }
          return texts.join('\\n');
        }""")
    )


async def tap(page: Page, name: str) -> None:
    """Tap a button or a link by the words on it."""
    await (
        page.locator("main")
        .get_by_role("button", name=name)
        .or_(page.locator("main").get_by_role("link", name=name))
        .first.tap()
    )


async def departs(page: Page) -> None:
    """Depart with the trip that is first, everything in order."""
    await page.locator("a[href^='#depart/']").first.tap()
    reading = page.locator("input.reading")
    if not await reading.input_value():
        await reading.fill("52000")
    await tap(page, "全部正常")
    await tap(page, "现在出车")
    await expect(page.locator("[data-key=next]")).to_contain_text("到达")


async def goes_on(page: Page, then: str) -> None:
    """Take the next step of a trip: arrive or leave; what can be done after it is named."""
    await page.locator("[data-key=next]").tap()
    await expect(page.locator("[data-key=next]")).to_contain_text(then)


async def draws(page: Page, no: int) -> None:
    """Sign in the place of one of the parties."""
    pad = page.locator("canvas.pad").nth(no)
    await pad.scroll_into_view_if_needed()
    box = await pad.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 40, box["y"] + 60)
    await page.mouse.down()
    for step in range(12):
        await page.mouse.move(box["x"] + 40 + 15 * step, box["y"] + 60 + 20 * (step % (3 + no)))
    await page.mouse.up()


async def writes_note(page: Page, found: str = "外套褪色属实。", agreed: str = "三日内退款 398 元。") -> None:
    """Write the note of the site, read it back, and let both parties sign."""
    await page.locator("[data-key=next]").tap()
    await page.get_by_label("查明的情况").fill(found)
    await page.get_by_label("达成的协议").fill(agreed)
    await tap(page, "读给双方听")
    await expect(page.locator(".read")).to_contain_text(found)
    for no in range(await page.locator("canvas.pad").count()):
        await draws(page, no)
    await tap(page, "签署并保存")
    await expect(page.locator("canvas.qr")).to_be_visible()
    await tap(page, "回到出车")


async def comes_back(page: Page, driven_km: int = 3) -> None:
    """Come back with so many kilometres more."""
    await page.locator("a[href^='#comeBack/']").first.tap()
    reading = page.locator("input.reading")
    await reading.fill(str(int(await reading.input_value()) + driven_km))
    await tap(page, "确认收车")
    await expect(page.locator("main")).to_contain_text("已返回")
