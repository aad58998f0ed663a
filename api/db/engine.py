"""The pool of connections: time-outs, role and zone told explicitly, and what a cluster's nodes warn of kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from api.settings import Settings


@contextmanager
def heard(connection: AsyncConnection) -> Iterator[None]:
    """Add what a node of a cluster warned of to the error that only says that the commit failed there."""
    warnings: list[str] = connection.info["warnings"]
    warnings.clear()
    try:
        yield
    except StatementError as fault:
        for warning in warnings:
            fault.add_detail(warning)
        raise


def async_url(url: str) -> URL:
    """Return a URL for SQLAlchemy's psycopg driver."""
    return make_url(url).set(drivername="postgresql+psycopg")


LINE: Final[dict[str, Any]] = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""Of every connection: a network that is gone without a word is noticed within a minute. Sockets of this machine have
none of it, and need none."""
NOTICED: Final = (
    "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 -c tcp_user_timeout=20000"
)
"""The same at the server's end, as libpq `options`: else a lock of a machine that lost its power is held for hours."""


def connect_options(role: str, settings: Settings) -> str:
    """Return libpq `options`: role, time-outs and zone of every connection, explicit and the same everywhere."""
    return (
        f"-c role={role} -c timezone=UTC {NOTICED}"
        f" -c statement_timeout={int(settings.statement_timeout_s * 1000)}"
        f" -c lock_timeout={int(settings.lock_timeout_s * 1000)}"
        " -c idle_in_transaction_session_timeout=30000"
    )


def engine_of(url: str, role: str, settings: Settings) -> AsyncEngine:
    """Return the pool of a role's connections, none of them made yet."""
    engine = create_async_engine(
        async_url(url),
        hide_parameters=True,  # a fault must not quote a row
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_s,
        isolation_level="READ COMMITTED",
        connect_args={
            "options": connect_options(role, settings),
            "connect_timeout": int(settings.connect_timeout_s),
            "application_name": f"zhuanche {role}",
            **LINE,
        },
    )
    event.listen(engine.sync_engine, "connect", _keep_warnings)
    return engine


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Connections of a pool: how many it may hold, holds, and lends."""

    size: int
    open: int
    used: int


def use_of(engine: AsyncEngine) -> PoolUse:
    """Return how much of a pool is in use."""
    pool: Any = engine.pool
    used = pool.checkedout()
    return PoolUse(pool.size(), used + pool.checkedin(), used)


def _keep_warnings(connection: Any, record: Any) -> None:
    warnings: list[str] = []
    record.info["warnings"] = warnings

    def keep(told: psycopg.errors.Diagnostic) -> None:
        if told.severity_nonlocalized == "WARNING":
            warnings.append(told.message_primary or "")

    connection.driver_connection.add_notice_handler(keep)
