"""The list of what was erased, beside the backups: a restored record is older, and holds it again.

It names complaints by number and id, steps, grounds and instants, and nobody. `zhuanche erase` and every backup bring
it up to date; nothing is taken off it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from api.backup.faults import RestoreRefused
from api.db.database import Database
from api.db.queries.erasure import steps_of_complaints, steps_on_record
from api.durable import flush
from domain.erasure import Ground, Step, is_undone

NAME: Final = "erasures.json"


class Listed(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """A step that was taken about personal data of a complaint."""

    recorded_at: datetime
    bureau_id: str
    complaint_id: UUID
    number: str
    step: Step
    ground: Ground


class ListUnreadable(RestoreRefused):
    """The list of erasures is none; the sentence names the file."""


def read_list(path: Path) -> list[Listed]:
    """Return what a list holds; one that is not there holds nothing.

    Raises:
        ListUnreadable: it cannot be read, or is none.
    """
    try:
        return listed_in(path.read_bytes(), str(path))
    except FileNotFoundError:
        return []
    except OSError as fault:
        raise ListUnreadable(f"The list of erasures {path} cannot be read: {fault.strerror}.") from fault


def listed_in(content: bytes, of: str) -> list[Listed]:
    """Return what a list holds, read from `of`. Raises `ListUnreadable`."""
    try:
        return msgspec.json.decode(content, type=list[Listed])
    except msgspec.DecodeError as fault:
        raise ListUnreadable(f"{of} is no list of erasures: {fault}.") from fault


def add_to_list(folder: Path, steps: Iterable[Listed]) -> None:
    """Bring the list of a folder up to date, whole or not at all; where it is not there nobody knows what was erased.

    Raises:
        ListUnreadable: what is there is none; it is left alone.
        OSError: it cannot be written.
    """
    path = folder / NAME
    before = set(read_list(path))
    listed = before | set(steps)
    if listed == before and path.exists():
        return
    folder.mkdir(mode=0o700, exist_ok=True)  # none above it: its disk may not be mounted
    aside = folder / f".{NAME}.{os.getpid()}"
    try:
        aside.write_bytes(as_json(listed))
        flush(aside)
        aside.replace(path)
        flush(folder)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def as_json(steps: Iterable[Listed]) -> bytes:
    """Return the list as it is written, a step a line."""
    lines = b",\n".join(msgspec.json.encode(step) for step in sorted(steps))
    return b"[\n" + lines + b"\n]\n"


async def steps_taken(database: Database) -> list[Listed]:
    """Return every step on record, of all bureaus."""
    found = []
    for bureau_id in await database.bureaus():
        async with database.read(bureau_id) as reader:
            found += [
                Listed(
                    recorded_at=row.recorded_at,
                    bureau_id=bureau_id,
                    complaint_id=row.complaint_id,
                    number=row.number,
                    step=Step(row.step),
                    ground=Ground(row.ground),
                )
                for row in await steps_on_record(reader)
            ]
    return found


async def undone(database: Database, bureau_id: str, listed: Sequence[Listed]) -> list[Listed]:
    """Return the steps listed about complaints of a bureau that are to be taken again: its record has them not."""
    of_complaint: dict[UUID, list[Listed]] = {}
    for one in sorted(listed):
        if one.bureau_id == bureau_id:
            of_complaint.setdefault(one.complaint_id, []).append(one)
    if not of_complaint:
        return []
    async with database.read(bureau_id) as reader:
        steps = await steps_of_complaints(reader, list(of_complaint))
    again = [to_take_again(of_complaint[complaint_id], record) for complaint_id, record in steps.items()]
    return [one for one in again if one is not None]


def to_take_again(taken: Sequence[Listed], record: Sequence[tuple[str, datetime]]) -> Listed | None:
    """Return the step about a complaint that a record has not, of those that were taken, in their order.

    What was erased once is to be erased, whatever step towards it was taken again since.
    """
    wanted = [*[one for one in taken if one.step is Step.ERASED][-1:], taken[-1]]
    steps = [(Step(step), at) for step, at in record]
    return next((one for one in wanted if is_undone((one.step, one.recorded_at), steps)), None)
