"""Visit note and mediation record on paper, read back out of the PDFs."""

from __future__ import annotations

from sqlmodel import select

from api.db.tables.complaints import Job
from tests.conftest import SignIn, problem_code
from tests.http.test_dispatch_orders import words_of
from tests.notes import note_body, send_note
from tests.trips import a_complaint_job, departed_trip
from tests.world import World


async def test_the_note_on_paper_says_what_was_found_agreed_and_signed(world: World, signed_in: SignIn) -> None:
    """The parties take home what the officer wrote down, also where one of them would not sign."""
    job_id = await a_complaint_job(world)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    officer = await signed_in("officer")
    body = note_body(
        job_id,
        world.clock(),
        trip_id=str(trip_id),
        found="外套褪色属实。#panic()",
        agreed="三日内退款 398 元。",
        present=[{"name": "林某", "standing": "complainant"}],
        signatures=[
            {"how": "refused", "party": "respondent", "name": "陈某", "reason": "不同意结果", "witness": "黄某"}
        ],
    )
    sent = await send_note(officer, body)
    assert sent.status_code == 201, sent.text
    paper = await officer.get(f"/v1/visit-notes/{body['note_id']}/note.pdf")
    assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf")
    words = words_of(paper.content)
    for expected in (
        "现场走访记录",
        "外套褪色属实。#panic()",
        "三日内退款398元",
        "拒绝签字",
        "不同意结果（见证人：黄某）",
        "闽B12315",
    ):
        assert expected in words, (expected, words)
    async with world.database.read(world.bureau_id) as reader:
        complaint_id = await reader.one(select(Job.complaint_id).where(Job.job_id == job_id))
    record = await officer.get(f"/v1/complaints/{complaint_id}/mediation-record.pdf")
    words = words_of(record.content)
    for expected in (
        "消费投诉调解记录",
        "第二十四条",
        "林某",
        "城厢区某服装店",
        "退货并退还货款398元",
        "三日内退款398元",
    ):
        assert expected in words, (expected, words)


async def test_paper_of_what_is_not_there_is_not_there(world: World, signed_in: SignIn) -> None:
    """An id of nothing is told like any other."""
    officer = await signed_in("officer")
    for address in (
        f"/v1/visit-notes/{world.desk_id}/note.pdf",
        f"/v1/complaints/{world.desk_id}/mediation-record.pdf",
    ):
        answer = await officer.get(address)
        assert (answer.status_code, problem_code(answer)) == (404, "not-found")
