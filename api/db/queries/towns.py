"""Where the towns of a bureau lie, as it was entered last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from api.db.database import Reader

_TOWNS = text(
    "SELECT DISTINCT ON (name) name, lat, lon, shown, reason, actor_id, recorded_at FROM town_point"
    " WHERE bureau_id = :bureau_id ORDER BY name, recorded_at DESC, town_point_id DESC"
)


async def towns_of(reader: Reader) -> Sequence[Any]:
    """Return the newest word of each town, by name, of those taken off the map too."""
    return (await reader.execute(_TOWNS, {"bureau_id": reader.bureau_id})).all()
