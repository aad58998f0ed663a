"""One contract, kept by a folder and by an S3 store: a file is there whole and under its own hash, or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from time import time

import obstore
import pytest

from api.errors import BodyTooLarge
from api.files import PART_BYTES, FileGone, FileStore, HashMismatch
from api.folder import Folder
from api.media_type import HEAD_BYTES, FileTypeRefused, media_type_of
from api.settings import Settings
from api.spool import HELD_BYTES, INCOMING, LEFT_S
from tests.buckets import reached

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(64)
LIMIT = 64 * 1024 * 1024


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileStore:
    """Open a store the way the service does, from its settings."""
    if request.param == "folder":
        return FileStore.of(Settings(data=tmp_path))
    for name, value in reached(request.getfixturevalue("s3")).items():
        monkeypatch.setenv(name, value)
    return FileStore.of(Settings(data=tmp_path, files_url=f"s3://desk/{tmp_path.name}"))


def sha(data: bytes) -> str:
    """Return the name of a file."""
    return hashlib.sha256(data).hexdigest()


async def pieces(data: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    """Send bytes as a network would."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def whole(store: FileStore, bureau_id: str, name: str) -> bytes:
    """Read a file back."""
    return b"".join([bytes(chunk) async for chunk in await store.read(bureau_id, name)])


def everything(store: FileStore) -> list[str]:
    """Return every path in the store, half-written ones included."""
    if isinstance(store._kept, Folder):
        folder = store._kept.path
        return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    return [found["path"] for found in obstore.list(store._kept).collect()]


async def test_what_was_kept_comes_back_byte_for_byte(store: FileStore) -> None:
    """Small files, files of several parts, and pieces of every size arrive as they were sent."""
    for data, size in ((PNG, 7), (PNG + bytes(range(256)) * 100, 999), (PNG + bytes(2 * PART_BYTES + 1), 65_536)):
        received = await store.keep("350302", sha(data), pieces(data, size), limit_bytes=LIMIT)
        assert (received.size_bytes, received.media_type) == (len(data), "image/png")
        assert await whole(store, "350302", sha(data)) == data


async def test_files_of_another_bureau_are_not_there(store: FileStore) -> None:
    """The bureau is part of a file's place."""
    await store.keep("350302", sha(PNG), pieces(PNG), limit_bytes=LIMIT)
    assert await store.has("350302", sha(PNG))
    assert not await store.has("350303", sha(PNG))
    with pytest.raises(FileGone):
        await store.read("350303", sha(PNG))


async def test_other_bytes_than_the_name_says_leave_nothing(store: FileStore) -> None:
    """A hash that does not fit is found before the file is visible, in a file of one part and of many."""
    for data in (PNG, PNG + bytes(3 * PART_BYTES)):
        with pytest.raises(HashMismatch):
            await store.keep("350302", sha(b"something else"), pieces(data), limit_bytes=LIMIT)
    assert everything(store) == []


@pytest.mark.parametrize("over", [-1, 0, 1])
async def test_a_file_may_have_the_limit_and_not_one_byte_more(store: FileStore, over: int) -> None:
    """Just under and at the limit is kept, just over is refused and leaves nothing."""
    data = PNG + bytes(1000 - len(PNG) + over)
    if over > 0:
        with pytest.raises(BodyTooLarge):
            await store.keep("350302", sha(data), pieces(data, 100), limit_bytes=1000)
        assert everything(store) == []
    else:
        await store.keep("350302", sha(data), pieces(data, 100), limit_bytes=1000)
        assert await store.has("350302", sha(data))


async def test_a_sender_that_goes_away_leaves_nothing(store: FileStore) -> None:
    """An upload that breaks off, after a few bytes or after several parts, is as if it had never begun."""

    async def broken(length: int) -> AsyncIterator[bytes]:
        yield PNG
        for _ in range(length):
            yield bytes(65_536)
        raise ConnectionResetError("the phone lost its network")

    for length in (0, 200):
        with pytest.raises(ConnectionResetError):
            await store.keep("350302", sha(PNG), broken(length), limit_bytes=LIMIT)
    assert everything(store) == []


async def test_the_type_is_told_by_the_content(store: FileStore) -> None:
    """Programs, pages, archives, text and nothing at all are refused, whatever they are called."""
    refused = (b"", b"MZ" + bytes(300), b"<html><script>alert(1)</script>", b"PK\x03\x04" + bytes(300), b"hello")
    for data in refused:
        with pytest.raises(FileTypeRefused):
            await store.keep("350302", sha(data), pieces(data), limit_bytes=LIMIT)
    assert everything(store) == []


