"""The server's record was rolled back to a backup: the phone sends what was confirmed since, and its chain goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server as Granian
from playwright.async_api import BrowserContext, Page, expect

from api.app import create_app
from api.backup.read import check_backup
from api.backup.restore import Into, restore
from api.backup.write import Wanted, write_backup
from api.cli.serve import Draining
from api.db.database import Database
from api.db.migrate import migrate
from api.db.roles import OWNER
from api.files import FileStore
from api.http.requests import SESSION_COOKIE
from api.settings import Settings
from api.web.assets import asset
from tests.backup.conftest import Quiet, an_empty_database
from tests.browser.conftest import HANDSET, Opens
from tests.browser.field import acts_of, called, departs, enrolled, goes_on, set_up, whole, writes_note
from tests.browser.looked_at import no_violations, texts_translated
from tests.conftest import Server, running, token_of
from tests.live import free_port
from tests.trips import approved_trip
from tests.world import HeldClock, World, make_world

RESTORED = {"taken_at": "2026-11-26T02:00:00Z", "restored_at": "2026-11-26T09:00:00Z"}


@asynccontextmanager
async def served_at(url: str, settings: Settings, port: int) -> AsyncIterator[None]:
    """Serve the product on a database at a port, as a process that is stopped and another that is started there."""
    app = create_app(settings, url, url)
    async with running(app):
        draining = Draining(app)
        server = Granian(draining, port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)
        serving = asyncio.create_task(server.serve())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            for _ in range(200):
                try:
                    await client.get("/healthz")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
        yield
        app.state.hub.close_pages()
        server.stop()
        await serving
        await draining.finish()


async def sign_in(context: BrowserContext, world: World, who: str, port: int) -> None:
    """Let a phone be signed in as somebody."""
    cookie = {"name": SESSION_COOKIE, "value": await token_of(world, who), "url": f"http://127.0.0.1:{port}"}
    await context.add_cookies([cookie | {"httpOnly": True, "sameSite": "Strict"}])  # type: ignore[list-item]


async def arrived(page: Page, world: World, count: int) -> list[Any]:
    """Return the acts that the server has, once there are so many; the app looks at the server meanwhile."""
    async with asyncio.timeout(30):
        while len(acts := await acts_of(world)) < count:
            await page.evaluate("dispatchEvent(new Event('online'))")
            await asyncio.sleep(0.2)
    assert whole(acts)
    assert {one.outcome for one in acts} == {"recorded"}
    return acts


@asynccontextmanager
async def bureau_at(url: str, settings: Settings) -> AsyncIterator[World]:
    """Yield a bureau in an empty database, with an approved trip and an enrolled phone, its clock today's."""
    migrate(url)
    with psycopg.connect(url) as connection:
        connection.execute("SELECT make_position_partition(now()::date)")
    clock = HeldClock(datetime.now(UTC))
    owner, service = Database(url, settings, clock, role=OWNER), Database(url, settings, clock)
    world = await make_world(owner, service, clock)
    now = clock()
    await approved_trip(world, planned_from=now - timedelta(minutes=5), planned_until=now + timedelta(hours=1))
    await enrolled(world, "officer")
    yield world
    await service.close()
    await owner.close()


