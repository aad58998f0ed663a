"""A backup comes back from the other house: in pieces, over a line that breaks, whole or not at all."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.exceptions import GenericError

from api.backup import fetch as fetching
from api.backup.faults import BackupFailed, RestoreRefused
from api.backup.fetch import fetch, look_for
from api.files import object_store
from tests.buckets import reached
from tests.live import free_port, zhuanche

NOW = datetime(2026, 11, 28, tzinfo=UTC)
OLD, NEW, AHEAD = (f"zhuanche-{day}T020000Z.tar" for day in ("20261126", "20261127", "20271127"))
WHOLE = bytes(range(256)) * 4_000


@pytest.fixture
def bucket(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of a place in a bucket where backups lie."""
    for name, value in reached(s3).items():
        monkeypatch.setenv(name, value)
    url = f"s3://desk/{tmp_path.name}"
    store = object_store(url, timedelta(seconds=10))
    for name in (OLD, NEW, AHEAD, "somebody-elses.txt"):
        obstore.put(store, name, WHOLE)
    return url


def brought(url: str, folder: Path, name: str | None = None) -> tuple[Path, list[int]]:
    """Bring a backup here, and return where it lies and how it was counted."""
    counted: list[int] = []
    found, size = look_for(url, name, NOW)
    return fetch(url, found, size, folder, counted.append), counted


def test_the_newest_comes_or_the_one_that_is_named(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One named under a clock that ran ahead is not the newest; nobody else may read what came."""
    monkeypatch.setattr(fetching, "PIECE_BYTES", 300_000)
    path, counted = brought(bucket, tmp_path)
    assert path == tmp_path / NEW
    assert path.read_bytes() == WHOLE
    assert path.stat().st_mode & 0o777 == 0o600
    assert counted == [300_000, 300_000, 300_000, 124_000]
    assert brought(bucket, tmp_path, OLD)[0] == tmp_path / OLD
    assert brought(bucket, tmp_path)[1] == []  # it is there
    (tmp_path / NEW).write_bytes(b"another")
    with pytest.raises(BackupFailed, match="of another size"):
        brought(bucket, tmp_path)


def test_what_is_not_there_is_told_with_what_is(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is none, a place without backups, a house out of reach."""
    for name in ("zhuanche-20200101T000000Z.tar", f"../{tmp_path.name}/{NEW}"):
        with pytest.raises(RestoreRefused, match=f"There is no .*; the newest backup there is {NEW}"):
            look_for(bucket, name, NOW)
    with pytest.raises(RestoreRefused, match="There is no backup at"):
        look_for(f"{bucket}/none", None, NOW)
    with pytest.raises(RestoreRefused, match="No backup can be had from nonsense"):
        look_for("nonsense://x", None, NOW)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(fetching, "PATIENCE", timedelta(seconds=2))
    with pytest.raises(RestoreRefused, match="No backup can be had from"):
        look_for(bucket, None, NOW)


@pytest.mark.parametrize("fails", [2, 5])
def test_a_line_that_breaks_is_tried_again_and_leaves_nothing_half(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    """Hours of a slow line are not lost by one break; where it stays broken, the operator reads it."""
    monkeypatch.setattr(fetching, "PIECE_BYTES", 300_000)
    monkeypatch.setattr(fetching, "AGAIN_S", (0.0, 0.0, 0.0))
    get_range, left = obstore.get_range, [fails]

    def breaks(store: Any, name: str, *, start: int, length: int) -> Any:
        if start == 600_000 and left[0]:
            left[0] -= 1
            raise GenericError("connection reset")
        return get_range(store, name, start=start, length=length)

    monkeypatch.setattr(obstore, "get_range", breaks)
    if fails == 2:
        path, _ = brought(bucket, tmp_path)
        assert path.read_bytes() == WHOLE
    else:
        with pytest.raises(RestoreRefused, match="connection reset"):
            brought(bucket, tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing_of_what_came(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pressed while the store says nothing."""
    monkeypatch.setattr(fetching, "_piece", lambda *_: time.sleep(30))
    threading.Timer(0.5, lambda: signal.raise_signal(signal.SIGINT)).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        brought(bucket, tmp_path)
    assert time.monotonic() - began < 10
    assert list(tmp_path.iterdir()) == []


def test_a_desk_is_restored_from_its_copy_in_the_other_house(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The house has burnt: address and key are all that is left, and one command."""
    for name, value in reached(s3).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    bucket = f"s3://desk/{tmp_path.name}"
    assert zhuanche("migrate", data=tmp_path / "old").returncode == 0
    made = zhuanche("backup", data=tmp_path / "old", backup_copy=bucket)
    assert made.returncode == 0, made.stderr
    name = Path(made.stdout.split()[0]).name
    done = zhuanche("restore", "--from", bucket, data=tmp_path / "new")
    assert done.returncode == 0, done.stderr
    assert "Restored and checked" in done.stdout
    assert f"{tmp_path / name} was brought here from {bucket}" in done.stderr
    assert (tmp_path / name).read_bytes() == (tmp_path / "old" / "backups" / name).read_bytes()
    assert (tmp_path / "erasures.json").read_bytes() == (tmp_path / "old" / "backups" / "erasures.json").read_bytes()
    assert "erasures.json" not in done.stderr
    for arguments, code, said in (
        (("--from", bucket, "other.tar"), 1, f"There is no other.tar at {bucket}; the newest backup there is {name}"),
        ((), 2, "--from"),
    ):
        told = zhuanche("restore", *arguments, data=tmp_path / "third")
        assert told.returncode == code
        assert said in " ".join(told.stderr.split())
