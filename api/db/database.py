"""Transactions: a read-only one for queries, a unit of work that commits itself for use cases."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import CursorResult, Executable, insert, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from api.clock import Clock, wall_clock
from api.db.engine import engine_of, heard
from api.db.faults import DiskFull, is_read_only, is_worth_retrying, told_in_the_end, told_plainly
from api.db.happened import CHANNEL, TELL, Happened
from api.db.ledger_entry import EntryRows, entry_rows, new_id
from api.db.roles import SERVICE
from api.db.scope import begin
from api.db.tables.bureau import IdempotencyKey
from api.db.tables.ledger import LedgerOutbox, LedgerPayload
from api.db.together import as_json, insert_as_json
from api.settings import Settings
from api.space import Space
from domain.errors import DomainError, StateConflict
from domain.ledger.leaf import DeviceChain
from domain.people import MandateReadsOnly
from domain.use_rule.reasons import sentence_of
from domain.values import Role

_JOBS = text(
    "SELECT job_id FROM job WHERE bureau_id = :bureau_id AND complaint_id = ANY(CAST(:complaints AS uuid[]))"
    " AND state = 'open'"
)
_NOTICE = text(
    "INSERT INTO notice (bureau_id, notice_id, kind, subject_id, day, recorded_at)"
    " VALUES (:bureau_id, :notice_id, :kind, CAST(:subject_id AS uuid), :day, :at) ON CONFLICT DO NOTHING"
)
_CLAIM = text(
    "INSERT INTO idempotency_key (bureau_id, person_id, key, request_sha256, created_at)"
    " VALUES (:bureau_id, :person_id, :key, :sha, :now) ON CONFLICT DO NOTHING"
)

T = TypeVar("T")
Row = TypeVar("Row", bound=SQLModel)

TRIES = 5
"""How often work is run again after a serialization failure or a refusal by a constraint at commit."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person of a bureau with roles, or (person_id None) the service's own background work."""

    bureau_id: str
    person_id: UUID | None = None
    unit_id: UUID | None = None
    roles: frozenset[Role] = frozenset()
    name: str = ""
    mandate_id: UUID | None = None
    """Set when an outside auditor reads `bureau_id` under a mandate: then every transaction is READ ONLY."""
    session_id: UUID | None = None
    must_change_password: bool = False
    """Until it is changed, the person may do nothing else."""

    @property
    def who(self) -> UUID:
        """Return the person's id, where only a person can act."""
        if self.person_id is None:
            raise AssertionError("this act needs a person")
        return self.person_id


@dataclass(frozen=True, slots=True)
class Once:
    """An Idempotency-Key with the digest of the request it came with."""

    key: str
    request_sha256: str


class RecordedRefusal(DomainError):
    """The request was refused, and the refusal was recorded with its reasons."""

    code = "refused"
    zh = "请求被拒绝，拒绝及其理由已记录。"

    def detail_in(self, language: str) -> dict[str, Any]:
        """Return the reasons each with its sentence in that language."""
        reasons = [one | {"sentence": sentence_of(one["code"], language)} for one in self.detail.get("reasons", ())]
        return self.detail | {"reasons": reasons}


class KeyReused(StateConflict):
    """This Idempotency-Key was used before with another request."""

    code = "idempotency-key-reused"
    zh = "该 Idempotency-Key 已用于另一个请求。"


