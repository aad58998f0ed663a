"""How fast pages are there: the officer's app on a slow phone, the board of a large bureau, and a marker after its fix.

Needs Chromium on this machine. The app is loaded over HTTPS by the service's own authority, as phones load it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
from playwright.async_api import BrowserContext, Page, async_playwright

from api.db.address import running
from api.db.database import Database
from api.db.roles import OWNER, SERVICE
from api.http.requests import SESSION_COOKIE
from api.settings import Settings
from api.usecases.enrol_device import NewDevice, enrol_device
from tests.bench.result import Line
from tests.browser.conftest import ARGUMENTS, DESK, GET_IT, HANDSET, NAMES
from tests.complaints import accepted_complaint, job_of
from tests.conftest import token_of
from tests.live import Live, free_port, serving, zhuanche
from tests.world import INSIDE, HeldClock, World, add_vehicle, make_world

ROUNDS: Final = 5
JOBS: Final = 500
VEHICLES: Final = 50
RATE: Final = 1_000
FIXES: Final = 40
WARM_S: Final = 3
SLOW_4G: Final = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 1.6e6 * 0.9 / 8,
    "uploadThroughput": 750e3 * 0.9 / 8,
}
"""Chrome's preset of that name: 150 ms and 1.6 Mbit/s, as throttling within the browser has to imitate them."""
SLOWER: Final = 4


@asynccontextmanager
async def a_browser(*arguments: str, **options: Any) -> AsyncIterator[BrowserContext]:
    """Yield a context of its own of the machine's Chromium."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not chromium:
        raise SystemExit(GET_IT)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*ARGUMENTS, *arguments])
        yield await browser.new_context(**options)
        await browser.close()


@dataclass
class Loaded:
    """A page as it was loaded: bytes over the network, and milliseconds until it could be used."""

    bytes: int
    ready_ms: float


async def loaded(page: Page, url: str, ready: str, throttled: bool = True) -> Loaded:  # noqa: FBT001, FBT002 - a switch of the browser
    """Load a page and wait until it says that it can be used."""
    cdp = await page.context.new_cdp_session(page)
    sizes: list[float] = []
    cdp.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    await cdp.send("Network.enable")
    if throttled:
        await cdp.send("Network.emulateNetworkConditions", SLOW_4G)
    await cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER if throttled else 1})
    await page.goto(url, wait_until="commit")
    await page.locator(ready).wait_for(state="attached", timeout=60_000)
    took: float = await page.evaluate("() => performance.now()")
    await page.wait_for_timeout(3_000)
    await cdp.detach()
    return Loaded(int(sum(sizes)), took)


async def _field(live: Live, port: int) -> tuple[Loaded, list[float]]:
    url = f"https://127.0.0.1:{port}/field"
    first: list[Loaded] = []
    for _ in range(ROUNDS):
        async with a_browser("--ignore-certificate-errors", **HANDSET) as context:
            first.append(await loaded(await context.new_page(), url, "html[data-ready=yes]"))
    async with a_browser("--ignore-certificate-errors", **HANDSET) as context:
        page = await context.new_page()
        await page.goto(url)
        await page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        await page.wait_for_timeout(3_000)
        live.stop()
        again = []
        for _ in range(ROUNDS):
            opened = await context.new_page()
            cdp = await context.new_cdp_session(opened)
            await cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            await opened.goto(url, wait_until="commit")
            await opened.locator("html[data-ready=yes]").wait_for(state="attached")
            again.append(float(await opened.evaluate("() => performance.now()")))
            await opened.close()
    middle = sorted(first, key=lambda one: one.ready_ms)[ROUNDS // 2]
    return middle, again


def field() -> list[Line]:
    """Load the officer's app for the first time, and open it again with the service stopped."""
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder) / "data", free_port()
        migrated = zhuanche("migrate", data=data)
        assert migrated.returncode == 0, migrated.stderr
        with serving(Path(folder) / "log", data=data, https_port=port) as live:
            first, again = asyncio.run(_field(live, port))
    return [
        Line("/field, first load, compressed", f"{first.bytes / 1000:.0f} kB", "the budget is 150 kB"),
        Line(
            "/field usable at slow 4G, processor four times slower",
            f"{first.ready_ms / 1000:.2f} s",
            f"median of {ROUNDS}; the budget is 2 s",
        ),
        Line(
            "/field opened again without a network, processor four times slower",
            f"{statistics.median(again) / 1000:.2f} s",
            f"median of {ROUNDS}; the budget is 0.5 s",
        ),
    ]


async def a_large_bureau(data: Path) -> tuple[str, list[tuple[UUID, str]]]:
    """Make a bureau with many vehicles and jobs; return its dispatcher's session, and vehicles with their tokens."""
    address, settings, clock = running(data), Settings(data=data), HeldClock(datetime.now(UTC))
    owner = Database(address.dsn(OWNER), settings, clock, role=OWNER)
    service = Database(address.dsn(SERVICE), settings, clock)
    places = asyncio.Semaphore(8)

    async def vehicle(world: World, number: int) -> tuple[UUID, str]:
        async with places:
            vehicle_id = await add_vehicle(world, f"闽B{number:05}")
            made = await enrol_device(service, world["admin"], NewDevice(name="terminal", vehicle_id=vehicle_id))
            return vehicle_id, made.token or ""

    async def job(world: World, number: int) -> None:
        async with places:
            complaint_id = await accepted_complaint(world, respondent_name=f"第 {number} 号店")
            await job_of(world, complaint_id)

    try:
        world = await make_world(owner, service, clock)
        fleet = await asyncio.gather(*(vehicle(world, number) for number in range(VEHICLES)))
        await asyncio.gather(*(job(world, number) for number in range(JOBS)))
        return await token_of(world, "dispatcher"), list(fleet)
    finally:
        await service.close()
        await owner.close()


