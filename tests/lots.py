"""Months with lots, for tests."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from tests.trips import closed_trip
from tests.world import World


def next_month(world: World) -> date:
    """Move the clock to the second day of the next month, and return the first day of the month that is over."""
    this = world.clock().date().replace(day=1)
    following = (this + timedelta(days=32)).replace(day=1)
    world.clock.at = world.clock().replace(year=following.year, month=following.month, day=2, hour=4)
    return this


async def trips_of_a_day(world: World, count: int) -> list[UUID]:
    """Let so many trips be driven one after another, and return their ids."""
    trips = []
    for _ in range(count):
        trips.append(await closed_trip(world))
        world.clock.advance(minutes=10)
    return trips


def always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the lot of every departure ask for a photo."""
    monkeypatch.setattr("api.usecases.ask_photo.asks_photo", lambda *_: True)
