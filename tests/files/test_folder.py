"""A folder of files on a disk that hangs: whoever waits is told in time, and what was acknowledged is there."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

import api.aside
import api.space
from api.aside import HANDS
from api.files import FileStore
from api.folder import READ_BYTES, FilesAway, Folder
from api.settings import Settings
from api.space import Room, Space
from api.spool import HELD_BYTES, INCOMING
from tests.hanging import Disk, mounted, until

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(64)
LIMIT = 64 * 1024 * 1024
PATIENCE_S = 1.0


@pytest.fixture(params=["imitated", "mounted"])
def disk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """Return a disk of attachments that is there, and may hang."""
    if request.param == "mounted":
        with mounted(tmp_path) as disk:
            yield disk
        return
    disk = Disk(tmp_path / "mount")
    disk.path.mkdir()
    disk.imitate(monkeypatch)
    yield disk
    disk.go_on()


def opened(disk: Disk, patience_s: float = PATIENCE_S) -> FileStore:
    """Open the store on a disk."""
    settings = Settings(data=disk.path.parent / "data", files_url=f"file://{disk.path}", files_timeout_s=patience_s)
    return FileStore.of(settings)


@pytest.fixture
def store(disk: Disk) -> FileStore:
    """Return the store on that disk."""
    return opened(disk)


def sha(data: bytes) -> str:
    """Return the name of a file."""
    return hashlib.sha256(data).hexdigest()


async def pieces(data: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    """Send bytes as a network would."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def whole(store: FileStore, name: str) -> bytes:
    """Read a file back."""
    return b"".join([chunk async for chunk in await store.read("desk", name)])


def everything(disk: Disk) -> list[str]:
    """Return the name of every file there, half-written ones included."""
    return [path.name for path in disk.path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [0, READ_BYTES - len(PNG) - 1, READ_BYTES - len(PNG), 2 * READ_BYTES])
async def test_a_file_of_any_size_is_read_part_by_part(tmp_path: Path, size: int) -> None:
    """Just below one part, one part, and several."""
    store, data = FileStore.of(Settings(data=tmp_path)), PNG + bytes(size)
    await store.keep("desk", sha(data), pieces(data), limit_bytes=LIMIT)
    assert await whole(store, sha(data)) == data


@pytest.mark.parametrize("way", ["keep", "take", "read", "has", "erase"])
async def test_whoever_asks_a_disk_that_hangs_is_told_in_time_and_all_goes_on_with_it(
    disk: Disk, store: FileStore, way: str
) -> None:
    """What was kept before is there afterwards, and what was refused is not, unless it is sent again."""
    kept, refused = PNG + b"kept", PNG + b"refused"
    await store.keep("desk", sha(kept), pieces(kept), limit_bytes=LIMIT)
    asked = {
        "keep": lambda: store.keep("desk", sha(refused), pieces(refused), limit_bytes=LIMIT),
        "take": lambda: store.take("desk", "1.png", pieces(refused), limit_bytes=LIMIT),
        "read": lambda: store.read("desk", sha(kept)),
        "has": lambda: store.has("desk", sha(kept)),
        "erase": lambda: store.erase("desk", sha(refused)),
    }
    disk.hang()
    began_s = monotonic()
    with pytest.raises(FilesAway) as told:
        await asked[way]()
    assert "no answer in time" in str(told.value.__cause__), "a backup that fails of it quotes that"
    assert monotonic() - began_s < 10 * PATIENCE_S
    disk.go_on()
    folder = store._kept
    assert isinstance(folder, Folder)
    await until(lambda: folder._hands._threads == 0)
    assert everything(disk) == [sha(kept)]
    await store.keep("desk", sha(refused), pieces(refused), limit_bytes=LIMIT)
    assert await whole(store, sha(kept)) == kept
    assert await whole(store, sha(refused)) == refused


