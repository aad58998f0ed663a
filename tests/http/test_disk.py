"""What is refused while a disk is nearly full, and what is not."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import httpx
import pytest
import structlog.testing
from litestar import Litestar

import api.aside
import api.space
from api.app import create_app
from api.aside import HANDS
from api.db.faults import DiskFull, told_plainly
from api.http.shown import PERSONAL
from api.settings import Settings
from api.space import MIB, Room, Space, places_of, rooms_of
from tests.conftest import Server, SignIn, problem_code, running, token_of
from tests.everyday import DEPART
from tests.hanging import Disk
from tests.openrosa.forms import PNG
from tests.trips import approved_trip
from tests.world import PASSWORD, World

RESERVE_MIB = 100


def space(free_mib: float, used_percent: int = 50) -> Space:
    """Return what is known of a machine with one disk of a gigabyte."""
    known = Space({}, reserve_mib=RESERVE_MIB, warn_percent=80)
    known.rooms = [Room(Path("/data"), ("data", "files"), int(free_mib * MIB), 1024 * MIB, used_percent)]
    return known


@pytest.mark.parametrize(
    ("free_mib", "writes", "reads_on"),
    [(100, True, True), (99.9, False, True), (50, False, True), (49.9, False, False)],
)
def test_the_first_half_of_the_reserve_is_for_who_reads_on(free_mib: float, *, writes: bool, reads_on: bool) -> None:
    """Just at the reserve everything is recorded, below it who is let in, below half of it nothing."""
    known = space(free_mib)
    assert (not known.refuses(), not known.refuses(in_reserve=True)) == (writes, reads_on)
    assert known.refused == [writes, reads_on].count(False)


@pytest.mark.parametrize(("used_percent", "warned"), [(79, False), (80, True), (81, True)])
def test_a_disk_is_told_from_eighty_per_cent_on(used_percent: int, *, warned: bool) -> None:
    """Just below, at, and just over."""
    assert space(500, used_percent).warned is warned


def test_what_lies_on_one_disk_is_told_once(tmp_path: Path) -> None:
    """Database, attachments and data folder of a machine with one disk are one line, before any of them is made."""
    (room,) = rooms_of(places_of(Settings(data=tmp_path / "to be made")))
    assert room.holds == ("data", "database", "files")
    assert 0 < room.free_bytes < room.total_bytes


async def test_a_disk_that_does_not_say_how_large_it_is_refuses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems of FUSE and of networks answer with noughts: that is no want of room."""
    told = os.statvfs(tmp_path)
    noughts = os.statvfs_result([told.f_bsize, told.f_frsize, *[0] * 6, told.f_flag, told.f_namemax])
    monkeypatch.setattr(os, "statvfs", lambda _: noughts)
    known = Space({"data": tmp_path}, reserve_mib=RESERVE_MIB, warn_percent=80)
    await known.look()
    assert (known.refuses(), known.warned) == (False, False)


def test_a_small_disk_for_uploads_refuses_nothing_while_it_is_empty(tmp_path: Path) -> None:
    """A /tmp of 64 MiB beside an object store never has 512 MiB; a tenth of it is its reserve."""
    known = Space({}, reserve_mib=512, warn_percent=80)
    for holds, free_mib, refused in (
        (("incoming",), 64, False),
        (("data",), 7, False),
        (("incoming",), 6, True),
        (("data", "database"), 64, True),
        (("files",), 64, True),
    ):
        known.rooms = [Room(tmp_path, holds, free_mib * MIB, 64 * MIB, 0)]
        assert known.refuses() is refused, holds
        assert not known.refuses(in_reserve=True) or refused


def test_a_folder_named_by_a_url_is_looked_at(tmp_path: Path) -> None:
    """Attachments on a disk of their own fill it as well; an object store elsewhere cannot be looked at."""
    named = places_of(Settings(data=tmp_path, files_url="file:///media/the%20photos"))
    assert named["files"] == Path("/media/the photos")
    assert "incoming" not in named, "what is on its way lies beside it"
    assert "files" not in places_of(Settings(data=tmp_path, files_url="s3://bucket/desk"))


