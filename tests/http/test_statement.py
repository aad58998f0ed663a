"""A month's statement over HTTP: the same figures as JSON, XLSX and paper, and what comes late beside them."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import openpyxl
import pytest
from pypdf import PdfReader

from api.usecases.change_setting import NewSetting, change_setting
from api.usecases.raise_finding import raise_finding
from api.usecases.record_reading import NewReading, record_reading
from domain.findings.kinds import FindingKind
from tests.conftest import SignIn, problem_code
from tests.http.test_vehicle_log import a_month
from tests.trips import START_M, closed_trip
from tests.world import World

Client = httpx.AsyncClient


def path(world: World, what: str = "statement", month: str = "2026-11") -> str:
    """Return the address of a month of the world's vehicle."""
    return f"/v1/vehicles/{world.vehicle_id}/months/{month}/{what}"


async def november(world: World, signed_in: SignIn) -> Client:
    """Let a November happen, with a finding and a changed setting, and be over; return the auditor's client."""
    made = await a_month(world, signed_in)

    async def find(uow: Any) -> Any:
        return await raise_finding(
            uow,
            FindingKind.DETOUR,
            vehicle_id=world.vehicle_id,
            use_id=made["trip_id"],
            subject_id=made["trip_id"],
            evidence={},
        )

    await world.database.write(world["custodian"], find)
    await change_setting(world.database, world["admin"], NewSetting(name="site_tolerance_m", value=200, reason="试行"))
    world.clock.at = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    return await signed_in("auditor")


async def sealed(world: World, signed_in: SignIn) -> tuple[Client, dict[str, Any]]:
    """Seal November; return the auditor's client and the seal."""
    auditor = await november(world, signed_in)
    answer = await (await signed_in("custodian")).post(path(world, "seal"))
    assert answer.status_code == 201, answer.text
    return auditor, answer.json()


async def read_late(world: World) -> None:
    """Enter a reading of November after it was sealed: a kilometre more of nobody's."""
    at = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
    new = NewReading(vehicle_id=world.vehicle_id, odometer_m=START_M + 19_000, read_at=at, occasion="spot")
    await record_reading(world.database, world["desk_chief"], new)


def km(metres: int | None) -> str:
    """Return kilometres as paper has them."""
    return "" if metres is None else f"{Decimal(metres).scaleb(-3):,}"


def pressed(text: str) -> str:
    """Return text without what a page puts between its signs."""
    return re.sub(r"[\s\u200b]+", "", text)


def paper(answer: httpx.Response) -> str:
    """Return all that a PDF says, pressed."""
    assert answer.headers["content-type"] == "application/pdf"
    return pressed("".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages))


def sheets(answer: httpx.Response) -> list[list[dict[str, Any]]]:
    """Return the rows of each sheet by their headings."""
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    return [
        [
            dict(zip((cell.value for cell in sheet[1]), row, strict=False))
            for row in sheet.iter_rows(2, values_only=True)
        ]
        for sheet in book.worksheets
    ]


SUMS = {
    "Trips (km)": "trips_m",
    "Upkeep (km)": "upkeep_m",
    "Unaccounted (km)": "unaccounted_m",
    "Last minus first reading (km)": "difference_m",
    "By track (km)": "track_m",
}


async def test_json_xlsx_and_pdf_say_the_same_figures(world: World, signed_in: SignIn) -> None:
    """Sums, uses, charges and metres of nobody, read back from all three; before the seal and after it."""
    auditor = await november(world, signed_in)
    auditor.headers["Accept-Language"] = "en"
    for _ in ("draft", "sealed"):
        told = (await auditor.get(path(world))).json()
        summary, uses, complaints, gaps, *_ = sheets(await auditor.get(path(world), params={"format": "xlsx"}))
        page = paper(await auditor.get(path(world), params={"format": "pdf"}))
        by_name = dict(tuple(row.values())[:2] for row in summary)
        for name, field in SUMS.items():
            assert Decimal(str(by_name[name])) * 1000 == told["totals"][field], name
            assert pressed(f"{name}{km(told['totals'][field])}") in page, name
        assert len(uses) == len(told["uses"]) >= 3
        for row, use in zip(uses, told["uses"], strict=True):
            figures = [use[name] for name in ("reading_from_m", "reading_until_m", "length_m", "track_m")]
            cells = [row[name] for name in ("First reading", "Last reading", "By reading", "By track")]
            assert [None if cell is None else round(cell * 1000) for cell in cells] == figures
            assert "".join(km(one) for one in figures) in page
            charged = "".join(pressed(f"{one['number']}: {km(one['metres'])}") for one in use["charges"])
            assert pressed(row["Charged"] or "").replace("(eq.)", "") == charged
            assert charged in page.replace("(eq.)", "")
        for row, one in zip(complaints, told["complaints"], strict=True):
            assert (row["Complaint"], round(row["Kilometres"] * 1000), row["Trips"]) == (
                one["number"],
                one["metres"],
                one["trips"],
            )
            assert f"{one['number']}{one['trips']}{km(one['metres'])}" in page
        for row, one in zip(gaps, told["unaccounted"], strict=True):
            assert (round(row["Unaccounted (km)"] * 1000), row["Who answers"]) == (one["metres"], one["answerable"])
            read_m = one["reading_from_m"], one["reading_until_m"], one["metres"]
            assert "".join(map(km, read_m)) + pressed(one["answerable"]) in page
        assert told["totals"]["difference_m"] == 21_000
        assert [one["metres"] for one in told["unaccounted"]] == [3_000, 2_000]
        assert (await (await signed_in("custodian")).post(path(world, "seal"))).status_code in (201, 409)