_FRAMES = """(seconds) => new Promise((resolve) => {
  const at = [];
  const frame = (now) => {
    at.push(now);
    if (now - at[0] < seconds * 1000) requestAnimationFrame(frame);
    else resolve(at);
  };
  requestAnimationFrame(frame);
})"""
_MOVED = """(vehicle) => {
  window.moved = {};
  const marker = document.querySelector(`[data-vehicle="${vehicle}"].leaflet-marker-icon`);
  new MutationObserver(() => {
    const at = Date.parse(marker.dataset.at);
    requestAnimationFrame(() => { window.moved[at] ??= Date.now(); });
  }).observe(marker, { attributeFilter: ["data-at"] });
}"""


async def followed(page: Page, live: Live, vehicle_id: UUID, token: str) -> tuple[list[float], list[float]]:
    """Send a fix a second of one vehicle; return how long after the answer its marker moved, and frames' lengths."""
    await page.evaluate(_MOVED, str(vehicle_id))
    durable: dict[int, float] = {}
    await asyncio.sleep(WARM_S)
    frames = asyncio.create_task(page.evaluate(_FRAMES, FIXES / 2))
    async with httpx.AsyncClient(base_url=live.url, headers={"Authorization": f"Bearer {token}"}) as http:
        for number in range(FIXES):
            at = datetime.now(UTC).replace(microsecond=number * 1_000)
            fix = {"fixed_at": at.isoformat(), "lat": INSIDE.lat + 0.0002 * number, "lon": INSIDE.lon, "speed_mps": 11}
            answer = await http.post("/v1/positions", json={"datum": "WGS-84", "fixes": [fix]})
            assert answer.json()["stored"] == 1, answer.text
            durable[round(at.timestamp() * 1000)] = time.time()
            await asyncio.sleep(1)
    moved: dict[str, float] = await page.evaluate("() => window.moved")
    delays = [moved[str(at)] / 1000 - answered for at, answered in durable.items() if str(at) in moved]
    assert len(delays) >= FIXES * 0.9, f"{len(delays)} of {FIXES} fixes were seen"
    at = await frames
    return sorted(delays), [after - before for before, after in pairwise(at)]


async def _board(live: Live, session: str, fleet: list[tuple[UUID, str]]) -> list[Line]:
    options = DESK | {"timezone_id": "Asia/Shanghai"}
    ready = []
    async with a_browser(**options) as context:
        await context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": live.url}])
        now = datetime.now(UTC)
        async with httpx.AsyncClient(base_url=live.url) as http:
            for _, token in fleet:
                fix = {"fixed_at": (now - timedelta(seconds=5)).isoformat(), "lat": INSIDE.lat, "lon": INSIDE.lon}
                headers = {"Authorization": f"Bearer {token}"}
                await http.post("/v1/positions", json={"datum": "WGS-84", "fixes": [fix]}, headers=headers)
        for _ in range(ROUNDS):
            page = await context.new_page()
            ready.append((await loaded(page, f"{live.url}/board", "#map[data-loaded=yes]", throttled=False)).ready_ms)
            await page.close()
        page = await context.new_page()
        await page.goto(f"{live.url}/board")
        await page.locator("#map[data-loaded=yes]").wait_for(state="attached")
        vehicle_id, token = fleet[0]
        asked = [str(live.port), str(RATE), str(FIXES + 10)]
        pace = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.paced", *asked, stdin=PIPE, stdout=PIPE
        )
        tokens = " ".join(other for _, other in fleet[1:]).encode()
        (told, _), (delays, frames) = await asyncio.gather(
            pace.communicate(tokens), followed(page, live, vehicle_id, token)
        )
        rate = int(told)
    slow = sum(one > 1000 / 60 * 1.5 for one in frames) / len(frames)
    return [
        Line(
            f"/board of {JOBS} jobs and {VEHICLES} vehicles, usable",
            f"{statistics.median(ready) / 1000:.2f} s",
            f"median of {ROUNDS}, the map drawn; the budget is 1 s",
        ),
        Line(
            "frames a second of /board while it follows",
            f"{1000 / statistics.mean(frames):.0f}",
            f"{slow:.1%} of frames came late; the budget is 60",
        ),
        Line(
            f"a marker moved after its fix is durable, {rate:,} fixes/s beside it",
            f"p50 {statistics.median(delays):.2f} s, p95 {delays[int(len(delays) * 0.95) - 1]:.2f} s",
            "the budget is p95 of 1 s",
        ),
    ]


def board() -> list[Line]:
    """Open a large bureau's board, and follow a vehicle on it while all others drive too."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        migrated = zhuanche("migrate", data=data)
        assert migrated.returncode == 0, migrated.stderr
        with serving(Path(folder) / "log", data=data) as live:
            session, fleet = asyncio.run(a_large_bureau(data))
            return asyncio.run(_board(live, session, fleet))


def measure_pages() -> list[Line]:
    """Measure all of it."""
    return [*field(), *board()]
