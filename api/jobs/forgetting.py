"""Background work that forgets: keys of repeated requests, and sessions that are over."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import text

from api.db.database import UnitOfWork

KEY_LIFE: Final = timedelta(days=7)
"""How long a request may be repeated under its Idempotency-Key: a phone offline for a working week, and more."""
SESSION_REMAINS: Final = timedelta(days=1)

_KEYS = text("DELETE FROM idempotency_key WHERE bureau_id = :bureau_id AND created_at < :before")
_SESSIONS = text(
    "DELETE FROM sign_in_session WHERE bureau_id = :bureau_id AND (expires_at < :before OR revoked_at < :before)"
)


async def forget(uow: UnitOfWork) -> int:
    """Forget old idempotency keys, and sessions a day after they ended; return how many."""
    keys = await uow.execute(_KEYS, {"bureau_id": uow.bureau_id, "before": uow.now - KEY_LIFE})
    sessions = await uow.execute(_SESSIONS, {"bureau_id": uow.bureau_id, "before": uow.now - SESSION_REMAINS})
    return keys.rowcount + sessions.rowcount
