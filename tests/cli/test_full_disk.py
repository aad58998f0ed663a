"""A disk that fills up under load: nothing half written, reading goes on, and it all goes on when there is room."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.db.embedded import start
from api.db.migrate import migrate
from tests.endure.desk import CLIENTS, Desk, a_desk, client
from tests.endure.faults import Faults
from tests.endure.kills import settle, until
from tests.live import PATIENCE_S, Live, serving
from tests.world import PASSWORD

MIB = 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a small disk, which only root can make."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=320m,mode=0755", "none", folder], check=False)
    if made.returncode:
        pytest.skip("this root may not mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path, free_mib: int) -> Path:
    """Leave so much room on a disk and return the file that takes the rest."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        while not os.fstat(file.fileno()).st_size and os.statvfs(disk).f_bavail:
            found = os.statvfs(disk)
            with contextlib.suppress(OSError):  # the load took some of it meanwhile
                os.posix_fallocate(file.fileno(), 0, max(found.f_bavail * found.f_frsize - free_mib * MIB, 1))
        while free_mib == 0:
            try:
                os.posix_fallocate(file.fileno(), file.tell(), os.fstat(file.fileno()).st_size + 4096)
            except OSError:
                break
    return filler


async def sent_photo(http: httpx.AsyncClient, desk: Desk) -> httpx.Response:
    """Send a photo of its own."""
    one = desk.next("photo")
    answer = await http.put(one.path, content=one.body, headers=one.headers)
    one.answer = answer.json() if answer.is_success else None
    return answer


async def refused(http: httpx.AsyncClient, desk: Desk) -> bool:
    """Tell whether a photo is refused for want of room."""
    try:
        answer = await sent_photo(http, desk)
    except httpx.TransportError:
        return False  # it was answered in the midst of sending
    return answer.status_code == 503 and answer.json()["code"] == "no-space"


async def taken(http: httpx.AsyncClient, desk: Desk) -> bool:
    """Tell whether a photo is taken."""
    try:
        return (await sent_photo(http, desk)).status_code == 201
    except httpx.TransportError:
        return False


async def goes_on(live: Live, data: Path, desk: Desk, disk: Path, *, free_mib: int) -> None:
    """Fill the disk under load, look, make room, and hold every acknowledged fact against the database."""
    before = len(desk.sent)
    async with httpx.AsyncClient(base_url=live.url, timeout=PATIENCE_S) as http:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as clients:
            for kind in CLIENTS:
                clients.create_task(client(http, desk, kind, stop))

            async def answered() -> bool:
                return sum(one.answer is not None for one in desk.sent[before:]) >= 20

            await until(answered)
            filler = fill(disk, free_mib)
            await until(lambda: refused(http, desk))
            stop.set()
        if free_mib:
            await looked_at(http, desk)
        filler.unlink()
        await until(lambda: taken(http, desk))
        faults = Faults()
        await settle(http, data, desk, before, faults)
        assert faults == Faults()
    assert live.process.poll() is None
    assert not list((data / "files" / "incoming").glob("*"))


async def looked_at(http: httpx.AsyncClient, desk: Desk) -> None:
    """Read, sign in, and see the disk named, while nothing is taken."""
    officer = {"Authorization": f"Bearer {desk.people['officer']}"}
    assert (await http.get("/v1/complaints", headers=officer)).status_code == 200
    asked = {
        "datum": "WGS-84",
        "fixes": [{"fixed_at": desk.began_at.isoformat(), "lat": 25.4, "lon": 119, "seq": 9_999_999}],
    }
    answer = await http.post("/v1/positions", json=asked, headers={"Authorization": f"Bearer {desk.device}"})
    assert (answer.status_code, answer.json()["code"]) == (503, "no-space")
    assert "磁盘" in answer.json()["detail"]
    account = {"bureau_id": desk.world.bureau_id, "login": "officer", "password": PASSWORD}
    assert (await http.post("/v1/session", json=account)).status_code == 201
    told = (await http.get("/metrics")).text
    assert "zhuanche_disk_full 1.0" in told
    assert (await http.get("/readyz")).status_code == 200


async def test_a_disk_that_fills_up_under_load_loses_nothing_that_was_acknowledged(disk: Path, tmp_path: Path) -> None:
    """With a reserve the service refuses before the database has to; without one the database says so itself."""
    data = disk / "data"
    with start(data) as server:
        migrate(server.dsn("postgres"))
    with serving(tmp_path / "log", data=data, disk_reserve_mib=64) as live:
        desk = await a_desk(data)
        await goes_on(live, data, desk, disk, free_mib=48)
    with serving(tmp_path / "log-without", data=data, disk_reserve_mib=0) as live:
        await goes_on(live, data, desk, disk, free_mib=0)