async def test_a_known_file_is_checked_and_not_written_again(store: FileStore) -> None:
    """The same file again is read to its end and compared, and the store is left alone."""
    received = await store.keep("350302", sha(PNG), pieces(PNG), limit_bytes=LIMIT, known=True)
    assert received.size_bytes == len(PNG)
    assert everything(store) == []
    with pytest.raises(HashMismatch):
        await store.keep("350302", sha(PNG), pieces(PNG + b"x"), limit_bytes=LIMIT, known=True)


def test_types_that_a_phone_makes_are_taken() -> None:
    """Photos of both kinds of phone, scans and recordings are told apart by their first bytes."""
    heads = {
        "image/jpeg": b"\xff\xd8\xff\xe0" + bytes(300),
        "image/png": PNG,
        "image/heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(300),
        "image/webp": b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(300),
        "application/pdf": b"%PDF-1.7\n" + bytes(300),
        "audio/mpeg": b"ID3\x04" + bytes(300),
        "audio/amr": b"#!AMR\n" + bytes(300),
        "audio/mp4": b"\x00\x00\x00\x18ftypM4A " + bytes(300),
    }
    for media_type, head in heads.items():
        assert media_type_of(head + bytes(HEAD_BYTES)) == media_type


@pytest.mark.parametrize("size", [0, 1_000, HELD_BYTES - 1, HELD_BYTES, 3 * HELD_BYTES + 7, 2 * PART_BYTES + 1])
async def test_a_file_whose_hash_nobody_told_is_kept_under_it(store: FileStore, size: int) -> None:
    """Collect sends files by name: small or large, they end under their hash, once, and nothing else is left."""
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    for _ in range(2):
        taken = await store.take("350302", "notes.bin", pieces(data), limit_bytes=LIMIT)
        assert (taken.sha256, taken.size_bytes, taken.media_type) == (sha(data), size, "application/octet-stream")
    assert await whole(store, "350302", sha(data)) == data
    assert len(everything(store)) == 1


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("1.jpg", PNG, "image/png"),
        ("audit.csv", b"event,node\n", "text/csv"),
        ("page.html", b"<html><script>alert(1)</script>", "application/octet-stream"),
        ("clip.mp4", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00", "application/octet-stream"),
    ],
)
async def test_what_a_form_sends_is_taken_whatever_it_is(store: FileStore, name: str, data: bytes, kind: str) -> None:
    """The type is told by content; what a browser could run is shown as nothing."""
    assert (await store.take("350302", name, pieces(data), limit_bytes=LIMIT)).media_type == kind


@pytest.mark.parametrize("size", [1_000, 4 * HELD_BYTES])
async def test_of_a_file_that_is_too_large_or_breaks_off_nothing_is_left(store: FileStore, size: int) -> None:
    """Neither under its hash nor half-written."""

    async def broken() -> AsyncIterator[bytes]:
        async for piece in pieces(bytes(size)):
            yield piece
        raise ConnectionError

    with pytest.raises(BodyTooLarge):
        await store.take("350302", "x", pieces(bytes(size)), limit_bytes=size - 1)
    with pytest.raises(ConnectionError):
        await store.take("350302", "x", broken(), limit_bytes=LIMIT)
    assert everything(store) == []


@pytest.mark.parametrize("left", [0, 1_000])
async def test_a_file_that_a_power_cut_cut_short_is_whole_once_it_is_sent_again(tmp_path: Path, left: int) -> None:
    """Named but not on the disk when the power went: nobody was told that it is kept, and the phone sends it again."""
    store, data = FileStore.of(Settings(data=tmp_path)), bytes(range(256)) * 2_000
    named = tmp_path / "files" / "350302" / sha(data)[:2] / sha(data)
    named.parent.mkdir(parents=True)
    named.write_bytes(data[:left])
    await store.take("350302", "1.jpg", pieces(data), limit_bytes=LIMIT)
    assert await whole(store, "350302", sha(data)) == data


def test_what_a_killed_process_left_is_gone_a_day_later(tmp_path: Path) -> None:
    """Half of a video must not lie there for ever; what another process writes now must not go."""
    incoming = tmp_path / "files" / INCOMING
    incoming.mkdir(parents=True)
    old, new = incoming / "a.part", incoming / "b.part"
    for part, age_s in ((old, LEFT_S + 60), (new, LEFT_S - 60)):
        part.write_bytes(b"x")
        os.utime(part, (time() - age_s, time() - age_s))
    store = FileStore.of(Settings(data=tmp_path))
    assert len(list(incoming.iterdir())) == 2, "a command forgets nothing, by whatever clock it runs"
    forgotten = store.forget_left(datetime.now(UTC))
    assert forgotten is not None
    forgotten.result(30)
    assert list(incoming.iterdir()) == [new]
