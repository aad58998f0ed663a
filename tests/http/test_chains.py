"""Chains of signed acts: gaps wait and are seen, forks are kept, and each act has the bracket that is proved of it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from tests.conftest import SignIn, problem_code
from tests.http.test_signed_acts import trip_ready
from tests.notes import note_body
from tests.signing import ACTS, KEYS, Phone, back, departure, known_phone, send_act, stop
from tests.trips import START_M
from tests.world import World


async def a_day(world: World, phone: Phone, trip_id: UUID, job_id: UUID) -> list[str]:
    """Return a day of four acts, signed and not sent."""
    acts = [("depart", departure(world, START_M)), ("stop", stop(world, job_id))]
    acts += [("note", note_body(job_id, world.clock())), ("return", back(world, START_M + 9_000))]
    signed = []
    for act, body in acts:
        world.clock.advance(minutes=5)
        if "stated_at" in body:
            body["stated_at"] = world.clock().isoformat()
        signed.append(phone.act(act, body, trip_id))
    return signed


async def the_key(client: httpx.AsyncClient) -> dict[str, Any]:
    """Return how the one key's chain stands."""
    (key,) = (await client.get(KEYS)).json()["items"]
    return dict(key)


async def test_acts_that_arrive_out_of_order_are_judged_in_order(signed_in: SignIn, world: World) -> None:
    """What comes early waits, and is seen to wait; once the first is here everything is on record as it was signed."""
    officer, desk = await signed_in("officer"), await signed_in("dispatcher")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    depart, arrive, note, home = await a_day(world, phone, trip_id, job_id)
    for early in (home, note, arrive):
        answer = (await send_act(officer, early)).json()
        assert (answer["outcome"], answer["why"]) == ("parked", "acts-missing")
        assert answer["missing"][0]["first"] == 1
    assert (await the_key(desk))["gaps"] == [{"first": 1, "last": 1}]
    assert len((await desk.get(f"{ACTS}?waiting=true")).json()["items"]) == 3
    assert len((await desk.get(f"{KEYS}?waiting=true")).json()["items"]) == 1
    assert (await desk.get(f"{KEYS}?waiting=false")).json()["items"] == []
    assert (await send_act(officer, depart)).json()["outcome"] == "recorded"
    key = await the_key(desk)
    assert (key["seq"], key["gaps"], key["waiting"], key["head"]) == (4, [], [], phone.prev)
    for sent in (arrive, note, home):
        again = (await send_act(officer, sent)).json()
        assert (again["outcome"], again["again"], again["missing"]) == ("recorded", True, [])
    trip = (await officer.get(f"/v1/trips/{trip_id}")).json()
    assert trip["state"] == "returned"
    assert [step["verb"] for step in trip["decisions"]][-3:] == ["depart", "arrive", "return"]