class Reader:
    """Queries of one bureau in one READ ONLY transaction."""

    def __init__(self, session: AsyncSession, bureau_id: str, now: datetime) -> None:
        self.session = session
        self.bureau_id = bureau_id
        self.now = now

    async def one(self, statement: Any) -> Any:
        """Return the only row of a select, or None."""
        result = await self.session.exec(statement, execution_options={"populate_existing": True})
        return result.one_or_none()

    async def all(self, statement: Any) -> Sequence[Any]:
        """Return every row of a select."""
        result = await self.session.exec(statement, execution_options={"populate_existing": True})
        rows: Sequence[Any] = result.all()
        return rows

    async def rows(self, statement: Any, asked: Mapping[str, Any]) -> Sequence[Any]:
        """Return every row of a text statement, which takes of `asked` what it names."""
        names = statement.compile().params
        return (await self.execute(statement, {name: asked[name] for name in names})).all()

    async def get(self, table: type[Row], *key: Any) -> Row | None:
        """Return the row of this bureau with the rest of the primary key, or None."""
        return await self.session.get(table, (self.bureau_id, *key), populate_existing=True)

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run a Core statement on this transaction."""
        connection = await self.session.connection()
        return await connection.execute(statement, parameters)


class UnitOfWork(Reader):
    """Writes of one bureau in one transaction, each fact with its ledger entry.

    Rows are written at once, by INSERT and UPDATE statements; nothing waits for a flush.
    """

    def __init__(self, session: AsyncSession, actor: Actor, now: datetime) -> None:
        super().__init__(session, actor.bureau_id, now)
        self.actor = actor
        self.happened = Happened()
        """What open pages are told of once this is committed."""

    def after(self, last: datetime | None) -> datetime:
        """Return when an act is recorded whose predecessor was recorded at `last`: now, but never before it.

        Who waited for another's lock began earlier, and a clock may be set back or be another machine's: what took
        effect later is recorded later all the same, by a microsecond at least.
        """
        return self.now if last is None or last <= self.now else last + timedelta(microseconds=1)

    async def insert(self, *rows: SQLModel) -> None:
        """Insert the rows, in the order given; those of one table that follow each other go together."""
        values = [(type(row), row.model_dump(exclude_none=True)) for row in rows]
        for (table, _), alike in groupby(values, key=lambda one: (one[0], one[1].keys())):
            together = [row for _, row in alike]
            await self.execute(insert(table), together if len(together) > 1 else together[0])

    async def insert_together(self, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows of one table, all with the same columns, by one statement.

        For what comes by the dozen: made into row objects and inserted one by one it takes several times as long.
        """
        if rows:
            await self.execute(insert_as_json(table, tuple(rows[0])), {"rows": as_json(rows)})

    async def enter_together(self, entries: Sequence[EntryRows]) -> None:
        """Write ledger entries, in the order given."""
        await self.insert_together(LedgerPayload, [entry.payload for entry in entries])
        await self.insert_together(LedgerOutbox, [entry.outbox for entry in entries])
        for entry in entries:
            self.happened.entered(entry.payload["kind"], msgspec.json.decode(entry.payload["facts"] or "{}"))

    async def update(self, table: type[SQLModel], *key: Any, **values: Any) -> None:
        """Update columns of one row of this bureau.

        Raises:
            LookupError: there is no such row (or row-level security hides it): a fault of the program.
        """
        columns = [column for column in table.__table__.primary_key.columns if column.name != "bureau_id"]  # type: ignore[attr-defined]
        statement = update(table).where(table.__table__.c.bureau_id == self.bureau_id)  # type: ignore[attr-defined]
        for column, value in zip(columns, key, strict=True):
            statement = statement.where(column == value)
        result = await self.execute(statement.values(**values))
        if result.rowcount != 1:
            raise LookupError(f"no row of {table.__tablename__} to update")

    async def enter(
        self,
        kind: str,
        *,
        facts: dict[str, Any],
        person: dict[str, Any] | None = None,
        place: dict[str, Any] | None = None,
        previous: UUID | None = None,
        revision: int = 1,
        device: DeviceChain | None = None,
    ) -> UUID:
        """Write the ledger entry of a fact and return its `entry_id`, which the fact's rows carry.

        `facts` holds no personal data; `person` and `place` can be erased apart from it. Instants, UUIDs, dates
        and enums are written as text and floats are refused (degrees go in as `…_e7` integers). A fact that corrects
        another names its entry (`previous`) and counts one further (`revision`, from 1). `device` is what the
        device that sent it says of the order of what it sends.
        """
        entry = entry_rows(
            self.bureau_id,
            kind,
            now=self.now,
            actor_id=self.actor.person_id,
            facts=facts,
            person=person,
            place=place,
            previous=previous,
            revision=revision,
            device=device,
        )
        await self.execute(
            insert(LedgerPayload), {name: value for name, value in entry.payload.items() if value is not None}
        )
        await self.execute(insert(LedgerOutbox), entry.outbox)
        self.happened.entered(kind, facts)
        return entry.entry_id

    async def tell(self) -> None:
        """Let every process hear what happened, and write whom it is to be told to, if this is committed."""
        happened = self.happened
        for kind, subject_id, day in happened.notices:
            row = {"bureau_id": self.bureau_id, "notice_id": new_id(), "kind": kind, "at": self.now}
            await self.execute(_NOTICE, row | {"subject_id": subject_id, "day": day})
        if happened.complaints:
            asked = {"bureau_id": self.bureau_id, "complaints": sorted(happened.complaints)}
            happened.jobs.update(str(row.job_id) for row in await self.execute(_JOBS, asked))
        payloads = happened.payloads(self.bureau_id)
        if payloads:
            await self.execute(TELL, {"channel": CHANNEL, "payloads": payloads})


