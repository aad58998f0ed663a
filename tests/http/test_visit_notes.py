"""Visit notes over HTTP: kept byte for byte, once, however late and wherever made, with what speaks against them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

from api.db.database import Database
from api.db.ledger_entry import new_id
from api.db.tables.complaints import Job
from api.db.tables.ledger import LedgerOutbox, LedgerPayload
from api.db.tables.notes import VisitNote
from domain.complaint.words import VisitResult
from domain.ledger.leaf import read_leaf
from domain.place.datum import from_wgs84
from domain.values import Datum
from tests.conftest import SignIn, problem_code
from tests.notes import NOTES, note_body, send_note, vehicle_seen
from tests.trips import a_complaint_job, approved_trip, departed_trip, returned_trip
from tests.world import INSIDE, OUTSIDE, HeldClock, World, make_world

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(64)


@pytest.fixture
async def visit(world: World) -> tuple[UUID, UUID]:
    """Let a trip with one job be out for half an hour, and return trip and job."""
    job_id = await a_complaint_job(world)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    world.clock.advance(minutes=30)
    return trip_id, job_id


async def job_state(world: World, job_id: UUID) -> str:
    """Return how a job stands."""
    async with world.database.read(world.bureau_id) as reader:
        return str(await reader.one(select(Job.state).where(Job.bureau_id == world.bureau_id, Job.job_id == job_id)))


async def test_a_note_made_at_the_site_beside_the_vehicle_is_corroborated_and_finishes_its_job(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID], anonymous: httpx.AsyncClient
) -> None:
    """The ordinary visit: trip found by the job, place and vehicle agree, the job is done."""
    trip_id, job_id = visit
    await vehicle_seen(signed_in, world, anonymous, world.clock())
    officer = await signed_in("officer")
    body = note_body(job_id, world.clock())
    sent = await send_note(officer, body, **{"Zhuanche-Sent-At": world.clock().isoformat()})
    assert sent.status_code == 201, sent.text
    told = sent.json()
    assert (told["corroborated"], told["reasons"], told["missing"]) == (True, [], [])
    assert told["checks"] == {
        "distance_m": 0,
        "vehicle_distance_m": 0,
        "vehicle_fixes": 1,
        "skew_s": 0,
        "late_s": 0,
    }
    shown = (await officer.get(f"{NOTES}/{body['note_id']}")).json()
    assert (shown["trip_id"], shown["officer_id"]) == (str(trip_id), str(world["officer"].who))
    assert shown["note"]["agreed"] == body["agreed"]
    assert await job_state(world, job_id) == "done"


async def test_the_exact_bytes_come_back(signed_in: SignIn, world: World, visit: tuple[UUID, UUID]) -> None:
    """Spaces, order of fields and escapes are the device's own, and so is the hash."""
    body = note_body(visit[1], world.clock())
    sent = json.dumps(body, indent=3, ensure_ascii=True, sort_keys=True).encode() + b"\n \t"
    officer = await signed_in("officer")
    answer = await send_note(officer, sent)
    assert answer.json()["body_sha256"] == hashlib.sha256(sent).hexdigest()
    raw = await officer.get(f"{NOTES}/{body['note_id']}/raw")
    assert raw.content == sent


async def test_the_same_note_fifty_times_at_once_is_one(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID]
) -> None:
    """A phone that lost its answers gets the same one each time; one row, one ledger entry, one finished job."""
    officer = await signed_in("officer")
    body = json.dumps(note_body(visit[1], world.clock())).encode()
    answers = await asyncio.gather(*(send_note(officer, body) for _ in range(50)))
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert [answer.status_code for answer in answers].count(201) == 1
    assert len({answer.text for answer in answers}) == 1
    async with world.database.read(world.bureau_id) as reader:
        for table in ("visit_note", "ledger_payload"):
            wanted = " AND kind = 'visit-note-recorded'" if table == "ledger_payload" else ""
            rows = await reader.execute(
                text(f"SELECT count(*) FROM {table} WHERE bureau_id = :b{wanted}"), {"b": world.bureau_id}
            )
            assert rows.scalar_one() == 1


