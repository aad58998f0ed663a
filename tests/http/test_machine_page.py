"""The page that says whether all is well, and who sees it."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
from litestar import Litestar

from api.doctor.ages import AgeWatch
from api.http.pages.admin.machine import NAMES
from api.settings import Settings
from api.space import MIB, Room, Space
from api.usecases.enrol_device import NewDevice, enrol_device
from domain.doctor.facts import Backup
from tests.conftest import SignIn
from tests.world import World

HTML = {"Accept": "text/html"}


def test_each_check_has_a_name_in_both_languages(project: Path) -> None:
    """Whoever adds one to the doctor names it for the page, which would be a fault without."""
    code = "".join((project / "domain" / "doctor" / f"{one}.py").read_text("utf-8") for one in ("machine", "bureau"))
    checks = set(re.findall(r"""(?:judged|unknown|Verdict)\(\s*"([a-z-]+)\"""", code))
    assert len(checks) > 15
    assert checks == NAMES.keys()


@pytest.mark.parametrize(("language", "words"), [("zh", "运行状况"), ("en", "Is all well")])
async def test_the_page_tells_each_thing_in_the_readers_language(
    app: Litestar, world: World, signed_in: SignIn, language: str, words: str
) -> None:
    """A silent terminal of the bureau comes first, with what helps."""
    del app
    terminal = NewDevice(name="车载终端甲", vehicle_id=world.vehicle_id)
    await enrol_device(world.database, world["admin"], terminal)
    world.clock.advance(hours=25)
    page = await (await signed_in("admin")).get(f"/board/admin/machine?lang={language}", headers=HTML)
    assert page.status_code == 200, page.text
    assert words in page.text
    assert "车载终端甲" in page.text
    assert page.text.index("车载终端甲") < page.text.index("PostgreSQL")
    assert ("处理办法" in page.text) == (language == "zh")


@pytest.mark.parametrize(
    ("who", "status"), [("admin", 200), ("desk_chief", 200), ("dispatcher", 403), ("auditor", 403)]
)
async def test_who_looks_after_the_machine_sees_it(
    app: Litestar, signed_in: SignIn, world: World, who: str, status: int
) -> None:
    """Nobody else has any use for it."""
    del app, world
    assert (await (await signed_in(who)).get("/board/admin/machine", headers=HTML)).status_code == status


@pytest.mark.parametrize(
    ("free_bytes", "used_percent", "who", "told"),
    [
        (10**12, 79, "admin", ""),
        (10**12, 80, "admin", "磁盘将满"),
        (10**12, 80, "dispatcher", ""),
        (400 * MIB, 100, "dispatcher", "磁盘已满"),
    ],
)
async def test_a_disk_that_fills_up_is_told_on_the_board(
    app: Litestar, signed_in: SignIn, world: World, *, free_bytes: int, used_percent: int, who: str, told: str
) -> None:
    """From 80 % on to who can do something, and to everybody once nothing is recorded."""
    del world
    client, known = await signed_in(who), app.state.space
    assert isinstance(known, Space)
    await known.stop()
    before, known.rooms = known.rooms, [Room(Path("/"), ("data",), free_bytes, 10**12, used_percent)]
    page = await client.get("/board/admin/people?lang=zh", headers=HTML)
    known.rooms = before
    assert page.status_code == 200, page.text
    assert ("磁盘" in page.text) == bool(told)
    assert told in page.text


@pytest.mark.parametrize(
    ("hours", "who", "is_told"),
    [(None, "admin", True), (37, "desk_chief", True), (36, "admin", False), (37, "dispatcher", False)],
)
async def test_a_backup_that_is_overdue_is_told_on_the_board(
    app: Litestar, signed_in: SignIn, world: World, *, hours: int | None, who: str, is_told: bool
) -> None:
    """In an office without an administrator nobody types a command: who can do something reads it there."""
    ages = AgeWatch(Settings(data=Path("/nowhere")), world.clock)
    ages.backup = Backup("/b", None if hours is None else world.clock() - timedelta(hours=hours))
    client, app.state.ages = await signed_in(who), ages
    page = await client.get("/board/admin/people?lang=zh", headers=HTML)
    assert page.status_code == 200, page.text
    assert ("没有新的备份" in page.text) == is_told


async def test_a_look_that_fails_ends_no_watch_of_ages(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """What is odd about a folder of backups once is looked at again, and the service ends in order."""
    monkeypatch.setattr("api.doctor.ages.LOOK_S", 0.01)
    again, looks = asyncio.Event(), 0

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ValueError
        loop.call_soon_threadsafe(again.set)

    loop = asyncio.get_running_loop()
    ages = AgeWatch(Settings(data=Path("/nowhere/else")), world.clock)
    monkeypatch.setattr(ages, "look", look)
    await ages.start()
    await asyncio.wait_for(again.wait(), 10)
    await ages.stop()
