"""The settings of a bureau as they hold now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text

from api.db.database import Reader
from domain.settings import BureauSettings

_SETTINGS = text(
    "SELECT DISTINCT ON (name) name, (new_value ->> 'value')::int AS value FROM setting_change"
    " WHERE bureau_id = :bureau_id ORDER BY name, recorded_at DESC, change_id DESC"
)


async def settings_of(reader: Reader) -> BureauSettings:
    """Return what holds in the reader's bureau now."""
    rows = await reader.execute(_SETTINGS, {"bureau_id": reader.bureau_id})
    return BureauSettings({row.name: row.value for row in rows})


_SETTINGS_AT = text(
    "SELECT DISTINCT ON (name) name, (new_value ->> 'value')::int AS value FROM setting_change"
    " WHERE bureau_id = :bureau_id AND recorded_at <= :at ORDER BY name, recorded_at DESC, change_id DESC"
)


async def settings_at(reader: Reader, at: datetime) -> BureauSettings:
    """Return what held in the reader's bureau at an instant."""
    rows = await reader.execute(_SETTINGS_AT, {"bureau_id": reader.bureau_id, "at": at})
    return BureauSettings({row.name: row.value for row in rows})


_LAST = text(
    "SELECT DISTINCT ON (name) name, actor_id, recorded_at FROM setting_change"
    " WHERE bureau_id = :bureau_id ORDER BY name, recorded_at DESC, change_id DESC"
)


async def last_changes(reader: Reader) -> dict[str, Any]:
    """Return who last changed each setting that was ever changed, and when."""
    rows = await reader.execute(_LAST, {"bureau_id": reader.bureau_id})
    return {row.name: row for row in rows}