async def test_what_was_signed_as_of_now_and_waited_here_happened_then(signed_in: SignIn, world: World) -> None:
    """A return that waits an hour for the departure before it was not an hour late."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    depart = phone.act("depart", departure(world, START_M), trip_id)
    world.clock.advance(minutes=40)
    body = {"reading": {"odometer_m": START_M + 9_000}}
    home, returned_at = phone.act("return", body, trip_id), world.clock()
    world.clock.advance(seconds=5)
    sent_at = world.clock().isoformat()
    assert (await send_act(officer, home, **{"Zhuanche-Sent-At": sent_at})).json()["outcome"] == "parked"
    world.clock.advance(hours=1)
    assert (await send_act(officer, depart)).json()["outcome"] == "recorded"
    trip = (await officer.get(f"/v1/trips/{trip_id}")).json()
    assert trip["state"] == "returned"
    assert datetime.fromisoformat(trip["returned_at"]) == returned_at


async def test_a_gap_that_nobody_can_fill_is_signed_off_by_the_custodian(signed_in: SignIn, world: World) -> None:
    """The numbers, the reason and the name stay; what waited is judged; what was missing may still come."""
    officer, custodian = await signed_in("officer"), await signed_in("custodian")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    depart, arrive, note, home = await a_day(world, phone, trip_id, job_id)
    await send_act(officer, depart)
    await send_act(officer, home)
    key = await the_key(custodian)
    assert (key["gaps"], key["waiting"]) == ([{"first": 2, "last": 3}], [4])
    address = f"{KEYS}/{phone.key_id}/gaps/sign-off"
    said = {"through": 3, "reason": "手机重启后两条未能找回"}
    assert problem_code(await (await signed_in("dispatcher")).post(address, json=said)) == "forbidden"
    for through in (1, 2, 4, 5):
        assert problem_code(await custodian.post(address, json=said | {"through": through})) == "no-such-gap"
    answer = await custodian.post(address, json=said)
    assert answer.json() == {"first": 2, "last": 3, "judged": 1}
    assert (await custodian.post(address, json=said)).json() == {"first": 2, "last": 3, "judged": 0}
    key = await the_key(custodian)
    assert (key["seq"], key["gaps"], key["signed_off"][0]["by"]) == (4, [], str(world["custodian"].who))
    assert (await officer.get(f"/v1/trips/{trip_id}")).json()["state"] == "returned"
    assert (await send_act(officer, note)).json()["outcome"] == "recorded"
    assert (await send_act(officer, arrive)).json()["outcome"] == "recorded"
    assert problem_code(await custodian.post(f"{KEYS}/{trip_id}/gaps/sign-off", json=said)) == "not-found"


async def test_a_second_story_under_one_number_is_kept_beside_the_first(signed_in: SignIn, world: World) -> None:
    """A copied phone betrays itself: desk and auditor see both, the first stands, and neither branch goes on unseen."""
    officer, auditor = await signed_in("officer"), await signed_in("auditor")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    copy = Phone(world, "officer", phone.device_id, phone.key, phone.key_id)
    first = phone.act("depart", departure(world, START_M), trip_id)
    second = copy.act("depart", departure(world, START_M + 1_000), trip_id)
    assert (await send_act(officer, first)).status_code == 201
    for _ in range(2):
        answer = await send_act(officer, second)
        assert (answer.status_code, problem_code(answer)) == (409, "chain-fork")
    beyond = await send_act(officer, copy.act("stop", stop(world, job_id), trip_id))
    assert problem_code(beyond) == "chain-fork", "it names an act that the chain does not have"
    key = await the_key(auditor)
    assert [(fork["seq"], fork["stands"]) for fork in key["forks"]] == [(1, phone.prev), (2, None)]
    (finding,) = (await auditor.get("/v1/findings?kind=chain-fork")).json()["items"]
    assert (finding["colour"], finding["trip_id"], finding["evidence"]["seq"]) == ("red", str(trip_id), 1)
    kept = (await auditor.get(f"{ACTS}?standing=fork")).json()["items"]
    assert {one["outcome"] for one in kept} == {None}
    raw = await auditor.get(f"{ACTS}/{key['forks'][0]['digest']}/jws")
    assert (raw.text, raw.headers["content-type"]) == (second, "application/jose")
    assert (await send_act(officer, phone.act("stop", stop(world, job_id), trip_id))).json()["outcome"] == "recorded"
    readings = (await auditor.get(f"/v1/readings?vehicle_id={world.vehicle_id}")).json()["items"]
    assert START_M + 1_000 not in [reading["odometer_m"] for reading in readings]


async def test_a_fork_before_what_waits_is_told_by_what_waits(signed_in: SignIn, world: World) -> None:
    """The act that fills a gap must be the one that the next one names."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    depart, arrive, *_ = await a_day(world, phone, trip_id, job_id)
    await send_act(officer, arrive)
    copy = Phone(world, "officer", phone.device_id, phone.key, phone.key_id)
    assert problem_code(await send_act(officer, copy.act("depart", departure(world), trip_id))) == "chain-fork"
    assert (await send_act(officer, depart)).json()["outcome"] == "recorded"
    assert (await the_key(await signed_in("auditor")))["seq"] == 2


async def test_nobody_counts_a_thousand_acts_ahead(signed_in: SignIn, world: World) -> None:
    """A phone that jumps is refused before it fills the desk's list with what never was."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    for seq, status in ((1_000, 201), (1_001, 400)):
        said = phone.payload("depart", departure(world), seq=seq, prev="A" * 43)
        answer = await send_act(officer, phone.sign(said))
        assert answer.status_code == status, answer.text
    assert problem_code(answer) == "seq-too-far"


async def test_ten_that_send_one_act_at_once_do_it_once(signed_in: SignIn, world: World) -> None:
    """Nine are told what the one did."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    signed = phone.act("depart", departure(world, START_M), trip_id)
    answers = await asyncio.gather(*(send_act(officer, signed) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["receipt"]["leaf"] for answer in answers}) == 1
    trip = (await officer.get(f"/v1/trips/{trip_id}")).json()
    assert [step["verb"] for step in trip["decisions"]].count("depart") == 1
    assert len((await officer.get(ACTS)).json()["items"]) == 1


