"""Delegations of approval, examinations, licences, and who is on duty when."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.db.database import RecordedRefusal
from api.usecases.change_role import RoleChange, change_role
from api.usecases.qualify_person import NewLicence, enter_licence
from domain.people import TERM_MOST
from domain.values import Role
from tests.conftest import SignIn, problem_code
from tests.trips import departed_trip, requested_trip
from tests.world import HeldClock, World

WHY = {"reason": "外出培训"}


def delegation(world: World, to: str = "officer", **other: Any) -> dict[str, Any]:
    """Return the body of a delegation from now on for three days."""
    return (
        WHY
        | {
            "to_person_id": str(world[to].who),
            "valid_until": (world.clock() + timedelta(days=3)).isoformat(),
        }
        | other
    )


async def test_a_custodian_delegates_approval_and_ends_it_early(world: World, signed_in: SignIn) -> None:
    """Both acts stand in the list; a second end is refused."""
    custodian = await signed_in("custodian")
    given = await custodian.post("/v1/delegations", json=delegation(world))
    assert given.status_code == 201, given.text
    at = f"/v1/delegations/{given.json()['id']}/end"
    assert (await custodian.post(at, json=WHY)).status_code == 201
    assert problem_code(await custodian.post(at, json=WHY)) == "already-ended"
    listed = (await custodian.get("/v1/delegations", params={"person_id": str(world["officer"].who)})).json()["items"]
    assert [one["ends"] for one in listed] == [given.json()["id"], None]
    assert (await custodian.get("/v1/delegations", params={"person_id": str(uuid4())})).json()["items"] == []


@pytest.mark.parametrize(
    ("begins", "ends", "status"),
    [
        (timedelta(seconds=-1), timedelta(days=1), 400),
        (timedelta(0), timedelta(days=1), 201),
        (timedelta(days=1), timedelta(days=1), 400),
        (timedelta(days=1), timedelta(days=1, seconds=1), 201),
        (timedelta(0), TERM_MOST, 201),
        (timedelta(0), TERM_MOST + timedelta(seconds=1), 400),
    ],
)
async def test_a_delegation_begins_now_or_later_and_lasts_a_year_at_most(
    world: World, signed_in: SignIn, *, begins: timedelta, ends: timedelta, status: int
) -> None:
    """Nothing is delegated backwards: it would make good what was done without it."""
    custodian = await signed_in("custodian")
    now = world.clock()
    term = {"valid_from": (now + begins).isoformat(), "valid_until": (now + ends).isoformat()}
    answer = await custodian.post("/v1/delegations", json=delegation(world) | term)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("to", ["custodian", "auditor"])
async def test_approval_is_not_delegated_to_oneself_or_an_auditor(world: World, signed_in: SignIn, to: str) -> None:
    """An auditor holds no power but to look."""
    custodian = await signed_in("custodian")
    answer = await custodian.post("/v1/delegations", json=delegation(world, to))
    assert (answer.status_code, problem_code(answer)) == (409, "cannot-delegate")


async def test_a_delegation_is_ended_only_by_who_gave_it(world: World, signed_in: SignIn) -> None:
    """Another custodian does not find it."""
    custodian = await signed_in("custodian")
    given = (await custodian.post("/v1/delegations", json=delegation(world))).json()["id"]
    change = RoleChange(person_id=world["driver"].who, role=Role.CUSTODIAN, granted=True, reason="second")
    await change_role(world.database, world["admin"], change)
    other = await signed_in("driver")
    answer = await other.post(f"/v1/delegations/{given}/end", json=WHY)
    assert (answer.status_code, problem_code(answer)) == (404, "not-found")


@pytest.mark.parametrize("how", ["role", "deactivate"])
async def test_what_a_custodian_delegated_ends_with_the_post(world: World, signed_in: SignIn, how: str) -> None:
    """Who no longer heads the unit no longer lets others approve for it."""
    custodian, admin = await signed_in("custodian"), await signed_in("admin")
    given = (await custodian.post("/v1/delegations", json=delegation(world))).json()["id"]
    at = f"/v1/people/{world['custodian'].who}"
    if how == "role":
        answer = await admin.post(f"{at}/roles", json=WHY | {"role": "custodian", "granted": False})
    else:
        answer = await admin.post(f"{at}/deactivate", json=WHY)
    assert answer.status_code == 201
    listed = (await admin.get("/v1/delegations")).json()["items"]
    assert [one["ends"] for one in listed] == [given, None]


async def test_a_delegate_who_becomes_auditor_approves_no_more(world: World, signed_in: SignIn) -> None:
    """The delegation ends with the grant."""
    custodian, admin = await signed_in("custodian"), await signed_in("admin")
    given = (await custodian.post("/v1/delegations", json=delegation(world, "driver"))).json()["id"]
    roles = f"/v1/people/{world['driver'].who}/roles"
    assert (await admin.post(roles, json=WHY | {"role": "driver", "granted": False})).status_code == 201
    assert (await admin.post(roles, json=WHY | {"role": "auditor", "granted": True})).status_code == 201
    assert (await admin.get("/v1/delegations")).json()["items"][0]["ends"] == given


async def test_an_examination_and_a_licence_are_entered_and_listed(world: World, signed_in: SignIn) -> None:
    """Only the desk's chief or an administrator enters them; everybody sees who is qualified."""
    chief, officer = await signed_in("desk_chief"), await signed_in("officer")
    exam = {
        "person_id": str(world["driver"].who),
        "taken_on": "2026-11-01",
        "passed": True,
        "valid_until": "2027-11-01",
        "examiner": "局考核小组",
    }
    assert (await officer.post("/v1/examinations", json=exam)).status_code == 403
    assert (await chief.post("/v1/examinations", json=exam)).status_code == 201
    mine = {"person_id": exam["person_id"]}
    assert (await officer.get("/v1/examinations", params=mine)).json()["items"][0]["passed"] is True
    assert (await chief.post("/v1/examinations", json=exam | {"valid_until": "2026-10-31"})).status_code == 400
    licence = {
        "person_id": str(world["officer"].who),
        "number": "350302199505050055",
        "vehicle_class": "C1",
        "valid_from": "2022-05-10",
        "valid_until": "2028-05-10",
    }
    assert (await chief.post("/v1/licences", json=licence)).status_code == 201
    assert (await chief.post("/v1/licences", json=licence | {"valid_until": "2022-05-09"})).status_code == 400
    assert (await chief.post("/v1/licences", json=licence | {"person_id": str(uuid4())})).status_code == 404


