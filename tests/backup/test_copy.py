"""The copy in an object store: whole or told, and as many kept as in the folder."""

from __future__ import annotations

import math
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest

from api.backup import copy
from api.backup.copy import copy_away
from api.backup.faults import BackupFailed, CopyFailed
from api.files import object_store
from tests.buckets import reached
from tests.live import free_port

NOW = datetime(2026, 11, 28, tzinfo=UTC)

NAMES = [f"zhuanche-202611{day:02}T020000Z.tar" for day in (1, 2, 3)]


@pytest.fixture
def bucket(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of an empty place in a bucket."""
    for name, value in reached(s3).items():
        monkeypatch.setenv(name, value)
    return f"s3://desk/{tmp_path.name}"


def kept(bucket: str) -> list[str]:
    """Return what lies there."""
    return sorted(one["path"] for one in obstore.list(object_store(bucket, timedelta(seconds=10))).collect())


def test_each_backup_is_copied_and_the_outdated_ones_are_deleted_there_too(bucket: str, tmp_path: Path) -> None:
    """A house that burns takes no copy with it; files of others in the bucket stay."""
    store = object_store(bucket, timedelta(seconds=10))
    obstore.put(store, "somebody-elses.txt", b"theirs")
    for number, name in enumerate(NAMES):
        (tmp_path / name).write_bytes(bytes([number]) * (12 * 1024 * 1024 + number))
        copy_away(bucket, tmp_path / name, 2, NOW)
    assert kept(bucket) == ["somebody-elses.txt", *NAMES[1:]]
    assert bytes(obstore.get(store, NAMES[2]).bytes()) == (tmp_path / NAMES[2]).read_bytes()


def test_what_was_not_copied_while_the_other_house_was_out_of_reach_is_copied_afterwards(
    bucket: str, tmp_path: Path
) -> None:
    """A week without a network is no week's gap there; what is outdated is not sent any more."""
    for name in NAMES:
        (tmp_path / name).write_bytes(name.encode())
    copy_away(bucket, tmp_path / NAMES[2], 2, NOW)
    assert kept(bucket) == NAMES[1:]
    obstore.put(object_store(bucket, timedelta(seconds=10)), NAMES[1], b"half")
    copy_away(bucket, tmp_path / NAMES[2], 2, NOW)
    stored = obstore.get(object_store(bucket, timedelta(seconds=10)), NAMES[1])
    assert bytes(stored.bytes()) == NAMES[1].encode()


def test_a_copy_that_is_made_up_for_is_sent_once_and_deletes_nothing(bucket: str, tmp_path: Path) -> None:
    """It is tried each hour; what is there already is not sent again over a slow line."""
    store = object_store(bucket, timedelta(seconds=10))
    for name in NAMES:
        (tmp_path / name).write_bytes(name.encode())
    copy_away(bucket, tmp_path / NAMES[2], None, NOW, is_new=False)
    assert kept(bucket) == NAMES
    sent = obstore.head(store, NAMES[2])["e_tag"], obstore.head(store, NAMES[2])["last_modified"]
    (tmp_path / NAMES[2]).write_bytes(NAMES[2].encode().swapcase())
    copy_away(bucket, tmp_path / NAMES[2], None, NOW, is_new=False)
    assert (obstore.head(store, NAMES[2])["e_tag"], obstore.head(store, NAMES[2])["last_modified"]) == sent


@pytest.mark.parametrize("size", [0, 1, 5 << 20, 45 << 30, 48 << 30, (49 << 30) + 1, 600 << 30, (5 << 40) - 1, 5 << 40])
def test_a_backup_of_any_size_is_sent_in_no_more_parts_than_s3_takes(size: int) -> None:
    """At 5 MiB a part, one over 48.8 GiB was refused at its end, each hour anew."""
    part = copy.part_bytes(size)
    assert part % (1 << 20) == 0
    assert 5 << 20 <= part <= 5 << 30
    assert math.ceil(size / part) <= 9_000
    assert part == 5 << 20 or part < size / 9_000 + (1 << 20)


def test_a_large_backup_is_copied_in_larger_parts(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one of terabytes would be: here, two parts are as many as may be sent, and none beside another."""
    monkeypatch.setattr(copy, "PARTS", 2)
    monkeypatch.setattr(copy, "HELD_BYTES", 1)
    path = tmp_path / NAMES[0]
    path.write_bytes(bytes(range(256)) * (13 * 4096) + b"and a byte")
    copy_away(bucket, path, 2, NOW)
    store = object_store(bucket, timedelta(seconds=10))
    assert str(obstore.head(store, path.name)["e_tag"]).endswith('-2"')
    assert bytes(obstore.get(store, path.name).bytes()) == path.read_bytes()


def test_ctrl_c_is_heard_while_the_object_store_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that accepts and does not answer holds neither the operator nor the service that ends."""
    path = tmp_path / NAMES[0]
    path.write_bytes(b"whole")
    monkeypatch.setattr(copy, "_copy", lambda *_, **__: time.sleep(30))
    timer = threading.Timer(0.5, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        copy_away("s3://nowhere", path, 2, NOW)
    assert time.monotonic() - began < 10


def test_a_copy_that_fails_is_told_and_the_backup_stays(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens there: the operator reads that the backup itself is whole."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(copy, "PATIENCE", timedelta(seconds=2))
    path = tmp_path / NAMES[0]
    path.write_bytes(b"whole")
    with pytest.raises(CopyFailed, match="is whole, but it was not copied"):
        copy_away(bucket, path, 2, NOW)
    with pytest.raises(BackupFailed, match="was not copied"):
        copy_away("nonsense://x", path, 2, NOW)
    assert path.read_bytes() == b"whole"
