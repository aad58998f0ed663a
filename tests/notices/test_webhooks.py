"""Webhooks: robots and gateways on real sockets, what they are told and what they never are."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from api.db.database import Database
from api.jobs.job import RoundFailed
from api.jobs.notices import Courier
from api.usecases.change_setting import NewSetting, change_setting
from domain.notices import WORDS
from tests.conftest import SignIn, problem_code
from tests.http.test_live import a_finding
from tests.notices.desk import PRIVATE, deliveries, hook, sent
from tests.notices.stand_in import Browser, StandIn, standing_in
from tests.trips import requested_trip
from tests.world import World


async def test_a_group_robot_is_told_in_its_own_form(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """WeCom's text message, with a link that opens nothing without a session."""
    await hook(signed_in, outside)
    await requested_trip(world)
    await sent(courier, world)
    (asked,) = outside.asked
    said = asked.said["text"]["content"]
    assert asked.path == "/hook?key=secret-of-the-robot"
    assert asked.said["msgtype"] == "text"
    assert said.startswith("【用车申请待审批】闽B12315，11-23 10:00 出车\nhttp")
    assert said.endswith("/board/inbox")
    assert not any(word in said for word in PRIVATE)


@pytest.mark.parametrize(
    "answer",
    [
        (b'{"errcode":0}', "sent"),
        (b'{"errcode":45009}', "waiting"),
        (b'{"errcode":93000}', "failed"),
        (b"<html>", "waiting"),
    ],
)
async def test_what_wecom_says_with_status_200_is_read(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn, answer: tuple[bytes, str]
) -> None:
    """Too often is tried again, a robot that was removed is not."""
    outside.answer, state = answer
    outside.statuses = [200]
    await hook(signed_in, outside)
    await a_finding(world)
    await sent(courier, world)
    assert [one["state"] for one in await deliveries(signed_in)] == [state]


