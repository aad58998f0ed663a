"""What a phone signs is verified, chained, carried out once, and answered again as often as it is sent."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

from api.db.ledger_entry import new_id
from tests.conftest import SignIn, problem_code
from tests.notes import note_body
from tests.signing import (
    KEYS,
    back,
    departure,
    known_phone,
    make_known,
    new_phone,
    other_signature,
    send_act,
    stop,
)
from tests.trips import START_M, a_complaint_job, approved_trip
from tests.world import World


async def trip_ready(world: World) -> tuple[UUID, UUID]:
    """Return an approved trip whose window opens now, and its job."""
    job_id = await a_complaint_job(world)
    trip_id = await approved_trip(world, job_ids=(job_id,))
    world.clock.advance(hours=1)
    return trip_id, job_id


async def test_a_day_of_the_officer_is_signed_from_departure_to_return(signed_in: SignIn, world: World) -> None:
    """Depart, arrive, note, return: each is on record once, signed, and the chain is whole."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    bodies = [
        ("depart", departure(world, START_M)),
        ("stop", stop(world, job_id)),
        ("note", note_body(job_id, world.clock())),
        ("stop", stop(world, job_id, "leave")),
        ("return", back(world, START_M + 12_000)),
    ]
    for act, body in bodies:
        world.clock.advance(minutes=5)
        answer = await send_act(officer, phone.act(act, body, trip_id))
        assert answer.status_code == 201, answer.text
        assert answer.json()["outcome"] == "recorded", answer.text
        phone.srv = {name: answer.json()["receipt"][name] for name in ("entry", "leaf")}
    trip = (await officer.get(f"/v1/trips/{trip_id}")).json()
    assert trip["state"] == "returned"
    keys = (await (await signed_in("dispatcher")).get(KEYS)).json()["items"]
    assert [(key["seq"], key["head"], key["gaps"], key["forks"]) for key in keys] == [(5, phone.prev, [], [])]


async def test_an_act_sent_again_is_answered_again_and_done_once(signed_in: SignIn, world: World) -> None:
    """A phone that got no answer sends the very same bytes, or the same with the other signature that verifies."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    signed = phone.act("depart", departure(world, START_M), trip_id)
    first = (await send_act(officer, signed)).json()
    for again in (signed, other_signature(signed)):
        answer = await send_act(officer, again)
        assert answer.status_code == 200
        assert answer.json() == first | {"again": True}


async def test_another_job_on_the_spot_is_registered_and_carried_in_one(signed_in: SignIn, world: World) -> None:
    """The complaint, its acceptance, consents, its job and the running trip: all on record under the phone's ids."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))
    world.clock.advance(minutes=10)
    body = another_job(world)
    answer = await send_act(officer, phone.act("another-job", body, trip_id))
    assert answer.json()["outcome"] == "recorded", answer.text
    complaint = (await officer.get(f"/v1/complaints/{body['complaint_id']}")).json()
    assert complaint["state"] == "mediating"
    trip = (await officer.get(f"/v1/trips/{trip_id}")).json()
    assert body["job_id"] in [job["job_id"] for job in trip["jobs"] if job["under_way"]]


async def test_another_job_that_the_rule_refuses_leaves_no_complaint(signed_in: SignIn, world: World) -> None:
    """All or nothing: only the refusal with its reasons is kept, and the phone is told for good."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))
    body = another_job(world)
    body["job"]["site"] |= {"lat": 25.60, "lon": 119.40}
    answer = await send_act(officer, phone.act("another-job", body, trip_id))
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["outcome"] == "refused"
    assert [reason["code"] for reason in told["reasons"]] == ["outside-jurisdiction"]
    assert told["problem"]["code"] == "refused"
    assert (await officer.get(f"/v1/complaints/{body['complaint_id']}")).status_code == 404
    assert (await officer.get(f"/v1/jobs/{body['job_id']}")).status_code == 404
    auditor = await signed_in("auditor")
    refusals = (await auditor.get("/v1/refusals")).json()["items"]
    assert body["job_id"] in str(refusals[0]["asked"])
    for outcome, acts in (("refused", ["another-job"]), ("recorded", ["depart"]), ("conflict", [])):
        listed = (await auditor.get(f"/v1/signed-acts?outcome={outcome}")).json()["items"]
        assert [one["act"] for one in listed] == acts
    page = (await auditor.get(f"/audit/trips/{trip_id}", headers={"Accept": "text/html"})).text
    told_of = page.partition('id="timeline"')[2]
    assert "signed, and refused for good" in told_of
    assert told["reasons"][0]["sentence"] in unescape(told_of)


def another_job(world: World) -> dict[str, Any]:
    """Return the body of a complaint taken on the spot."""
    at = world.clock()
    return {
        "complaint_id": str(new_id()),
        "job_id": str(new_id()),
        "complaint": {
            "source": "counter",
            "complainant": {"name": "李某", "telephone": "13900000002", "address": "霞林街道某小区"},
            "respondent": {"name": "文献步行街某鞋店", "address": "文献步行街 20 号"},
            "claim": "换货",
            "facts": "鞋底开胶。",
        },
        "job": {
            "site": {
                "name": "文献步行街 20 号店",
                "address": "文献步行街 20 号",
                "lat": 25.4337,
                "lon": 118.9962,
                "datum": "WGS-84",
            },
            "window": {"start_at": at.isoformat(), "end_at": (at + timedelta(hours=2)).isoformat()},
        },
        "consents": [
            {"party": party, "given_at": at.isoformat(), "how": "当面"} for party in ("complainant", "respondent")
        ],
    }


async def test_what_a_replaced_key_had_signed_is_signed_anew_and_done_once(signed_in: SignIn, world: World) -> None:
    """A phone that made another key signs what waited with that: the same acts, the same ids, nothing there twice."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    acts = [("depart", departure(world, START_M)), ("another-job", another_job(world)), ("stop", stop(world, job_id))]
    acts += [("note", note_body(job_id, world.clock()))]
    for act, body in acts:
        assert (await send_act(officer, phone.act(act, body, trip_id))).json()["outcome"] == "recorded"
    before = (await officer.get(f"/v1/trips/{trip_id}")).json()
    second = await new_phone(world)
    second.device_id = phone.device_id
    await make_known(officer, second)
    world.clock.advance(minutes=20)
    for act, body in acts:
        assert (await send_act(officer, second.act(act, body, trip_id))).json()["outcome"] == "recorded"
    assert (await officer.get(f"/v1/trips/{trip_id}")).json() == before
    taken = another_job(world)
    for other in ({"job_id": acts[1][1]["job_id"]}, {"complaint_id": acts[1][1]["complaint_id"]}):
        answer = (await send_act(officer, second.act("another-job", taken | other, trip_id))).json()
        assert (answer["outcome"], answer["why"]) == ("refused", "id-taken")


async def test_a_second_key_of_a_phone_ends_the_chain_of_the_first(signed_in: SignIn, world: World) -> None:
    """A lost key is normal: the desk sees where its chain ended and which key came in its place."""
    officer, desk = await signed_in("officer"), await signed_in("dispatcher")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))
    second = await new_phone(world)
    second.device_id = phone.device_id
    assert (await make_known(officer, second)).status_code == 201
    assert (await make_known(officer, second)).status_code == 200
    newer, older = (await desk.get(KEYS)).json()["items"]
    assert (older["replaced_by"], older["ended_seq"]) == (newer["key_id"], 1)
    late = await send_act(officer, phone.act("return", back(world, START_M + 9_000), trip_id))
    assert problem_code(late) == "chain-ended"
    assert (await desk.get(KEYS)).json()["items"][1]["after_end"] == 1
