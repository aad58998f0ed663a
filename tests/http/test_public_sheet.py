"""The sheet that is posted publicly: the same figures in JSON, PDF and XLSX, and nothing of people."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
from pypdf import PdfReader

from api.usecases.record_reading import NewReading, record_reading
from api.usecases.return_trip import Return, return_trip
from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn, problem_code
from tests.trips import START_M, closed_trip, dashboard, departed_trip
from tests.world import World

PATH = "/v1/public-sheet"


async def a_month(world: World, signed_in: SignIn) -> None:
    """Let a trip and its toll happen, and kilometres that are nobody's."""
    complaint_id = await accepted_complaint(world, complainant_name="林大妹", respondent_name="文献路某某鞋店")
    trip_id = await closed_trip(world, job_ids=(await job_of(world, complaint_id),))
    dispatcher = await signed_in("dispatcher")
    at = (world.clock() - timedelta(minutes=10)).isoformat()
    toll = {"kind": "toll", "amount_fen": 1_500, "incurred_at": at, "use_id": str(trip_id)}
    assert (await dispatcher.post(f"/v1/vehicles/{world.vehicle_id}/costs", json=toll)).status_code == 201
    world.clock.advance(hours=1)
    spot = {
        "vehicle_id": str(world.vehicle_id),
        "odometer_m": START_M + 15_000,
        "read_at": world.clock().isoformat(),
        "obtained": "typed",
        "occasion": "spot",
    }
    assert (await dispatcher.post("/v1/readings", json=spot)).status_code == 201


async def test_the_three_forms_say_the_same(world: World, signed_in: SignIn) -> None:
    """Figures are read back from each."""
    await a_month(world, signed_in)
    officer = await signed_in("officer")
    told: dict[str, Any] = (await officer.get(PATH, params={"month": "2026-11"})).json()
    (vehicle,) = told["vehicles"]
    assert (told["first_on"], told["last_on"]) == ("2026-11-01", "2026-11-30")
    assert (vehicle["trips"], vehicle["trips_m"], vehicle["unaccounted_m"], vehicle["difference_m"]) == (
        1,
        12_000,
        3_000,
        15_000,
    )
    assert (vehicle["total_fen"], vehicle["fen_by_kind"], vehicle["fen_per_100_km"]) == (1_500, {"toll": 1_500}, 10_000)
    (use,) = vehicle["uses"]
    assert (use["reason"], use["sites"], use["length_m"]) == ("消费纠纷现场调解", 1, 12_000)
    file = await officer.get(PATH, params={"month": "2026-11", "format": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(file.content))
    head, row = ([cell.value for cell in line] for line in book["汇总"].iter_rows())
    sums = dict(zip(head, row, strict=True))
    assert (sums["出车里程（公里）"], sums["未入账里程（公里）"], sums["总里程（公里）"]) == (12, 3, 15)
    assert (sums["过路过桥（元）"], sums["费用合计（元）"], sums["每百公里费用（元）"]) == (15, 15, 100)
    (_, used) = ([cell.value for cell in line] for line in book["用车明细"].iter_rows())
    assert used[3:] == ["消费纠纷现场调解", "辖区内现场 1 处", 12]
    paper = await officer.get(PATH, params={"month": "2026-11"}, headers={"Accept": "application/pdf"})
    assert paper.headers["content-type"] == "application/pdf"
    words = re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(paper.content)).pages))
    for said in ("公务用车使用情况公示表", "闽B12315", "12.000", "3.000", "15.000", "15.00", "100.00", "辖区内现场1处"):
        assert said in words, said


async def test_a_trip_over_a_months_end_is_one_line_with_all_its_metres(world: World, signed_in: SignIn) -> None:
    """Each month's sheet has its part; a sheet of both has the trip once."""
    world.clock.at = datetime(2026, 11, 30, 13, 0, tzinfo=UTC)
    trip_id = await departed_trip(world)
    world.clock.advance(hours=1)
    spot = {"vehicle_id": world.vehicle_id, "odometer_m": START_M + 4_000, "read_at": world.clock()}
    await record_reading(world.database, world["driver"], NewReading(**spot, occasion="spot"))
    world.clock.advance(hours=4)
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 12_000)))
    officer = await signed_in("officer")
    asked: list[tuple[dict[str, str], list[int]]] = [
        ({"month": "2026-11"}, [4_000]),
        ({"month": "2026-12"}, [8_000]),
        ({"from_month": "2026-10", "until_month": "2026-12"}, [12_000]),
    ]
    for params, metres in asked:
        (vehicle,) = (await officer.get(PATH, params=params)).json()["vehicles"]
        assert [use["length_m"] for use in vehicle["uses"]] == metres


async def test_the_sheet_names_nobody(world: World, signed_in: SignIn) -> None:
    """Neither parties nor crew, neither complaint numbers nor sites."""
    await a_month(world, signed_in)
    auditor = await signed_in("auditor")
    told = (await auditor.get(PATH, params={"month": "2026-11"})).text
    paper = await auditor.get(PATH, params={"month": "2026-11", "format": "pdf"})
    told += "".join(page.extract_text() for page in PdfReader(io.BytesIO(paper.content)).pages)
    complaints = (await auditor.get("/v1/complaints")).json()["items"]
    hidden = ["林大妹", "鞋店", "officer", "driver", "custodian", *(one["number"] for one in complaints)]
    assert [word for word in hidden if word in told] == []


async def test_a_sheet_is_of_months(signed_in: SignIn) -> None:
    """An empty month has every vehicle with nothing; a period that is none is a problem."""
    officer = await signed_in("officer")
    (vehicle,) = (await officer.get(PATH, params={"month": "2026-10"})).json()["vehicles"]
    assert (vehicle["trips"], vehicle["total_fen"], vehicle["uses"], vehicle["fen_per_100_km"]) == (0, 0, [], None)
    assert problem_code(await officer.get(PATH)) == "bad-period"
