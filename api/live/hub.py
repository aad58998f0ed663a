"""The pages that are open at a process: one connection hears for all of them, and memory hands on.

What happened in whichever process comes by PostgreSQL's NOTIFY when it is committed, ids only. Fixes are asked for
again by those ids, so that a page sees what is stored and counts, and nothing else. A page that cannot keep up, or a
process that was deaf for a while, leads to `reload`: nothing is kept for anybody without a bound.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Final

import msgspec
import psycopg
import structlog

from api.db.database import Actor, Database
from api.db.engine import LINE
from api.db.faults import Busy, DatabaseAway
from api.db.happened import CHANNEL, TELL, decode, stored_payloads
from api.ingest.entry import Entry
from api.live.bureau import BureauLive, Listener
from api.live.events import HEARTBEAT, RETRY_MS, Kind, acts_of, frame, kinds_of

log = structlog.get_logger()

GATHER_S: Final = 0.2
"""What is stored is gathered for so long before it is told, and shown no oftener than that."""
HEARTBEAT_S: Final = 15.0
"""A page hears something at least so often, and its session is looked at."""
DEAF_S: Final = 1.0
"""How long after a lost connection the next is tried."""
LEFT_S: Final = 900.0
"""How long what happened is remembered for a page that slept, when no other of its bureau is open."""
PAGES_MOST: Final = 500
"""Pages open at a process; each is a request that lasts, of those the server works on at once."""
PAGES_OF_ONE: Final = 250
"""Of them one person's, wherever signed in: nobody takes the places of all others."""


Who = Callable[[], Awaitable[Actor | None]]


class TooManyPages(Busy):
    """Too many pages are open at this service: please close some, or try again later."""

    code = "too-many-pages"
    zh = "本服务打开的实时页面过多，请关闭部分页面或稍后再试。"


@dataclass(slots=True)
class LiveStats:
    """What the hub did so far, for metrics."""

    acts: int = 0
    fixes: int = 0
    told: int = 0
    """Messages sent of what this process stored."""
    lost: int = 0
    """How often a page was told to ask anew because it did not read."""
    last_show_s: float = 0.0


