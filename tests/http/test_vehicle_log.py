"""The vehicle log over HTTP: an auditor opens a month and sees every kilometre, refusal and amendment."""

from __future__ import annotations

import csv
import io
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import httpx
import openpyxl
import pytest

from api.db.database import RecordedRefusal
from api.print.log_columns import COLUMNS
from api.print.log_files import LogFormat, defused
from api.usecases.change_trip import NewCrew, change_crew
from api.usecases.print_log import print_log
from api.usecases.record_reading import NewReading, record_reading
from api.usecases.request_trip import request_trip
from domain.months import Months
from tests.conftest import SignIn, problem_code
from tests.log import many_orders
from tests.trips import START_M, approved_trip, closed_trip, crew_of, new_trip
from tests.world import HeldClock, World

NOVEMBER = {"month": "2026-11"}
FORMULA = "=cmd|' /C calc'!A0"


def path(world: World) -> str:
    """Return the address of the log of the world's vehicle."""
    return f"/v1/vehicles/{world.vehicle_id}/log"


async def a_month(world: World, signed_in: SignIn) -> dict[str, Any]:
    """Let a month happen: a handover, a trip, a gap, fuel, a crew change, a refusal, a correction."""
    spot = {"vehicle_id": world.vehicle_id, "occasion": "handover", "read_at": world.clock()}
    await record_reading(world.database, world["driver"], NewReading(odometer_m=START_M - 3_000, **spot))
    trip_id = await closed_trip(world)
    chief, driver = await signed_in("desk_chief"), await signed_in("driver")
    start = world.clock() + timedelta(minutes=10)
    order = {
        "vehicle_id": str(world.vehicle_id),
        "upkeep": "fuel",
        "driver_id": str(world["driver"].who),
        "planned_from": start.isoformat(),
        "planned_until": (start + timedelta(hours=1)).isoformat(),
        "place": "中石化城厢加油站",
        "place_reason": "定点加油站检修",
        "reason": FORMULA,
    }
    use_id = (await chief.post("/v1/upkeep-orders", json=order)).json()["use_id"]
    world.clock.advance(minutes=10)
    left = await driver.post(f"/v1/upkeep-orders/{use_id}/depart", json={"reading": {"odometer_m": START_M + 14_000}})
    assert left.status_code == 200, left.text
    world.clock.advance(minutes=30)
    wrong = {"reading": {"odometer_m": START_M + 81_000}}
    assert (await driver.post(f"/v1/upkeep-orders/{use_id}/return", json=wrong)).status_code == 200
    settled = {"cost_fen": 31_250, "fuel_ml": 42_350, "document_no": "发票 04400012", "odometer_m": START_M + 15_000}
    settled |= {"incurred_at": (world.clock() - timedelta(minutes=20)).isoformat()}
    closed = await chief.post(f"/v1/upkeep-orders/{use_id}/close", json=settled)
    assert closed.status_code == 200, closed.text
    readings = (await driver.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})).json()["items"]
    correction = {"odometer_m": START_M + 18_000, "obtained": "typed", "reason": "两位数字颠倒"}
    corrected = await chief.post(f"/v1/readings/{readings[0]['reading_id']}/corrections", json=correction)
    assert corrected.status_code == 201, corrected.text
    changed_id = await approved_trip(world)
    await change_crew(
        world.database,
        world["dispatcher"],
        changed_id,
        NewCrew(crew=crew_of(world, driver="second_officer"), reason="驾驶员请假"),
    )
    with pytest.raises(RecordedRefusal):
        await request_trip(world.database, world["dispatcher"], await new_trip(world, job_ids=()))
    return {"trip_id": trip_id, "use_id": use_id, "changed_id": changed_id}


async def test_an_auditor_reads_a_month_that_balances_to_the_metre(world: World, signed_in: SignIn) -> None:
    """Trips, upkeep and unaccounted kilometres add up to last minus first reading; nothing amended is hidden."""
    made = await a_month(world, signed_in)
    auditor = await signed_in("auditor")
    answer = await auditor.get(path(world), params=NOVEMBER)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    log = answer.json()
    month = log["months"][0]
    sums = month["totals"]
    assert (sums["trips_m"], sums["upkeep_m"], sums["unaccounted_m"]) == (12_000, 4_000, 5_000)
    assert sums["difference_m"] == 21_000 == month["closing_m"] - (START_M - 3_000)
    assert (sums["fuel_ml"], sums["cost_fen"], sums["refusals"]) == (42_350, 31_250, 1)
    assert sums["fuel_ml_per_100_km"] == round(42_350 * 100_000 / 21_000)
    assert log["totals"] == sums
    by_id = {row["id"]: row for row in month["rows"]}
    trip, fuel, changed = (by_id[str(made[name])] for name in ("trip_id", "use_id", "changed_id"))
    assert (trip["kind"], trip["state"], trip["length_m"]) == ("trip", "closed", 12_000)
    assert trip["complaints"]
    assert trip["order_no"] == "2026-1"
    assert (trip["driver"], trip["officers"], trip["approver"]) == ("driver 某", ["officer 某"], "custodian 某")
    assert (trip["departure_delay_s"], trip["return_delay_s"]) == (0, 0)
    assert (fuel["kind"], fuel["upkeep"], fuel["length_m"]) == ("upkeep", "fuel", 4_000)
    told = fuel["amendments"][0]
    assert (told["what"], told["old"], told["new"]) == (
        "reading-corrected",
        str(START_M + 81_000),
        str(START_M + 18_000),
    )
    assert (told["by"], told["reason"]) == ("desk_chief 某", "两位数字颠倒")
    crew = changed["amendments"][0]
    assert (crew["what"], crew["old"], crew["new"]) == (
        "crew-changed",
        "driver 某、officer 某",
        "second_officer 某、officer 某",
    )
    refusal = next(row for row in month["rows"] if row["kind"] == "refusal")
    assert (refusal["reasons"], refusal["requester"]) == (["no-complaint", "vehicle-busy"], "dispatcher 某")
    gaps = [row for row in month["rows"] if row["kind"] == "unaccounted"]
    assert [row["length_m"] for row in gaps] == [3_000, 2_000]