async def test_what_the_route_would_refuse_is_refused_for_good(signed_in: SignIn, world: World) -> None:
    """The phone is told why in its person's language and stops sending; the chain goes on behind it."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    for act, body, trip, code in (
        ("depart", departure(world, reading={"odometer_m": -1}), trip_id, "invalid-input"),
        ("depart", departure(world), None, "invalid-input"),
        ("depart", departure(world), phone.key_id, "not-found"),
        ("stop", stop(world, job_id, source="online", stated_at=None), trip_id, "not-in-this-state"),
        ("note", note_body(job_id, world.clock(), source="paper"), None, "invalid-input"),
        ("note", note_body(phone.key_id, world.clock()), trip_id, "not-found"),
        ("note", note_body(job_id, world.clock(), trip_id=phone.key_id), trip_id, "invalid-input"),
        ("another-job", {}, trip_id, "invalid-input"),
    ):
        answer = await send_act(officer, phone.act(act, body, trip), **{"Accept-Language": "zh-CN"})
        assert (answer.status_code, answer.json()["outcome"]) == (201, "refused"), answer.text
        told = answer.json()
        assert (told["why"], told["problem"]["code"], told["problem"]["status"] >= 400) == (code, code, True)
        assert any(sign > "一" for sign in told["reasons"][0]["sentence"])
    assert (await the_key(await signed_in("auditor")))["seq"] == 8
    assert (await officer.get(f"/v1/trips/{trip_id}")).json()["state"] == "approved"


async def test_a_signed_act_needs_the_role_that_its_route_needs(signed_in: SignIn, world: World) -> None:
    """A driver departs and returns; notes and complaints are an officer's."""
    driver = await signed_in("driver")
    phone = await known_phone(world, driver, "driver")
    trip_id, job_id = await trip_ready(world)
    assert (await send_act(driver, phone.act("depart", departure(world, START_M), trip_id))).json()["why"] is None
    for act, body in (("note", note_body(job_id, world.clock())), ("another-job", {})):
        answer = (await send_act(driver, phone.act(act, body, trip_id))).json()
        assert (answer["outcome"], answer["why"]) == ("refused", "forbidden")


async def test_a_departure_that_does_not_fit_is_a_conflict_of_the_chain(signed_in: SignIn, world: World) -> None:
    """It happened and is kept for a person, with the reasons in words."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    world.clock.advance(hours=6)
    answer = (await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))).json()
    assert (answer["outcome"], answer["why"]) == ("conflict", "departed-without-permit")
    assert [reason["code"] for reason in answer["reasons"]] == ["window-missed"]
    assert answer["reasons"][0]["sentence"]
    assert answer["conflict_id"]


async def test_an_act_shows_the_bracket_that_is_proved_of_it(signed_in: SignIn, world: World) -> None:
    """Not before the receipt it names, not after its arrival; the device's clock is a claim beside it."""
    officer, auditor = await signed_in("officer"), await signed_in("auditor")
    phone = await known_phone(world, officer)
    enrolled_at = world.clock()
    trip_id, _ = await trip_ready(world)
    signed_at = world.clock()
    signed = phone.act("depart", departure(world, START_M), trip_id)
    world.clock.advance(minutes=3)
    await send_act(officer, signed)
    (act,) = (await auditor.get(f"{ACTS}?trip_id={trip_id}")).json()["items"]
    bracket = [datetime.fromisoformat(act[name]) for name in ("not_before", "device_at", "received_at")]
    assert bracket == [enrolled_at, signed_at, world.clock()]
    assert act["clock_doubts"] == []


async def test_a_clock_that_does_not_fit_is_flagged_and_the_act_is_done(signed_in: SignIn, world: World) -> None:
    """Set back, ahead, off as it sends, or with a receipt of its own making: it happened all the same."""
    officer, auditor = await signed_in("officer"), await signed_in("auditor")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    now = phone.now_ms()
    hour = 3_600_000
    assert phone.srv is not None
    cases: list[tuple[dict[str, Any], dict[str, str], list[str]]] = [
        ({"iat": now - 2 * hour}, {}, ["before-bracket"]),
        ({"iat": now + hour, "mono": phone.now_ms() % 10**9}, {}, ["after-arrival", "stepped"]),
        ({"boot": str(phone.device_id)}, {}, ["stepped"]),
        ({}, {"Zhuanche-Sent-At": (world.clock() + timedelta(minutes=9)).isoformat()}, ["skewed"]),
        ({"srv": phone.srv | {"leaf": "A" * 43}}, {}, ["unknown-receipt"]),
        ({"srv": {"entry": str(job_id), "leaf": "A" * 43}}, {}, ["unknown-receipt"]),
        ({"srv": None}, {}, []),
    ]
    for changes, headers, doubts in cases:
        signed = phone.act("stop", stop(world, job_id), trip_id, **changes)
        await send_act(officer, signed, **headers)
        newest = max((await auditor.get(ACTS)).json()["items"], key=lambda one: one["seq"])
        assert newest["clock_doubts"] == doubts, (changes, newest)
        assert newest["outcome"] == "conflict"