class Database:
    """The pools of a process and the transactions taken from them."""

    def __init__(
        self,
        url: str,
        settings: Settings,
        clock: Clock = wall_clock,
        *,
        role: str = SERVICE,
        space: Space | None = None,
        longest_s: float | None = None,
    ) -> None:
        self.clock = clock
        self.space = space
        self._longest_s = longest_s
        self.engine = engine_of(url, role, settings)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection for what is of no bureau. Raises `DatabaseAway`, `Busy`."""
        with told_plainly():
            async with asyncio.timeout(self._longest_s), self.engine.connect() as connection:
                yield connection

    async def ping(self) -> str:
        """Return the schema's revision, or raise `DatabaseAway`."""
        async with self.connected() as connection:
            return str((await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one())

    async def bureaus(self) -> list[str]:
        """Return the codes of the bureaus served here, for background work that goes round."""
        async with self.connected() as connection:
            rows = await connection.execute(text("SELECT bureau_id FROM bureau_directory ORDER BY 1"))
            return list(rows.scalars())

    @asynccontextmanager
    async def read(self, bureau_id: str) -> AsyncIterator[Reader]:
        """Open a READ ONLY transaction of one bureau."""
        with told_plainly():
            async with asyncio.timeout(self._longest_s), AsyncSession(self.engine, expire_on_commit=False) as session:
                await begin(session, bureau_id, read_only=True)
                yield Reader(session, bureau_id, self.clock())

    async def write(
        self,
        actor: Actor,
        work: Callable[[UnitOfWork], Awaitable[T]],
        *,
        once: Once | None = None,
        answer: type[T] | None = None,
        in_reserve: bool = False,
    ) -> T:
        """Run `work` in one transaction, commit, and return what it returned: the commit comes before any answer.

        Work may be run again: after a serialization failure, and once more on fresh facts after a constraint or a
        deferred trigger refused it, so that the rule can name the reason. A `RecordedRefusal` raised by the work
        is raised after what it recorded was committed. With `once`, the same key and request get the first
        answer again (`answer` is its type) and another request under the key is refused. `in_reserve` is for the few
        bytes without which nobody could read on or be kept out: who is let in or looked, whose access ends.

        Raises:
            DatabaseAway: the database could not be reached.
            DiskFull: there is no room for more.
            Busy: others were in the way each time, or a node of a cluster did not commit.
            HeldByDatabase: a constraint refused the work each time.
            KeyReused: the Idempotency-Key belongs to another request.
            MandateReadsOnly: the actor reads under a mandate, and the work was to write.
        """
        if self.space is not None and self.space.refuses(in_reserve=in_reserve):
            raise DiskFull
        for attempt in range(1, TRIES + 1):
            try:
                with told_plainly():
                    return await self._attempt(actor, work, once, answer)
            except SQLAlchemyError as fault:
                if actor.mandate_id is not None and is_read_only(fault):
                    raise MandateReadsOnly from fault
                if not is_worth_retrying(fault):
                    raise
                if attempt == TRIES:
                    raise told_in_the_end(fault) from fault
                await asyncio.sleep(random.uniform(0, 0.02) * attempt)  # noqa: S311 - spreads retries, no secret
        raise AssertionError("unreachable")

    async def _attempt(
        self, actor: Actor, work: Callable[[UnitOfWork], Awaitable[T]], once: Once | None, answer: type[T] | None
    ) -> T:
        async with asyncio.timeout(self._longest_s), AsyncSession(self.engine, expire_on_commit=False) as session:
            await begin(session, actor.bureau_id, read_only=actor.mandate_id is not None)
            uow = UnitOfWork(session, actor, self.clock())
            if once is not None and not await _first(uow, once):
                replayed: T = await _replay(uow, once, answer)
                return replayed
            with heard(await session.connection()):
                try:
                    result = await work(uow)
                except RecordedRefusal as refusal:
                    await _remember(uow, once, 409, {"message": refusal.message, "detail": refusal.detail})
                    await uow.tell()
                    await session.commit()
                    raise
                await _remember(uow, once, 201, result)
                await uow.tell()
                await session.commit()
            return result


async def _first(uow: UnitOfWork, once: Once) -> bool:
    """Claim the key; a concurrent claim waits here until the first one has committed or gone."""
    key = {"bureau_id": uow.bureau_id, "person_id": uow.actor.person_id, "key": once.key}
    claimed = await uow.execute(_CLAIM, key | {"sha": once.request_sha256, "now": uow.now})
    return claimed.rowcount == 1


async def _remember(uow: UnitOfWork, once: Once | None, status: int, result: Any) -> None:
    if once is not None:
        await uow.update(
            IdempotencyKey,
            uow.actor.person_id,
            once.key,
            status=status,
            answer=msgspec.json.encode(result).decode(),
            finished_at=uow.now,
        )


async def _replay(uow: UnitOfWork, once: Once, answer: Any) -> Any:
    row = await uow.get(IdempotencyKey, uow.actor.person_id, once.key)
    if row is None or row.request_sha256 != once.request_sha256:
        raise KeyReused(key=once.key)
    stored = row.answer or "null"
    if row.status == 409:  # noqa: PLR2004 - the one status kept beside success
        first = msgspec.json.decode(stored)
        raise RecordedRefusal(first["message"], **first["detail"])
    return msgspec.json.decode(stored, type=answer or Any)
