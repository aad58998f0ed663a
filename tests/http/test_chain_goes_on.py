"""What is signed well has its place in the chain, whatever stands in it and whatever befalls the database."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from api.db.database import UnitOfWork
from api.usecases.depart_trip import record_departure
from tests.conftest import SignIn, problem_code
from tests.http.test_chains import a_day, the_key
from tests.http.test_signed_acts import another_job, trip_ready
from tests.notes import note_body
from tests.signing import KEYS, back, departure, known_phone, make_known, new_phone, send_act, stop
from tests.trips import START_M
from tests.world import World

CAR = "\U0001f698"


@pytest.mark.parametrize("wrong", [r"\ud83d", r"\u0000"])
async def test_an_act_with_a_text_that_cannot_be_kept_is_refused_and_the_chain_goes_on(
    signed_in: SignIn, world: World, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """Half an emoji, U+0000: the phone is told for good, the act is on record, and the next one is judged at once."""
    officer, auditor = await signed_in("officer"), await signed_in("auditor")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    dumps = json.dumps
    monkeypatch.setattr("tests.signing.json.dumps", lambda *a, **k: dumps(*a, **k).replace("<wrong>", wrong))
    taken = another_job(world)
    taken["complaint"]["facts"] = "<wrong>"
    for act, body in (
        ("return", back(world, START_M, remark="看<wrong>")),
        ("another-job", taken),
        ("note", note_body(job_id, world.clock(), found="<wrong>")),
    ):
        answer = await send_act(officer, phone.act(act, body, trip_id))
        told = answer.json()
        assert (answer.status_code, told["outcome"], told["why"]) == (201, "refused", "unstorable"), answer.text
        assert told["problem"]["code"] == "unstorable"
    fine = back(world, START_M + 9_000, remark=rf"C:\ud83d {CAR} \\u0000")
    for act, body in (("depart", departure(world, START_M)), ("return", fine)):
        assert (await send_act(officer, phone.act(act, body, trip_id))).json()["outcome"] == "recorded"
    key = await the_key(auditor)
    assert (key["seq"], key["gaps"], key["head"]) == (5, [], phone.prev)
    assert (await officer.get(f"/v1/complaints/{taken['complaint_id']}")).status_code == 404


async def test_a_fault_of_the_database_is_sent_again_and_never_refused(
    signed_in: SignIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadlock at each try is 503: nothing is on record, and the same bytes are carried out when it is over."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    signed = phone.act("depart", departure(world, START_M), trip_id)

    async def deadlocked(uow: UnitOfWork, *_: Any) -> None:
        await uow.execute(text("DO $$ BEGIN RAISE deadlock_detected; END $$"))

    monkeypatch.setattr("api.http.act_bodies.record_departure", deadlocked)
    answer = await send_act(officer, signed)
    assert (answer.status_code, problem_code(answer)) == (503, "busy"), answer.text
    monkeypatch.setattr("api.http.act_bodies.record_departure", record_departure)
    answer = await send_act(officer, signed)
    assert (answer.status_code, answer.json()["outcome"]) == (201, "recorded"), answer.text


async def test_a_replaced_key_s_chain_ends_with_what_had_arrived(signed_in: SignIn, world: World) -> None:
    """What waited then is judged once the gap is signed off; what arrives later is kept and never judged."""
    officer, custodian = await signed_in("officer"), await signed_in("custodian")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    depart, *_, home = await a_day(world, phone, trip_id, job_id)
    assert (await send_act(officer, home)).json()["outcome"] == "parked"
    second = await new_phone(world)
    second.device_id = phone.device_id
    assert (await make_known(officer, second)).status_code == 201
    for late in (depart, phone.act("stop", stop(world, job_id), trip_id)):
        answer = await send_act(officer, late)
        assert (answer.status_code, problem_code(answer)) == (409, "chain-ended")
    address = f"{KEYS}/{phone.key_id}/gaps/sign-off"
    answer = await custodian.post(address, json={"through": 3, "reason": "手机已更换"})
    assert answer.json() == {"first": 1, "last": 3, "judged": 1}
    _, older = (await custodian.get(KEYS)).json()["items"]
    assert (older["seq"], older["ended_seq"], older["after_end"], older["gaps"]) == (4, 4, 2, [])
    again = (await send_act(officer, home)).json()
    assert (again["outcome"], again["why"], again["again"]) == ("conflict", "was-approved", True)