async def test_other_bytes_under_a_used_id_are_refused_and_kept_aside(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID]
) -> None:
    """409 each time; a person finds what came once in the list, byte for byte, and the first note stands."""
    officer = await signed_in("officer")
    first = note_body(visit[1], world.clock())
    await send_note(officer, first)
    other = json.dumps(first | {"agreed": "商家不退款。"}).encode()
    clashes = await asyncio.gather(*(send_note(officer, other) for _ in range(10)))
    assert {(clash.status_code, problem_code(clash)) for clash in clashes} == {(409, "note-id-used")}
    assert len({clash.json()["conflict_id"] for clash in clashes}) == 1
    desk_chief = await signed_in("desk_chief")
    listed = (await desk_chief.get(f"{NOTES}/conflicts", params={"note_id": first["note_id"]})).json()["items"]
    assert [one["body_sha256"] for one in listed] == [hashlib.sha256(other).hexdigest()]
    raw = await desk_chief.get(f"{NOTES}/conflicts/{listed[0]['conflict_id']}/raw")
    assert raw.content == other
    assert (await officer.get(f"{NOTES}/{first['note_id']}")).json()["note"]["agreed"] == first["agreed"]


async def test_fifty_different_notes_under_one_id_leave_one_and_forty_nine_aside(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID]
) -> None:
    """Whichever came first stands; nothing that was sent is lost."""
    officer = await signed_in("officer")
    body = note_body(visit[1], world.clock())
    answers = await asyncio.gather(*(send_note(officer, body | {"found": str(n)}) for n in range(50)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49
    page = (await officer.get(f"{NOTES}/conflicts", params={"limit": 100})).json()
    assert len(page["items"]) == 49


async def test_notes_sent_at_once_are_each_answered_as_if_alone(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID]
) -> None:
    """What is wrong with one note harms no other, two officers keep their own, and the job is done once."""
    officer, second = await signed_in("officer"), await signed_in("second_officer")
    earlier = note_body(visit[1], world.clock())
    assert (await send_note(officer, earlier)).status_code == 201
    job_id = await a_complaint_job(world)
    good = [note_body(job_id, world.clock(), found=str(n)) for n in range(6)]
    strange = [
        note_body(uuid4(), world.clock()),
        note_body(job_id, world.clock(), trip_id=uuid4()),
        note_body(job_id, world.clock(), note_id=uuid4()),
        note_body(visit[1], world.clock(), corrects=uuid4()),
        earlier | {"found": "otherwise"},
    ]
    clients = [officer, second] * 3 + [officer] * 6
    answers = await asyncio.gather(
        *(send_note(client, body) for client, body in zip(clients, [*good, *strange, earlier], strict=True))
    )
    assert [answer.status_code for answer in answers] == [201] * 6 + [404, 404, 400, 409, 409, 200]
    assert [answer.json()["note_id"] for answer in answers[:6]] == [body["note_id"] for body in good]
    kept = (await officer.get(NOTES, params={"job_id": str(job_id)})).json()["items"]
    assert {item["note"]["found"]: item["officer_id"] for item in kept} == {
        str(n): str(world["second_officer" if n % 2 else "officer"].who) for n in range(6)
    }
    assert await job_state(world, job_id) == "done"
    async with world.database.read(world.bureau_id) as reader:
        finished = await reader.execute(
            text("SELECT count(*) FROM job_act WHERE bureau_id = :b AND job_id = :j AND verb = 'finish'"),
            {"b": world.bureau_id, "j": job_id},
        )
        assert finished.scalar_one() == 1


async def test_a_note_and_its_correction_sent_at_once_both_stand(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID]
) -> None:
    """They share no transaction: the correction finds its predecessor, or is told to come again."""
    officer = await signed_in("officer")
    for _ in range(5):
        first = note_body(visit[1], world.clock())
        correction = note_body(visit[1], world.clock(), corrects=first["note_id"])
        answers = await asyncio.gather(send_note(officer, first), send_note(officer, correction))
        assert answers[0].status_code == 201
        if answers[1].status_code == 409:
            assert problem_code(answers[1]) == "corrected-note-missing"
            answers[1] = await send_note(officer, correction)
        assert answers[1].status_code == 201


