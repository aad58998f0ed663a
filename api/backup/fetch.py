"""Bring a backup here from the object store of its copies, in pieces, so that a slow or broken line ends none."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from api.addresses import in_a_line, without_secrets
from api.backup.copy import PATIENCE, heard
from api.backup.erasures import NAME, add_to_list, listed_in
from api.backup.faults import BackupFailed, RestoreRefused
from api.backup.place import file_faults, newest_of, part
from api.files import object_store

T = TypeVar("T")

PIECE_BYTES: Final = 16 * 1024 * 1024
"""Asked for at once, and held."""
AGAIN_S: Final = (1.0, 5.0, 20.0)
"""How long to wait before a piece that did not come is asked for again."""


def look_for(url: str, name: str | None, now: datetime) -> tuple[str, int]:
    """Return the name and the size of a backup in a store: of the one named, or of the newest.

    Raises:
        RestoreRefused: it is not there, or the store does not answer.
    """
    found = _asked(url, lambda: _sizes(object_store(url, PATIENCE)))
    newest = newest_of(found, now)
    if name is None:
        if newest is None:
            raise RestoreRefused(f"There is no backup at {without_secrets(url)}.")
        return newest, found[newest]
    if "/" in name or name not in found:
        raise RestoreRefused(
            f"There is no {name} at {without_secrets(url)}; the newest backup there is {newest or 'none'}."
        )
    return name, found[name]


def fetch(url: str, name: str, size: int, folder: Path, count: Callable[[int], None]) -> Path:
    """Bring a backup from a store into a folder, whole or not at all, and return where it lies.

    One of that name and size that lies there already is taken for it: whoever restores it looks at every byte.

    Args:
        url: of the store.
        name: from `look_for`.
        size: from `look_for`.
        folder: to put it into.
        count: is told how many bytes more came.

    Raises:
        RestoreRefused: the store does not give it.
        BackupFailed: there is no room, or another file of that name.
    """
    path = folder / name
    if path.exists() and path.stat().st_size == size:
        return path
    if path.exists():
        raise BackupFailed(
            f"{path} is there already, of another size than at {without_secrets(url)}, and is not overwritten."
        )
    with file_faults(folder), part(folder) as target:

        def bring() -> None:
            store, come = object_store(url, PATIENCE), 0
            while come < size:
                piece = _piece(store, name, come, min(PIECE_BYTES, size - come))
                target.file.write(piece)
                come += len(piece)
                count(len(piece))

        _asked(url, bring)
        target.settle(path)
    return path


def fetch_list(url: str, folder: Path) -> None:
    """Add to the list of erasures of a folder what the store's list has, where it has one.

    Raises:
        RestoreRefused: the store does not give it, or it is none.
        BackupFailed: there is no room.
    """

    def bring() -> bytes | None:
        try:
            return bytes(obstore.get(object_store(url, PATIENCE), NAME).bytes())
        except FileNotFoundError:
            return None

    told = _asked(url, bring)
    if told is not None:
        with file_faults(folder):
            add_to_list(folder, listed_in(told, f"{NAME} at {without_secrets(url)}"))


def _sizes(store: ObjectStore) -> dict[str, int]:
    return {one["path"]: one["size"] for batch in obstore.list(store) for one in batch}


def _piece(store: ObjectStore, name: str, start: int, length: int) -> bytes:
    for wait_s in AGAIN_S:
        try:
            return bytes(obstore.get_range(store, name, start=start, length=length))
        except FileNotFoundError:
            raise
        except BaseError:
            time.sleep(wait_s)
    return bytes(obstore.get_range(store, name, start=start, length=length))


def _asked(url: str, work: Callable[[], T]) -> T:
    try:
        return heard(work)
    except (BaseError, FileNotFoundError, ValueError) as fault:
        raise RestoreRefused(f"No backup can be had from {without_secrets(url)}: {in_a_line(fault)}") from fault
