"""Record that the clock was set while the service ran: from what to what, and whether the service followed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from api.db.database import Actor, Database, UnitOfWork
from api.db.tables.clock import ClockJumpRow

SAME: Final = timedelta(minutes=1)
"""Two processes that notice so near to each other notice the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJump:
    """The database's clock was set from one instant to another; `followed`: the service's time went with it.

    `noticed_at` is the service's own time then, before it followed.
    """

    jump_id: UUID
    noticed_at: datetime
    from_at: datetime
    to_at: datetime
    followed: bool

    @property
    def by(self) -> timedelta:
        """Return how far it was set ahead, or back where that is negative."""
        return self.to_at - self.from_at


async def record_clock_jump(
    database: Database,
    bureau_id: str,
    jump: ClockJump,
    *,
    own: Collection[UUID] = (),
    by: dict[str, str] | None = None,
) -> int:
    """Enter a jump in a bureau's record, unless it stands there; return how many were entered.

    What somebody let count is always entered: a service that holds goes by that entry alone.

    Args:
        database: to write to.
        bureau_id: whose record.
        jump: what happened.
        own: jumps that the same process entered before: it knows those from this one, however alike they are.
        by: who let it count and why, where somebody did.
    """

    async def work(uow: UnitOfWork) -> int:
        same = await uow.all(
            select(col(ClockJumpRow.jump_id)).where(
                ClockJumpRow.bureau_id == uow.bureau_id,
                ClockJumpRow.followed == jump.followed,
                col(ClockJumpRow.jump_id).not_in(own),
                col(ClockJumpRow.noticed_at).between(jump.noticed_at - SAME, jump.noticed_at + SAME),
                col(ClockJumpRow.to_at).between(jump.to_at - SAME, jump.to_at + SAME),
            )
        )
        if same and by is None:
            return 0
        facts = asdict(jump)
        entry_id = await uow.enter("clock-jumped", facts=facts, person=by)
        await uow.insert(
            ClockJumpRow.model_validate(
                facts | {"bureau_id": uow.bureau_id, "recorded_at": uow.now, "entry_id": entry_id}
            )
        )
        return 1

    return await database.write(Actor(bureau_id), work)
