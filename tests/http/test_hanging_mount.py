"""A disk of the network that is gone answers nobody: who asks is told so, and everybody else is served as ever."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest
from litestar import Litestar

import api.aside
import api.space
from api.aside import Hangs, asked_aside
from api.backup.erasures import NAME
from api.backup.place import FAILURE
from api.settings import Settings
from api.space import Room
from tests.conftest import SignIn
from tests.world import World

HTML = {"Accept": "text/html"}
LET_GO_S = 20.0
"""After it the disk answers at last: what waited for it is seen to have waited."""


@pytest.fixture
def gone(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of backups on a disk where whoever opens a file of it hangs."""
    folder = tmp_path / "nas"
    folder.mkdir()
    pipes = [folder / name for name in (FAILURE, NAME)]
    for pipe in pipes:
        os.mkfifo(pipe)

    def let_go() -> None:
        for pipe in pipes:
            with suppress(OSError):  # nobody opened it
                os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))

    later = threading.Timer(LET_GO_S, let_go)
    later.start()
    yield folder
    later.cancel()
    let_go()


@pytest.fixture
def app_settings(settings: Settings, gone: Path) -> Settings:
    """Let backups go to that disk."""
    return replace(settings, backup_to=gone)


async def test_while_the_disk_of_the_backups_hangs_the_page_says_so_and_others_are_served(
    app: Litestar, world: World, signed_in: SignIn, gone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opens the page hears which disk it is, and the second time at once."""
    del app, world
    monkeypatch.setattr(api.aside, "PATIENCE_S", 2.0)
    chief, dispatcher = await signed_in("desk_chief"), await signed_in("dispatcher")
    opened = asyncio.create_task(chief.get("/board/admin/machine?lang=en", headers=HTML))
    await asyncio.sleep(0.2)
    assert (await dispatcher.get("/healthz")).status_code == 200
    assert not opened.done()
    assert f"{gone} does not answer" in (await opened).text
    began_s = monotonic()
    again = await chief.get("/board/admin/machine?lang=zh", headers=HTML)
    assert f"{gone} 没有应答" in again.text
    assert monotonic() - began_s < LET_GO_S / 2


async def test_a_disk_that_hangs_hides_no_other(
    app: Litestar, world: World, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """That of the attachments does not say how full it is; that of the data does."""
    del app, world
    photos, let_go, asked = tmp_path / "photos", threading.Event(), api.doctor.machine.room_at

    def room_at(folder: Path, holds: tuple[str, ...]) -> Room:
        if folder == photos:
            let_go.wait()
        return asked(folder, holds)

    monkeypatch.setattr(api.aside, "PATIENCE_S", 1.0)
    monkeypatch.setattr("api.doctor.machine.room_at", room_at)
    monkeypatch.setattr("api.doctor.machine.places_of", lambda known: {"data": known.data, "files": photos})
    page = await (await signed_in("admin")).get("/board/admin/machine?lang=en", headers=HTML)
    let_go.set()
    assert f"{photos} does not answer" in page.text
    assert "GiB free" in page.text


async def test_who_asks_what_hangs_already_makes_no_second_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is opened again and again would else use up what everybody's work is done by."""
    monkeypatch.setattr(api.aside, "PATIENCE_S", 0.1)
    let_go, asked = threading.Event(), []

    def look() -> int:
        asked.append(1)
        let_go.wait()
        return len(asked)

    for _ in range(3):
        with pytest.raises(Hangs):
            await asked_aside("a disk", look)
    assert len(asked) == 1
    let_go.set()
    monkeypatch.setattr(api.aside, "PATIENCE_S", 10.0)
    assert api.aside._looks["a disk"].answer.result(10) == 1
    assert await asked_aside("a disk", look) == 2