async def test_a_disk_at_its_reserve_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room that comes and goes by a few bytes is no news each second: a tenth more than the reserve must be free."""
    known = Space({"database": tmp_path}, reserve_mib=RESERVE_MIB, warn_percent=101)
    refused = []
    with structlog.testing.capture_logs() as told:
        for free_mib in (101, 99, 101, 99, 109, 111):
            room = Room(tmp_path, ("database",), free_mib * MIB, 1024 * MIB, 50)
            monkeypatch.setattr(api.space, "room_at", lambda *_, room=room: room)
            await known.look()
            refused.append(known.refuses())
    assert refused == [False, True, True, True, True, False]
    assert [line["event"] for line in told] == ["disk-full", "disk-has-room"]


async def test_one_disk_that_does_not_answer_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network's disk that went away: the database's own is looked at as before, and it is told once."""
    stale, asked = tmp_path / "stale", Path.stat

    def stat(path: Path, **how: bool) -> os.stat_result:
        if path == stale:
            raise OSError(errno.ESTALE, "stale")
        return asked(path, **how)

    known = Space({"files": stale, "database": tmp_path}, reserve_mib=RESERVE_MIB, warn_percent=101)
    monkeypatch.setattr(Path, "stat", stat)
    with structlog.testing.capture_logs() as told:
        await known.look()
        await known.look()
    assert [room.holds for room in known.rooms] == [("database",)]
    assert [line["event"] for line in told] == ["disk-not-asked"]


class Machine:
    """Disks of a machine by their folders: each says how much is free, or hangs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free_mib: dict[Path, int]) -> None:
        self.free_mib = free_mib
        self.hangs: set[Path] = set()
        self.let_go = threading.Event()
        self.asked: list[Path] = []
        asked = api.space.room_at

        def room_at(folder: Path, holds: tuple[str, ...]) -> Room:
            if folder not in self.free_mib:  # of the service of other tests in this process
                return asked(folder, holds)
            self.asked.append(folder)
            free_mib = self.free_mib[folder]
            if folder in self.hangs:
                self.let_go.wait(30)
            return Room(folder, holds, free_mib * MIB, 1024 * MIB, 50)

        monkeypatch.setattr(api.space, "room_at", room_at)
        monkeypatch.setattr(api.space, "LOOK_S", 0.01)
        monkeypatch.setattr(api.aside, "PATIENCE_S", 1.0)

    async def until(self, so: Callable[[], bool]) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(10):
            while not so():  # noqa: ASYNC110 - a disk has no event to wait for
                await asyncio.sleep(0.01)


async def test_a_disk_that_hangs_holds_no_start_up_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount whose server is away answers never; how long it has not is told, and it is asked once."""
    machine = Machine(monkeypatch, {tmp_path: 500})
    machine.hangs.add(tmp_path)
    known = Space({"files": tmp_path}, reserve_mib=RESERVE_MIB, warn_percent=80)
    try:
        with structlog.testing.capture_logs() as told:
            async with asyncio.timeout(5):
                await known.start()
                await asyncio.sleep(0.5)
        of_it = [line for line in told if line.get("folder") == str(tmp_path)]
        assert [(line["event"], line["holds"]) for line in of_it] == [("disk-hangs", "files")]
        assert machine.asked == [tmp_path], "who asks it again and again has soon no thread left"
        assert known.ages_s["files"] > 0.5
        machine.let_go.set()
        await machine.until(lambda: [room.holds for room in known.rooms] == [("files",)])
    finally:
        machine.let_go.set()
        await known.stop()