async def test_the_csv_says_the_same_and_runs_no_formula(world: World, signed_in: SignIn) -> None:
    """Headings in the reader's language, clocks of the bureau, and a text like =cmd stays a text."""
    await a_month(world, signed_in)
    auditor = await signed_in("auditor")
    auditor.headers["Accept"] = "text/csv"
    auditor.headers["Accept-Language"] = "zh-CN"
    answer = await auditor.get(path(world), params=NOVEMBER)
    assert answer.headers["content-type"].startswith("text/csv")
    assert "vehicle-log-2026-11.csv" in answer.headers["content-disposition"]
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[0] == ["月份", *(column.zh for column in COLUMNS)]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:] if len(line) == len(lines[0])]
    fuel = next(row for row in rows if row["类型"] == "维保")
    assert (fuel["事由"], fuel["加油（升）"], fuel["费用（元）"]) == (f"'{FORMULA}", "42.350", "312.50")
    assert fuel["实际出车"] == "2026-11-23 11:10"
    trip = next(row for row in rows if row["类型"] == "出车" and row["状态"] == "已办结")
    assert (trip["读数里程（公里）"], trip["驾驶员"]) == ("12.000", "driver 某")
    assert any("更正读数（米）：52081000 → 52018000（两位数字颠倒）" in row["变更记录"] for row in rows)
    refusal = next(row for row in rows if row["类型"] == "拒绝")
    assert refusal["拒绝理由"] == "申请没有对应任何投诉的现场调解任务。；该车在此时段已有其他出车或维保。"
    sums = {line[2]: line[3] for line in lines if line[:2] == ["2026-11", "合计"]}
    assert (sums["未入账里程（公里）"], sums["读数差（公里）"]) == ("5.000", "21.000")


async def test_the_workbook_opens_with_the_log_the_amendments_and_the_sums(world: World, signed_in: SignIn) -> None:
    """Three sheets; numbers are numbers, instants are dates, and no cell is a formula."""
    await a_month(world, signed_in)
    custodian = await signed_in("custodian")
    answer = await custodian.get(path(world), params=NOVEMBER | {"format": "xlsx"})
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["Log", "Amendments", "Totals"]
    log, amendments, totals = book.worksheets
    headings = [cell.value for cell in log[1]]
    assert headings == ["Month", *(column.en for column in COLUMNS)]
    rows = [dict(zip(headings, (cell.value for cell in row), strict=True)) for row in log.iter_rows(min_row=2)]
    fuel = next(row for row in rows if row["Kind"] == "upkeep")
    assert (fuel["By reading (km)"], fuel["Departed"]) == (4, datetime(2026, 11, 23, 11, 10))  # noqa: DTZ001 - a sheet's clock has no zone
    assert fuel["Purpose"] == FORMULA
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    told = [row[3].value for row in amendments.iter_rows(min_row=2)]
    assert any("crew changed" in text and "second_officer" in text for text in told)
    sums = dict(zip((cell.value for cell in totals[1]), (cell.value for cell in totals[2]), strict=True))
    assert (sums["Opening (km)"], sums["Closing (km)"], sums["Last minus first reading (km)"]) == (None, 52_018, 21)
    assert totals[3][0].value == "Total"


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "\n=1"])
def test_a_text_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    """Also after a tab or in full width; other texts stay as they are."""
    assert defused(text) == f"'{text}"
    assert defused(f"a{text}") == f"a{text}"


