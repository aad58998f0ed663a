"""Whether a note is signed is seen wherever it is read: over the API, on paper, in the steps of the trip."""

from __future__ import annotations

import json

from tests.conftest import SignIn
from tests.http.test_dispatch_orders import words_of
from tests.http.test_signed_acts import trip_ready
from tests.notes import NOTES, note_body, send_note
from tests.signing import ACTS, departure, known_phone, send_act
from tests.trips import START_M, a_complaint_job
from tests.world import World


async def test_a_note_tells_its_signature_and_its_bytes_are_the_body_s(signed_in: SignIn, world: World) -> None:
    """Key, phone, number and bracket beside the note; its bytes are those that were signed, blank for blank."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))
    body = note_body(job_id, world.clock())
    world.clock.advance(minutes=2)
    assert (await send_act(officer, phone.act("note", body, trip_id))).json()["outcome"] == "recorded"
    note = (await officer.get(f"{NOTES}/{body['note_id']}")).json()
    assert (note["signed"], note["trip_id"]) == (True, str(trip_id))
    signature = note["signature"]
    assert (signature["key_id"], signature["seq"]) == (str(phone.key_id), 2)
    assert signature["not_before"] < signature["received_at"] == note["recorded_at"]
    raw = await officer.get(f"{NOTES}/{body['note_id']}/raw")
    assert raw.content == json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    (act,) = (await officer.get(f"{ACTS}?note_id={body['note_id']}")).json()["items"]
    assert act["digest"] == signature["digest"] == phone.prev
    paper = words_of((await officer.get(f"{NOTES}/{body['note_id']}/note.pdf")).content)
    assert f"密钥{phone.key_id}第2号".replace("-", "") in paper.replace("-", "")
    assert "未签名" not in paper
    trip = (await officer.get(f"/v1/trips/{trip_id}")).json()
    assert {step["verb"]: step["signed"] for step in trip["decisions"]} == {
        "request": False,
        "approve": False,
        "depart": True,
    }


async def test_a_note_by_another_door_is_marked_unsigned(signed_in: SignIn, world: World) -> None:
    """Over the API without a signature, and on the paper that the parties take."""
    officer = await signed_in("officer")
    body = note_body(await a_complaint_job(world), world.clock())
    assert (await send_note(officer, body)).status_code == 201
    note = (await officer.get(f"{NOTES}/{body['note_id']}")).json()
    assert (note["signed"], note["signature"]) == (False, None)
    assert "未签名" in words_of((await officer.get(f"{NOTES}/{body['note_id']}/note.pdf")).content)
    record = await officer.get(f"/v1/complaints/{note['complaint_id']}/mediation-record.pdf")
    assert "未签名" in words_of(record.content)


async def test_the_same_bytes_signed_afterwards_are_signed(signed_in: SignIn, world: World) -> None:
    """Only by the note's own officer, and over the very bytes: another's signature under them makes nothing signed."""
    officer, second = await signed_in("officer"), await signed_in("second_officer")
    job_id = await a_complaint_job(world)
    body = note_body(job_id, world.clock())
    sent = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    assert (await send_note(officer, sent)).status_code == 201
    other = await known_phone(world, second, "second_officer")
    assert (await send_act(second, other.act("note", body))).json()["outcome"] == "recorded"
    assert (await officer.get(f"{NOTES}/{body['note_id']}")).json()["signed"] is False
    phone = await known_phone(world, officer)
    changed = body | {"found": "另一种说法"}
    clash = (await send_act(officer, phone.act("note", changed))).json()
    assert (clash["outcome"], clash["why"]) == ("conflict", "note-id-used")
    assert (await officer.get(f"{NOTES}/{body['note_id']}")).json()["signed"] is False
    assert (await send_act(officer, phone.act("note", body))).json()["outcome"] == "recorded"
    assert (await officer.get(f"{NOTES}/{body['note_id']}")).json()["signature"]["seq"] == 2
