"""A page that listens at `/v1/live` over a real socket, as a browser's EventSource does."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

PATIENCE_S = 15.0


@dataclass(frozen=True)
class Event:
    """One event as it came."""

    id: str
    name: str
    data: Any


@dataclass
class Page:
    """An open page: what it heard, and whether its stream has ended."""

    events: list[Event] = field(default_factory=list)
    comments: int = 0
    ended: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, answer: httpx.Response) -> None:
        """Take in the stream until it ends."""
        fields: dict[str, str] = {}
        try:
            async for line in answer.aiter_lines():
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "event" in fields:
                    self.events.append(Event(fields["id"], fields["event"], json.loads(fields["data"])))
                    fields = {}
                self._changed.set()
        except httpx.TransportError:
            pass
        finally:
            self.ended = True
            self._changed.set()

    @property
    def last_id(self) -> str:
        """The id of the event heard last."""
        return self.events[-1].id

    def named(self, name: str) -> list[Any]:
        """Return the data of the events of a name."""
        return [one.data for one in self.events if one.name == name]

    async def until(self, done: Any, within_s: float = PATIENCE_S) -> None:
        """Wait until `done()` is true of what was heard; it is in time, or the test fails."""
        try:
            async with asyncio.timeout(within_s):
                while not done():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"only heard {[(one.name, one.data) for one in self.events]}") from None

    async def hears(self, name: str, count: int = 1, within_s: float = PATIENCE_S) -> Any:
        """Wait for so many events of a name, and return the data of the last."""
        await self.until(lambda: len(self.named(name)) >= count, within_s)
        return self.named(name)[-1]

    async def ends(self, within_s: float = PATIENCE_S) -> None:
        """Wait until the stream has ended."""
        await self.until(lambda: self.ended, within_s)


@asynccontextmanager
async def page(
    http: httpx.AsyncClient, token: str, *, last_id: str | None = None, after: str | None = None
) -> AsyncIterator[Page]:
    """Open a page, and yield it once it was greeted."""
    headers = {"Cookie": f"zhuanche_session={token}", "Accept": "text/event-stream"}
    if last_id is not None:
        headers["Last-Event-ID"] = last_id
    asked = {} if after is None else {"after": after}
    async with http.stream("GET", "/v1/live", headers=headers, params=asked, timeout=None) as answer:
        assert answer.status_code == 200, await answer.aread()
        opened = Page()
        reading = asyncio.create_task(opened.read(answer))
        try:
            await opened.hears("hello")
            yield opened
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
