"""Complaints over HTTP: taken down in one request, found again, led to their end by acts."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.complaints import accepted_complaint, registered_complaint
from tests.conftest import SignIn, problem_code
from tests.world import HeldClock, World

BODY: dict[str, Any] = {
    "complainant": {"name": "林某", "telephone": "+86 138-0000-0001", "address": "霞林街道某小区 3 号楼"},
    "respondent": {"name": "城厢区某服装店", "address": "文献步行街 12 号"},
    "claim": "退还货款 398 元",
    "facts": "外套洗涤一次后严重褪色。",
    "source": "counter",
}
NOW = "2026-11-23T08:55:00+08:00"


async def register(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """Register a complaint over HTTP and return the answer."""
    answer = await client.post("/v1/complaints", json=BODY | changes)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def act(client: httpx.AsyncClient, complaint_id: str, verb: str, **rest: Any) -> httpx.Response:
    """Do one act over HTTP."""
    return await client.post(f"/v1/complaints/{complaint_id}/acts", json={"verb": verb, **rest})


async def acted(client: httpx.AsyncClient, complaint_id: str, verb: str, **rest: Any) -> dict[str, Any]:
    """Do one act that must succeed and return the complaint after it."""
    answer = await act(client, complaint_id, verb, **rest)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def consents(client: httpx.AsyncClient, complaint_id: str) -> dict[str, Any]:
    """Record both parties' consent."""
    await acted(client, complaint_id, "record-consent", party="complainant", given_at=NOW, how="电话")
    return await acted(client, complaint_id, "record-consent", party="respondent", given_at=NOW, how="当面")


async def test_the_counter_registers_and_accepts_in_one_request(signed_in: SignIn) -> None:
    """Under a minute: one request leaves an accepted complaint with its terms and a clean telephone."""
    client = await signed_in("dispatcher")
    made = await register(client, accept=True, received_via="本人到窗口口述")
    assert (made["state"], made["number"], made["pack"]) == ("accepted", "2026-000001", "SAMR121-2026")
    assert made["particulars"]["complainant"]["telephone"] == "13800000001"
    assert [one["verb"] for one in made["acts"]] == ["register", "accept"]
    (term,) = made["deadlines"]
    assert (term["code"], term["nominal_on"], term["provisional"]) == ("mediate", "2027-01-22", True)


async def test_a_double_click_registers_one_complaint(signed_in: SignIn) -> None:
    """The same key and body at once, and again later, answer the same complaint."""
    client = await signed_in("dispatcher")
    key = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(*(client.post("/v1/complaints", json=BODY, headers=key) for _ in range(2)))
    answers.append(await client.post("/v1/complaints", json=BODY, headers=key))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["complaint_id"] for answer in answers}) == 1
    assert len((await client.get("/v1/complaints")).json()["items"]) == 1


async def test_one_number_at_its_source_is_one_complaint_even_when_two_hurry(signed_in: SignIn) -> None:
    """Twenty at once: one is registered, nineteen are told which it is."""
    client = await signed_in("officer")
    asked = BODY | {"source": "platform-12315", "source_number": "1350302002026112300001"}
    answers = await asyncio.gather(*(client.post("/v1/complaints", json=asked) for _ in range(20)))
    won = [answer for answer in answers if answer.status_code == 201]
    lost = [answer for answer in answers if answer.status_code != 201]
    assert len(won) == 1
    assert {problem_code(answer) for answer in lost} == {"source-number-taken"}
    assert {answer.json()["complaint_id"] for answer in lost} == {won[0].json()["complaint_id"]}


async def test_the_same_number_at_another_source_is_another_complaint(signed_in: SignIn) -> None:
    """Numbers are unique per source."""
    client = await signed_in("officer")
    await register(client, source="platform-12315", source_number="7")
    await register(client, source="hotline-12345", source_number="7")