async def test_a_gateway_gets_what_its_template_says(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """A template of one's own, filled with the words there are; a kind it is not told of does not go there."""
    template = {"to": ["0594-12315"], "params": [f"${{{word}}}" for word in WORDS], "sign": "专车"}
    hook_id = await hook(signed_in, outside, kind="sms", template=template, notices=["finding-raised"])
    await requested_trip(world)
    await a_finding(world)
    await sent(courier, world)
    (asked,) = outside.asked
    assert asked.said["to"] == ["0594-12315"]
    assert asked.said["params"][:2] == ["闽B12315", "11-30 09:00"]
    chief = await signed_in("desk_chief")
    shown = (await chief.get("/v1/webhooks")).json()
    assert [(one["hook_id"], one["rev"], one["template"]) for one in shown] == [(str(hook_id), 1, template)]


async def test_a_webhook_is_tried_and_changed_without_telling_its_address_again(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """A trial goes out at any hour; a change keeps the address, which nobody is shown; switched off, it is silent."""
    hook_id = await hook(signed_in, outside)
    chief = await signed_in("desk_chief")
    assert "secret-of-the-robot" not in (await chief.get("/v1/webhooks")).text
    assert (await chief.post(f"/v1/webhooks/{hook_id}/try")).status_code == 202
    await sent(courier, world)
    assert "通知试发" in outside.asked[0].said["text"]["content"]
    changed = {"name": "值班群", "kind": "json", "notices": ["finding-raised"], "reason": "改用网关"}
    assert (await chief.put(f"/v1/webhooks/{hook_id}", json=changed)).json()["rev"] == 2
    await a_finding(world)
    await sent(courier, world)
    assert set(outside.asked[1].said) == set(WORDS)
    await chief.put(f"/v1/webhooks/{hook_id}", json=changed | {"active": False})
    await a_finding(world)
    await sent(courier, world)
    assert len(outside.asked) == 2
    assert problem_code(await chief.post(f"/v1/webhooks/{hook_id}/try")) == "not-found"
    async with world.database.read(world.bureau_id) as reader:
        rows = await reader.execute(
            text("SELECT facts FROM ledger_payload WHERE bureau_id = :b AND kind = 'webhook-set'"),
            {"b": world.bureau_id},
        )
        facts = [row.facts for row in rows]
    assert len(facts) == 3
    assert "secret-of-the-robot" not in str(facts)


async def test_a_webhook_is_tried_as_often_as_asked(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """A trial that failed at a wrong address is made again at the right one, and again whenever it is asked for."""
    chief = await signed_in("desk_chief")
    async with standing_in(statuses=[404]) as wrong:
        hook_id = await hook(signed_in, wrong)
        await chief.post(f"/v1/webhooks/{hook_id}/try")
        await sent(courier, world)
    assert [one["state"] for one in await deliveries(signed_in)] == ["failed"]
    body = {"name": "值班群", "kind": "wecom", "notices": [], "reason": "更正地址", "url": outside.address("/hook")}
    await chief.put(f"/v1/webhooks/{hook_id}", json=body)
    for times in (1, 2):
        assert (await chief.post(f"/v1/webhooks/{hook_id}/try")).status_code == 202
        await sent(courier, world)
        assert len(outside.asked) == times
    assert [one["state"] for one in await deliveries(signed_in)] == ["sent"]


@pytest.mark.parametrize("address", ["https://a]b/x", "https://exa[mple.com/x", "https://a:99999/x", "https://h:0/x"])
async def test_an_address_that_cannot_be_read_is_refused_and_nothing_is_kept(
    world: World, signed_in: SignIn, address: str
) -> None:
    """Neither a webhook nor a browser is on file with it, so that the lists are read as before."""
    assert world.bureau_id
    chief = await signed_in("desk_chief")
    body = {"name": "群", "kind": "json", "url": address, "notices": [], "reason": "开通"}
    assert problem_code(await chief.put(f"/v1/webhooks/{uuid4()}", json=body)) == "address-not-allowed"
    asked = Browser("https://push.example.com/x").subscription | {"endpoint": address}
    assert problem_code(await chief.put("/v1/push-subscriptions", json=asked)) == "address-not-allowed"
    assert (await chief.get("/v1/push-subscriptions")).json() == (await chief.get("/v1/webhooks")).json() == []


async def test_a_bureau_whose_gateway_is_slow_holds_up_no_other(
    world: World, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was heard of is delivered side by side; where that fails it is heard of still, and the round is counted."""
    let_go = asyncio.Event()
    told: list[str] = []
    others_done = asyncio.Event()

    async def deliver(_: Database, bureau_id: str) -> int:
        if bureau_id == "slow":
            await let_go.wait()
        told.append(bureau_id)
        if {"failing", "quick"} <= set(told):
            others_done.set()
        if told.count("failing") == 1 and bureau_id == "failing":
            raise ConnectionError
        return 1

    monkeypatch.setattr(courier, "deliver", deliver)
    for bureau_id in ("slow", "failing", "quick"):
        courier.heard(bureau_id)
    sending = asyncio.create_task(courier.at_once(world.database))
    await others_done.wait()
    assert not sending.done()
    let_go.set()
    with pytest.raises(RoundFailed):
        await sending
    await courier.at_once(world.database)
    assert sorted(told) == ["failing", "failing", "quick", "slow"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"url": "http://10.0.0.1/x"}, "address-not-allowed"),
        ({"url": "https://192.168.1.1/x"}, "address-not-allowed"),
        ({"template": {"text": "${complainant}"}}, "bad-template"),
        ({"notices": ["gossip"]}, "invalid-input"),
        ({"url": None}, "not-found"),
    ],
)
async def test_a_webhook_that_may_not_be_is_refused(
    world: World, signed_in: SignIn, change: dict[str, Any], code: str
) -> None:
    """Inward addresses, templates that say too much, kinds that are none, and a new one without an address."""
    assert world.bureau_id
    body = {"name": "群", "kind": "json", "url": "https://hooks.example.com/x", "notices": [], "reason": "开通"}
    answer = await (await signed_in("admin")).put(f"/v1/webhooks/{uuid4()}", json=body | change)
    assert problem_code(answer) == code


async def test_a_push_service_inside_or_keys_that_are_none_are_refused(world: World, signed_in: SignIn) -> None:
    """A subscription is no way to make the service ask its neighbours."""
    assert world.bureau_id
    officer = await signed_in("officer")
    good = Browser("https://push.example.com/x").subscription
    inside = good | {"endpoint": "https://169.254.169.254/latest"}
    assert problem_code(await officer.put("/v1/push-subscriptions", json=inside)) == "address-not-allowed"
    bad = good | {"keys": {"p256dh": "x", "auth": "y"}}
    assert problem_code(await officer.put("/v1/push-subscriptions", json=bad)) == "bad-push-keys"


async def test_a_slow_webhook_is_tried_again_and_holds_up_no_other_notice(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """While a gateway takes its time, another recipient hears; acts wait for none (tests/http/test_slow_neighbours)."""
    async with standing_in(slow_s=600.0) as slow:
        await hook(signed_in, slow)
        await hook(signed_in, outside)
        await a_finding(world)
        sending = asyncio.create_task(sent(courier, world))
        await slow.arrived.wait()
        await outside.arrived.wait()
        await sending
    states = {(one["target_id"], one["state"], one["fault"]) for one in await deliveries(signed_in)}
    assert {state for _, state, _ in states} == {"sent", "waiting"}
    assert {fault for _, _, fault in states} == {None, "timeout"}


async def test_settings_of_notices_have_their_bounds(world: World, signed_in: SignIn) -> None:
    """They are settings like any other: between bounds, each change a fact."""
    chief: httpx.AsyncClient = await signed_in("desk_chief")
    answer = await chief.put("/v1/settings/notice_escalate_min", json={"value": 4, "reason": "太久"})
    assert problem_code(answer) == "setting-out-of-bounds"
    await change_setting(
        world.database, world["desk_chief"], NewSetting(name="quiet_from_min", value=420, reason="全天值班")
    )
    values = {one["name"]: one["value"] for one in (await chief.get("/v1/settings")).json()}
    assert (values["quiet_from_min"], values["quiet_until_min"]) == (420, 420)
