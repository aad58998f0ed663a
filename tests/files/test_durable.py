"""A power cut takes what was not flushed: bytes, and the names of files and folders, before anyone is told of them."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from api.files import FileStore
from api.folder import FilesAway
from api.settings import Settings, SettingsError
from api.vault import FILE, Vault
from tests.hanging import until

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(64)
LIMIT = 1024 * 1024


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return a list of what has been flushed, in order."""
    found: list[Path] = []
    real = os.fsync

    def noted(descriptor: int) -> None:
        real(descriptor)
        found.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr(os, "fsync", noted)
    return found


async def once(content: bytes) -> AsyncIterator[bytes]:
    """Stream a file."""
    yield content


async def send(store: FileStore, way: str) -> None:
    """Send the photo as an app does, or with a form."""
    if way == "keep":
        await store.keep("350302", hashlib.sha256(PNG).hexdigest(), once(PNG), limit_bytes=LIMIT)
    else:
        await store.take("350302", "photo.png", once(PNG), limit_bytes=LIMIT)


def named(flushed: list[Path]) -> set[Path]:
    """Return what was flushed but for a file before it had its name."""
    return {path for path in flushed if path.suffix != ".part"}


@pytest.mark.parametrize("way", ["keep", "take"])
async def test_a_file_that_the_disk_loses_never_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A disk tells once what it could not write, and after that flushes it as if it had: asked again, it would lie."""
    store, sha256, real = FileStore.of(Settings(data=tmp_path)), hashlib.sha256(PNG).hexdigest(), os.fsync

    def lost(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().is_file():
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", lost)
    with pytest.raises(FilesAway):
        await send(store, way)
    await until(lambda: not any(path.is_file() for path in (tmp_path / "files").rglob("*")))
    assert store.answers is False
    monkeypatch.setattr(os, "fsync", real)
    await send(store, way)
    assert await store.has("350302", sha256)
    assert store.answers


@pytest.mark.parametrize("way", ["keep", "take"])
async def test_a_file_is_acknowledged_when_it_and_the_folders_on_its_way_are_on_the_disk(
    tmp_path: Path, flushed: list[Path], way: str
) -> None:
    """A bureau's first photo makes its folder too: that name and that of the store are on the disk too."""
    store, sha256 = FileStore.of(Settings(data=tmp_path)), hashlib.sha256(PNG).hexdigest()
    await send(store, way)
    bureau = tmp_path / "files" / "350302"
    assert named(flushed) == {bureau / sha256[:2] / sha256, bureau / sha256[:2], bureau, tmp_path / "files", tmp_path}


@pytest.mark.parametrize("way", ["keep", "take"])
async def test_a_file_on_a_disk_of_its_own_is_acknowledged_when_it_is_on_that_disk(
    tmp_path: Path, flushed: list[Path], way: str
) -> None:
    """Attachments in a folder that a file:// address names survive a power cut as those beside the database do."""
    folder, sha256 = tmp_path / "the photos", hashlib.sha256(PNG).hexdigest()
    folder.mkdir()
    store = FileStore.of(Settings(data=tmp_path / "data", files_url=f"file://{tmp_path}/the%20photos"))
    await send(store, way)
    shard = folder / "350302" / sha256[:2]
    assert named(flushed) == {shard / sha256, shard, shard.parent, folder}
    assert not store.is_elsewhere


def test_a_disk_that_is_not_mounted_is_no_store_of_files(tmp_path: Path) -> None:
    """The folder that a file:// address names is not made: photos would fill the disk that theirs is mounted on."""
    with pytest.raises(SettingsError, match="names no store of files"):
        FileStore.of(Settings(data=tmp_path, files_url=f"file://{tmp_path}/photos"))
    assert not (tmp_path / "photos").exists()


@pytest.mark.parametrize("way", ["keep", "take"])
async def test_a_disk_that_is_unmounted_meanwhile_is_not_made_up_for(tmp_path: Path, way: str) -> None:
    """The folder went with it: photos are refused until it is back, and fill no other disk."""
    folder = tmp_path / "photos"
    folder.mkdir()
    store = FileStore.of(Settings(data=tmp_path / "data", files_url=f"file://{folder}"))
    folder.rmdir()
    with pytest.raises(FilesAway):
        await send(store, way)
    assert not folder.exists()
    assert store.answers is False


async def test_a_folder_that_was_on_the_disk_before_is_not_flushed_at_every_file(
    tmp_path: Path, flushed: list[Path]
) -> None:
    """The second photo in the same folder costs what it must: its bytes and its name."""
    store = FileStore.of(Settings(data=tmp_path))
    for content in (PNG, PNG + b"."):
        flushed.clear()
        await store.take("350302", "photo.png", once(content), limit_bytes=LIMIT)
    assert tmp_path / "files" not in flushed
    assert len(named(flushed)) in {2, 3}  # a third where its hash begins otherwise


def test_the_secret_of_phones_is_on_the_disk_before_anything_is_sealed_with_it(
    tmp_path: Path, flushed: list[Path]
) -> None:
    """Its bytes, and its name in the data folder: another secret after a power cut would open nothing."""
    Vault(tmp_path).key_of("350302", uuid4())
    assert flushed[0].name.startswith(FILE)
    assert tmp_path in flushed[1:]
