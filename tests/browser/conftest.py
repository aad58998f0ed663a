"""Real Chromium on the served product: a dispatcher's screen and an officer's phone, signed in.

Chromium is the machine's own. Where it is missing these tests are skipped, with how to get it; in CI they fail instead.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from api.http.requests import SESSION_COOKIE
from tests.conftest import token_of
from tests.world import World

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bear with a page that is left in the middle of a request: the collector may close the connection that asked."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.filterwarnings("ignore:Exception ignored in. <function BaseConnection.__del__"))


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Let what a left page held be collected with its own test."""
    yield
    gc.collect()


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