@pytest.mark.parametrize("way", ["keep", "take"])
async def test_a_disk_that_hangs_in_the_midst_of_an_upload_leaves_nothing_of_it(
    disk: Disk, store: FileStore, way: str
) -> None:
    """Half of it was written: that goes as soon as the disk answers, and a photo's sender is heard out."""
    data, sent = PNG + bytes(4 * HELD_BYTES), 0

    async def photo() -> AsyncIterator[bytes]:
        nonlocal sent
        async for piece in pieces(data):
            if sent > 2 * HELD_BYTES:
                disk.hang()
            sent += len(piece)
            yield piece

    if way == "keep":
        with pytest.raises(FilesAway):
            await store.keep("desk", sha(data), photo(), limit_bytes=LIMIT)
    else:
        with pytest.raises(FilesAway):
            await store.take("desk", "1.png", photo(), limit_bytes=LIMIT)
    assert sent == len(data) or way == "take"
    disk.go_on()
    await until(lambda: not everything(disk))
    await store.take("desk", "1.png", pieces(data), limit_bytes=LIMIT)
    assert await whole(store, sha(data)) == data


async def test_a_disk_that_hangs_in_the_midst_of_a_file_breaks_its_answer_off(disk: Disk, store: FileStore) -> None:
    """Its reader is not kept waiting either."""
    data = PNG + bytes(3 * READ_BYTES)
    await store.keep("desk", sha(data), pieces(data), limit_bytes=LIMIT)
    parts = await store.read("desk", sha(data))
    assert await anext(parts)
    disk.hang()
    with pytest.raises(FilesAway):
        await anext(parts)


async def test_however_many_ask_a_disk_that_hangs_few_threads_hang_there(disk: Disk) -> None:
    """And none of those that all else is done by; who was never begun for leaves nothing to be done."""
    store = opened(disk)
    folder = store._kept
    assert isinstance(folder, Folder)
    photos = [PNG + number.to_bytes(2, "big") for number in range(3 * HANDS)]
    disk.hang()
    asked = [store.keep("desk", sha(photo), pieces(photo), limit_bytes=LIMIT) for photo in photos]
    answers = asyncio.gather(*asked, return_exceptions=True)
    await asyncio.sleep(PATIENCE_S / 2)
    hanging = [thread for thread in threading.enumerate() if thread.name == f"at {disk.path}"]
    assert len(hanging) == HANDS
    async with asyncio.timeout(PATIENCE_S * 10):
        assert await asyncio.gather(*(asyncio.to_thread(sum, [1, 2]) for _ in range(3 * HANDS)))
        assert {type(answer) for answer in await answers} == {FilesAway}
    assert len(folder._hands._waiting) <= HANDS, "what is waited for no more is not done"
    disk.go_on()
    await until(lambda: folder._hands._threads == 0)
    assert everything(disk) == []
    for photo in photos:
        await store.keep("desk", sha(photo), pieces(photo), limit_bytes=LIMIT)
    assert len(everything(disk)) == len(photos)


@pytest.mark.parametrize("fault", [errno.EIO, errno.ESTALE, errno.EACCES])
@pytest.mark.parametrize("way", ["read", "has", "erase"])
async def test_a_disk_at_fault_is_away_and_no_file_on_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, fault: int
) -> None:
    """Whoever took that for a file that is not there would count it as lost; the state of the service tells it too."""
    store, real = FileStore.of(Settings(data=tmp_path)), Path.stat
    await store.keep("desk", sha(PNG), pieces(PNG), limit_bytes=LIMIT)

    def faulty(path: Path, *_: object, **__: object) -> os.stat_result:
        if path.name == sha(PNG):
            raise OSError(fault, os.strerror(fault))
        return real(path)

    with monkeypatch.context() as patched:
        for name in ("stat", "open", "unlink"):
            patched.setattr(Path, name, faulty)
        with pytest.raises(FilesAway):
            await getattr(store, way)("desk", sha(PNG))
        assert store.answers is False
    assert await whole(store, sha(PNG)) == PNG
    assert store.answers