async def test_a_phone_sends_again_what_the_backup_did_not_have(
    server: Server, settings: Settings, tmp_path: Path, contexts: Callable[..., Awaitable[BrowserContext]]
) -> None:
    """A departure was backed up, the arrival and the note were not: after the restore all are there, once, in order."""
    if server.distributed:
        pytest.skip("a cluster is backed up by its own tools")
    own, port = replace(settings, data=tmp_path / "data"), free_port()
    context = await contexts(**HANDSET | {"locale": "zh-CN", "timezone_id": "Asia/Shanghai"})
    page = await context.new_page()
    with an_empty_database(server) as before, an_empty_database(server) as after:
        async with bureau_at(before, own) as world, served_at(before, own, port):
            await sign_in(context, world, "officer", port)
            await page.goto(f"http://127.0.0.1:{port}/field")
            await set_up(page)
            await departs(page)
            await arrived(page, world, 1)
            wanted = Wanted(before, own, FileStore.of(own), {}, tmp_path / "to")
            written = await asyncio.to_thread(write_backup, wanted, Quiet())
            await goes_on(page, "写走访记录")
            await writes_note(page)
            told = await arrived(page, world, 3)
            assert [one.act for one in told] == ["depart", "stop", "note"]

        into = Into(after, own, FileStore.of(own))
        await asyncio.to_thread(lambda: restore(check_backup(written.path, None), None, into, Quiet()))
        restored = Database(after, own, world.clock)
        world = replace(world, database=restored)
        assert [one.act for one in await acts_of(world)] == ["depart"]
        async with served_at(after, own, port):
            await sign_in(context, world, "officer", port)  # every session ended with the restore
            again = await arrived(page, world, 3)
            assert [(one.seq, one.act, one.digest) for one in again] == [(one.seq, one.act, one.digest) for one in told]
            await page.locator("[data-key=next]").tap()  # leave the site: the chain goes on
            assert (await arrived(page, world, 4))[-1].act == "stop"
            await page.evaluate("location.hash = 'today'")
            await expect(page.locator("main")).to_contain_text("服务器的记录已恢复到")
            await no_violations(page)
            await texts_translated(page, "zh")
            assert len(await acts_of(world)) == 4
        await restored.close()


async def test_what_a_restore_undid_is_told_by_the_servers_own_time(
    contexts: Callable[..., Awaitable[BrowserContext]], port: int
) -> None:
    """By the receipt, whatever the phone's clock says; what waits is sent anyhow, and what came after is there."""
    page = await (await contexts(**HANDSET)).new_page()
    await page.goto(f"http://127.0.0.1:{port}/field")
    cases = [
        ("confirmed", "2026-11-26T01:30:00Z", True),  # may have been on its way into the record
        ("confirmed", "2026-11-26T00:30:00Z", False),
        ("confirmed", "2026-11-26T05:00:00Z", True),
        ("refused", "2026-11-26T05:00:00Z", True),  # its number belongs to the chain
        ("conflict", "2026-11-26T09:00:01Z", False),
        ("kept", "2026-11-26T05:00:00Z", False),
        ("refused", None, False),
    ]
    for state, at, is_undone in cases:
        act = {"state": state, "receipt": None if at is None else {"recorded_at": at}}
        assert await called(page, "outbox", "m.undone(x[0], [x[1]])", [act, RESTORED]) is is_undone, (state, at)


async def test_a_phone_that_the_backup_does_not_know_is_to_be_set_up_anew(
    handset: Opens, world: World, clock: HeldClock
) -> None:
    """Its key was made known after the backup: it signs no more, instead of signing what nobody would take."""
    clock.at = datetime.now(UTC)
    await enrolled(world, "officer")
    page = await handset("officer", "/field")
    await set_up(page)
    key_is_here = (
        "await m.sendAgain(await (await import(x[0])).remembered(), x[1])"
        " + (await (await import(x[2])).keyOf(x[3]) ? ', key' : ', none')"
    )
    owner = await called(page, "session", "(await m.remembered()).owner")
    keys = await called(page, "chain", "[{ key_id: (await m.keyOf(x)).key_id }]", owner)
    told = {"restores": [RESTORED | {"restore_id": "one"}], "keys": keys}
    modules = [asset("js/field/session.js"), told, asset("js/field/chain.js"), owner]
    assert await called(page, "again", key_is_here, modules) == "true, key"
    assert await called(page, "again", key_is_here, modules) == "false, key"  # once a restore
    modules[1] = {"restores": [RESTORED | {"restore_id": "two"}], "keys": []}
    assert await called(page, "again", key_is_here, modules) == "true, none"