@pytest.mark.parametrize("who", ["officer", "driver", "dispatcher", "admin"])
async def test_the_log_is_for_auditor_custodian_and_desk_chief(world: World, signed_in: SignIn, who: str) -> None:
    """Who drives and who dispatches do not read it."""
    refused = await (await signed_in(who)).get(path(world), params=NOVEMBER)
    assert (refused.status_code, problem_code(refused)) == (403, "forbidden")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "bad-period"),
        ({"month": "2026-11", "year": "2026"}, "bad-period"),
        ({"from_month": "2026-11"}, "bad-period"),
        ({"from_month": "2026-11", "until_month": "2026-10"}, "bad-period"),
        ({"from_month": "2025-01", "until_month": "2027-01"}, "bad-period"),
        ({"month": "2026-13"}, "invalid-input"),
        ({"month": "0000-01"}, "bad-period"),
        ({"month": "9999-12"}, "bad-period"),
        ({"year": "1999"}, "invalid-input"),
        ({"month": "2026-11", "format": "pdf"}, "invalid-input"),
    ],
)
async def test_a_period_that_is_none_is_a_problem(
    world: World, signed_in: SignIn, query: dict[str, str], code: str
) -> None:
    """One month, one year, or a pair of months up to two years apart."""
    answer = await (await signed_in("auditor")).get(path(world), params=query)
    assert (answer.status_code, problem_code(answer)) == (400, code)


async def test_a_vehicle_of_nobody_has_no_log(signed_in: SignIn) -> None:
    """Nothing is written before the vehicle is known."""
    answer = await (await signed_in("auditor")).get(f"/v1/vehicles/{uuid4()}/log", params=NOVEMBER)
    assert (answer.status_code, problem_code(answer)) == (404, "not-found")


async def test_an_empty_month_is_an_empty_log(world: World, signed_in: SignIn) -> None:
    """A vehicle that never moved still has a log of each month, in every form."""
    auditor = await signed_in("auditor")
    for form in LogFormat:
        answer = await auditor.get(path(world), params=NOVEMBER | {"format": form.value})
        assert answer.status_code == 200
    month = (await auditor.get(path(world), params=NOVEMBER)).json()["months"][0]
    assert (month["rows"], month["opening_m"], month["totals"]["difference_m"]) == ([], None, 0)


async def test_months_lie_end_to_end_through_a_year(world: World, signed_in: SignIn) -> None:
    """Each month opens with what the one before closed with, and the year's sums are those of its months."""
    shown_m = 10_000_000
    for month in range(1, 12):
        first_at = datetime(2026, month, 27, 22, 0, tzinfo=UTC)
        shown_m = await many_orders(world, world.vehicle_id, first_at, 20, from_m=shown_m)
    log = (await (await signed_in("auditor")).get(path(world), params={"year": "2026"})).json()
    months = log["months"]
    assert [month["month"] for month in months] == [f"2026-{number:02}" for number in range(1, 13)]
    for before, after in pairwise(months):
        assert before["closing_m"] == after["opening_m"]
    sums = log["totals"]
    assert sums["upkeep_m"] + sums["unaccounted_m"] == sums["difference_m"] == shown_m - 1_000 - 10_000_000
    assert sums["upkeep_m"] == 11 * 20 * 4_000
    pair = await (await signed_in("auditor")).get(
        path(world), params={"from_month": "2026-02", "until_month": "2026-03"}
    )
    assert pair.json()["months"] == months[1:3]


async def test_a_year_s_log_takes_no_more_memory_than_a_month_s(world: World) -> None:
    """Months are written as they are read: twelve of them peak where one does."""
    shown_m = 10_000_000
    for month in range(1, 13):
        first_at = datetime(2026, month, 2, tzinfo=UTC)
        shown_m = await many_orders(world, world.vehicle_id, first_at, 60, from_m=shown_m)

    async def peak(months: Months) -> tuple[int, int]:
        tracemalloc.start()
        try:
            file, _ = await print_log(
                world.database, world["auditor"], world.vehicle_id, months, form=LogFormat.JSON, language="zh"
            )
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        with file:
            return most, file.seek(0, io.SEEK_END)

    february = Months(date(2026, 2, 1), date(2026, 2, 1))
    year = Months(date(2026, 1, 1), date(2026, 12, 1))
    await peak(february)
    (small, small_bytes), (large, large_bytes) = await peak(february), await peak(year)
    assert large_bytes > 8 * small_bytes
    assert large < 2 * small, f"{small} bytes for a month, {large} for a year"


async def test_a_log_is_one_instant_of_the_books(world: World, signed_in: SignIn, clock: HeldClock) -> None:
    """While readings come in, the sums still agree with the rows of the same answer."""
    auditor = await signed_in("auditor")
    entered: list[UUID] = []

    async def read_on(client: httpx.AsyncClient, number: int) -> dict[str, Any]:
        clock.advance(minutes=1)
        new = NewReading(
            vehicle_id=world.vehicle_id, odometer_m=START_M + number * 1000, read_at=clock(), occasion="spot"
        )
        entered.append(await record_reading(world.database, world["driver"], new))
        answer = await client.get(path(world), params=NOVEMBER)
        return dict(answer.json()["months"][0])

    for number in range(5):
        month = await read_on(auditor, number)
        assert sum(row.get("length_m", 0) for row in month["rows"]) == month["totals"]["difference_m"]
        assert month["closing_m"] == START_M + number * 1000
