"""Real Chromium on the served product: a dispatcher's screen and an officer's phone, signed in.

Chromium is the machine's own. Where it is missing these tests are skipped, with how to get it; in CI they fail instead.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

import api.http.pages.field as field_pages
import api.web.assets as web_assets
from api.http.requests import SESSION_COOKIE
from api.usecases.record_reading import NewReading, record_reading
from domain.books.readings import Obtained
from tests.conftest import token_of
from tests.trips import START_M
from tests.world import HeldClock, World

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
GET_IT = "no Chromium on this machine: `apt-get install chromium fonts-noto-cjk`, or name one in CHROMIUM"
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage")
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
HANDSET: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "permissions": ["geolocation"],
    "geolocation": {"latitude": 25.4337, "longitude": 118.9990, "accuracy": 8},
}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}

Opens = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the machine's Chromium."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        if os.environ.get("CI"):
            pytest.fail(GET_IT)
        pytest.skip(GET_IT)
    return found


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """Return a browser for the whole run; each page has a context of its own."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield launched
        await launched.close()


class Faults(list[str]):
    """What a page complained of: uncaught exceptions, refused scripts and styles, failed loads."""

    def listen(self, page: Page) -> None:
        """Write down what this page complains of."""
        page.on("pageerror", lambda fault: self.append(f"exception: {fault}"))
        page.on("console", self._said)

    def _said(self, message: Any) -> None:
        told = message.text
        if "Content Security Policy" in told or "Content-Security-Policy" in told:
            self.append(f"policy: {told}")


@pytest.fixture
async def faults() -> AsyncIterator[Faults]:
    """Return what the test's pages complained of; nothing, or the test fails."""
    found = Faults()
    yield found
    assert found == []


@pytest.fixture
async def contexts(browser: Browser, port: int) -> AsyncIterator[Callable[..., Awaitable[BrowserContext]]]:
    """Return a function that makes a context; all are closed at the end, before the service that streams to them."""
    del port
    made: list[BrowserContext] = []

    async def make(**options: Any) -> BrowserContext:
        context = await browser.new_context(**options)
        made.append(context)
        return context

    yield make
    for context in made:
        await context.close()


@pytest.fixture
def opens(
    contexts: Callable[..., Awaitable[BrowserContext]], world: World, port: int, faults: Faults
) -> Callable[[dict[str, Any]], Opens]:
    """Return what `desk` and `handset` are made of."""

    def of(kind: dict[str, Any]) -> Opens:
        async def open_page(who: str, path: str, *, lang: str = "zh", theme: str = "light", **options: Any) -> Page:
            context = await contexts(
                **kind | {"locale": LOCALES[lang], "color_scheme": theme, "timezone_id": "Asia/Shanghai"} | options
            )
            address = f"http://127.0.0.1:{port}"
            if who:
                token = await token_of(world, who)
                await context.add_cookies(
                    [{"name": SESSION_COOKIE, "value": token, "url": address, "httpOnly": True, "sameSite": "Strict"}]
                )
            page = await context.new_page()
            page.set_default_timeout(10_000)
            faults.listen(page)
            await page.goto(address + path)
            return page

        return open_page

    return of


@pytest.fixture
def desk(opens: Callable[[dict[str, Any]], Opens]) -> Opens:
    """Return a function that opens a page at a desk, signed in as a person of the world (`""`: nobody)."""
    return opens(DESK)


@pytest.fixture
def handset(opens: Callable[[dict[str, Any]], Opens]) -> Opens:
    """Return a function that opens a page on a phone: touch, a place, a narrow screen."""
    return opens(HANDSET)


@pytest.fixture
async def duty(world: World, clock: HeldClock) -> World:
    """Return a bureau whose clock is that of the phones, and whose vehicle has been read."""
    clock.at = datetime.now(UTC)
    reading = NewReading(
        vehicle_id=world.vehicle_id,
        odometer_m=START_M,
        read_at=clock() - timedelta(hours=2),
        occasion="handover",
        obtained=Obtained.TYPED,
    )
    await record_reading(world.database, world["dispatcher"], reading)
    return world


@pytest.fixture
def new_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Return a function that brings a new build of the pages into service, and returns its name."""
    caches = (web_assets.assets, web_assets.build, field_pages.kept_files, field_pages.first_modules)

    def forget() -> None:
        for one in caches:
            one.cache_clear()

    def bring() -> str:
        folder = tmp_path / "static"
        shutil.copytree(web_assets.STATIC, folder)
        style = folder / "app.css"
        style.write_text(style.read_text("utf-8") + "/* the next build */\n", "utf-8")
        monkeypatch.setattr(web_assets, "STATIC", folder)
        forget()
        return web_assets.build()

    yield bring
    monkeypatch.undo()
    forget()
