"""Where a vehicle is kept 停放地点, as it is entered and as it is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from api.http.fields import SAYS_SOMETHING
from api.http.place import Place
from api.http.readings import Instant, Reason


class BaseIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the vehicle is kept from an instant on, and why."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=SAYS_SOMETHING, examples=["东区停车场"])]
    place: Place
    effective_at: Instant | None = None
    """Left out: from now on."""
    reason: Reason


class FirstBase(msgspec.Struct, frozen=True, kw_only=True):
    """Where the vehicle was kept until its base was moved for the first time, WGS-84."""

    name: str
    lat: float
    lon: float


class BaseOut(msgspec.Struct, frozen=True, kw_only=True):
    """The vehicle is kept there from an instant on; of one instant the newest entry holds."""

    base_id: UUID
    name: str
    lat: float
    lon: float
    effective_at: datetime
    reason: str
    actor_id: UUID
    recorded_at: datetime
