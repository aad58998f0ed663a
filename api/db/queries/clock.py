"""What the record knows of the time: its newest entry, and the last time that the clock was set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import or_, text
from sqlmodel import col, select

from api.db.database import Database, Reader
from api.db.tables.clock import ClockJumpRow
from domain.clock import Known

LAGS: Final = timedelta(minutes=10)
"""For so long another process may enter by the old time what it is at when a clock is followed back."""
_NEWEST: Final = text(
    "SELECT max(recorded_at) FROM ledger_outbox WHERE bureau_id = :bureau_id AND outbox_id >= :since"
    " AND (CAST(:old AS timestamptz) IS NULL OR recorded_at NOT BETWEEN :old AND CAST(:old AS timestamptz) + :lags)"
)
# What was entered in a future that was none stays on record, and speaks for no time after it.
_SET_BACK: Final = text(
    "SELECT o.outbox_id, c.from_at FROM clock_jump c"
    " JOIN ledger_outbox o ON o.bureau_id = c.bureau_id AND o.entry_id = c.entry_id"
    " WHERE c.bureau_id = :bureau_id AND o.bureau_id = :bureau_id AND c.followed AND c.to_at < c.from_at"
    " ORDER BY o.outbox_id DESC LIMIT 1"
)
# In the order of entry: a clock that was set back is recorded before what it was set back from.
_JUMP: Final = text(
    "SELECT c.jump_id, c.from_at, c.to_at, c.followed FROM clock_jump c"
    " JOIN ledger_outbox o ON o.bureau_id = c.bureau_id AND o.entry_id = c.entry_id"
    " WHERE c.bureau_id = :bureau_id AND o.bureau_id = :bureau_id ORDER BY o.outbox_id DESC LIMIT 1"
)
# The end of a hold is recorded as followed too, maybe late, in the midst of the next one; it names nobody.
_LET_COUNT: Final = text(
    "SELECT c.jump_id, c.to_at FROM clock_jump c"
    " JOIN ledger_outbox o ON o.bureau_id = c.bureau_id AND o.entry_id = c.entry_id"
    " JOIN ledger_payload p ON p.bureau_id = c.bureau_id AND p.entry_id = c.entry_id"
    " WHERE c.bureau_id = :bureau_id AND o.bureau_id = :bureau_id AND p.bureau_id = :bureau_id"
    " AND c.followed AND (p.person IS NOT NULL OR p.erased_at IS NOT NULL) ORDER BY o.outbox_id DESC LIMIT 1"
)


async def jumps_between(reader: Reader, begins_at: datetime, ends_at: datetime) -> Sequence[ClockJumpRow]:
    """Return when the clock was set, as it was noticed or entered in a time, the newest first."""
    noticed, entered = col(ClockJumpRow.noticed_at), col(ClockJumpRow.recorded_at)
    within = or_(noticed.between(begins_at, ends_at), entered.between(begins_at, ends_at))
    asked = select(ClockJumpRow).where(ClockJumpRow.bureau_id == reader.bureau_id, within)
    rows: Sequence[ClockJumpRow] = await reader.all(asked.order_by(noticed.desc()))
    return rows


async def known_of(reader: Reader) -> Known:
    """Return what a bureau's record knows."""
    asked = {"bureau_id": reader.bureau_id}
    back = await reader.rows(_SET_BACK, asked)
    since, old = (back[0].outbox_id, back[0].from_at) if back else (0, None)
    (newest,) = (await reader.rows(_NEWEST, asked | {"since": since, "old": old, "lags": LAGS}))[0]
    jumps = await reader.rows(_JUMP, asked)
    return Known(newest, (jumps[0].from_at, jumps[0].to_at, jumps[0].followed) if jumps else None)


async def known_of_all(database: Database) -> list[Known]:
    """Return what each bureau's record knows."""
    found = []
    for bureau_id in await database.bureaus():
        async with database.read(bureau_id) as reader:
            found.append(await known_of(reader))
    return found


@dataclass(frozen=True, slots=True)
class Word:
    """Somebody's word that a time is right (`zhuanche clock --accept`), and what the clock said then."""

    jump_id: UUID
    at: datetime


async def last_word_of(reader: Reader) -> Word | None:
    """Return whose word was the last, by a bureau's record."""
    for row in await reader.rows(_LET_COUNT, {"bureau_id": reader.bureau_id}):
        return Word(row.jump_id, row.to_at)
    return None


async def last_word(database: Database) -> Word | None:
    """Return whose word was the last, by the record of the first bureau, in which it is entered first."""
    for bureau_id in (await database.bureaus())[:1]:
        async with database.read(bureau_id) as reader:
            return await last_word_of(reader)
    return None
