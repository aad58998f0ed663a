"""`make screenshots`: every page of the demo bureau at a desk and on a phone, to be looked at; the README's are kept.

.venv/bin/python -m tests.browser.screenshots [FOLDER]

All go to `build/screenshots` (both languages, light and dark); those that the README shows go to `docs/screenshots`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
from playwright.async_api import Browser, Page, async_playwright

from api.http.requests import SESSION_COOKIE
from tests.browser.conftest import ARGUMENTS, DESK, GET_IT, HANDSET, LOCALES, NAMES
from tests.live import serving

PROJECT: Final = Path(__file__).resolve().parents[2]
ALL: Final = PROJECT / "build" / "screenshots"
SHOWN: Final = PROJECT / "docs" / "screenshots"
PASSWORD: Final = "demo-zhuanche-12315"
BUREAU: Final = "350302"


@dataclass(frozen=True, slots=True)
class Shot:
    """A page as one person sees it; `find` follows a link to one whose address only the demo knows."""

    name: str
    who: str
    path: str
    find: str = ""


SHOTS: Final = (
    Shot("sign-in", "", "/sign-in"),
    Shot("trust", "", "/trust"),
    Shot("board", "dispatcher", "/board"),
    Shot("ask", "dispatcher", "/board/ask"),
    Shot("inbox", "custodian", "/board/inbox"),
    Shot("people", "admin", "/board/admin/people"),
    Shot("field", "officer", "/field"),
    Shot("audit", "auditor", "/audit"),
    Shot("log", "auditor", "/audit/log"),
    Shot("findings", "auditor", "/audit/findings"),
    Shot("trip", "auditor", "/audit/log", 'a[href^="/audit/trips/"]'),
)
README: Final = {
    "board": ("desk", "zh", "light"),
    "ask": ("desk", "zh", "light"),
    "inbox": ("phone", "zh", "light"),
    "field": ("phone", "zh", "light"),
    "audit": ("desk", "en", "light"),
    "trip": ("desk", "en", "dark"),
}
"""The six that the README shows, and how."""
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


@asynccontextmanager
async def _page(browser: Browser, url: str, token: str, **options: Any) -> AsyncIterator[Page]:
    context = await browser.new_context(timezone_id="Asia/Shanghai", **options)
    if token:
        await context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": url}])
    yield await context.new_page()
    await context.close()


async def _take(page: Page, url: str, shot: Shot, to: Path) -> None:
    await page.goto(url + shot.path)
    if shot.find:
        there = await page.locator(shot.find).last.get_attribute("href")
        await page.goto(f"{url}{there}")
    if shot.path == "/field":
        await page.locator("form:has(input[name=device]) button.button").click()
    await page.wait_for_timeout(1_200)  # what is drawn by scripts and fetched in parts
    await page.screenshot(path=to, full_page=shot.name == "trip")


async def take_all(url: str, chromium: str) -> None:
    """Take every page in both sizes, languages and themes."""
    ALL.mkdir(parents=True, exist_ok=True)
    tokens = {who: await _session(url, who) if who else "" for who in {shot.who for shot in SHOTS}}
    await _phone(url, tokens)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        for size, options in SIZES.items():
            for lang, theme in (("zh", "light"), ("en", "dark"), ("zh", "dark"), ("en", "light")):
                for shot in SHOTS:
                    to = ALL / f"{shot.name}-{size}-{lang}-{theme}.png"
                    how = options | {"locale": LOCALES[lang], "color_scheme": theme}
                    async with _page(browser, url, tokens[shot.who], **how) as page:
                        await _take(page, url, shot, to)
                    print(to.relative_to(PROJECT))  # noqa: T201 - what the command is for
        await browser.close()


def keep_shown() -> None:
    """Copy what the README shows to where it is kept."""
    SHOWN.mkdir(parents=True, exist_ok=True)
    for name, (size, lang, theme) in README.items():
        shutil.copy(ALL / f"{name}-{size}-{lang}-{theme}.png", SHOWN / f"{name}.png")


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
