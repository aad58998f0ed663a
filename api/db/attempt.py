"""Part of a transaction that can be undone by itself, with all that open pages would have been told of it."""

from __future__ import annotations

from copy import deepcopy
from types import TracebackType
from typing import Self

from sqlalchemy.ext.asyncio import AsyncSessionTransaction

from api.db.database import UnitOfWork
from api.db.happened import Happened
from domain.errors import DomainError


class Attempt:
    """What is written inside `async with Attempt(uow)` stays, unless it is undone or a domain fault ends it."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._before: Happened
        self._savepoint: AsyncSessionTransaction

    async def __aenter__(self) -> Self:
        self._before = deepcopy(self._uow.happened)
        self._savepoint = await self._uow.session.begin_nested()
        return self

    async def undo(self) -> None:
        """Undo what was written so far; nothing more may be written inside."""
        await self._savepoint.rollback()
        self._uow.happened = self._before

    async def __aexit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is None and self._savepoint.is_active:
            await self._savepoint.commit()
        elif kind is not None and issubclass(kind, DomainError) and self._savepoint.is_active:
            await self.undo()
