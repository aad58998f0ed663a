"""The custodian settles where a place lies; everybody can read it, nobody else can decide it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import SignIn, problem_code
from tests.world import OUTSIDE, HeldClock, World

BODY: dict[str, Any] = {
    "name": "太平路市场北门",
    "lat": OUTSIDE.lat,
    "lon": OUTSIDE.lon,
    "datum": "WGS-84",
    "radius_m": 120,
    "inside": True,
    "reason": "按民政界桩属城厢区",
}


async def test_the_database_reads_the_newest_decision_about_a_place(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Outside by the line, inside by decision, outside again by the next one."""

    async def is_inside() -> bool:
        async with world.database.read(world.bureau_id) as reader:
            rows = await reader.execute(
                text("SELECT site_is_inside(:b, :lat, :lon)"),
                {"b": world.bureau_id, "lat": OUTSIDE.lat, "lon": OUTSIDE.lon},
            )
            return bool(rows.scalar_one())

    assert not await is_inside()
    custodian = await signed_in("custodian")
    assert (await custodian.post("/v1/site-decisions", json=BODY)).status_code == 201
    assert await is_inside()
    clock.advance(minutes=1)
    assert (await custodian.post("/v1/site-decisions", json=BODY | {"inside": False})).status_code == 201
    assert not await is_inside()
    listed = (await custodian.get("/v1/site-decisions")).json()["items"]
    assert [one["inside"] for one in listed] == [False, True]


async def test_decisions_are_limited_in_reach_and_time(signed_in: SignIn) -> None:
    """One metre to five hundred, today or before, with a reason."""
    custodian = await signed_in("custodian")
    for changes, code in (
        ({"radius_m": 0}, "invalid-input"),
        ({"radius_m": 501}, "invalid-input"),
        ({"reason": ""}, "invalid-input"),
        ({"decided_on": "2026-11-24"}, "act-in-future"),
        ({"decided_on": "9999-12-31"}, "time-out-of-range"),
    ):
        assert problem_code(await custodian.post("/v1/site-decisions", json=BODY | changes)) == code, changes
    for changes in ({"radius_m": 1}, {"radius_m": 500}, {"decided_on": "2026-11-23"}):
        assert (await custodian.post("/v1/site-decisions", json=BODY | changes)).status_code == 201
    page = (await custodian.get("/v1/site-decisions", params={"limit": 2})).json()
    rest = (await custodian.get("/v1/site-decisions", params={"limit": 2, "after": page["next"]})).json()
    assert (len(page["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
    one = page["items"][0]
    assert (await custodian.get(f"/v1/site-decisions/{one['site_decision_id']}")).json() == one


async def test_only_the_custodian_decides(signed_in: SignIn) -> None:
    """Not the dispatcher who would like the trip, nor the administrator."""
    for who in ("dispatcher", "officer", "desk_chief", "driver", "auditor", "admin"):
        client = await signed_in(who)
        assert (await client.post("/v1/site-decisions", json=BODY)).status_code == 403
        assert (await client.get("/v1/site-decisions")).status_code == 200


async def test_a_decision_is_never_changed(world: World, signed_in: SignIn) -> None:
    """By SQL as the service: neither changed nor deleted."""
    custodian = await signed_in("custodian")
    await custodian.post("/v1/site-decisions", json=BODY | {"inside": False})
    for statement in ("UPDATE site_decision SET inside = true", "DELETE FROM site_decision"):
        with pytest.raises(Exception, match="permission denied"):
            await world.database.write(world["custodian"], lambda uow, s=statement: uow.execute(text(s)))  # type: ignore[misc]  # bound on purpose
