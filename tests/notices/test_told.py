"""Who is told of what: acts in, messages out at a push service on a real socket."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from api.db.database import Actor, UnitOfWork
from api.jobs.notices import Courier
from api.usecases.approve_trip import approve_trip, refuse_trip
from api.usecases.change_account import deactivate_person
from api.usecases.delegate_approval import NewDelegation, delegate_approval
from api.usecases.deliver_notices import LEASE, address_notices, take_due
from api.usecases.spoken_approval import approve_by_word
from domain.notices import TRIES_MOST
from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn
from tests.http.test_live import a_finding, speeding
from tests.http.test_spoken_approval import on_duty
from tests.notices.desk import PRIVATE, deliveries, hook, pushed, sent, subscribed
from tests.notices.stand_in import StandIn, vouched_by
from tests.trips import requested_trip
from tests.world import World


async def test_the_custodian_is_told_of_a_request_and_only_the_browser_can_read_it(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """Plate, time and a link, in both languages, encrypted for that browser, vouched for by the service's key."""
    browser = await subscribed(signed_in, outside, "custodian")
    await subscribed(signed_in, outside, "dispatcher")
    await requested_trip(world)
    assert await sent(courier, world) == 1
    (asked,) = outside.asked
    message = browser.reads(asked)
    assert message["kind"] == "approval-wanted"
    assert message["zh"] == {"title": "用车申请待审批", "body": "闽B12315，11-23 10:00 出车"}
    assert message["en"]["body"] == "闽B12315, departs 11-23 10:00"
    assert message["link"] == "/board/inbox"
    assert not any(word in str(message) for word in PRIVATE)
    assert b"12315" not in asked.body
    key = (await (await signed_in("officer")).get("/v1/push-subscriptions/key")).json()["key"]
    claims = vouched_by(asked, key)
    assert claims["aud"] == f"http://127.0.0.1:{outside.port}"
    assert 0 < claims["exp"] - world.clock().timestamp() <= 24 * 3600
    assert (asked.headers["ttl"], asked.headers["urgency"]) == ("86400", "high")
    assert await sent(courier, world) == 0