@pytest.mark.parametrize("result", [result for result in VisitResult if result is not VisitResult.DONE])
async def test_any_other_result_leaves_the_job_open_and_asks_for_a_new_window(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID], result: VisitResult
) -> None:
    """The other side is absent, the place cannot be found: the job stays open."""
    officer = await signed_in("officer")
    sent = await send_note(officer, note_body(visit[1], world.clock(), result=result.value))
    assert (sent.status_code, sent.json()["asks_for_new_window"]) == (201, True)
    assert await job_state(world, visit[1]) == "open"


async def test_a_note_sent_days_later_from_far_away_by_somebody_else_is_kept_and_says_so(
    signed_in: SignIn, visit: tuple[UUID, UUID], clock: HeldClock
) -> None:
    """A true note is never refused for being late or far: every doubt is told."""
    made = clock()
    clock.advance(days=3)
    stranger = await signed_in("second_officer")
    body = note_body(visit[1], made, OUTSIDE)
    body["position"]["mock"] = True
    sent = await send_note(stranger, body, **{"Zhuanche-Sent-At": (clock() + timedelta(seconds=121)).isoformat()})
    assert sent.status_code == 201, sent.text
    assert sent.json()["reasons"] == [
        "far-from-site",
        "mock-location",
        "clock-skew",
        "officer-not-aboard",
        "vehicle-unobserved",
    ]
    assert sent.json()["checks"]["late_s"] == 3 * 86_400


async def test_a_note_without_a_position_or_a_trip_is_kept(signed_in: SignIn, world: World) -> None:
    """Paper entered for a job that no trip carried yet."""
    job_id = await a_complaint_job(world)
    officer = await signed_in("officer")
    sent = await send_note(officer, note_body(job_id, world.clock(), None, source="paper"))
    assert sent.status_code == 201, sent.text
    assert sent.json()["reasons"] == ["no-position", "no-trip", "vehicle-unobserved"]


async def test_a_trip_that_does_not_carry_the_job_is_said(signed_in: SignIn, world: World) -> None:
    """A note may name its trip; one that is out for something else is no witness."""
    trip_id = await departed_trip(world)
    job_id = await a_complaint_job(world)
    officer = await signed_in("officer")
    sent = await send_note(officer, note_body(job_id, world.clock(), trip_id=trip_id))
    assert "job-not-carried" in sent.json()["reasons"]


async def test_the_vehicle_seen_elsewhere_is_said(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID], anonymous: httpx.AsyncClient
) -> None:
    """The officer's phone says the market, the vehicle's terminal says otherwise."""
    await vehicle_seen(signed_in, world, anonymous, world.clock(), OUTSIDE)
    sent = await send_note(await signed_in("officer"), note_body(visit[1], world.clock()))
    assert sent.json()["reasons"] == ["vehicle-elsewhere"]
    assert sent.json()["checks"]["vehicle_distance_m"] > 40_000


@pytest.mark.parametrize("datum", list(Datum))
async def test_the_datum_is_converted_before_anything_is_measured(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID], datum: Datum
) -> None:
    """The same stall in four datums is the same stall; the raw numbers are kept."""
    lat, lon = from_wgs84(INSIDE, datum)
    body = note_body(visit[1], world.clock())
    body["position"] |= {"lat": lat, "lon": lon, "datum": datum.value}
    sent = await send_note(await signed_in("officer"), body)
    assert sent.json()["checks"]["distance_m"] == 0
    async with world.database.read(world.bureau_id) as reader:
        row = await reader.get(VisitNote, UUID(body["note_id"]))
    assert (row.raw_lat, row.raw_lon, row.datum) == (lat, lon, datum.value)


