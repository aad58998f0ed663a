"""What an officer went along for, in a month and a year: the figures of the statements, for whom they concern."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from api.usecases.record_cost import NewCost, record_cost
from domain.upkeep.costs import CostKind
from tests.conftest import SignIn, problem_code
from tests.http.test_statement import km, paper, path, pressed, sheets
from tests.http.test_vehicle_log import a_month
from tests.trips import closed_trip, dashboard
from tests.world import World, add_vehicle

FIGURES = ("trips", "metres", "seconds", "fen")


def address(world: World, who: str = "officer") -> str:
    """Return the address of what a person of the world went along for."""
    return f"/v1/people/{world[who].who}/vehicle-use"


async def a_paid_month(world: World, signed_in: SignIn) -> None:
    """Let a November happen in which a toll of 15 yuan was paid on the officer's trip, and be over."""
    made = await a_month(world, signed_in)
    toll = NewCost(
        vehicle_id=world.vehicle_id,
        kind=CostKind.TOLL,
        amount_fen=1_500,
        incurred_at=world.clock() - timedelta(hours=1),
        use_id=made["trip_id"],
    )
    await record_cost(world.database, world["driver"], toll)
    world.clock.at = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)


def of_officer(told: dict[str, Any], world: World, who: str = "officer") -> dict[str, int]:
    """Return a person's figures in a statement."""
    (row,) = [row for row in told["officers"] if row["person_id"] == str(world[who].who)]
    return {name: row[name] for name in FIGURES}


async def test_an_officer_s_month_is_what_the_statement_says_as_a_draft_and_sealed(
    world: World, signed_in: SignIn
) -> None:
    """Trips, metres, seconds and fen, to the last one; the sheet and the paper have them too."""
    await a_paid_month(world, signed_in)
    auditor = await signed_in("auditor")
    auditor.headers["Accept-Language"] = "en"
    for sealed in (False, True):
        told = (await auditor.get(address(world), params={"month": "2026-11"})).json()
        (row,) = told["months"]
        statement = (await auditor.get(path(world))).json()
        assert {name: row[name] for name in FIGURES} == told["totals"] == of_officer(statement, world)
        assert told["totals"] == {"trips": 1, "metres": 12_000, "seconds": 3_600, "fen": 1_500}
        assert (row["month"], row["plate"], row["sealed"]) == ("2026-11", "闽B12315", sealed)
        summary, months = sheets(await auditor.get(address(world), params={"month": "2026-11", "format": "xlsx"}))
        by_name = dict(tuple(one.values())[:2] for one in summary)
        assert [by_name[name] for name in ("Trips", "Kilometres", "Minutes", "Cost (yuan)")] == [1, 12, 60, 15]
        assert [(one["Kilometres"], one["Cost (yuan)"]) for one in months] == [(12, 15)]
        page = paper(await auditor.get(address(world), params={"month": "2026-11", "format": "pdf"}))
        assert pressed(f"Kilometres {km(12_000)}") in page
        if not sealed:
            assert (await (await signed_in("custodian")).post(path(world, "seal"))).status_code == 201


async def test_an_officer_s_year_is_what_the_year_s_statement_says(world: World, signed_in: SignIn) -> None:
    """And money by officer is summed there over the months too."""
    await a_paid_month(world, signed_in)
    dashboard(world, 6_000)  # what fuel and a gap took since
    await closed_trip(world)
    world.clock.at = datetime(2026, 12, 20, tzinfo=UTC)
    auditor = await signed_in("auditor")
    told = (await auditor.get(address(world), params={"year": 2026})).json()
    year = (await auditor.get(f"/v1/vehicles/{world.vehicle_id}/years/2026/statement")).json()
    assert [one["month"] for one in told["months"]] == ["2026-11", "2026-12"]
    assert told["totals"] == of_officer(year, world)
    assert (told["totals"]["trips"], told["totals"]["fen"]) == (2, 1_500)
    empty = (await auditor.get(address(world), params={"year": 2025})).json()
    assert (empty["months"], empty["totals"]) == ([], dict.fromkeys(FIGURES, 0))


async def test_trips_with_two_vehicles_are_told_by_vehicle_and_summed(world: World, signed_in: SignIn) -> None:
    """Another vehicle while the first is in the workshop."""
    await closed_trip(world)
    world.vehicle_id = await add_vehicle(world, "闽B66666")
    dashboard(world)
    await closed_trip(world)
    told = (await (await signed_in("custodian")).get(address(world), params={"month": "2026-11"})).json()
    assert [(one["plate"], one["metres"]) for one in told["months"]] == [("闽B12315", 12_000), ("闽B66666", 12_000)]
    assert told["totals"]["metres"] == 24_000


async def test_an_officer_sees_their_own_and_the_heads_everyone_s(world: World, signed_in: SignIn) -> None:
    """Who drives or dispatches sees none, though it be about them."""
    month = {"month": "2026-11"}
    officer = await signed_in("officer")
    assert (await officer.get(address(world), params=month)).status_code == 200
    other = await officer.get(address(world, "second_officer"), params=month)
    assert (other.status_code, problem_code(other)) == (403, "only-oneself")
    for who in ("auditor", "custodian", "desk_chief"):
        assert (await (await signed_in(who)).get(address(world), params=month)).status_code == 200
    for who in ("driver", "dispatcher", "admin"):
        refused = await (await signed_in(who)).get(address(world, who), params=month)
        assert (refused.status_code, problem_code(refused)) == (403, "forbidden")


async def test_a_person_who_is_none_and_a_period_that_is_none_are_problems(world: World, signed_in: SignIn) -> None:
    """Neither month nor year, or both, say nothing."""
    auditor = await signed_in("auditor")
    lost = await auditor.get(f"/v1/people/{uuid4()}/vehicle-use", params={"month": "2026-11"})
    assert (lost.status_code, problem_code(lost)) == (404, "not-found")
    for period in ({}, {"month": "2026-11", "year": 2026}):
        answer = await auditor.get(address(world), params=period)
        assert (answer.status_code, problem_code(answer)) == (400, "bad-period")
