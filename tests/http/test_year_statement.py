"""A year's statement: its months side by side as they are sealed or stand, summed, in all three forms."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.conftest import SignIn, problem_code
from tests.http.test_statement import km, paper, pressed, sealed, sheets
from tests.log import many_orders
from tests.trips import START_M
from tests.world import World


async def test_a_year_is_its_months_with_their_seals_and_the_sums_agree_in_all_three_forms(
    world: World, signed_in: SignIn
) -> None:
    """November is sealed and stands with its digest, December is a draft and said to be one."""
    _, seal = await sealed(world, signed_in)
    shown_m = await many_orders(world, world.vehicle_id, datetime(2026, 12, 2, tzinfo=UTC), 3, from_m=START_M + 20_000)
    world.clock.at = datetime(2026, 12, 20, tzinfo=UTC)
    auditor = await signed_in("auditor")
    auditor.headers["Accept-Language"] = "en"
    address = f"/v1/vehicles/{world.vehicle_id}/years/2026/statement"
    told = (await auditor.get(address)).json()
    assert [one["month"] for one in told["months"]] == [f"2026-{number:02}" for number in range(1, 13)]
    november, december = told["months"][10:]
    assert (november["sealed"], november["statement_sha256"]) == (True, seal["statement_sha256"])
    assert (december["sealed"], december["totals"]["upkeep_m"]) == (False, 12_000)
    sums = told["totals"]
    assert sums["trips_m"] + sums["upkeep_m"] + sums["unaccounted_m"] == sums["difference_m"]
    assert sums["difference_m"] == shown_m - 1_000 - (START_M - 3_000)
    summary, months, complaints, _ = sheets(await auditor.get(address, params={"format": "xlsx"}))
    by_name = dict(tuple(row.values())[:2] for row in summary)
    assert round(by_name["Last minus first reading (km)"] * 1000) == sums["difference_m"]
    assert [round(row["Trips (km)"] * 1000) for row in months] == [one["totals"]["trips_m"] for one in told["months"]]
    page = paper(await auditor.get(address, params={"format": "pdf"}))
    assert pressed(f"Last minus first reading (km) {km(sums['difference_m'])}") in page
    assert seal["statement_sha256"] in page
    assert "Monthsnotsealedyet" in page
    assert "thefirststatement" not in page
    for row, one in zip(complaints, told["complaints"], strict=True):
        assert (row["Complaint"], round(row["Kilometres"] * 1000)) == (one["number"], one["metres"])


async def test_a_year_that_is_none_is_a_problem_and_one_to_come_is_empty(world: World, signed_in: SignIn) -> None:
    """As for the log."""
    auditor = await signed_in("auditor")
    for year in (1999, 2101):
        answer = await auditor.get(f"/v1/vehicles/{world.vehicle_id}/years/{year}/statement")
        assert (answer.status_code, problem_code(answer)) == (400, "bad-period")
    told = (await auditor.get(f"/v1/vehicles/{world.vehicle_id}/years/2030/statement")).json()
    assert [one["totals"]["difference_m"] for one in told["months"]] == [0]