async def test_an_officer_sees_no_licence_number_but_their_own(world: World, signed_in: SignIn) -> None:
    """Names yes, numbers of others no; who looks after the papers sees them all."""
    driver, chief = await signed_in("driver"), await signed_in("desk_chief")
    rows = (await driver.get("/v1/licences")).json()["items"]
    assert {row["person_id"] for row in rows if row["number"]} == {str(world["driver"].who)}
    assert len(rows) == 2
    assert all(row["number"] for row in (await chief.get("/v1/licences")).json()["items"])


async def test_the_roster_says_who_is_on_duty(world: World, signed_in: SignIn, clock: HeldClock) -> None:
    """From its first instant up to, not at, its last; not when it was taken off."""
    dispatcher = await signed_in("dispatcher")
    start, end = clock() + timedelta(hours=1), clock() + timedelta(hours=9)
    body = {"person_id": str(world["officer"].who), "start_at": start.isoformat(), "end_at": end.isoformat()}
    shift = (await dispatcher.post("/v1/shifts", json=body)).json()["id"]

    async def on_duty(at: datetime) -> list[str]:
        answer = await dispatcher.get("/v1/shifts", params={"on_duty_at": at.isoformat()})
        return [one["person_id"] for one in answer.json()["items"]]

    assert await on_duty(start - timedelta(seconds=1)) == []
    assert await on_duty(start) == [body["person_id"]]
    assert await on_duty(end - timedelta(seconds=1)) == [body["person_id"]]
    assert await on_duty(end) == []
    assert (await dispatcher.post(f"/v1/shifts/{shift}/withdraw")).status_code == 201
    assert await on_duty(start) == []
    assert len((await dispatcher.get("/v1/shifts")).json()["items"]) == 2


async def test_a_shift_is_taken_off_once_and_not_when_it_is_over(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """Who was on duty yesterday is not changed today, and two clicks are one withdrawal."""
    dispatcher = await signed_in("dispatcher")
    body = {
        "person_id": str(world["officer"].who),
        "start_at": clock().isoformat(),
        "end_at": (clock() + timedelta(hours=8)).isoformat(),
    }
    first = (await dispatcher.post("/v1/shifts", json=body)).json()["id"]
    second = (await dispatcher.post("/v1/shifts", json=body)).json()["id"]
    answers = await asyncio.gather(*(dispatcher.post(f"/v1/shifts/{first}/withdraw") for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    clock.advance(hours=8)
    late = await dispatcher.post(f"/v1/shifts/{second}/withdraw")
    assert (late.status_code, problem_code(late)) == (409, "shift-stands")


async def test_a_shift_that_ends_before_it_begins_is_refused(world: World, signed_in: SignIn, clock: HeldClock) -> None:
    """And so is one of no length."""
    dispatcher = await signed_in("dispatcher")
    body = {"person_id": str(world["officer"].who), "start_at": clock().isoformat(), "end_at": clock().isoformat()}
    assert problem_code(await dispatcher.post("/v1/shifts", json=body)) == "invalid-input"
    assert (await dispatcher.get("/v1/shifts", params={"on_duty_at": "soon"})).status_code == 400


async def test_a_licence_renewed_early_keeps_no_driver_at_home_and_a_withdrawn_one_does(world: World) -> None:
    """The licence that runs holds until the next begins; word that it was withdrawn counts from the day it comes."""
    today = world.clock().date()
    renewed = NewLicence(
        person_id=world["driver"].who,
        number="350302199001010011",
        vehicle_class="C1",
        valid_from=today + timedelta(days=30),
        valid_until=today + timedelta(days=3_650),
    )
    await enter_licence(world.database, world["admin"], renewed)
    await departed_trip(world)
    await enter_licence(world.database, world["admin"], replace(renewed, withdrawn=True))
    with pytest.raises(RecordedRefusal) as refused:
        await requested_trip(world)
    assert "driver-not-licensed" in [reason["code"] for reason in refused.value.detail["reasons"]]
