"""What a process remembers of a bureau whose pages are open: the last acts, where each vehicle is, who listens."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Collection, Iterable
from datetime import datetime
from time import monotonic
from typing import Any, Final
from uuid import UUID

import structlog

from api.db.database import Database
from api.db.faults import Busy, DatabaseAway
from api.db.queries.newest_fixes import NewestFix, newest_fixes
from api.live.events import Kind, fix_data, frame

log = structlog.get_logger()

REMEMBERED: Final = 1_000
"""So many acts are remembered for pages that slept."""
WAITING_BYTES: Final = 512 * 1024
"""So much may wait for a page that does not read; then it is told to ask anew instead."""


class Listener:
    """An open page of somebody: what waits for it."""

    def __init__(self, kinds: frozenset[Kind], person_id: UUID | None = None) -> None:
        self.kinds = kinds
        self.person_id = person_id
        self.woken = asyncio.Event()
        self.lost = False
        """Whether it missed something, and is to ask anew."""
        self.asked_who = False
        """Whether its session is to be looked at."""
        self._waiting: list[bytes] = []
        self._bytes = 0

    def put(self, frames: bytes) -> None:
        """Let events wait; where too much waits already, all of it is dropped for the word to ask anew."""
        if self.lost:
            return
        self._bytes += len(frames)
        if self._bytes > WAITING_BYTES:
            self.lose()
            return
        self._waiting.append(frames)
        self.woken.set()

    def lose(self) -> None:
        """Tell it to ask anew instead of all that waits."""
        self._waiting, self._bytes, self.lost = [], 0, True
        self.woken.set()

    def take(self) -> bytes:
        """Return what waits."""
        frames, self._waiting, self._bytes = b"".join(self._waiting), [], 0
        return frames


class BureauLive:
    """A bureau with open pages, or with pages that were open a moment ago."""

    def __init__(self, bureau_id: str) -> None:
        self.bureau_id = bureau_id
        self.listeners: set[Listener] = set()
        self.due: set[str] = set()
        """Devices of which fixes were stored that no page has seen."""
        self.left_at = monotonic()
        """When the last page was closed."""
        self._seeding: asyncio.Task[None] | None = None
        self.renew()

    def renew(self) -> None:
        """Forget everything: something may have happened that was not heard, so that nobody can catch up."""
        self._token = secrets.token_hex(6)
        self._count = 0
        self._acts: deque[tuple[int, Kind, bytes]] = deque(maxlen=REMEMBERED)
        self._fixes: dict[UUID, tuple[datetime, bytes]] = {}
        self._seeded = False
        for listener in self.listeners:
            listener.lose()

    @property
    def last_id(self) -> str:
        """The id of the newest act; a page that names it later hears of all that came after."""
        return f"{self._token}.{self._count}"

    def happened(self, acts: Iterable[tuple[Kind, dict[str, Any]]]) -> int:
        """Let every page hear of acts that it may see, and return how many there were."""
        before = self._count
        for kind, data in acts:
            self._count += 1
            told = frame(kind, self.last_id, data)
            self._acts.append((self._count, kind, told))
            self._hand_on(kind, told)
        return self._count - before

    def since(self, event_id: str, kinds: Collection[Kind]) -> bytes | None:
        """Return the events after the one a page heard last, or None where that cannot be told any more."""
        token, _, number = event_id.partition(".")
        if token != self._token or not number.isascii() or not number.isdigit() or len(number) > len("9" * 15):
            return None
        heard = int(number)
        if not self._count - len(self._acts) <= heard <= self._count:
            return None
        return b"".join(told for count, kind, told in self._acts if count > heard and kind in kinds)

    async def fixes(self, database: Database) -> bytes:
        """Return where each vehicle is; what is not known yet is asked once for all who wait.

        With the database away it is what is known: pages hear of the rest as it moves, and of `reload` after that.
        """
        if not self._seeded:
            if self._seeding is None:
                self._seeding = asyncio.create_task(self._seed(database))
            await asyncio.shield(self._seeding)  # a page that goes away breaks off what the others wait for never
        return b"".join(told for _, told in self._fixes.values())

    async def settled(self) -> None:
        """Wait until nothing is asked of the database any more."""
        if self._seeding is not None:
            await self._seeding

    async def _seed(self, database: Database) -> None:
        token = self._token
        try:
            async with database.read(self.bureau_id) as reader:
                self._moved(await newest_fixes(reader))
            self._seeded = token == self._token
        except (DatabaseAway, Busy) as fault:
            log.warning("fixes-not-known", kind=type(fault).__name__)
        finally:
            self._seeding = None

    async def show(self, database: Database) -> int:
        """Let every page see where vehicles went of which fixes were stored; return how many moved.

        With nobody listening it is left to the next page that opens.
        """
        devices, self.due = self.due, set()
        if not self.listeners:
            self._seeded = False
            return 0
        try:
            async with database.read(self.bureau_id) as reader:
                moved = self._moved(await newest_fixes(reader, devices))
        except Exception:
            self.due |= devices
            raise
        if moved:
            self._hand_on(Kind.FIX, b"".join(moved))
        return len(moved)

    def _moved(self, fixes: Iterable[NewestFix]) -> list[bytes]:
        """Keep fixes that are newer than what is known, and return one event a vehicle."""
        moved: dict[UUID, bytes] = {}
        for fix in fixes:
            known = self._fixes.get(fix.vehicle_id)
            if known is None or known[0] < fix.at:
                moved[fix.vehicle_id] = told = frame(Kind.FIX, self.last_id, fix_data(fix))
                self._fixes[fix.vehicle_id] = fix.at, told
        return list(moved.values())

    def _hand_on(self, kind: Kind, frames: bytes) -> None:
        for listener in self.listeners:
            if kind in listener.kinds:
                listener.put(frames)
