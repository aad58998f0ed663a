"""Background work that forgets: keys of repeated requests, sessions that are over, what devices sent in vain.

How long each is kept is a setting of the bureau, with bounds (docs/retention.md).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from sqlalchemy import TextClause, text

from api.db.database import UnitOfWork
from api.db.queries.settings import settings_of

UNSEEN_FOR: Final = timedelta(days=1)
"""How long after a day of which nothing counts it is known that a phone sent then: such a day is private."""

_KEYS = text("DELETE FROM idempotency_key WHERE bureau_id = :bureau_id AND created_at < :before")
_SESSIONS = text(
    "DELETE FROM sign_in_session WHERE bureau_id = :bureau_id AND (expires_at < :before OR revoked_at < :before)"
)
# The database lets nothing go earlier, whatever our clock says.
_ASIDE = text(
    "DELETE FROM position_aside WHERE bureau_id = :bureau_id"
    " AND received_at <= least(CAST(:before AS timestamptz), now() - interval '30 days')"
)
_ACCESSES = text(
    "DELETE FROM personal_access WHERE bureau_id = :bureau_id"
    " AND recorded_at <= least(CAST(:before AS timestamptz), now() - interval '183 days')"
)
_DAYS = text("DELETE FROM device_day WHERE bureau_id = :bureau_id AND day < :before")
_PRIVATE_DAYS = text(
    "DELETE FROM device_day h USING device d WHERE h.bureau_id = :bureau_id AND d.bureau_id = :bureau_id"
    " AND d.bureau_id = h.bureau_id AND d.device_id = h.device_id AND d.person_id IS NOT NULL"
    " AND h.stored = 0 AND h.day < :before"
)


async def forget(uow: UnitOfWork) -> int:
    """Forget old idempotency keys, sessions that are over, and who opened what long ago; return how many."""
    kept = await settings_of(uow)
    accesses = await _go(uow, _ACCESSES, uow.now - timedelta(days=kept["keep_accesses_days"]))
    keys = await _go(uow, _KEYS, uow.now - timedelta(days=kept["keep_answers_days"]))
    return accesses + keys + await _go(uow, _SESSIONS, uow.now - timedelta(days=kept["keep_sessions_days"]))


async def forget_of_devices(uow: UnitOfWork) -> int:
    """Forget old fixes that can never count, how devices were long ago, and a phone's private days; return how many."""
    kept, today = await settings_of(uow), uow.now.date()
    aside = await _go(uow, _ASIDE, uow.now - timedelta(days=kept["keep_aside_days"]))
    days = await _go(uow, _DAYS, today - timedelta(days=kept["keep_device_days"]))
    return aside + days + await _go(uow, _PRIVATE_DAYS, today - UNSEEN_FOR)


async def _go(uow: UnitOfWork, statement: TextClause, before: date) -> int:
    return (await uow.execute(statement, {"bureau_id": uow.bureau_id, "before": before})).rowcount
