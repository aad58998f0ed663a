"""Is the process alive, can it do its work, and what did it do: for supervisors, proxies and Prometheus."""

from __future__ import annotations

import msgspec
from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from api.db.database import Database
from api.db.faults import Busy, DatabaseAway
from api.http.access import public
from api.jobs.positions import months_ahead
from api.metrics import Metrics


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the service works, and at which schema revision."""

    status: str
    database: str
    revision: str | None = None
    position_months_ahead: int | None = None
    """Months after this one that positions can be stored in; fewer than two are an alarm."""


@get("/healthz", guards=[public], tags=["operations"], summary="The process is alive")
async def healthz() -> Health:
    """Answer without looking at anything."""
    return Health(status="ok", database="not asked")


@get("/readyz", guards=[public], tags=["operations"], summary="The service can do its work")
async def readyz(database: NamedDependency[Database]) -> Response[Health]:
    """Answer 200 when the database answers, else 503."""
    try:
        revision = await database.ping()
        ahead = await months_ahead(database)
    except (DatabaseAway, Busy):
        return Response(Health(status="unavailable", database="away"), status_code=503)
    return Response(Health(status="ok", database="ok", revision=revision, position_months_ahead=ahead))


@get("/metrics", guards=[public], tags=["operations"], summary="What the service counts", media_type=MediaType.TEXT)
async def show_metrics(metrics: NamedDependency[Metrics], database: NamedDependency[Database]) -> Response[bytes]:
    """Answer in Prometheus's text format; keep this address from the outside at the proxy."""
    try:
        metrics.months_ahead = await months_ahead(database)
    except (DatabaseAway, Busy):
        metrics.months_ahead = None
    return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})