async def test_the_paper_carries_the_digest_of_its_json_and_of_the_statement_before_it(
    world: World, signed_in: SignIn
) -> None:
    """What was handed over on paper binds the bytes."""
    auditor, first = await sealed(world, signed_in)
    answer = await auditor.get(path(world))
    assert hashlib.sha256(answer.content).hexdigest() == first["statement_sha256"]
    assert answer.headers["etag"] == f'"{first["statement_sha256"]}"'
    assert first["statement_sha256"] in paper(await auditor.get(path(world), params={"format": "pdf"}))
    world.clock.at = datetime(2027, 1, 5, tzinfo=UTC)
    auditor = await signed_in("auditor")
    second = (await auditor.post(path(world, "seal", "2026-12"))).json()
    assert second["previous_sha256"] == first["statement_sha256"]
    page = paper(await auditor.get(path(world, month="2026-12"), params={"format": "pdf"}))
    assert first["statement_sha256"] in page
    assert second["statement_sha256"] in page


async def test_a_late_reading_is_struck_through_on_paper_and_changes_no_byte(world: World, signed_in: SignIn) -> None:
    """Old and new side by side, with room to sign for it; the JSON is what it was."""
    auditor, _ = await sealed(world, signed_in)
    before = (await auditor.get(path(world))).content
    await read_late(world)
    assert (await auditor.get(path(world))).content == before
    seal = (await auditor.get(path(world, "seal"))).json()
    odometer = next(one for one in seal["amendments"] if one["kind"] == "odometer")
    assert (odometer["old"]["difference_m"], odometer["new"]["difference_m"]) == (21_000, 22_000)
    auditor.headers["Accept-Language"] = "zh-CN"
    page = paper(await auditor.get(path(world), params={"format": "pdf"}))
    assert "签认" in page
    assert f"读数差（公里）{km(21_000)}{km(22_000)}" in page
    *_, late = sheets(await auditor.get(path(world), params={"format": "xlsx"}))
    assert {"事项": "里程表", "内容": "读数差（公里）", "封账所记": km(21_000), "现知": km(22_000)}.items() <= next(
        row for row in late if row["内容"] == "读数差（公里）"
    ).items()


async def test_findings_and_settings_of_the_month_stand_on_it_in_both_languages(
    world: World, signed_in: SignIn
) -> None:
    """A threshold that moved stands beside what was found, before the seal and by its last look at the books."""
    auditor, seal = await sealed(world, signed_in)
    told = (await auditor.get(path(world))).json()
    assert {"detour", "visit-note-missing"} <= {one["kind"] for one in told["findings"]}
    assert seal["open_findings"] == len(told["findings"])
    assert [(one["name"], one["old"], one["new"]) for one in told["settings"]] == [("site_tolerance_m", 150, 200)]
    for language, words in (
        ("zh-CN", ("行驶里程明显超出应有里程。", "待说明", "场所超出边界仍视为辖区内的容差（米）150200")),
        ("en", ("Thewaywasmuchlongerthanitshouldhavebeen.", "notexplained", "withamark150200")),
    ):
        auditor.headers["Accept-Language"] = language
        answer = await auditor.get(path(world), params={"format": "pdf"})
        assert answer.headers["content-language"] == language
        page = paper(answer)
        for word in words:
            assert word in page


async def test_a_draft_says_that_it_is_one_and_has_no_seal(world: World, signed_in: SignIn) -> None:
    """Nobody takes it for the month's last word."""
    auditor = await november(world, signed_in)
    auditor.headers["Accept-Language"] = "zh-CN"
    assert "草稿：本月尚未封账" in paper(await auditor.get(path(world), params={"format": "pdf"}))
    answer = await auditor.get(path(world, "seal"))
    assert (answer.status_code, problem_code(answer)) == (404, "month-not-sealed")


async def test_a_text_that_looks_like_a_formula_or_markup_stays_a_text(world: World, signed_in: SignIn) -> None:
    """In the workbook and on paper: a reason is what somebody typed."""
    auditor = await november(world, signed_in)
    world.clock.at = datetime(2026, 11, 29, tzinfo=UTC)
    typed = '=cmd|"#image(x)"'
    await change_setting(world.database, world["admin"], NewSetting(name="note_near_m", value=250, reason=typed))
    book = openpyxl.load_workbook(io.BytesIO((await auditor.get(path(world), params={"format": "xlsx"})).content))
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    assert pressed(typed) in paper(await auditor.get(path(world), params={"format": "pdf"}))


