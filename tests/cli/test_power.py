"""P7: what was acknowledged survives a power cut, on a disk that keeps what was flushed and drops the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endure.disk import Disk, lazyfs, plugged
from tests.endure.faults import Faults
from tests.endure.kills import Victim, endure

CUTS = 2


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Return a disk whose plug can be pulled."""
    program = lazyfs()
    if program is None:
        pytest.skip("this machine has no LazyFS, or this account may not mount it")
    with plugged(program) as disk:
        yield disk


def test_the_disk_drops_what_was_not_flushed(disk: Disk) -> None:
    """What is tried on it could fail: a file that nobody flushed is empty after the cut, a flushed one is whole."""
    for name, flushed in (("flushed", True), ("not", False)):
        with (disk.place / name).open("wb") as file:
            file.write(b"bytes")
            file.flush()
            if flushed:
                os.fsync(file.fileno())
    assert (disk.place / "not").read_bytes() == b"bytes"
    disk.cut()
    disk.clear()
    disk.plug()
    assert {name: (disk.place / name).read_bytes() for name in ("flushed", "not")} == {"flushed": b"bytes", "not": b""}


async def test_what_was_acknowledged_under_load_is_there_once_after_a_power_cut(disk: Disk, tmp_path: Path) -> None:
    """Two cuts in a row, from the database's first start on; `make power` makes as many as are asked for."""
    endured = [one async for one in endure(tmp_path, [Victim.POWER] * CUTS, disk)]
    assert [one.faults for one in endured] == [Faults()] * CUTS
    assert all(one.acknowledged for one in endured)