SLIPS: list[tuple[dict[str, Any], str]] = [
    ({"source": "rumour"}, "invalid-input"),
    ({"claim": ""}, "invalid-input"),
    ({"claim": " \n "}, "particulars-missing"),
    ({"claim": "退\u0000款"}, "invalid-input"),
    ({"received_via": "\u0000"}, "invalid-input"),
    ({"facts": "长" * 5001}, "invalid-input"),
    ({"colour": "red"}, "invalid-input"),
    ({"complainant": BODY["complainant"] | {"telephone": "abcdef"}}, "bad-telephone"),
    ({"respondent": BODY["respondent"] | {"credit_code": "91350302MA2XXXXX00"}}, "bad-credit-code"),
    ({"received_at": "2026-11-23T09:30:00"}, "invalid-input"),
    ({"received_at": "9999-12-31T23:59:59-12:00"}, "time-out-of-range"),
    ({"received_at": "2026-11-23T09:02:01+08:00"}, "receipt-out-of-range"),
    ({"received_at": "1995-01-01T09:00:00+08:00"}, "receipt-out-of-range"),
    ({"unit_id": str(uuid4())}, "not-found"),
]


async def test_what_a_complaint_lacks_is_told(signed_in: SignIn) -> None:
    """Each slip has its problem, and nothing is registered."""
    client = await signed_in("dispatcher")
    for changes, code in SLIPS:
        assert problem_code(await client.post("/v1/complaints", json=BODY | changes)) == code, changes
    assert (await client.get("/v1/complaints")).json()["items"] == []


async def test_a_clock_two_minutes_ahead_is_believed(signed_in: SignIn) -> None:
    """The exact limit still counts as now."""
    await register(await signed_in("dispatcher"), received_at="2026-11-23T09:02:00+08:00")


async def test_the_order_in_force_on_the_day_of_receipt_leads_it(signed_in: SignIn) -> None:
    """One day apart: Order 20 until 14 April 2026, Order 121 from the 15th."""
    client = await signed_in("dispatcher")
    old = await register(client, received_at="2026-04-14T23:59:59+08:00")
    new = await register(client, received_at="2026-04-15T00:00:00+08:00")
    assert (old["pack"], new["pack"]) == ("SAMR20-2019", "SAMR121-2026")


async def test_a_complaint_goes_from_receipt_to_close_with_an_agreement(signed_in: SignIn) -> None:
    """Accept, both consents, announce, agree, close: every act stands with who and when."""
    client = await signed_in("officer")
    complaint_id = (await register(client))["complaint_id"]
    await acted(client, complaint_id, "accept")
    assert (await consents(client, complaint_id))["state"] == "mediating"
    announced = await acted(
        client,
        complaint_id,
        "announce",
        meeting_at="2026-11-24T10:00:00+08:00",
        place="文献步行街 12 号店内",
        mediators=["陈某"],
        told=[{"party": party, "told_at": NOW, "how": "电话"} for party in ("complainant", "respondent")],
    )
    assert announced["announced_at"] is not None
    agreed = await acted(client, complaint_id, "reach-agreement", outcome="mediated-performed")
    assert (agreed["state"], agreed["deadlines"]) == ("mediated", [])
    closed = await acted(client, complaint_id, "close", outcome="mediated-performed")
    assert (closed["state"], closed["may"]) == (
        "closed",
        ["find-clue", "extend-clue-check", "pass-clue", "settle-power", "correct"],
    )
    acts = (await client.get(f"/v1/complaints/{complaint_id}/acts")).json()
    assert [one["verb"] for one in acts] == [
        "register", "accept", "record-consent", "record-consent", "announce", "reach-agreement", "close",
    ]  # fmt: skip


async def test_a_refusal_names_a_ground_of_the_order_that_leads_the_complaint(signed_in: SignIn) -> None:
    """A ground of another order is told with the list of the right ones."""
    client = await signed_in("officer")
    complaint_id = (await register(client))["complaint_id"]
    wrong = await act(client, complaint_id, "refuse", ground="20-15-1")
    assert problem_code(wrong) == "unknown-ground"
    assert "121-16-1" in wrong.json()["grounds"]
    refused = await acted(client, complaint_id, "refuse", ground="121-16-1")
    assert (refused["state"], refused["ground"]) == ("refused", "121-16-1")
    assert (await acted(client, complaint_id, "close", outcome="refused"))["state"] == "closed"


async def test_testing_stops_the_clock_until_it_resumes(signed_in: SignIn, clock: HeldClock) -> None:
    """Five days at the laboratory put the last day of mediation off by five days."""
    client = await signed_in("officer")
    complaint_id = (await register(client, accept=True))["complaint_id"]
    suspended = await acted(client, complaint_id, "suspend", kind="testing")
    assert (suspended["state"], suspended["suspension"]) == ("suspended", "testing")
    clock.advance(days=5)
    again = await signed_in("officer")
    resumed = await acted(again, complaint_id, "resume", result="色牢度不合格")
    assert (resumed["state"], resumed["suspended_days"]) == ("accepted", 5)
    assert resumed["deadlines"][0]["nominal_on"] == "2027-01-27"


