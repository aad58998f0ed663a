"""Notices that go to this machine, and a service that takes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from litestar import Litestar

from api.jobs.notices import Courier
from api.settings import Settings
from tests.notices.stand_in import StandIn, standing_in


@pytest.fixture
def app_settings(settings: Settings) -> Settings:
    """Let notices go to this machine."""
    return replace(settings, notice_hosts="127.0.0.1", notice_timeout_s=2.0)


@pytest.fixture
def courier(app: Litestar) -> Courier:
    """Return what sends the application's notices."""
    found: Courier = app.state.courier
    return found


@pytest.fixture
async def outside() -> AsyncIterator[StandIn]:
    """Return a service outside."""
    async with standing_in() as service:
        yield service
