"""Background work that forgets: keys of repeated requests, sessions that are over, what devices sent in vain."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import text

from api.db.database import UnitOfWork

KEY_LIFE: Final = timedelta(days=7)
"""How long a request may be repeated under its Idempotency-Key: a phone offline for a working week, and more."""
SESSION_REMAINS: Final = timedelta(days=1)
ASIDE_FOR: Final = timedelta(days=30)
"""How long a fix that can never count is kept as it was sent."""
HEALTH_FOR: Final = timedelta(days=400)
"""How long it is known how a device was on a day."""
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
_DAYS = text("DELETE FROM device_day WHERE bureau_id = :bureau_id AND day < :before")
_PRIVATE_DAYS = text(
    "DELETE FROM device_day h USING device d WHERE h.bureau_id = :bureau_id AND d.bureau_id = :bureau_id"
    " AND d.bureau_id = h.bureau_id AND d.device_id = h.device_id AND d.person_id IS NOT NULL"
    " AND h.stored = 0 AND h.day < :before"
)


async def forget(uow: UnitOfWork) -> int:
    """Forget old idempotency keys, and sessions a day after they ended; return how many."""
    keys = await uow.execute(_KEYS, {"bureau_id": uow.bureau_id, "before": uow.now - KEY_LIFE})
    sessions = await uow.execute(_SESSIONS, {"bureau_id": uow.bureau_id, "before": uow.now - SESSION_REMAINS})
    return keys.rowcount + sessions.rowcount


async def forget_of_devices(uow: UnitOfWork) -> int:
    """Forget old fixes that can never count, how devices were long ago, and a phone's private days; return how many."""
    today = uow.now.date()
    aside = await uow.execute(_ASIDE, {"bureau_id": uow.bureau_id, "before": uow.now - ASIDE_FOR})
    days = await uow.execute(_DAYS, {"bureau_id": uow.bureau_id, "before": today - HEALTH_FOR})
    private = await uow.execute(_PRIVATE_DAYS, {"bureau_id": uow.bureau_id, "before": today - UNSEEN_FOR})
    return aside.rowcount + days.rowcount + private.rowcount