async def test_terminating_for_lapse_waits_for_the_last_day_to_pass(signed_in: SignIn, clock: HeldClock) -> None:
    """On the sixtieth day it is too early, on the day after it is not."""
    client = await signed_in("officer")
    complaint_id = (await register(client, accept=True))["complaint_id"]
    clock.advance(days=60)
    client = await signed_in("officer")
    early = await act(client, complaint_id, "terminate", ground="121-23-5")
    assert (problem_code(early), early.json()["due_on"]) == ("ground-not-yet", "2027-01-22")
    clock.advance(days=1)
    client = await signed_in("officer")
    ended = await acted(client, complaint_id, "terminate", ground="121-23-5")
    assert [one["code"] for one in ended["deadlines"]] == ["notify-termination"]


async def test_both_parties_are_told_before_a_terminated_complaint_is_closed(signed_in: SignIn) -> None:
    """One told is not enough; the problem says who is missing."""
    client = await signed_in("officer")
    complaint_id = (await register(client, accept=True))["complaint_id"]
    await acted(client, complaint_id, "terminate", ground="121-23-2")
    told = [{"party": "complainant", "told_at": NOW, "how": "电话"}]
    await acted(client, complaint_id, "tell-termination", told=told)
    short = await act(client, complaint_id, "close", outcome="terminated")
    assert (problem_code(short), short.json()["parties"]) == ("parties-untold", ["respondent"])
    await acted(client, complaint_id, "tell-termination", told=[told[0] | {"party": "respondent"}])
    assert (await acted(client, complaint_id, "close", outcome="terminated"))["state"] == "closed"


@pytest.mark.parametrize(("verb", "outcome"), [("withdraw", "withdrawn"), ("settle", "settled")])
async def test_the_parties_may_end_it_themselves(signed_in: SignIn, verb: str, outcome: str) -> None:
    """Withdrawn or settled before acceptance, it is closed without telling anyone."""
    client = await signed_in("officer")
    complaint_id = (await register(client))["complaint_id"]
    await acted(client, complaint_id, verb)
    assert (await acted(client, complaint_id, "close", outcome=outcome))["outcome"] == outcome


async def test_a_clue_is_found_and_passed_on_beside_the_mediation(signed_in: SignIn) -> None:
    """Its own term of fifteen working days runs until it is passed on; the state does not change."""
    client = await signed_in("officer")
    complaint_id = (await register(client, accept=True))["complaint_id"]
    assert (await act(client, complaint_id, "pass-clue")).status_code == 409
    found = await acted(client, complaint_id, "find-clue")
    assert {one["code"] for one in found["deadlines"]} == {"mediate", "clue-check"}
    assert (
        await act(client, complaint_id, "extend-clue-check", approved_by="局长 郑某", reason=" ")
    ).status_code == 400
    longer = await acted(client, complaint_id, "extend-clue-check", approved_by="局长 郑某", reason="向外地厂家函询")
    due = {one["code"]: one["due_on"] for one in longer["deadlines"]}
    assert due["clue-check"] > {one["code"]: one["due_on"] for one in found["deadlines"]}["clue-check"]
    passed = await acted(client, complaint_id, "pass-clue")
    assert (passed["state"], [one["code"] for one in passed["deadlines"]]) == ("accepted", ["mediate"])


async def test_a_correction_leaves_both_revisions_visible_and_findable(signed_in: SignIn) -> None:
    """The old name is still found, the new one is shown, the reason stands beside it."""
    client = await signed_in("officer")
    complaint_id = (await register(client))["complaint_id"]
    particulars = {name: BODY[name] for name in ("complainant", "respondent", "claim", "facts")}
    particulars["complainant"] = particulars["complainant"] | {"name": "林木"}
    corrected = await acted(client, complaint_id, "correct", particulars=particulars, reason="姓名登记有误")
    assert corrected["particulars"]["complainant"]["name"] == "林木"
    assert [(one["rev"], one["reason"]) for one in corrected["revisions"]] == [(1, None), (2, "姓名登记有误")]
    for name in ("林某", "林木"):
        assert len((await client.get("/v1/complaints", params={"name": name})).json()["items"]) == 1