async def test_where_the_machine_has_no_thread_left_files_are_away_and_nothing_is_done_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An erasing that was told as failed would take out what is kept again; the watch over the disks goes on too."""
    settings = Settings(data=tmp_path)
    store, space = FileStore.of(settings), Space.of(settings)
    await store.keep("desk", sha(PNG), pieces(PNG), limit_bytes=LIMIT)

    folder = store._kept
    assert isinstance(folder, Folder)
    await until(lambda: folder._hands._threads == 0)  # the last one would come to what waits

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        for asked in (store.erase, store.has, store.read):
            with pytest.raises(FilesAway):
                await asked("desk", sha(PNG))
        with pytest.raises(FilesAway):
            await store.take("desk", "1.png", pieces(PNG + bytes(HELD_BYTES)), limit_bytes=LIMIT)
        await space.look()
        assert not space.rooms
    assert await store.has("desk", sha(PNG))
    await space.look()
    assert space.rooms


async def test_no_start_is_held_up_by_a_disk_that_hangs(disk: Disk) -> None:
    """It is waited for once; what killed processes left goes when it answers."""
    left = disk.path / INCOMING / "a.part"
    left.parent.mkdir()
    left.write_bytes(b"x")
    os.utime(left, (0, 0))
    disk.hang()
    began_s = monotonic()
    store = opened(disk)
    store.forget_left(datetime.now(UTC))
    assert monotonic() - began_s < 10 * PATIENCE_S
    disk.go_on()
    await until(lambda: everything(disk) == [])
    await store.keep("desk", sha(PNG), pieces(PNG), limit_bytes=LIMIT)
    assert everything(disk) == [sha(PNG)]


async def test_a_file_that_is_taken_out_whenever_the_disk_answers_is_not_acknowledged_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its erasing was given up, and hangs yet: who sends it meanwhile is told to send it again."""
    store, goes_on, unlink = FileStore.of(Settings(data=tmp_path, files_timeout_s=0.2)), threading.Event(), Path.unlink

    def waits(path: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - as it is called
        if path.name == sha(PNG):
            goes_on.wait(30)
        unlink(path, missing_ok=missing_ok)

    await store.keep("desk", sha(PNG), pieces(PNG), limit_bytes=LIMIT)
    monkeypatch.setattr(Path, "unlink", waits)
    with pytest.raises(FilesAway):
        await store.erase("desk", sha(PNG))
    try:
        with pytest.raises(FilesAway):
            await store.has("desk", sha(PNG))
        with pytest.raises(FilesAway):
            await store.keep("desk", sha(PNG), pieces(PNG), limit_bytes=LIMIT)
        with pytest.raises(FilesAway):
            await store.take("desk", "1.png", pieces(PNG), limit_bytes=LIMIT)
    finally:
        goes_on.set()
    folder = store._kept
    assert isinstance(folder, Folder)
    await until(lambda: not folder._leaving)
    assert not await store.has("desk", sha(PNG))
    await store.keep("desk", sha(PNG), pieces(PNG), limit_bytes=LIMIT)
    assert await store.has("desk", sha(PNG))


async def test_what_comes_while_the_disk_of_the_files_hangs_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is taken first, or its sender saw a broken connection; once the disk answers, files are kept again."""
    settings, let_go, asked = Settings(data=tmp_path), threading.Event(), api.space.room_at

    def room_at(folder: Path, holds: tuple[str, ...]) -> Room:
        if folder == tmp_path / "files":
            let_go.wait(30)
        return asked(folder, holds)

    monkeypatch.setattr(api.space, "room_at", room_at)
    monkeypatch.setattr(api.aside, "PATIENCE_S", 0.1)
    space = Space.of(replace(settings, disk_reserve_mib=0))
    store, sent = FileStore.of(settings, space), []

    async def photo() -> AsyncIterator[bytes]:
        async for piece in pieces(PNG, 10):
            sent.append(piece)
            yield piece

    try:
        await space.look()
        with pytest.raises(FilesAway):
            await store.keep("desk", sha(PNG), photo(), limit_bytes=LIMIT)
        assert b"".join(sent) == PNG
        with pytest.raises(FilesAway):
            await store.take("desk", "a.png", pieces(PNG), limit_bytes=LIMIT)
        with pytest.raises(FilesAway):
            await store.read("desk", sha(PNG))
        with pytest.raises(FilesAway):
            await store.has("desk", sha(PNG))
        assert store.answers is False
        assert not any((tmp_path / "files").iterdir())
    finally:
        let_go.set()
    monkeypatch.setattr(api.aside, "PATIENCE_S", 10.0)
    while space.hanging:
        await space.look()
    await store.keep("desk", sha(PNG), pieces(PNG), limit_bytes=LIMIT)
    assert await whole(store, sha(PNG)) == PNG
    assert store.answers