async def test_a_note_lists_the_files_it_waits_for_until_they_come(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID]
) -> None:
    """Files may come before the note or after it; a drawn signature is one of them."""
    officer = await signed_in("officer")
    early, late = PNG + b"early", PNG + b"late"
    names = [hashlib.sha256(data).hexdigest() for data in (early, late)]
    await officer.put(f"/v1/attachments/{names[0]}", content=early)
    body = note_body(
        visit[1],
        world.clock(),
        files=[{"sha256": names[0], "name": "店面.png", "role": "photo"}],
        signatures=[{"how": "signed", "party": "respondent", "name": "陈某", "sha256": names[1]}],
    )
    assert (await send_note(officer, body)).json()["missing"] == [names[1]]
    await officer.put(f"/v1/attachments/{names[1]}", content=late)
    shown = (await officer.get(f"{NOTES}/{body['note_id']}")).json()
    assert shown["missing"] == []
    assert [(file["role"], file["media_type"]) for file in shown["files"]] == [
        ("photo", "image/png"),
        ("signature-respondent", "image/png"),
    ]


async def test_a_party_who_will_not_or_cannot_sign_is_named_with_reason_and_witness(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID]
) -> None:
    """By whom, why, and which witness: one of them left out is refused with its place."""
    officer = await signed_in("officer")
    refused = {"how": "refused", "party": "respondent", "name": "陈某", "reason": "不同意", "witness": "黄某"}
    unable = {"how": "unable", "party": "complainant", "name": "林某", "reason": "右手受伤", "witness": "林小某"}
    body = note_body(visit[1], world.clock(), signatures=[refused, unable])
    assert (await send_note(officer, body)).status_code == 201
    for part in ("reason", "witness", "name"):
        without = {key: value for key, value in refused.items() if key != part}
        answer = await send_note(officer, note_body(visit[1], world.clock(), signatures=[without]))
        assert (answer.status_code, problem_code(answer)) == (400, "invalid-input")


async def test_a_correction_names_its_predecessor_and_both_stay(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID]
) -> None:
    """A second correction counts on in the ledger, and each note knows what corrected it."""
    officer = await signed_in("officer")
    first = note_body(visit[1], world.clock(), result="respondent-absent")
    second = note_body(visit[1], world.clock(), corrects=first["note_id"], correction_reason="店主后来到场")
    third = note_body(visit[1], world.clock(), corrects=second["note_id"], correction_reason="金额写错")
    early = await send_note(officer, second)
    assert (early.status_code, problem_code(early)) == (409, "corrected-note-missing")
    for body in (first, second, third):
        assert (await send_note(officer, body)).status_code == 201
    shown = [(await officer.get(f"{NOTES}/{body['note_id']}")).json() for body in (first, second, third)]
    assert [one["corrected_by"] for one in shown] == [[second["note_id"]], [third["note_id"]], []]
    async with world.database.read(world.bureau_id) as reader:
        leaves = await reader.all(
            select(LedgerOutbox.leaf)
            .join(
                LedgerPayload,
                (LedgerPayload.bureau_id == LedgerOutbox.bureau_id)  # type: ignore[arg-type]
                & (LedgerPayload.entry_id == LedgerOutbox.entry_id),
            )
            .where(LedgerPayload.bureau_id == world.bureau_id, LedgerPayload.kind == "visit-note-recorded")
            .order_by(LedgerOutbox.entry_id)  # type: ignore[arg-type]
        )
    read = [read_leaf(leaf) for leaf in leaves]
    assert [leaf.rev for leaf in read] == [1, 2, 3]
    assert [leaf.prev for leaf in read] == [None, read[0].ref, read[1].ref]


