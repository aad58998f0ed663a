"""Is the process alive, can it do its work, and what did it do: for supervisors, proxies and Prometheus."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from litestar import MediaType, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from api.db.database import Database
from api.db.faults import Busy, DatabaseAway
from api.files import FileStore
from api.http.access import public
from api.jobs.positions import months_ahead
from api.metrics import Metrics
from api.timekeeper import Timekeeper

ANSWERS_S: Final = 3.0
"""How long the database may take to say how it is: whoever watches over a service waits a little longer."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the service works, and at which schema revision."""

    status: str
    database: str
    revision: str | None = None
    position_months_ahead: int | None = None
    """Months after this one that positions can be stored in; fewer than two are an alarm."""
    files: str | None = None
    """Whether the store of attachments answered when it was asked last: `ok`, `away`, `not asked`; trips need none."""
    clock: str | None = None
    """`held` where the database's clock was set and is not followed, else `ok`; a service that has not begun since it
    doubts the clock says `doubted`, with status 503."""
    why: dict[str, str] | None = None
    """Why the clock is held, in `zh` and in `en`."""


class Pulse:
    """What the database says of itself, asked by one question at a time, however many ask and however long it hangs.

    Each question keeps a connection until the database answers or is given up; probes come every few seconds.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._question: asyncio.Task[tuple[str, int]] | None = None

    async def felt(self) -> tuple[str, int]:
        """Return the schema's revision, and for how many months after this one positions can be stored.

        Raises:
            Busy: every connection is used.
            DatabaseAway: it cannot be reached, or did not answer within `ANSWERS_S`.
        """
        question = self._question
        if question is None or question.done():
            self._question = question = asyncio.create_task(self._ask())
            question.add_done_callback(_heard)
        answered, _ = await asyncio.wait({question}, timeout=ANSWERS_S)  # to break it off takes the driver longer
        if not answered:
            raise DatabaseAway
        return question.result()

    async def _ask(self) -> tuple[str, int]:
        try:
            async with asyncio.timeout(ANSWERS_S):  # or one connection that is dead would speak for all of them
                return await self._database.ping(), await months_ahead(self._database)
        except TimeoutError as fault:
            raise DatabaseAway from fault


def _heard(question: asyncio.Task[tuple[str, int]]) -> None:
    """Look at how it ended: nobody may wait for it any more, and asyncio would tell of a fault nobody saw."""
    if not question.cancelled():
        question.exception()


@get("/healthz", guards=[public], tags=["operations"], summary="The process is alive")
async def healthz() -> Health:
    """Answer without looking at anything."""
    return Health(status="ok", database="not asked")


@get("/readyz", guards=[public], tags=["operations"], summary="The service can do its work")
async def readyz(state: State, pulse: NamedDependency[Pulse], files: NamedDependency[FileStore]) -> Response[Health]:
    """Answer 200 when the database answers within three seconds, else 503."""
    try:
        revision, ahead = await pulse.felt()
    except (DatabaseAway, Busy):
        return Response(Health(status="unavailable", database="away"), status_code=503)
    store = {None: "not asked", True: "ok", False: "away"}[files.answers]
    keeper: Timekeeper | None = state.timekeeper
    why = None if keeper is None else keeper.why_held
    health = Health(
        status="ok",
        database="ok",
        revision=revision,
        position_months_ahead=ahead,
        files=store,
        clock="ok" if why is None else "held",
        why=None if why is None else dict(zip(("zh", "en"), why, strict=True)),
    )
    return Response(health)


@get("/metrics", guards=[public], tags=["operations"], summary="What the service counts", media_type=MediaType.TEXT)
async def show_metrics(metrics: NamedDependency[Metrics], pulse: NamedDependency[Pulse]) -> Response[bytes]:
    """Answer in Prometheus's text format; keep this address from the outside at the proxy."""
    try:
        _, metrics.months_ahead = await pulse.felt()
    except (DatabaseAway, Busy):
        metrics.months_ahead = None
    return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})