async def test_merging_leaves_both_complaints_visible(signed_in: SignIn) -> None:
    """The one names the other both ways; merging on into itself or back is refused."""
    client = await signed_in("officer")
    first, second = [(await register(client, accept=True))["complaint_id"] for _ in range(2)]
    assert problem_code(await act(client, first, "merge", into=first)) == "merge-impossible"
    assert problem_code(await act(client, first, "merge", into=str(uuid4()))) == "not-found"
    merged = await acted(client, first, "merge", into=second)
    assert (merged["state"], merged["merged_into"]) == ("merged", second)
    assert (await client.get(f"/v1/complaints/{second}")).json()["merged_from"] == [first]
    assert problem_code(await act(client, second, "merge", into=first)) == "merge-impossible"


async def test_two_complaints_merged_into_each_other_at_once_never_both_vanish(world: World, signed_in: SignIn) -> None:
    """One merge wins, the other finds its target merged; neither waits for the other forever."""
    client = await signed_in("officer")
    for _ in range(5):
        first, second = [str(await accepted_complaint(world)) for _ in range(2)]
        answers = await asyncio.gather(
            act(client, first, "merge", into=second), act(client, second, "merge", into=first)
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_an_act_out_of_state_or_time_is_refused(world: World, signed_in: SignIn) -> None:
    """Twice accepted, in the future, before receipt: each has its own problem."""
    client = await signed_in("officer")
    complaint_id = str((await registered_complaint(world)).complaint_id)
    assert problem_code(await act(client, complaint_id, "accept", at="2026-11-23T09:02:01+08:00")) == "act-in-future"
    assert problem_code(await act(client, complaint_id, "accept", at="2026-11-22T09:00:00+08:00")) == "act-out-of-order"
    await acted(client, complaint_id, "accept")
    again = await act(client, complaint_id, "accept")
    assert (problem_code(again), again.json()["state"]) == ("complaint-state-conflict", "accepted")
    assert problem_code(await act(client, complaint_id, "levitate")) == "invalid-input"
    assert problem_code(await act(client, complaint_id, "accept", colour="red")) == "invalid-input"


async def test_two_acceptances_at_once_are_one_act(world: World, signed_in: SignIn) -> None:
    """Whoever comes second is told the state, and one act stands in the record."""
    client = await signed_in("officer")
    complaint_id = str((await registered_complaint(world)).complaint_id)
    answers = await asyncio.gather(*(act(client, complaint_id, "accept") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    acts = (await client.get(f"/v1/complaints/{complaint_id}/acts")).json()
    assert [one["verb"] for one in acts] == ["register", "accept"]


async def test_a_complaint_of_another_bureau_is_not_there(signed_in: SignIn) -> None:
    """The same words as for an id that nobody has."""
    client = await signed_in("officer")
    for answer in (await client.get(f"/v1/complaints/{uuid4()}"), await act(client, str(uuid4()), "accept")):
        assert (answer.status_code, problem_code(answer)) == (404, "not-found")


async def test_who_registers_and_who_only_reads(signed_in: SignIn) -> None:
    """The desk writes, auditor and custodian read; who drives or looks after accounts sees no consumer's telephone."""
    for who in ("dispatcher", "officer", "desk_chief", "auditor", "custodian", "driver", "admin"):
        client = await signed_in(who)
        writes = 201 if who in ("dispatcher", "officer", "desk_chief") else 403
        reads = 403 if who in ("driver", "admin") else 200
        assert (await client.get("/v1/complaints")).status_code == reads, who
        assert (await client.post("/v1/complaints", json=BODY)).status_code == writes, who


async def test_a_dispute_about_who_has_power_has_its_term_until_it_is_settled(signed_in: SignIn) -> None:
    """The desk sees the seven working days beside its own term, and both acts stay in the complaint's history."""
    client = await signed_in("dispatcher")
    complaint_id = (await register(client))["complaint_id"]
    disputed = await acted(client, complaint_id, "dispute-power", with_whom="荔城区局", reason="两处经营地址")
    assert {one["code"] for one in disputed["deadlines"]} == {"accept", "jurisdiction-dispute"}
    settled = await acted(client, complaint_id, "settle-power", result="协商一致，由本局处理")
    assert {one["code"] for one in settled["deadlines"]} == {"accept"}
    assert [one["verb"] for one in settled["acts"]][-2:] == ["dispute-power", "settle-power"]
    assert (await act(client, complaint_id, "settle-power", result="再次")).status_code == 409
