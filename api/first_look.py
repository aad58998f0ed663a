"""What a process takes for the time as it begins: the database's, unless the record or a time server speaks against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import text

from api.clock import SteadyClock, elapsed_s
from api.db.database import Database
from api.db.queries.clock import known_of_all
from api.time_server import ask_time_aside
from domain.clock import Doubt, doubt_of

_ACCEPT: Final = "let it count by `zhuanche clock --accept WHY`"
_HELPS: Final = {
    Doubt.OTHERWISE: "name another time server in ZHUANCHE_TIME_SERVER, or none, and start anew",
    Doubt.BEFORE_RELEASE: "name a time server in ZHUANCHE_TIME_SERVER that says so",
}
BEIJING: Final = ZoneInfo("Asia/Shanghai")


class ClockDoubted(Exception):
    """The database's clock is not gone by; the sentence says why and what helps."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the clocks and the record said at one moment."""

    clock: SteadyClock
    """Begins at the database's time."""
    at: datetime
    """What that was."""
    newest: datetime | None
    """When the newest entry was recorded, of any bureau."""
    doubt: Doubt | None
    unless_vouched: Doubt | None
    """The doubt there would be, did no time server answer."""

    @property
    def is_set_right(self) -> bool:
        """Tell whether a time server vouches for what the record speaks against."""
        return self.doubt is None and self.unless_vouched in (Doubt.BEFORE, Doubt.HELD)

    @property
    def newest_told(self) -> str:
        """Return a sentence, after a space, that says of when the newest entry is; nothing where there is none."""
        return "" if self.newest is None else f" The newest entry is of {self.newest:%Y-%m-%d %H:%M:%S} UTC."

    @property
    def said(self) -> tuple[str, str] | None:
        """Return why it is doubted, as a sentence without its stop in Chinese and in English, where it is."""
        if self.doubt is None:
            return None
        zh, en = self.doubt.value
        return (
            f"数据库时钟显示 {self.at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}（北京时间），但{zh}",
            f"The database's clock says {self.at:%Y-%m-%d %H:%M:%S} UTC, but {en}",
        )

    @property
    def told(self) -> str:
        """Return a sentence that says why it is doubted, where it is."""
        if self.doubt is None or self.said is None:
            return ""
        return (
            f"{self.said[1]}.{self.newest_told} Set the clock right; if it is right, {_HELPS.get(self.doubt, _ACCEPT)}."
        )

    def trusted(self) -> SteadyClock:
        """Return the clock.

        Raises:
            ClockDoubted: something speaks against it.
        """
        if self.doubt is not None:
            raise ClockDoubted(self.told)
        return self.clock


async def first_look(database: Database, time_server: str, *, ask: bool) -> Look:
    """Look at the database's clock, and at what speaks against it.

    Args:
        database: in a role that reads ledgers.
        time_server: `name` or `name:port`, or `none`.
        ask: ask the time server in any case, not only where the record does not speak for the database's clock.

    Raises:
        DatabaseAway: the database could not be reached.
    """
    known = await known_of_all(database)
    at = await database_time(database)
    clock = SteadyClock(lambda: at)
    held_against = doubt_of(at, known, None)
    newest = max((one.newest for one in known if one.newest is not None), default=None)
    true = None
    if ask or held_against is not None or newest is None:
        true = await true_time(time_server)
    return Look(clock, at, newest, doubt_of(at, known, true), held_against)


async def database_time(database: Database) -> datetime:
    """Return the database's time; the wait for a connection is no part of it."""
    async with database.connected() as connection:
        await connection.execute(text("SELECT 1"))
        began_s = elapsed_s()
        at: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return at + timedelta(seconds=(elapsed_s() - began_s) / 2)


async def true_time(servers: str) -> datetime | None:
    """Return the time by the time servers, or None where none is named, none answers, or they differ."""
    told = None if servers == "none" else await ask_time_aside(servers)
    return None if told is None else told.now()
