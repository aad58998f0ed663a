"""The base of a vehicle is moved by an act over HTTP: from now on, with a reason, on the month's statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.db.queries.scenes import scene_of
from api.usecases.find_absences import find_absences
from tests.conftest import SignIn, problem_code
from tests.drives import beside
from tests.everyday import findings_of
from tests.http.test_statement import km, paper, path, pressed, sheets
from tests.tracks import enrolled, told
from tests.world import INSIDE, World

YARD = beside(INSIDE, east_m=2_000)


def move(**changes: Any) -> dict[str, Any]:
    """Return the body of a move to the yard, from now on."""
    place = {"lat": YARD.lat, "lon": YARD.lon, "datum": "WGS-84"}
    return {"name": "东区停车场", "place": place, "reason": "原停车场施工"} | changes


def bases(world: World) -> str:
    """Return the address at which the base of the world's vehicle is moved."""
    return f"/v1/vehicles/{world.vehicle_id}/bases"


async def test_the_admin_moves_the_base_and_every_view_shows_the_new_one(world: World, signed_in: SignIn) -> None:
    """The file has the first base, each move with who and why, and what holds now; the list has that alone."""
    admin, officer = await signed_in("admin"), await signed_in("officer")
    given = await admin.post(bases(world), json=move())
    assert given.status_code == 201, given.text
    file = (await officer.get(f"/v1/vehicles/{world.vehicle_id}")).json()
    assert (file["base_name"], file["first_base"]["name"]) == ("东区停车场", "局机关停车场")
    assert (file["base_lat"], file["base_lon"]) == (YARD.lat, YARD.lon)
    (entered,) = file["bases"]
    assert (entered["base_id"], entered["reason"]) == (given.json()["id"], "原停车场施工")
    assert entered["actor_id"] == str(world["admin"].who)
    assert datetime.fromisoformat(entered["effective_at"]) == world.clock()
    (listed,) = (await officer.get("/v1/vehicles")).json()["items"]
    assert (listed["base_name"], listed["now"]["place"]) == ("东区停车场", "东区停车场")


async def test_a_move_to_come_holds_from_its_instant_on_and_is_taken_back_by_another_of_that_instant(
    world: World, signed_in: SignIn
) -> None:
    """Of one instant the newest entry holds; both stay in the file."""
    admin = await signed_in("admin")
    at_noon = (world.clock() + timedelta(hours=2)).isoformat()
    assert (await admin.post(bases(world), json=move(effective_at=at_noon))).status_code == 201
    file = f"/v1/vehicles/{world.vehicle_id}"
    assert (await admin.get(file)).json()["base_name"] == "局机关停车场"
    world.clock.advance(seconds=1)
    other = move(effective_at=at_noon, name="西区停车场", reason="更正")
    assert (await admin.post(bases(world), json=other)).status_code == 201
    world.clock.advance(hours=2)
    shown = (await admin.get(file)).json()
    assert shown["base_name"] == "西区停车场"
    assert [one["name"] for one in shown["bases"]] == ["东区停车场", "西区停车场"]


@pytest.mark.parametrize("days", [-1 / 86_400, 367])
async def test_a_base_is_not_moved_back_in_time_nor_far_ahead(world: World, signed_in: SignIn, days: float) -> None:
    """A second ago is too early: the night that was judged stays judged."""
    effective_at = (world.clock() + timedelta(days=days)).isoformat()
    refused = await (await signed_in("admin")).post(bases(world), json=move(effective_at=effective_at))
    assert (refused.status_code, problem_code(refused)) == (400, "base-backdated")


async def test_the_desk_does_not_say_where_its_vehicle_may_stay(world: World, signed_in: SignIn) -> None:
    """Neither who drives it nor who heads the unit; and a vehicle that is not there has no base."""
    for who in ("driver", "officer", "dispatcher", "custodian", "desk_chief", "auditor"):
        assert problem_code(await (await signed_in(who)).post(bases(world), json=move())) == "forbidden"
    admin = await signed_in("admin")
    lost = await admin.post(bases(world).replace(str(world.vehicle_id), str(world.desk_id)), json=move())
    assert (lost.status_code, problem_code(lost)) == (404, "not-found")
    assert (await admin.post(bases(world), json=move(reason=" "))).status_code == 400


async def test_a_night_is_judged_by_the_base_of_that_night(world: World, signed_in: SignIn) -> None:
    """In the yard before it was the base it is away; from the night after the move on it is at home there."""
    device_id = await enrolled(world)
    world.clock.advance(hours=14)  # eleven in the evening
    await told(world, device_id, [(world.clock(), YARD)])
    await find_absences(world.database, world.bureau_id)
    world.clock.advance(hours=12)  # eleven in the morning
    assert (await (await signed_in("admin")).post(bases(world), json=move())).status_code == 201
    await find_absences(world.database, world.bureau_id)
    world.clock.advance(hours=12)
    await find_absences(world.database, world.bureau_id)
    nights = [one for one in await findings_of(world) if one.kind == "overnight-away"]
    assert [one.colour for one in nights] == ["red"]


async def test_a_look_at_yesterday_has_the_base_of_yesterday(world: World, signed_in: SignIn) -> None:
    """Fixes that come late are judged by where the vehicle was kept then."""
    yesterday = world.clock()
    world.clock.advance(days=2)
    assert (await (await signed_in("admin")).post(bases(world), json=move())).status_code == 201
    async with world.database.read(world.bureau_id) as reader:
        scene = await scene_of(reader, world.vehicle_id, yesterday, yesterday + timedelta(hours=1))
    assert [(one.name, one.since) for one in scene.bases] == [("局机关停车场", None), ("东区停车场", world.clock())]
    assert scene.until_at < world.clock()


async def test_the_month_s_statement_tells_every_move_that_took_effect_in_it(world: World, signed_in: SignIn) -> None:
    """From where to where, how far apart, who, when and why: as JSON, XLSX and on paper, as changed settings are."""
    admin = await signed_in("admin")
    assert (await admin.post(bases(world), json=move())).status_code == 201
    december = datetime(2026, 12, 2, tzinfo=UTC).isoformat()
    assert (await admin.post(bases(world), json=move(effective_at=december))).status_code == 201
    auditor = await signed_in("auditor")
    auditor.headers["Accept-Language"] = "en"
    (told_,) = (await auditor.get(path(world))).json()["bases"]
    assert (told_["old"], told_["new"], told_["reason"]) == ("局机关停车场", "东区停车场", "原停车场施工")
    assert told_["moved_m"] == pytest.approx(2_000, abs=5)
    assert (told_["by"], datetime.fromisoformat(told_["effective_at"])) == ("admin 某", world.clock())
    book = sheets(await auditor.get(path(world), params={"format": "xlsx"}))
    (row,) = [row for sheet in book for row in sheet if "Apart (km)" in row]
    assert (row["Was"], row["Is"], round(row["Apart (km)"] * 1000)) == ("局机关停车场", "东区停车场", told_["moved_m"])
    page = paper(await auditor.get(path(world), params={"format": "pdf"}))
    assert pressed(f"局机关停车场东区停车场{km(told_['moved_m'])}") in page
