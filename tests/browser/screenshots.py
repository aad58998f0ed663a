"""`make screenshots`: every page of the demo bureau at a desk and on a phone, to be looked at; the README's are kept.

.venv/bin/python -m tests.browser.screenshots [FOLDER]

All go to `build/screenshots` (both languages, light and dark); those that the README shows go to `docs/screenshots`.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
from playwright.async_api import Browser, Page, async_playwright

from api.http.requests import SESSION_COOKIE
from tests.browser.conftest import ARGUMENTS, DESK, GET_IT, HANDSET, LOCALES, NAMES
from tests.browser.walk import pages_from, pages_inside, path_of_page
from tests.live import serving

PROJECT: Final = Path(__file__).resolve().parents[2]
ALL: Final = PROJECT / "build" / "screenshots"
SHOWN: Final = PROJECT / "docs" / "screenshots"
PASSWORD: Final = "demo-zhuanche-12315"
BUREAU: Final = "350302"


@dataclass(frozen=True, slots=True)
class Shot:
    """A page as one person sees it."""

    name: str
    who: str
    path: str


OPEN: Final = (Shot("sign-in", "", "/sign-in"), Shot("trust", "", "/trust"))
WAYS: Final = (("admin", "/board/admin/people"), ("dispatcher", "/board"), ("custodian", "/board/inbox"))
"""Who walks the board, and where they begin; the auditor's desk is walked by its own links too."""
LOOKS: Final = (("zh", "light"), ("en", "dark"))
README: Final = {
    "board": "board-desk-zh-light",
    "ask": "board-ask-desk-zh-light",
    "inbox": "board-inbox-phone-zh-light",
    "field": "field-trip-phone-zh-light",
    "audit": "audit-desk-zh-light",
    "trip": "audit-trips-id-desk-en-dark",
}
"""The six that the README shows."""
DRAWN_MS: Final = 1_000
"""What scripts draw and what is fetched in parts has come by then."""
SIZES: Final[dict[str, dict[str, Any]]] = {"desk": DESK, "phone": HANDSET}


async def _session(url: str, who: str) -> str:
    async with httpx.AsyncClient(base_url=url) as client:
        said = {"bureau_id": BUREAU, "login": who, "password": PASSWORD}
        answer = await client.post("/v1/session", json=said)
        answer.raise_for_status()
        return str(answer.json()["token"])


async def _phone(url: str, tokens: dict[str, str]) -> None:
    """Register the officer's phone, whose person has read what is tracked."""
    async with httpx.AsyncClient(base_url=url) as client:
        officer = {"Authorization": f"Bearer {tokens['officer']}"}
        admin = {"Authorization": f"Bearer {tokens['admin']}"}
        me = (await client.get("/v1/session", headers=officer)).json()
        said = {"name": "红米手机", "person_id": me["person_id"]}
        device = (await client.post("/v1/devices", json=said, headers=admin)).json()
        notice = (await client.get("/v1/devices/mine", headers=officer)).json()["notice"]["version"]
        way = f"/v1/devices/{device['device_id']}/acknowledge"
        (await client.post(way, json={"notice": notice}, headers=officer)).raise_for_status()


def _name(way: str) -> str:
    """Return what a page is called by its address: of `/audit/trips/…` `audit-trips-id`."""
    return re.sub(r"[^a-z0-9]+", "-", path_of_page(way)).strip("-")


async def _found(browser: Browser, url: str, tokens: dict[str, str]) -> list[Shot]:
    """Return a page of each kind that there is, met by the links of those who work there."""
    shots = {shot.name: shot for shot in OPEN}
    for who, first in WAYS:
        async with _page(browser, url, tokens[who], DESK) as page:
            await page.goto(url + first)
            async for way in pages_from(page, first, "/board"):
                shots.setdefault(_name(way), Shot(_name(way), who, way))
    headers = {"Authorization": f"Bearer {tokens['auditor']}"}
    async with httpx.AsyncClient(base_url=url, headers=headers) as client:
        for way in await pages_inside(client, "/audit", "/audit"):
            shots[_name(way)] = Shot(_name(way), "auditor", way)
    return list(shots.values())


@asynccontextmanager
async def _page(browser: Browser, url: str, token: str, options: dict[str, Any]) -> AsyncIterator[Page]:
    context = await browser.new_context(timezone_id="Asia/Shanghai", **options)
    if token:
        await context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": url}])
    yield await context.new_page()
    await context.close()


async def _take_field(page: Page, url: str, name: Callable[[str], Path]) -> None:
    """Take each screen of the app, on a phone that is set up first."""
    await page.goto(url + "/field")
    await page.locator("form:has(input[name=device]) button.button").click()
    await page.wait_for_selector("a[href^='#trip/']")
    day = await page.evaluate("async () => (await (await fetch('/v1/field/day')).json())")
    trip = next(one for one in day["trips"] if one["state"] == "departed")
    out, job = trip["trip_id"], trip["jobs"][0]["job_id"]
    for screen in ("today", f"trip/{out}", f"note/{out}/{job}", f"another/{out}", f"comeBack/{out}", "settings"):
        await page.evaluate("(screen) => { location.hash = screen; }", screen)
        await page.wait_for_timeout(DRAWN_MS)
        await page.screenshot(path=name(f"field-{screen.partition('/')[0]}"))


async def take_all(url: str, chromium: str) -> None:
    """Take every page in both sizes, languages and themes."""
    ALL.mkdir(parents=True, exist_ok=True)
    tokens = {who: await _session(url, who) for who in ("dispatcher", "custodian", "admin", "auditor", "officer")}
    await _phone(url, tokens)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        shots = await _found(browser, url, tokens)
        for size, (lang, theme) in product(SIZES, LOOKS):
            how = SIZES[size] | {"locale": LOCALES[lang], "color_scheme": theme}

            def name(of: str, looks: str = f"{size}-{lang}-{theme}") -> Path:
                return ALL / f"{of}-{looks}.png"

            for who, ones in groupby(sorted(shots, key=lambda shot: shot.who), lambda shot: shot.who):
                async with _page(browser, url, tokens.get(who, ""), how) as page:
                    for shot in ones:
                        await page.goto(url + shot.path)
                        await page.wait_for_timeout(DRAWN_MS)
                        to = name(shot.name)
                        await page.screenshot(path=to, full_page=to.stem not in README.values())
            async with _page(browser, url, tokens["officer"], how) as page:
                await _take_field(page, url, name)
            print(size, lang, theme)  # noqa: T201 - what the command is for
        await browser.close()


def keep_shown() -> None:
    """Copy what the README shows to where it is kept."""
    SHOWN.mkdir(parents=True, exist_ok=True)
    for name, taken in README.items():
        shutil.copy(ALL / f"{taken}.png", SHOWN / f"{name}.png")


def main() -> None:
    """Serve the demo from nothing, and take its pages."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not chromium:
        sys.exit(GET_IT)
    with (
        TemporaryDirectory() as folder,
        serving(Path(folder) / "log", "demo", "--serve", data=f"{folder}/data") as live,
    ):
        asyncio.run(take_all(live.url, chromium))
    keep_shown()


if __name__ == "__main__":
    main()