async def test_requester_and_crew_are_told_of_the_answer(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """Approved or not approved: who asked and who goes along hear of it, the custodian not of their own act."""
    browsers = {who: await subscribed(signed_in, outside, who) for who in ("dispatcher", "officer", "driver")}
    approved, declined = (
        await requested_trip(world),
        await requested_trip(
            world, planned_from=world.clock() + timedelta(hours=5), planned_until=world.clock() + timedelta(hours=6)
        ),
    )
    await approve_trip(world.database, world["custodian"], approved)
    await refuse_trip(world.database, world["custodian"], declined, "车辆另有安排")
    await sent(courier, world)
    for who, browser in browsers.items():
        heard = {browser.reads(one)["kind"]: browser.reads(one) for one in pushed(outside, who)}
        assert heard.keys() == {"trip-approved", "trip-refused"}
        assert heard["trip-approved"]["link"] == (f"/board/trips/{approved}" if who == "dispatcher" else "/field")
        assert "2026-1" in heard["trip-approved"]["zh"]["body"]
        assert "车辆另有安排" not in str(heard)


async def test_who_approved_by_word_is_asked_to_confirm(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """The custodian hears that it was entered."""
    browser = await subscribed(signed_in, outside, "custodian")
    trip_id = await requested_trip(world)
    await on_duty(world, "officer")
    await approve_by_word(world.database, world["officer"], trip_id, world["custodian"].who, world.clock())
    await sent(courier, world)
    assert [browser.reads(one)["kind"] for one in outside.asked] == ["spoken-to-confirm"]


async def test_a_finding_is_told_with_its_term(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """The head of the unit hears until when it is to be explained."""
    browser = await subscribed(signed_in, outside, "custodian")
    await a_finding(world)
    await sent(courier, world)
    (message,) = [browser.reads(one) for one in outside.asked]
    assert message["zh"] == {"title": "异常待说明", "body": "闽B12315，说明期限 11-30 09:00"}
    assert message["link"] == "/board/inbox"


async def test_the_outbox_is_written_with_the_act_or_not_at_all(world: World, courier: Courier) -> None:
    """What is rolled back told nobody; what is committed is in the outbox before anybody sends."""

    async def in_vain(uow: UnitOfWork) -> None:
        await speeding(uow, world)
        await uow.tell()
        raise RuntimeError("thought better of it")

    with pytest.raises(RuntimeError):
        await world.database.write(Actor(world.bureau_id), in_vain)
    kept = await a_finding(world)
    async with world.database.read(world.bureau_id) as reader:
        rows = await reader.execute(
            text("SELECT kind, subject_id FROM notice WHERE bureau_id = :b"), {"b": world.bureau_id}
        )
        assert [tuple(row) for row in rows] == [("finding-raised", kept)]
    assert await sent(courier, world) == 0


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_is_no_more_is_ended(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn, status: int
) -> None:
    """What the push service gave up is not tried again, by this notice or the next."""
    outside.statuses = [status]
    await subscribed(signed_in, outside, "custodian")
    await a_finding(world)
    await sent(courier, world)
    await a_finding(world)
    await sent(courier, world)
    assert len(outside.asked) == 1
    (failed,) = await deliveries(signed_in)
    assert (failed["state"], failed["fault"], failed["tries"]) == ("failed", f"HTTP {status}", 1)
    assert (await (await signed_in("custodian")).get("/v1/push-subscriptions")).json() == []


async def test_what_is_not_taken_is_tried_again_and_in_the_end_shown(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """Farther apart each time; after the last try it stands as failed, with why."""
    outside.statuses = [503] * TRIES_MOST
    await hook(signed_in, outside)
    await a_finding(world)
    for tries in range(1, TRIES_MOST + 1):
        assert await sent(courier, world) == 1
        assert await sent(courier, world) == 0, "not before its time"
        (one,) = await deliveries(signed_in)
        assert (one["tries"], one["state"]) == (tries, "failed" if tries == TRIES_MOST else "waiting")
        world.clock.advance(seconds=30 * 4 ** (tries - 1))
    assert await sent(courier, world) == 0
    assert [one["fault"] for one in await deliveries(signed_in, state="failed")] == ["HTTP 503"]
    assert await deliveries(signed_in, state="sent") == []


async def test_one_that_says_never_is_asked_once(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """A gateway that does not know us will not know us in an hour."""
    outside.statuses = [403]
    await hook(signed_in, outside)
    await a_finding(world)
    await sent(courier, world)
    assert [(one["state"], one["tries"]) for one in await deliveries(signed_in)] == [("failed", 1)]


async def test_what_a_process_took_and_never_sent_is_sent_by_the_next(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """Killed between taking and sending, or between sending and recording: once more when the lease is over."""
    await hook(signed_in, outside)
    await a_finding(world)
    await world.database.write(Actor(world.bureau_id), address_notices)
    taken = await world.database.write(Actor(world.bureau_id), lambda uow: take_due(uow, "http://desk"))
    assert len(taken) == 1
    assert await sent(courier, world) == 0
    world.clock.at += LEASE
    assert await sent(courier, world) == 1
    assert [(one["state"], one["tries"]) for one in await deliveries(signed_in)] == [("sent", 2)]


async def test_a_request_that_waits_goes_to_the_delegate(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """After the bureau's time without an answer, once; not a minute before."""
    browsers = {who: await subscribed(signed_in, outside, who) for who in ("custodian", "second_officer", "desk_chief")}
    now = world.clock()
    await delegate_approval(
        world.database,
        world["custodian"],
        NewDelegation(
            to_person_id=world["second_officer"].who,
            valid_from=now,
            valid_until=now + timedelta(days=1),
            reason="外出开会",
        ),
    )
    await requested_trip(world)
    await sent(courier, world)
    world.clock.advance(minutes=30, seconds=-1)
    await sent(courier, world)
    assert pushed(outside, "second_officer") == []
    world.clock.advance(seconds=1)
    await sent(courier, world)
    await sent(courier, world)
    (asked,) = pushed(outside, "second_officer")
    assert browsers["second_officer"].reads(asked)["kind"] == "approval-late"
    assert pushed(outside, "desk_chief") == []


async def test_without_a_delegate_the_desks_chief_hears_of_it(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """Somebody can always go and find the custodian."""
    await subscribed(signed_in, outside, "desk_chief")
    await requested_trip(world)
    world.clock.advance(minutes=31)
    await sent(courier, world)
    assert len(pushed(outside, "desk_chief")) == 1


async def test_what_was_answered_meanwhile_is_told_to_nobody(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """A request approved before its notice was sent leaves nothing to do."""
    outside.statuses = [503]
    await subscribed(signed_in, outside, "custodian")
    trip_id = await requested_trip(world)
    await sent(courier, world)
    await approve_trip(world.database, world["custodian"], trip_id)
    world.clock.advance(minutes=40)
    await sent(courier, world)
    assert len(outside.asked) == 1
    assert [(one["kind"], one["state"]) for one in await deliveries(signed_in)] == [("approval-wanted", "moot")]


async def test_at_night_only_what_departs_at_night_wakes_the_custodian(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """What departs after the quiet hours waits until they end; what departs before goes through at once."""
    browser = await subscribed(signed_in, outside, "custodian")
    world.clock.advance(hours=14)  # 23:00 in the bureau's zone
    urgent = world.clock() + timedelta(hours=2)
    later = world.clock() + timedelta(hours=8)  # 07:00, when the quiet hours are over
    await requested_trip(world, planned_from=later, planned_until=later + timedelta(hours=1))
    await a_finding(world)
    assert await sent(courier, world) == 0
    await requested_trip(world, planned_from=urgent, planned_until=urgent + timedelta(hours=1))
    assert await sent(courier, world) == 1
    world.clock.advance(hours=8, seconds=-1)
    assert await sent(courier, world) == 0
    world.clock.advance(seconds=1)
    assert await sent(courier, world) >= 2
    assert [browser.reads(one)["kind"] for one in outside.asked].count("finding-raised") == 1


async def test_a_visit_that_is_due_soon_is_told_once(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """The dispatcher hears of it as many days before as the bureau set, by the complaint's number."""
    browser = await subscribed(signed_in, outside, "dispatcher")
    complaint_id = await accepted_complaint(world)
    job_id = await job_of(world, complaint_id)
    async with world.database.read(world.bureau_id) as reader:
        asked = {"b": world.bureau_id, "j": job_id}
        due_on = (
            await reader.execute(text("SELECT due_on FROM job WHERE bureau_id = :b AND job_id = :j"), asked)
        ).scalar_one()
    await sent(courier, world)
    assert outside.asked == []
    days = (due_on - world.clock().date()).days - 2
    world.clock.advance(days=days - 1)
    await sent(courier, world)
    assert outside.asked == []
    world.clock.advance(days=1)
    await sent(courier, world)
    await sent(courier, world)
    (message,) = [browser.reads(one) for one in outside.asked]
    assert (message["kind"], message["link"]) == ("deadline-near", f"/board/jobs/{job_id}")
    assert f"{due_on:%m-%d}" in message["zh"]["body"]


async def test_each_person_switches_their_own_channel(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """Push switched off reaches nobody; switched on again it does."""
    await subscribed(signed_in, outside, "custodian")
    custodian = await signed_in("custodian")
    for wanted in (False, True):
        answer = await custodian.put("/v1/notices/channels/push", json={"wanted": wanted})
        assert answer.json() == (await custodian.get("/v1/notices/channels")).json()
        assert [one["wanted"] for one in answer.json()] == [wanted]
        await a_finding(world)
        await sent(courier, world)
        assert len(outside.asked) == wanted


async def test_a_shared_browser_is_whoevers_who_is_signed_in(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """The phone that the custodian passed on tells the next person's notices and none of the custodian's."""
    browser = await subscribed(signed_in, outside, "custodian")
    await (await signed_in("driver")).put("/v1/push-subscriptions", json=browser.subscription)
    await a_finding(world)
    await sent(courier, world)
    assert outside.asked == []
    assert (await (await signed_in("custodian")).get("/v1/push-subscriptions")).json() == []
    (own,) = (await (await signed_in("driver")).get("/v1/push-subscriptions")).json()
    answer = await (await signed_in("custodian")).delete(f"/v1/push-subscriptions/{own['subscription_id']}")
    assert answer.status_code == 404
    assert (await (await signed_in("driver")).delete(f"/v1/push-subscriptions/{own['subscription_id']}")).is_success


async def test_who_left_is_told_nothing(world: World, signed_in: SignIn, courier: Courier, outside: StandIn) -> None:
    """An account that is closed is reached by nothing."""
    await subscribed(signed_in, outside, "dispatcher")
    trip_id = await requested_trip(world)
    await deactivate_person(world.database, world["admin"], world["dispatcher"].who, "调离")
    await refuse_trip(world.database, world["custodian"], trip_id, "车辆另有安排")
    await sent(courier, world)
    assert outside.asked == []


async def test_what_waited_for_one_person_is_not_told_to_the_next_at_the_same_browser(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """A notice held back over night is the custodian's: the driver who signs in there meanwhile gets none of it."""
    browser = await subscribed(signed_in, outside, "custodian")
    world.clock.advance(hours=14)  # 23:00 in the bureau's zone
    await a_finding(world)
    await sent(courier, world)
    await (await signed_in("driver")).put("/v1/push-subscriptions", json=browser.subscription)
    world.clock.advance(hours=9)
    await sent(courier, world)
    assert outside.asked == []
    assert [one["state"] for one in await deliveries(signed_in)] == ["moot"]


async def test_what_waited_for_somebody_who_left_meanwhile_is_told_to_nobody(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """An account that was closed over night hears nothing of the bureau any more."""
    await subscribed(signed_in, outside, "custodian")
    world.clock.advance(hours=14)
    await a_finding(world)
    await sent(courier, world)
    custodian_id = world["custodian"].who
    closed = await (await signed_in("admin")).post(f"/v1/people/{custodian_id}/deactivate", json={"reason": "调离"})
    assert closed.is_success, closed.text
    world.clock.advance(hours=9)
    await sent(courier, world)
    assert outside.asked == []


async def test_the_chief_hears_of_a_request_in_the_morning_only_when_the_custodian_had_time_to_act(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn
) -> None:
    """What quiet hours kept from the custodian goes further as long after them as it would by day."""
    await subscribed(signed_in, outside, "custodian")
    await subscribed(signed_in, outside, "desk_chief")
    world.clock.advance(hours=14)  # 23:00
    noon = world.clock() + timedelta(hours=13)
    await requested_trip(world, planned_from=noon, planned_until=noon + timedelta(hours=1))
    await sent(courier, world)
    world.clock.advance(hours=8)  # 07:00
    await sent(courier, world)
    assert (len(pushed(outside, "custodian")), pushed(outside, "desk_chief")) == (1, [])
    world.clock.advance(minutes=29)
    await sent(courier, world)
    assert pushed(outside, "desk_chief") == []
    world.clock.advance(minutes=2)
    await sent(courier, world)
    assert len(pushed(outside, "desk_chief")) == 1
