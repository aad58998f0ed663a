"""The vehicle sealed over a holiday, over HTTP: with readings at both ends, and told to whoever looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import SignIn, problem_code
from tests.trips import START_M, departed_trip
from tests.world import World


def act(world: World, verb: str, odometer_m: int = START_M, **other: Any) -> dict[str, Any]:
    """Return the body of an act on the seal, done now."""
    return {"verb": verb, "at": world.clock().isoformat(), "odometer_m": odometer_m} | other


async def test_a_vehicle_is_sealed_before_the_holiday_and_unsealed_after_it(world: World, signed_in: SignIn) -> None:
    """Both acts have their reading, and everybody sees them; twice in a row is refused."""
    custodian, auditor = await signed_in("custodian"), await signed_in("auditor")
    path = f"/v1/vehicles/{world.vehicle_id}/holiday-seals"
    assert (await custodian.post(path, json=act(world, "seal", photo_sha256="ab" * 32))).status_code == 201
    world.clock.advance(minutes=1)
    assert problem_code(await custodian.post(path, json=act(world, "seal"))) == "seal-out-of-turn"
    assert problem_code(await custodian.post(path, json=act(world, "unseal"))) == "seal-unexplained"
    world.clock.advance(days=8)
    custodian, auditor = await signed_in("custodian"), await signed_in("auditor")
    opened = await custodian.post(path, json=act(world, "unseal", reason="节后启用"))
    assert opened.status_code == 201, opened.text
    told = (await auditor.get(path)).json()
    assert [(one["verb"], one["odometer_m"], one["place"]) for one in told] == [
        ("unseal", START_M, "局机关停车场"),
        ("seal", START_M, "局机关停车场"),
    ]
    world.clock.advance(minutes=1)
    assert problem_code(await custodian.post(path, json=act(world, "unseal", reason="x"))) == "seal-out-of-turn"


async def test_on_a_holiday_the_calendar_has_sealed_it_already(world: World, signed_in: SignIn) -> None:
    """On New Year's Day nobody sealed it, and whoever needs it unseals it all the same."""
    world.clock.at = datetime(2027, 1, 1, 1, 0, tzinfo=UTC)
    custodian = await signed_in("custodian")
    path = f"/v1/vehicles/{world.vehicle_id}/holiday-seals"
    opened = await custodian.post(path, json=act(world, "unseal", reason="值班处置突发投诉"))
    assert opened.status_code == 201, opened.text


async def test_a_vehicle_under_way_is_not_sealed(world: World, signed_in: SignIn) -> None:
    """A seal on a moving vehicle would be a lie."""
    await departed_trip(world)
    custodian = await signed_in("custodian")
    refused = await custodian.post(f"/v1/vehicles/{world.vehicle_id}/holiday-seals", json=act(world, "seal"))
    assert (refused.status_code, problem_code(refused)) == (409, "seal-out-of-turn")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"odometer_m": START_M - 1_000}, "reading-below-predecessor"),
        ({"at": "2026-11-30T09:00:00+08:00"}, "reading-time-impossible"),
        ({"obtained": "photo"}, "photo-missing"),
        ({"verb": "unseal", "reason": "x", "at": "0001-01-01T00:00:00+14:00"}, "time-out-of-range"),
    ],
)
async def test_a_seal_needs_a_reading_that_can_be(
    world: World, signed_in: SignIn, wrong: dict[str, Any], code: str
) -> None:
    """Below the last one, in the future, by a photo that is not named."""
    custodian = await signed_in("custodian")
    spot = {
        "vehicle_id": str(world.vehicle_id),
        "odometer_m": START_M,
        "read_at": (world.clock() - timedelta(hours=1)).isoformat(),
        "obtained": "typed",
        "occasion": "spot",
    }
    assert (await custodian.post("/v1/readings", json=spot)).status_code == 201
    refused = await custodian.post(f"/v1/vehicles/{world.vehicle_id}/holiday-seals", json=act(world, "seal") | wrong)
    assert problem_code(refused) == code


async def test_only_who_answers_for_the_vehicle_seals_it(world: World, signed_in: SignIn) -> None:
    """Neither its driver nor the dispatcher."""
    for who in ("driver", "dispatcher", "admin", "auditor"):
        client = await signed_in(who)
        refused = await client.post(f"/v1/vehicles/{world.vehicle_id}/holiday-seals", json=act(world, "seal"))
        assert problem_code(refused) == "forbidden"
