"""One transaction that goes from bureau to bureau: for what an owner does to all of them or to none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from api.db.database import Actor, Database, UnitOfWork
from api.db.faults import told_plainly
from api.db.scope import begin


class Across:
    """A transaction that is in one bureau at a time."""

    def __init__(self, database: Database, session: AsyncSession) -> None:
        self._database = database
        self._session = session

    async def enter(self, actor: Actor) -> UnitOfWork:
        """Go to the actor's bureau; row-level security shows that one alone until the next."""
        await begin(self._session, actor.bureau_id, read_only=False)
        return UnitOfWork(self._session, actor, self._database.clock())

    async def judged(self) -> None:
        """Let the deferred triggers judge what was written in this bureau, while they see it."""
        connection = await self._session.connection()
        await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        await connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))


@asynccontextmanager
async def across(owner: Database) -> AsyncIterator[Across]:
    """Yield a transaction over bureaus that is committed at the end, without a time-out of its statements.

    Raises:
        DatabaseAway: the database could not be reached.
    """
    with told_plainly():
        async with AsyncSession(owner.engine, expire_on_commit=False) as session:
            connection = await session.connection()
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            yield Across(owner, session)
            await session.commit()