async def test_while_the_disk_of_attachments_hangs_that_of_the_database_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fills meanwhile: writes are refused at its reserve, and of the other one the last that is known stands."""
    nas, own = tmp_path / "nas", tmp_path
    machine = Machine(monkeypatch, {nas: 700, own: 500})
    seen_at = api.space._seen_at
    monkeypatch.setattr(api.space, "_seen_at", lambda folder: replace(seen_at(folder), disk=int(folder == nas)))
    known = Space({"database": own, "files": nas}, reserve_mib=RESERVE_MIB, warn_percent=101)
    try:
        await known.start()
        assert not known.refuses()
        machine.hangs.add(nas)
        machine.free_mib |= {nas: 1, own: 99}
        await machine.until(known.refuses)
        assert [(room.holds, room.free_bytes // MIB) for room in known.rooms] == [
            (("database",), 99),
            (("files",), 700),
        ]
        await machine.until(lambda: known.ages_s["files"] > 0.5)
        assert known.ages_s["database"] < 0.5
        machine.free_mib[own] = 500
        await machine.until(lambda: not known.refuses())
    finally:
        machine.let_go.set()
        await known.stop()


async def test_places_of_one_disk_are_one_room_as_the_last_of_them_found_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though each is asked by itself; a place of it that hangs, such as a mount over it, makes none of an old day."""
    data, files = tmp_path, tmp_path / "files"
    machine = Machine(monkeypatch, {data: 500, files: 500})
    known = Space({"data": data, "files": files}, reserve_mib=RESERVE_MIB, warn_percent=101)
    try:
        await known.look()
        machine.hangs.add(files)
        machine.free_mib[data] = 300
        await known.look()
        assert [(room.folder, room.holds, room.free_bytes // MIB) for room in known.rooms] == [
            (data, ("data", "files"), 300)
        ]
    finally:
        machine.let_go.set()


async def test_a_disk_of_attachments_that_hangs_slows_no_trip_and_no_start(
    tmp_path: Path, server: Server, settings: Settings, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More photos than there are threads wait for it: each is refused in time, and kept when it goes on."""
    disk = Disk(tmp_path)
    disk.imitate(monkeypatch)
    machine = Machine(monkeypatch, {})
    disk.hang()
    began_s = monotonic()
    application = create_app(
        replace(settings, data=tmp_path, files_timeout_s=1.0), server.service, server.ingest, world.clock
    )
    assert monotonic() - began_s < 10
    headers = {"Authorization": f"Bearer {await token_of(world, 'driver')}", "Accept-Language": "en"}
    transport = httpx.ASGITransport(app=application)  # type: ignore[arg-type]  # Litestar is an ASGI application
    photos = [PNG + number.to_bytes(2, "big") for number in range(2 * HANDS)]
    async with (
        running(application),
        httpx.AsyncClient(transport=transport, base_url="http://desk", headers=headers) as http,
    ):

        async def put(photo: bytes) -> httpx.Response:
            return await http.put(f"/v1/attachments/{hashlib.sha256(photo).hexdigest()}", content=photo)

        start = world.clock() + timedelta(hours=1)
        trip_id = await approved_trip(world, planned_from=start, planned_until=start + timedelta(hours=1))
        world.clock.at = start
        try:
            waiting = asyncio.gather(*map(put, photos))
            departed = await http.post(f"/v1/trips/{trip_id}/depart", json=DEPART)
            assert departed.status_code == 200, departed.text
            assert (await http.get("/v1/trips")).status_code == 200
            back = await http.post(f"/v1/trips/{trip_id}/return", json={"reading": DEPART["reading"]})
            assert back.status_code == 200, back.text
            async with asyncio.timeout(30):
                refused = await waiting
            assert {(one.status_code, problem_code(one)) for one in refused} == {(503, "files-away")}
            machine.free_mib[tmp_path / "files"] = 5_000
            machine.hangs.add(tmp_path / "files")
            await machine.until(lambda: bool(application.state.space.hanging))
            assert (await put(photos[0])).headers["retry-after"]
            assert (await http.get("/readyz")).json()["files"] == "away"
        finally:
            machine.let_go.set()
            disk.go_on()
        await machine.until(lambda: not application.state.space.hanging)
        assert {(await put(photo)).status_code for photo in photos} == {201}
        assert (await http.get("/readyz")).json()["files"] == "ok"
        assert (await http.get(f"/v1/attachments/{hashlib.sha256(photos[0]).hexdigest()}")).content == photos[0]


async def test_each_place_is_told_by_its_name_in_the_metrics(app: Litestar, signed_in: SignIn) -> None:
    """Whoever is called at night reads which disk does not answer."""
    del app
    told = (await (await signed_in("admin")).get("/metrics")).text
    ages = re.findall(r'^zhuanche_disk_look_age_seconds\{holds="(\w+)"\} ', told, re.MULTILINE)
    assert ages == ["data", "database", "files"]


async def test_nothing_is_recorded_on_a_full_disk_and_everything_is_read(
    app: Litestar, world: World, signed_in: SignIn
) -> None:
    """A refusal says what helps in both languages; an auditor's look, which is a fact, and a sign-in go on."""
    dispatcher, auditor = await signed_in("dispatcher"), await signed_in("auditor")
    known: Space = app.state.space
    before, known.rooms = known.rooms, space(60).rooms
    known._reserve_bytes = RESERVE_MIB * MIB
    await known.stop()  # it would look at the disk there is
    unit = await (await signed_in("admin")).post("/v1/units", json={"name": "龙桥所", "kind": "station"})
    assert (unit.status_code, problem_code(unit)) == (503, "no-space")
    assert unit.headers["retry-after"]
    assert (await auditor.get("/v1/trips")).status_code == 200
    account = {"bureau_id": world.bureau_id, "login": "officer", "password": PASSWORD}
    assert (await dispatcher.post("/v1/session", json=account)).status_code == 201
    known.rooms = before
    known._reserve_bytes = 0
    unit = await (await signed_in("admin")).post("/v1/units", json={"name": "龙桥所", "kind": "station"})
    assert unit.status_code == 201


@contextlib.contextmanager
def short_disk(app: Litestar) -> Iterator[None]:
    """Let the reserve of the service's disk be begun."""
    known: Space = app.state.space
    before = (known.rooms, known._reserve_bytes)
    known.rooms, known._reserve_bytes = space(60).rooms, RESERVE_MIB * MIB
    try:
        yield
    finally:
        known.rooms, known._reserve_bytes = before


async def test_whatever_shows_personal_data_is_read_on_a_full_disk(app: Litestar, signed_in: SignIn) -> None:
    """Each such look is recorded first: at none of these addresses may that want more than the reserve gives."""
    clients = [await signed_in(who) for who in ("admin", "auditor", "dispatcher", "officer", "desk_chief", "custodian")]
    await app.state.space.stop()
    unread, opened = set(), set()
    with short_disk(app):
        for path in PERSONAL:
            asked = path.replace("{key}", "people").replace("{month}", "2026-01").replace("{sha256}", "0" * 64)
            asked = re.sub(r"{\w+}", "0190a0a0-0000-7000-8000-000000000000", asked)
            for client in clients:
                status = (await client.get(asked)).status_code
                unread |= {path} if status == 503 else set()
                opened |= {path} if status not in {401, 403} else set()
    assert unread == set()
    assert opened == set(PERSONAL)


async def test_a_full_disk_keeps_nobody_from_shutting_others_out(
    app: Litestar, world: World, signed_in: SignIn
) -> None:
    """Whoever fills it on purpose is stopped all the same; who must change a pass word can, and reads on."""
    officer, admin, chief = await signed_in("officer"), await signed_in("admin"), await signed_in("dispatcher")
    await app.state.space.stop()
    person, other = world.people["officer"].person_id, world.people["driver"].person_id
    device = (await admin.post("/v1/devices", json={"person_id": str(other), "name": "手机"})).json()
    with short_disk(app):
        changed = await chief.post(
            "/v1/session/password", json={"old_password": PASSWORD, "new_password": "another good long sentence"}
        )
        ended = await admin.post(f"/v1/people/{person}/revoke-sessions")
        reset = await admin.post(f"/v1/people/{person}/reset-password", json={"reason": "手机遗失"})
        role = {"role": "officer", "reason": "调离"}
        withdrawn = await admin.post(f"/v1/people/{person}/roles", json=role | {"granted": False})
        granted = await admin.post(f"/v1/people/{person}/roles", json=role | {"granted": True})
        revoked = await admin.post(f"/v1/devices/{device['device_id']}/revoke", json={"reason": "手机遗失"})
        closed = await admin.post(f"/v1/people/{other}/deactivate", json={"reason": "调离"})
    assert [answer.status_code for answer in (changed, ended, revoked, closed)] == [204, 200, 204, 201]
    assert [answer.status_code for answer in (reset, withdrawn)] == [201, 201]
    assert (granted.status_code, problem_code(granted)) == (503, "no-space"), "to let somebody in can wait"
    assert (await officer.get("/v1/session")).status_code == 401


def test_what_the_database_says_of_its_own_disk_is_the_same_refusal() -> None:
    """SQLSTATE 53100 of a database elsewhere, whose disk this machine cannot look at, is told as ours is."""

    class Full(Exception):
        sqlstate = "53100"

    with pytest.raises(DiskFull), told_plainly():
        raise Full
