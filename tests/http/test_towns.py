"""Towns of the district: placed by hand, moved, taken off, each time with who said so and why."""

from __future__ import annotations

import pytest

from api.http.towns import towns_told
from domain.place.datum import to_wgs84
from domain.place.shipped import divisions
from domain.values import Datum
from tests.conftest import SignIn, problem_code

TOWN = {"name": "霞林街道", "lat": 25.42, "lon": 119.01, "datum": "GCJ-02", "reason": "按街道办事处"}


async def test_the_newest_word_of_a_town_holds_and_every_word_is_kept(signed_in: SignIn) -> None:
    """Placed in GCJ-02, shown in WGS-84; moved by another; both stand in the list of changes."""
    admin, chief = await signed_in("admin"), await signed_in("desk_chief")
    (town,) = (await admin.post("/v1/towns", json=TOWN)).json()
    place = to_wgs84(25.42, 119.01, Datum.GCJ02)
    assert (town["lat"], town["lon"]) == pytest.approx((place.lat, place.lon))
    await chief.post("/v1/towns", json=TOWN | {"lat": 25.43, "datum": "WGS-84", "reason": "移到中心"})
    (town,) = (await (await signed_in("officer")).get("/v1/towns")).json()
    assert (town["lat"], town["reason"], town["shown"]) == (25.43, "移到中心", True)
    changes = (await chief.get("/v1/towns/changes")).json()["items"]
    assert [one["reason"] for one in changes] == ["移到中心", "按街道办事处"]


async def test_the_map_shows_a_town_until_it_is_taken_off(signed_in: SignIn) -> None:
    """A slip of the name is not on the map for good."""
    admin, dispatcher = await signed_in("admin"), await signed_in("dispatcher")
    await admin.post("/v1/towns", json=TOWN)
    assert [one["name"] for one in (await dispatcher.get("/board/map")).json()["towns"]] == ["霞林街道"]
    await admin.post("/v1/towns", json=TOWN | {"shown": False, "reason": "名称有误"})
    assert (await dispatcher.get("/board/map")).json()["towns"] == []


async def test_who_does_not_keep_the_registers_places_no_town(signed_in: SignIn) -> None:
    """And nothing is placed without a reason."""
    refused = await (await signed_in("dispatcher")).post("/v1/towns", json=TOWN)
    assert (refused.status_code, problem_code(refused)) == (403, "forbidden")
    silent = await (await signed_in("admin")).post("/v1/towns", json=TOWN | {"reason": " "})
    assert problem_code(silent) == "invalid-input"


def test_the_shipped_towns_wait_to_be_placed() -> None:
    """All seven of the district are told by name, without a point."""
    told = towns_told("350302", [])
    assert {one.name for one in told} == {one.name for one in divisions("350302") if one.parent_code == "350302"}
    assert {(one.lat, one.shown) for one in told} == {(None, False)}
