"""Phones come in by the same writer as `/v1/positions`: where it takes no more, each client is told to come again."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from api.settings import Settings
from tests.conftest import SignIn, problem_code
from tests.phones import SHAPES, enrol, rows
from tests.world import World


@pytest.fixture
def app_settings(settings: Settings) -> Settings:
    """Return settings under which nothing may wait."""
    return replace(settings, ingest_queue=0)


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_full_queue_is_told_to_every_client_and_nothing_is_kept(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, shape: str
) -> None:
    """503 with the time to come again, first by the router, then by the lane: no client takes it for delivered."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    for _ in range(2):
        answer = await anonymous.post(f"/in/{token}", **SHAPES[shape])
        assert (answer.status_code, problem_code(answer)) == (503, "ingest-full")
        assert int(answer.headers["retry-after"]) > 0
    assert await rows(world) == []