async def test_a_correction_of_another_jobs_note_is_refused(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID]
) -> None:
    """A correction is of the same visit."""
    officer = await signed_in("officer")
    first = note_body(visit[1], world.clock())
    await send_note(officer, first)
    other = note_body(await a_complaint_job(world), world.clock(), corrects=first["note_id"])
    answer = await send_note(officer, other)
    assert (answer.status_code, problem_code(answer)) == (400, "corrects-other-job")


async def test_what_the_device_says_of_its_order_is_kept_and_stands_in_the_ledger(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID]
) -> None:
    """Sequence, previous hash and signature are kept as sent, checked later."""
    device_id, before = new_id(), "ab" * 32
    device = {"device_id": str(device_id), "seq": 17, "prev_sha256": before, "signature": "eyJhbGciOi.x.y"}
    body = note_body(visit[1], world.clock(), device=device)
    assert (await send_note(await signed_in("officer"), body)).status_code == 201
    async with world.database.read(world.bureau_id) as reader:
        row = await reader.get(VisitNote, UUID(body["note_id"]))
        leaf = await reader.one(select(LedgerOutbox.leaf).where(LedgerOutbox.entry_id == row.entry_id))
    assert (row.device_id, row.device_seq, row.device_prev) == (device_id, 17, before)
    assert row.signature == device["signature"]
    assert (read_leaf(leaf).dev, read_leaf(leaf).ds) == (device_id, 17)


async def test_a_job_that_is_over_still_takes_a_note(signed_in: SignIn, world: World, visit: tuple[UUID, UUID]) -> None:
    """A second note about a job that is done is kept, and asks for nothing."""
    officer = await signed_in("officer")
    await send_note(officer, note_body(visit[1], world.clock()))
    again = await send_note(officer, note_body(visit[1], world.clock(), result="complainant-absent"))
    assert (again.status_code, again.json()["asks_for_new_window"]) == (201, False)
    assert await job_state(world, visit[1]) == "done"


async def test_only_officers_write_and_nobody_rewrites(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID]
) -> None:
    """Every other role is refused; the auditor reads."""
    body = note_body(visit[1], world.clock())
    for who in ("driver", "dispatcher", "custodian", "desk_chief", "auditor", "admin"):
        answer = await send_note(await signed_in(who), body)
        assert (answer.status_code, problem_code(answer)) == (403, "forbidden")
    await send_note(await signed_in("officer"), body)
    auditor = await signed_in("auditor")
    assert (await auditor.get(f"{NOTES}/{body['note_id']}")).status_code == 200
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await auditor.request(method, f"{NOTES}/{body['note_id']}")).status_code == 405