class Hub:
    """Hears for all pages of a process, and tells what its writer stored."""

    def __init__(self, database: Database, url: str) -> None:
        """Ask and tell by `database`; listen on a connection of its own to `url`."""
        self._database = database
        self._url = url
        self._bureaus: dict[str, BureauLive] = {}
        self._stored: dict[str, set[str]] = {}
        self._has_stored = asyncio.Event()
        self._has_due = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = asyncio.Event()
        self.heartbeat_s = HEARTBEAT_S
        self.on_notices: Callable[[str], None] = lambda _: None
        """Called with a bureau in which somebody is to be told of something."""
        self.stats = LiveStats()

    @property
    def pages(self) -> int:
        """How many pages are open."""
        return sum(len(one.listeners) for one in self._bureaus.values())

    async def start(self) -> None:
        """Begin to listen and to tell."""
        listening = asyncio.Event()
        self._listening = asyncio.create_task(self._listen(listening))
        self._tasks = [asyncio.create_task(work) for work in (self._tell(), self._show())]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listening.wait(), 5)

    def close_pages(self) -> None:
        """End every stream: the process is going down, and its pages connect to another or wait."""
        self._closing.set()
        for bureau in self._bureaus.values():
            for listener in bureau.listeners:
                listener.woken.set()

    async def stop(self) -> None:
        """End everything, what is asked of the database at its end."""
        self.close_pages()
        self._has_stored.set()
        self._has_due.set()
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
        await asyncio.gather(*self._tasks, *(one.settled() for one in self._bureaus.values()))

    def stored(self, entry: Entry, _: datetime) -> None:
        """Take note of whose fixes were stored, after the commit; never waits, and never fails."""
        waiting = entry.waiting
        if waiting.counting:
            self._stored.setdefault(waiting.bureau_id, set()).add(str(waiting.device_id))
            self._has_stored.set()

    def admit(self, actor: Actor) -> None:
        """Refuse one page too many, of all or of this person's. Raises `TooManyPages`."""
        bureau = self._bureaus.get(actor.bureau_id)
        own = sum(one.person_id == actor.person_id for one in bureau.listeners) if bureau else 0
        if self.pages >= PAGES_MOST or own >= PAGES_OF_ONE or self._closing.is_set():
            raise TooManyPages

    async def stream(self, actor: Actor, who: Who | None, last_id: str | None) -> AsyncIterator[bytes]:
        """Yield what a page is to hear until its session ends or this process does.

        Args:
            actor: who opened it.
            who: tells who its session belongs to now, None once it is over; without it what there is to tell ends it.
            last_id: the id of the event that it heard last, if it did.
        """
        bureau = self._bureaus.setdefault(actor.bureau_id, BureauLive(actor.bureau_id))
        listener = Listener(kinds_of(actor.roles), actor.person_id)
        bureau.listeners.add(listener)
        try:
            missed = None if last_id is None else bureau.since(last_id, listener.kinds)
            now = self._database.clock()
            hello = frame(Kind.HELLO, bureau.last_id, {"now": now, "resumes": missed is not None})
            reload = frame(Kind.RELOAD, bureau.last_id, {}) if last_id is not None and missed is None else b""
            yield b"retry: %d\n\n" % RETRY_MS + hello + reload + (missed or b"")
            yield await self._fixes(bureau, listener)
            if who is not None:
                async for frames in self._follow(bureau, listener, who):
                    yield frames
        finally:
            bureau.listeners.discard(listener)
            bureau.left_at = monotonic()

    async def _follow(self, bureau: BureauLive, listener: Listener, who: Who) -> AsyncIterator[bytes]:
        look_at = monotonic() + self.heartbeat_s
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(listener.woken.wait(), max(look_at - monotonic(), 0))
            beat = look_at <= monotonic()
            listener.woken.clear()
            if beat or listener.asked_who:
                listener.asked_who = False
                look_at = monotonic() + self.heartbeat_s
                if not await self._may_go_on(listener, who):
                    return
            if listener.lost:
                listener.lost = False
                self.stats.lost += 1
                yield frame(Kind.RELOAD, bureau.last_id, {}) + await self._fixes(bureau, listener)
            frames = listener.take()
            if frames or beat:
                yield frames or HEARTBEAT

    async def _may_go_on(self, listener: Listener, who: Who) -> bool:
        try:
            actor = await who()
        except (DatabaseAway, Busy):
            return True  # nobody can say; nothing new is heard of meanwhile either
        if actor is None or actor.must_change_password:
            return False
        listener.kinds = kinds_of(actor.roles)
        return bool(listener.kinds)

    async def _fixes(self, bureau: BureauLive, listener: Listener) -> bytes:
        return await bureau.fixes(self._database) if Kind.FIX in listener.kinds else b""

    async def _listen(self, listening: asyncio.Event) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, connect_timeout=5, application_name="zhuanche live", **LINE
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    # What happened while nobody listened is known to no one here.
                    for bureau in self._bureaus.values():
                        bureau.renew()
                    listening.set()
                    await self._hear(connection)
            except Exception as fault:  # noqa: BLE001 - or it would be deaf for good, and not know it
                log.warning("live-deaf", kind=type(fault).__name__)
            await asyncio.sleep(DEAF_S)

    async def _hear(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Hand on what comes; a connection on which nothing comes is asked whether it still stands."""
        while True:
            async for notice in connection.notifies(timeout=HEARTBEAT_S):
                with contextlib.suppress(msgspec.MsgspecError):
                    self._heard(notice.payload)
            await connection.execute("SELECT 1")
            self._forget()

    def _heard(self, payload: str) -> None:
        message = decode(payload)
        if message.notices:
            self.on_notices(message.bureau)
        bureau = self._bureaus.get(message.bureau)
        if bureau is None:
            return
        self.stats.acts += bureau.happened(acts_of(message))
        if message.sessions:
            for listener in bureau.listeners:
                listener.asked_who = True
                listener.woken.set()
        if message.devices:
            bureau.due.update(message.devices)
            self._has_due.set()

    def _forget(self) -> None:
        """Forget bureaus whose pages are closed for long."""
        now = monotonic()
        self._bureaus = {
            bureau_id: one for bureau_id, one in self._bureaus.items() if one.listeners or one.left_at > now - LEFT_S
        }

    async def _tell(self) -> None:
        """Tell all processes of which devices fixes were stored, at once and then every `GATHER_S`."""
        while not self._closing.is_set():
            await self._has_stored.wait()
            self._has_stored.clear()
            stored, self._stored = self._stored, {}
            payloads = stored_payloads(stored)
            try:
                async with self._database.connected() as connection:
                    await connection.execute(TELL, {"channel": CHANNEL, "payloads": payloads})
                    await connection.commit()
                self.stats.told += len(payloads)
            except Exception as fault:  # noqa: BLE001 - told with the next, whatever it was
                log.warning("stored-not-told", kind=type(fault).__name__)
                for bureau_id, devices in stored.items():
                    self._stored.setdefault(bureau_id, set()).update(devices)
                self._has_stored.set()
                await self._pause(DEAF_S)
            await self._pause(GATHER_S)

    async def _show(self) -> None:
        """Show where vehicles went; where asking takes long, it is done the less often."""
        while not self._closing.is_set():
            await self._has_due.wait()
            self._has_due.clear()
            began = monotonic()
            for bureau in [one for one in self._bureaus.values() if one.due]:
                try:
                    self.stats.fixes += await bureau.show(self._database)
                except Exception as fault:  # noqa: BLE001 - shown with the next, whatever it was
                    log.warning("fixes-not-shown", kind=type(fault).__name__)
                    self._has_due.set()
            self.stats.last_show_s = monotonic() - began
            await self._pause(max(GATHER_S, self.stats.last_show_s))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
