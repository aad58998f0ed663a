"""The dispatch order on paper, read back out of the PDF, and its verification address."""

from __future__ import annotations

import io
import re

import httpx
from pypdf import PdfReader
from sqlmodel import select

from api.db.tables.uses import DispatchOrder
from api.usecases.approve_trip import cancel_trip
from api.usecases.request_trip import Aboard
from tests.conftest import SignIn, problem_code
from tests.trips import a_complaint_job, approved_trip, closed_trip, requested_trip
from tests.world import World

HOSTILE = '#panic("x") $1^2$ \\ *bold* <b> @ref // `code`'


def words_of(pdf: bytes) -> str:
    """Return the text of all pages, without the places where a page breaks it."""
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


async def test_the_order_of_a_closed_trip_says_who_why_when_and_how_far(world: World, signed_in: SignIn) -> None:
    """An auditor holds the paper against the log."""
    trip_id = await closed_trip(world)
    world.clock.advance(microseconds=123_456)
    auditor = await signed_in("auditor")
    answer = await auditor.get(f"/v1/trips/{trip_id}/order.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    words = words_of(answer.content)
    for expected in (
        "派车单", "闽B12315", "12315投诉举报中心", "dispatcher某", "custodian某", "driver某", "officer某",
        "350302199001010011",        "2026-000001", "文献步行街12号店", "52,000.0公里", "52,012.0公里", "口头批准否",
        "2026-11-2310:00", "核对人签字", "通行费", "停车费",
    ):  # fmt: skip
        assert expected in words, (expected, words)
    assert "作废" not in words


async def test_every_font_of_the_order_is_within_it(world: World, signed_in: SignIn) -> None:
    """The paper looks the same on a machine without Chinese fonts."""
    trip_id = await approved_trip(world)
    answer = await (await signed_in("driver")).get(f"/v1/trips/{trip_id}/order.pdf")
    fonts = [
        font.get_object()
        for page in PdfReader(io.BytesIO(answer.content)).pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]  # a page has resources
    ]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert "NotoSansCJK" in descriptor["/FontName"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)


async def test_what_people_typed_is_printed_as_text_and_never_run(world: World, signed_in: SignIn) -> None:
    """A name made of the typesetter's own commands is a name."""
    trip_id = await approved_trip(world, passengers=(Aboard(HOSTILE, "consumer"), Aboard("长" * 100, "expert")))
    answer = await (await signed_in("dispatcher")).get(f"/v1/trips/{trip_id}/order.pdf")
    assert answer.status_code == 200
    assert re.sub(r"\s+", "", HOSTILE) in words_of(answer.content).replace("\u200b", "")


async def test_a_trip_without_an_approval_has_no_order(world: World, signed_in: SignIn) -> None:
    """Paper exists only for what the custodian approved."""
    trip_id = await requested_trip(world)
    answer = await (await signed_in("dispatcher")).get(f"/v1/trips/{trip_id}/order.pdf")
    assert (answer.status_code, problem_code(answer)) == (409, "no-order-yet")


async def test_anybody_may_verify_an_order_and_learns_no_name(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """A guard at a gate holds the paper against the desk's own record; a void one says so."""
    trip_id = await approved_trip(world, job_ids=(await a_complaint_job(world),))
    async with world.database.read(world.bureau_id) as reader:
        order = await reader.one(select(DispatchOrder).where(DispatchOrder.bureau_id == world.bureau_id))
    address = f"/verify/{world.bureau_id}/{order.year}/{order.number}/"
    genuine = await anonymous.get(address + order.verification_code)
    assert genuine.status_code == 200
    assert genuine.json()["plate"] == "闽B12315"
    assert not genuine.json()["void"]
    assert "某" not in genuine.text.replace(genuine.json()["bureau"], "")
    for wrong in (
        address + "x" * len(order.verification_code),
        f"/verify/999999/{order.year}/1/x",
        "/verify/abc/1/1/x",
    ):
        answer = await anonymous.get(wrong)
        assert (answer.status_code, problem_code(answer)) == (404, "not-found")
    await cancel_trip(world.database, world["dispatcher"], trip_id, "双方已和解")
    assert (await anonymous.get(address + order.verification_code)).json()["void"]
    paper = await (await signed_in("dispatcher")).get(f"/v1/trips/{trip_id}/order.pdf")
    assert "作废" in words_of(paper.content)