async def test_lists_are_narrowed_and_come_in_pages(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID], clock: HeldClock
) -> None:
    """By job, trip, officer and corroboration, the last recorded first, without a gap or a repeat."""
    trip_id, job_id = visit
    officer = await signed_in("officer")
    sent = []
    for _ in range(5):
        body = note_body(job_id, clock(), result="complainant-absent")
        await send_note(officer, body)
        sent.append(body["note_id"])
        clock.advance(seconds=7)
    await send_note(await signed_in("second_officer"), note_body(await a_complaint_job(world), clock()))
    for narrowed in ({"job_id": job_id}, {"trip_id": trip_id}, {"officer_id": world["officer"].who}):
        seen: list[str] = []
        after: str | None = None
        while True:
            asked: dict[str, Any] = {"limit": 2} | narrowed | ({"after": after} if after else {})
            page = (await officer.get(NOTES, params=asked)).json()
            seen += [item["note_id"] for item in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert seen == sent[::-1]
    assert len((await officer.get(NOTES, params={"corroborated": "false"})).json()["items"]) == 6
    bad = await officer.get(NOTES, params={"after": "x"})
    assert problem_code(bad) == "bad-cursor"


def _bad_bodies(job_id: UUID, at: datetime) -> dict[str, tuple[bytes, int]]:
    body = note_body(job_id, at)

    def changed(**changes: Any) -> bytes:
        return json.dumps(body | changes).encode()

    def placed(**changes: Any) -> bytes:
        return json.dumps(body | {"position": body["position"] | changes}).encode()

    without_datum = {key: value for key, value in body["position"].items() if key != "datum"}
    return {
        "nothing": (b"", 400),
        "no JSON": (b"{", 400),
        "invalid UTF-8": (b'{"found": "\xff"}', 400),
        "an unknown field": (changed(colour="red"), 400),
        "an unknown result": (changed(result="won"), 400),
        "no datum": (json.dumps(body | {"position": without_datum}).encode(), 400),
        "latitude out of range": (placed(lat=91), 400),
        "not a number": (placed(lat=1).replace(b'"lat": 1', b'"lat": NaN'), 400),
        "time without offset": (changed(device_at="2026-11-23T10:00:00"), 400),
        "time of another age": (changed(device_at="1066-10-14T09:00:00+00:00"), 400),
        "text with U+0000": (changed(found="a\0b"), 400),
        "an id that no device made": (changed(note_id=str(uuid4())), 400),
        "a job that is not there": (changed(job_id=str(new_id())), 404),
        "a trip that is not there": (changed(trip_id=str(new_id())), 404),
        "deep nesting": (b"[" * 100_000, 400),
    }


async def test_bad_notes_are_problems_and_leave_nothing(
    signed_in: SignIn, world: World, visit: tuple[UUID, UUID]
) -> None:
    """One a kind: a stable code and a sentence, never a fault of the service, nothing half-written."""
    officer = await signed_in("officer")
    for what, (body, status) in _bad_bodies(visit[1], world.clock()).items():
        answer = await send_note(officer, body)
        assert answer.status_code == status, (what, answer.text)
        assert problem_code(answer), what
    assert (await officer.get(NOTES)).json()["items"] == []
    unlike = await officer.post(NOTES, content=b"<note/>", headers={"Content-Type": "application/xml"})
    assert (unlike.status_code, problem_code(unlike)) == (415, "wrong-media-type")


async def test_the_trip_that_left_before_the_note_is_its_trip(
    signed_in: SignIn, world: World, clock: HeldClock
) -> None:
    """A job visited twice: a note belongs to the outing it was made on, though it comes after the second."""
    job_id = await a_complaint_job(world)
    first = await returned_trip(world, job_ids=(job_id,))
    made = clock() - timedelta(minutes=30)
    clock.advance(hours=3)
    await departed_trip(world, job_ids=(job_id,))
    sent = await send_note(await signed_in("officer"), note_body(job_id, made, result="respondent-absent"))
    assert "trip-not-under-way" not in sent.json()["reasons"]
    shown = await (await signed_in("officer")).get(f"{NOTES}/{sent.json()['note_id']}")
    assert shown.json()["trip_id"] == str(first)


async def test_a_trip_that_never_left_is_no_witness(signed_in: SignIn, world: World) -> None:
    """An approved trip has been nowhere."""
    job_id = await a_complaint_job(world)
    trip_id = await approved_trip(world, job_ids=(job_id,))
    sent = await send_note(await signed_in("officer"), note_body(job_id, world.clock(), trip_id=trip_id))
    assert sent.status_code == 201, sent.text
    assert "no-trip" in sent.json()["reasons"]


async def test_a_job_of_another_bureau_is_not_found(
    signed_in: SignIn, owner: Database, database: Database, clock: HeldClock
) -> None:
    """A note for it gets the answer of a job that does not exist."""
    other = await make_world(owner, database, clock)
    foreign_job = await a_complaint_job(other)
    officer = await signed_in("officer")
    foreign = await send_note(officer, note_body(foreign_job, clock()))
    missing = await send_note(officer, note_body(new_id(), clock()))
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json()["title"] == missing.json()["title"]
