"""The officer's app for tests: a phone that is set up, its modules, and what it keeps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from playwright.async_api import Page, expect

from api.usecases.acknowledge_tracking import acknowledge_tracking
from api.usecases.enrol_device import NewDevice, enrol_device
from api.web.assets import asset
from domain.tracking_notice import VERSION
from tests.world import World


async def enrolled(world: World, who: str, name: str = "红米手机") -> tuple[UUID, str]:
    """Register a phone of a person, who has been told what is tracked; return its id and token."""
    device = await enrol_device(world.database, world["admin"], NewDevice(name=name, person_id=world[who].who))
    assert device.token is not None
    await acknowledge_tracking(world.database, world[who], device.device_id, VERSION, "signed-in")
    return device.device_id, device.token


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
