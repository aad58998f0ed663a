"""Findings over HTTP: who sees and says what, with which files, and what is open, overdue, of a month, or cleared."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest

from domain.findings.kinds import Colour
from domain.findings.life import What
from tests.conftest import SignIn, problem_code
from tests.usecases.test_look_at_vehicle import add, look, raised
from tests.world import World

PDF = b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
WORDS = {"text": "车辆送修，维修单随后补录"}


async def listed(client: httpx.AsyncClient, **asked: Any) -> list[dict[str, Any]]:
    """Return the findings that a list gives."""
    answer = await client.get("/v1/findings", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_a_finding_shows_what_was_found_where_and_what_became_of_it(world: World, signed_in: SignIn) -> None:
    """Everybody of the bureau sees it, in their language."""
    finding_id = await raised(world)
    await add(world, finding_id, 1, (What.LASTS, Colour.RED), timedelta(minutes=4))
    officer = await signed_in("officer")
    shown = (await officer.get(f"/v1/findings/{finding_id}", headers={"Accept-Language": "en"})).json()
    assert shown["sentence"] == "The vehicle moved without a trip or an upkeep order."
    assert (shown["kind"], shown["colour"], shown["open"], shown["overdue"]) == (
        "moved-without-trip",
        "red",
        True,
        False,
    )
    assert shown["evidence"]["length_m"] > 10_000
    assert [one["what"] for one in shown["updates"]] == ["lasts"]
    in_chinese = await officer.get(f"/v1/findings/{finding_id}", headers={"Accept-Language": "zh-CN"})
    assert in_chinese.json() == shown | {"sentence": "车辆在没有出车任务时移动。"}
    assert await listed(officer) == [shown]


async def test_findings_are_listed_by_what_is_open_overdue_of_a_kind_or_a_month(
    world: World, signed_in: SignIn
) -> None:
    """One finding, before its term, after it, explained, and accepted."""
    finding_id = await raised(world)
    custodian, auditor = await signed_in("custodian"), await signed_in("auditor")
    assert len(await listed(auditor, open=True, overdue=False, month="2026-11", kind="moved-without-trip")) == 1
    assert await listed(auditor, month="2026-12") == []
    assert await listed(auditor, kind="detour") == []
    assert await listed(auditor, overdue=True) == []
    world.clock.advance(days=7, seconds=1)
    custodian, auditor = await signed_in("custodian"), await signed_in("auditor")
    assert [one["overdue"] for one in await listed(auditor, overdue=True)] == [True]
    assert (await custodian.post(f"/v1/findings/{finding_id}/explain", json=WORDS)).status_code == 200
    assert await listed(auditor, overdue=True) == []
    assert len(await listed(auditor, open=True, explained=True)) == 1
    assert len(await listed(auditor, state="explained", colour="red")) == 1
    assert await listed(auditor, state="raised") + await listed(auditor, colour="yellow") == []
    accepted = await auditor.post(f"/v1/findings/{finding_id}/rule", json={"verb": "accept", "text": "属实"})
    assert accepted.json()["open"] is False
    assert await listed(auditor, open=True) == []
    assert len(await listed(auditor, open=False, state="accepted")) == 1
    await add(world, finding_id, 1, (What.CLEARED, Colour.GREEN), timedelta(minutes=1))
    assert len(await listed(auditor, state="accepted", colour="green")) == 1


async def test_a_month_is_that_of_the_bureaus_zone_in_which_it_happened(world: World, signed_in: SignIn) -> None:
    """Seven in the morning of the first of December in the bureau is the thirtieth of November in UTC."""
    world.clock.at = world.clock().replace(day=30, hour=23)
    await raised(world)
    auditor = await signed_in("auditor")
    assert (len(await listed(auditor, month="2026-12")), len(await listed(auditor, month="2026-11"))) == (1, 0)
    assert (await auditor.get("/v1/findings", params={"month": "2026-13"})).status_code == 400


async def test_an_explanation_names_files_that_were_sent_before(world: World, signed_in: SignIn) -> None:
    """A receipt that is not there is refused; one that is stands with the explanation."""
    finding_id = await raised(world)
    custodian, auditor = await signed_in("custodian"), await signed_in("auditor")
    named = {"sha256": sha256(PDF).hexdigest(), "name": "收据.pdf"}
    said = WORDS | {"attachments": [named]}
    refused = await custodian.post(f"/v1/findings/{finding_id}/explain", json=said)
    assert (refused.status_code, problem_code(refused)) == (400, "file-not-sent")
    sent = await custodian.put(f"/v1/attachments/{named['sha256']}", content=PDF)
    assert sent.status_code == 201, sent.text
    told = (await custodian.post(f"/v1/findings/{finding_id}/explain", json=said)).json()
    assert told["acts"][0]["attachments"] == [named]
    ruled = {"verb": "reject", "text": "收据与日期不符", "attachments": [named]}
    acts = (await auditor.post(f"/v1/findings/{finding_id}/rule", json=ruled)).json()["acts"]
    assert [(act["verb"], act["attachments"]) for act in acts] == [("explain", [named]), ("reject", [named])]
    many = WORDS | {"attachments": [named] * 21}
    assert (await custodian.post(f"/v1/findings/{finding_id}/explain", json=many)).status_code == 400


async def test_what_was_cleared_needs_no_explanation_and_takes_none(world: World, signed_in: SignIn) -> None:
    """It stays in the list, green; and can be explained once it stands again."""
    finding_id = await raised(world)
    await add(world, finding_id, 1, (What.CLEARED, Colour.GREEN), timedelta(seconds=1))
    assert len(await listed(await signed_in("auditor"), state="cleared", colour="green")) == 1
    world.clock.advance(days=8)
    custodian, auditor = await signed_in("custodian"), await signed_in("auditor")
    (shown,) = await listed(auditor)
    assert (shown["colour"], shown["open"], shown["overdue"]) == ("green", False, False)
    refused = await custodian.post(f"/v1/findings/{finding_id}/explain", json=WORDS)
    assert (refused.status_code, problem_code(refused)) == (409, "cleared-already")
    await add(world, finding_id, 2, (What.LASTS, Colour.RED), timedelta(seconds=2))
    assert (await custodian.post(f"/v1/findings/{finding_id}/explain", json=WORDS)).status_code == 200


async def test_an_explanation_sent_twice_is_one(world: World, signed_in: SignIn) -> None:
    """The same key and words, ten times at once."""
    finding_id = await raised(world)
    custodian = await signed_in("custodian")
    url, once = f"/v1/findings/{finding_id}/explain", {"Idempotency-Key": "explain-1"}
    answers = await asyncio.gather(*(custodian.post(url, json=WORDS, headers=once) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(answers[0].json()["acts"]) == 1
    assert (await custodian.get(f"/v1/findings/{finding_id}")).json()["acts"] == answers[0].json()["acts"]


@pytest.mark.parametrize("words", ["", " ", "\u3000\n"])
async def test_who_explains_or_rules_says_something(world: World, signed_in: SignIn, words: str) -> None:
    """A blank is no explanation, over HTTP or in the database."""
    finding_id = await raised(world)
    custodian, auditor = await signed_in("custodian"), await signed_in("auditor")
    url = f"/v1/findings/{finding_id}"
    assert (await custodian.post(f"{url}/explain", json={"text": words})).status_code == 400
    assert (await custodian.post(f"{url}/explain", json=WORDS)).status_code == 200
    assert (await auditor.post(f"{url}/rule", json={"verb": "accept", "text": words})).status_code == 400


async def test_nobody_unmakes_a_finding(world: World, signed_in: SignIn) -> None:
    """There is no way to delete or to change one, whatever role one holds."""
    finding_id = await raised(world)
    for role in ("officer", "dispatcher", "custodian", "desk_chief", "auditor", "admin"):
        client = await signed_in(role)
        for method in ("DELETE", "PUT", "PATCH"):
            answer = await client.request(method, f"/v1/findings/{finding_id}", json=WORDS)
            assert answer.status_code == 405
    assert await look(world) == 0
