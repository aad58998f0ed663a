"""Every text field of every form of the board, met by walking its pages: what is typed is text and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from api.usecases.add_job import Site
from domain.values import Datum
from tests.browser.conftest import Opens
from tests.browser.test_board_pages import a_full_bureau
from tests.browser.tried import LONG, RIGHT_TO_LEFT, SCRIPT, TEMPLATE, nothing_ran
from tests.browser.walk import pages_from
from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn
from tests.http.test_dispatch_orders import words_of
from tests.notes import note_body, send_note
from tests.trips import departed_trip
from tests.world import INSIDE, World

MIXED = f"{TEMPLATE}<img src=x onerror='window.cracked=1'>{RIGHT_TO_LEFT}{SCRIPT}"
"""Template, script and text that runs the other way; its beginning fits into the shortest field."""
PLAUSIBLE = {
    "login": "newcomer",
    "number": "350302199001010011",
    "vehicle_class": "C1",
    "card_no": "1000112200",
    "home_bureau_id": "350303",
    "home_person_id": str(uuid4()),
    "plate": "闽B30003",
    "vin": "",
    "url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
    "template": "",
    "complainant.telephone": "13800000001",
}
"""What stands in the fields with a form of their own while another is tried."""

SEND = (Path(__file__).parent / "send_texts.js").read_text("utf-8")


async def test_whatever_is_typed_into_whichever_form_is_a_problem_or_only_text(
    desk: Opens, world: World, anonymous: httpx.AsyncClient
) -> None:
    """No fault of the service, no dialog, no complaint of the policy; what was taken stands as it was typed."""
    rather = await a_full_bureau(world, anonymous)
    page = await desk("desk_chief", "/board", lang="en")
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    source = str(await page.get_attribute("script[src*='js/page.js']", "src"))
    known: list[str] = []
    told: list[dict[str, Any]] = []
    async for _ in pages_from(page, "/board", "/board", rather):
        found, known = await page.evaluate(SEND, [source.replace("page.js", "act.js"), MIXED, LONG, known, PLAUSIBLE])
        told += found
    assert [one for one in told if one["status"] >= 500] == []
    assert [one for one in told if one["status"] >= 400 and not one["problem"]] == []
    assert [one for one in told if one["status"] < 400 and not one["fits"]] == []
    taken = {(one["act"], one["field"]) for one in told if one["status"] < 400}
    assert len(known) > 40, known
    assert len(taken) > 30, sorted(taken)
    shown = 0
    async for _ in pages_from(page, "/board", "/board", rather):
        await nothing_ran(page)
        shown += "{{ 7*7 }}" in await page.locator("main").inner_text()
    assert shown > 10, shown
    assert asked == []


async def test_paper_says_what_was_typed_and_does_nothing(world: World, signed_in: SignIn) -> None:
    """Dispatch order, note and mediation record: template syntax stands there as text, and the file holds no script."""
    texts = dict.fromkeys(("complainant_name", "respondent_name", "claim", "facts"), MIXED)
    complaint_id = await accepted_complaint(world, **texts)
    site = Site(name=MIXED, address=MIXED, lat=INSIDE.lat, lon=INSIDE.lon, datum=Datum.WGS84)
    job_id = await job_of(world, complaint_id, site=site)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    officer = await signed_in("officer")
    body = note_body(job_id, world.clock(), trip_id=trip_id, found=MIXED, agreed=LONG)
    assert (await send_note(officer, body)).status_code == 201
    for way in (
        f"/v1/trips/{trip_id}/order.pdf",
        f"/v1/visit-notes/{body['note_id']}/note.pdf",
        f"/v1/complaints/{complaint_id}/mediation-record.pdf",
    ):
        paper = await officer.get(way)
        assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf"), way
        assert "{{7*7}}" in words_of(paper.content).replace("\u200b", ""), way
        assert b"/JavaScript" not in paper.content
        assert b"/URI" not in paper.content