async def test_what_a_month_has_none_of_is_a_dash_on_paper_and_no_zero(world: World, signed_in: SignIn) -> None:
    """No fuel is no consumption of nothing; as on the sheet that is posted publicly."""
    await closed_trip(world)
    auditor = await signed_in("auditor")
    auditor.headers["Accept-Language"] = "en"
    assert (await auditor.get(path(world))).json()["costs"]["fuel_ml_per_100_km"] is None
    assert "Fuelfilledinper100km(l)—" in paper(await auditor.get(path(world), params={"format": "pdf"}))
    summary, *_ = sheets(await auditor.get(path(world), params={"format": "xlsx"}))
    by_name = dict(tuple(row.values())[:2] for row in summary)
    assert (by_name["Fuel filled in per 100 km (l)"], by_name["Fuel (l)"], by_name["Readings"]) == (None, 0, 2)


async def test_each_use_has_its_approver_fuel_and_cost_on_paper_and_in_the_workbook(
    world: World, signed_in: SignIn
) -> None:
    """What the JSON says of a use, the other forms say too."""
    auditor = await november(world, signed_in)
    told = (await auditor.get(path(world))).json()
    auditor.headers["Accept-Language"] = "en"
    _, uses, *_ = sheets(await auditor.get(path(world), params={"format": "xlsx"}))
    page = paper(await auditor.get(path(world), params={"format": "pdf"}))
    assert any(use["fuel_ml"] for use in told["uses"])
    for row, use in zip(uses, told["uses"], strict=True):
        assert row["Approver"] == use["approver"]
        assert pressed(use["approver"] or "") in page
        if use["fuel_ml"] is not None:
            said = f"{km(use['fuel_ml'])} l\n{Decimal(use['cost_fen']).scaleb(-2)} yuan"
            assert said in row["Remarks"]
            assert pressed(said) in page


async def test_the_digest_of_the_json_is_the_etag_of_nothing_else(world: World, signed_in: SignIn) -> None:
    """A cache that kept the paper would show it without what was amended since."""
    auditor, seal = await sealed(world, signed_in)
    for form, tag in (("json", f'"{seal["statement_sha256"]}"'), ("pdf", None), ("xlsx", None)):
        assert (await auditor.get(path(world), params={"format": form})).headers.get("etag") == tag


async def test_the_accept_header_names_the_form_too(world: World, signed_in: SignIn) -> None:
    """As for the log; the parameter wins."""
    auditor = await november(world, signed_in)
    auditor.headers["Accept"] = "application/pdf"
    assert (await auditor.get(path(world))).headers["content-type"] == "application/pdf"
    answer = await auditor.get(path(world), params={"format": "json"})
    assert answer.headers["content-type"] == "application/json"
    assert "statement-2026-11.json" in answer.headers["content-disposition"]


@pytest.mark.parametrize("who", ["officer", "driver", "dispatcher", "admin"])
async def test_the_statement_and_the_seal_are_for_auditor_custodian_and_desk_chief(
    world: World, signed_in: SignIn, who: str
) -> None:
    """Who drives and who dispatches neither read nor seal."""
    client = await signed_in(who)
    for method, what in (("GET", "statement"), ("GET", "seal"), ("POST", "seal")):
        refused = await client.request(method, path(world, what))
        assert (refused.status_code, problem_code(refused)) == (403, "forbidden")


async def test_what_cannot_be_sealed_is_a_problem_with_its_reason(world: World, signed_in: SignIn) -> None:
    """A month that runs, one that is sealed, one out of order, one of no vehicle, and what is no month."""
    chief = await signed_in("desk_chief")
    running = await chief.post(path(world, "seal"))
    assert (running.status_code, problem_code(running)) == (409, "month-not-over")
    await sealed(world, signed_in)
    chief = await signed_in("desk_chief")
    again = await chief.post(path(world, "seal"))
    assert (again.status_code, problem_code(again)) == (409, "month-already-sealed")
    early = await chief.post(path(world, "seal", "2026-09"))
    assert (early.status_code, problem_code(early)) == (409, "seal-out-of-order")
    nobody = await chief.post(f"/v1/vehicles/{uuid4()}/months/2026-11/seal")
    assert (nobody.status_code, problem_code(nobody)) == (404, "not-found")
    for month in ("2026-13", "november", "2026-11-01", "1999-12"):
        none = await chief.get(path(world, month=month))
        assert (none.status_code, problem_code(none)) == (400, "bad-period"), month


async def test_a_seal_asked_for_twice_under_one_key_is_one(world: World, signed_in: SignIn) -> None:
    """A double click gets the same answer."""
    await november(world, signed_in)
    custodian = await signed_in("custodian")
    key = {"Idempotency-Key": "seal-2026-11"}
    first, second = [await custodian.post(path(world, "seal"), headers=key) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
