"""Visit note and mediation record on paper, read back out of the PDFs."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import httpx
from pypdf import PdfReader
from sqlmodel import select

from api.db.tables.complaints import Job
from tests.conftest import SignIn, problem_code
from tests.http.test_dispatch_orders import words_of
from tests.notes import note_body, send_note
from tests.print.pictures import png
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


async def test_a_note_tells_where_it_ended_and_what_its_photos_claimed(world: World, signed_in: SignIn) -> None:
    """Proof of being there at the end and not only at the start; the claims of a photo's file outlive the file."""
    officer = await signed_in("officer")
    end = {"lat": 25.4338, "lon": 118.9963, "datum": "WGS-84", "accuracy_m": 6.0}
    claimed = {"lat": 25.4, "lon": 119.0, "taken_at": "2026-11-23T01:00:00Z"}
    photos = [{"sha256": "9f" * 32, "name": "1.jpg", "role": "photo", "claimed": claimed}]
    body = note_body(await a_complaint_job(world), world.clock(), position_end=end, files=photos)
    assert (await send_note(officer, body)).status_code == 201
    shown = (await officer.get(f"/v1/visit-notes/{body['note_id']}")).json()["note"]
    assert shown["position_end"]["accuracy_m"] == 6.0
    assert shown["files"][0]["claimed"] == claimed
    words = words_of((await officer.get(f"/v1/visit-notes/{body['note_id']}/note.pdf")).content)
    assert "签字时定位" in words
    assert "精度6米" in words


async def test_paper_of_what_is_not_there_is_not_there(world: World, signed_in: SignIn) -> None:
    """An id of nothing is told like any other."""
    officer = await signed_in("officer")
    for address in (
        f"/v1/visit-notes/{world.desk_id}/note.pdf",
        f"/v1/complaints/{world.desk_id}/mediation-record.pdf",
    ):
        answer = await officer.get(address)
        assert (answer.status_code, problem_code(answer)) == (404, "not-found")


def signed_by(party: str, name: str, data: bytes) -> dict[str, str]:
    """Return what a note says of a signature drawn on the phone."""
    return {"how": "signed", "party": party, "name": name, "sha256": hashlib.sha256(data).hexdigest()}


async def a_note_signed(world: World, officer: httpx.AsyncClient, *drawn: dict[str, str], **changes: Any) -> str:
    """Let the officer send a note with these signatures, and return its id."""
    body = note_body(await a_complaint_job(world), world.clock(), signatures=list(drawn), **changes)
    sent = await send_note(officer, body)
    assert sent.status_code == 201, sent.text
    return str(body["note_id"])


async def sent_file(client: httpx.AsyncClient, data: bytes) -> None:
    """Send a file by its hash."""
    answer = await client.put(f"/v1/attachments/{hashlib.sha256(data).hexdigest()}", content=data)
    assert answer.status_code == 201, answer.text


def sizes_of(pdf: bytes) -> list[tuple[int, int]]:
    """Return width and height of every image in the PDF, sorted."""
    reader = PdfReader(io.BytesIO(pdf))
    objects = (reader.get_object(number) for number in range(1, reader.trailer["/Size"]))
    images = [one for one in objects if isinstance(one, dict) and one.get("/Subtype") == "/Image"]
    return sorted((image["/Width"], image["/Height"]) for image in images)


async def test_signatures_drawn_on_the_phone_are_on_the_paper(world: World, signed_in: SignIn) -> None:
    """What a party signed on the screen is what the party takes home, on the note and on the record."""
    officer = await signed_in("officer")
    hers, his = png(300, 100), png(240, 80)
    note_id = await a_note_signed(
        world, officer, signed_by("complainant", "林某", hers), signed_by("respondent", "陈某", his)
    )
    await sent_file(officer, hers)
    await sent_file(officer, his)
    paper = await officer.get(f"/v1/visit-notes/{note_id}/note.pdf")
    assert sizes_of(paper.content) == [(240, 80), (300, 100)]
    words = words_of(paper.content)
    assert "已签字" in words
    assert "投诉人签字：" not in words, "who signed on the phone is not asked to sign again"
    complaint_id = (await officer.get(f"/v1/visit-notes/{note_id}")).json()["complaint_id"]
    record = await officer.get(f"/v1/complaints/{complaint_id}/mediation-record.pdf")
    assert sizes_of(record.content) == [(240, 80), (300, 100)]


async def test_a_signature_that_has_not_come_or_cannot_be_set_is_told_in_its_place(
    world: World, signed_in: SignIn
) -> None:
    """A broken, oversized or missing picture keeps nothing else from being printed, and paper does not hide it."""
    officer = await signed_in("officer")
    sound, missing = png(200, 60), png(201, 60)
    broken, huge = sound[: len(sound) // 2], png(200, 61, claims=(60_000, 60_000))
    pictures = {"缺图某": missing, "坏图某": broken, "巨图某": huge, "好图某": sound}
    note_id = await a_note_signed(
        world, officer, *(signed_by("respondent", name, data) for name, data in pictures.items())
    )
    for data in (broken, huge, sound):
        await sent_file(officer, data)
    paper = await officer.get(f"/v1/visit-notes/{note_id}/note.pdf")
    assert paper.status_code == 200
    assert sizes_of(paper.content) == [(200, 60)]
    words = words_of(paper.content)
    assert words.count("签字图片尚未送达") == 1
    assert words.count("签字图片无法打印") == 2


async def test_a_long_account_is_printed_to_its_last_word(world: World, signed_in: SignIn) -> None:
    """Four pages of findings go on from page to page; none runs out of the paper."""
    officer = await signed_in("officer")
    note_id = await a_note_signed(world, officer, found="查明外套洗涤后褪色。" * 500 + "完毕。")
    paper = await officer.get(f"/v1/visit-notes/{note_id}/note.pdf")
    words = words_of(paper.content)
    assert words.count("褪色") == 500
    assert "完毕。" in words


async def test_a_correction_and_what_it_corrects_name_each_other_on_paper(world: World, signed_in: SignIn) -> None:
    """Who holds the older paper sees that it no longer stands, and who holds the newer sees why."""
    officer = await signed_in("officer")
    first = await a_note_signed(world, officer)
    job_id = (await officer.get(f"/v1/visit-notes/{first}")).json()["job_id"]
    body = note_body(job_id, world.clock(), corrects=first, correction_reason="退款金额写错", agreed="")
    assert (await send_note(officer, body)).status_code == 201
    older = words_of((await officer.get(f"/v1/visit-notes/{first}/note.pdf")).content)
    newer = words_of((await officer.get(f"/v1/visit-notes/{body['note_id']}/note.pdf")).content)
    assert f"本记录已被记录{body['note_id']}更正" in older
    assert f"本记录更正记录{first}。退款金额写错" in newer
    assert "协商结果无" in newer, "an empty frame could be filled in afterwards"
