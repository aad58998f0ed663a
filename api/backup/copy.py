"""A copy of each backup in another house: an object store, which keeps as many as the folder does."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import obstore
from obstore.exceptions import BaseError

from api.addresses import in_a_line, without_secrets
from api.backup.erasures import NAME
from api.backup.faults import CopyFailed
from api.backup.place import outdated, taken_at
from api.files import object_store
from api.space import MIB

T = TypeVar("T")

PATIENCE: Final = timedelta(minutes=5)
"""How long one request may take: a part of some megabytes over a slow line."""
SLICE_S: Final = 0.2
"""Between two moments in which Ctrl-C is heard."""
PART_BYTES: Final = 5 * MIB
"""The least that is sent at once."""
HELD_BYTES: Final = 60 * MIB
"""Sent side by side; larger parts go one after the other."""
PARTS: Final = 9_000
"""Of one file at most. S3 takes 10,000."""


def part_bytes(size: int) -> int:
    """Return how much of a file of that size is sent at once, in whole MiB: not in more parts than S3 takes."""
    return max(PART_BYTES, math.ceil(size / PARTS / MIB) * MIB)


def copy_away(url: str, path: Path, keep: int | None, now: datetime, *, is_new: bool = True) -> None:
    """Put a backup into an object store under its own name, whole or not at all, and delete what is outdated there.

    What older ones of its folder are to be kept and are not there, since it was out of reach then, is put there too.
    It is waited for in a way that hears Ctrl-C.

    Args:
        url: of the store.
        path: the backup.
        keep: how many to keep beside those of months; None deletes none.
        now: by which names of the future are told.
        is_new: whether it was made just now; one that was tried before may be there.

    Raises:
        CopyFailed: a copy is not there; the backup in its folder is.
    """
    try:
        heard(lambda: _copy(url, path, keep, now, is_new=is_new))
    except (BaseError, OSError, ValueError) as fault:
        raise CopyFailed(
            f"{path} is whole, but it was not copied to {without_secrets(url)}: {in_a_line(fault)}"
        ) from fault


def heard(work: Callable[[], T]) -> T:
    """Do what waits for an object store in a way that hears Ctrl-C: the library's own waiting hears none."""
    done: list[T] = []
    faults: list[BaseException] = []

    def do() -> None:
        try:
            done.append(work())
        except BaseException as fault:  # noqa: BLE001 - it is raised where it is waited for
            faults.append(fault)

    doing = threading.Thread(target=do, daemon=True)
    doing.start()
    while doing.is_alive():
        doing.join(SLICE_S)
    if faults:
        raise faults[0]
    return done[0]


def _copy(url: str, path: Path, keep: int | None, now: datetime, *, is_new: bool) -> None:
    store = object_store(url, PATIENCE)
    there = {one["path"]: one["size"] for batch in obstore.list(store) for one in batch}
    kept = {one.name: one for one in path.parent.glob("zhuanche-*") if taken_at(one.name)}
    gone = outdated(kept.keys() | there.keys(), keep, now) if keep is not None else []
    missing = [
        one
        for name, one in sorted(kept.items())
        if name != path.name and name not in gone and there.get(name) != one.stat().st_size
    ]
    if is_new or there.get(path.name) != path.stat().st_size:
        missing.insert(0, path)
    for one in missing:
        part = part_bytes(one.stat().st_size)
        obstore.put(store, one.name, one, chunk_size=part, max_concurrency=max(1, HELD_BYTES // part))
        if obstore.head(store, one.name)["size"] != one.stat().st_size:
            raise CopyFailed(f"{one} is whole, but its copy at {without_secrets(url)} has another size.")
    if (path.parent / NAME).is_file():
        obstore.put(store, NAME, path.parent / NAME)
    for name in gone:
        if name in there and name != path.name:
            obstore.delete(store, name)
