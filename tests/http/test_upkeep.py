"""Upkeep orders over HTTP: the only movement without a complaint, on the one calendar of the vehicle."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.exc import IntegrityError

from api.db.database import Actor, UnitOfWork
from api.db.tables.uses import UpkeepOrder
from api.usecases.expire_uses import expire_uses
from domain.settings import SETTINGS
from tests.conftest import SignIn, problem_code
from tests.trips import approved_trip, departed_trip, new_trip
from tests.world import World

SHEET = "cd" * 32


def order(world: World, **other: Any) -> dict[str, Any]:
    """Return the body of a fuel order from half an hour ahead, for an hour."""
    start = world.clock() + timedelta(minutes=30)
    return {
        "vehicle_id": str(world.vehicle_id),
        "upkeep": "fuel",
        "driver_id": str(world["driver"].who),
        "planned_from": start.isoformat(),
        "planned_until": (start + timedelta(hours=1)).isoformat(),
        "place": "中石化城厢加油站",
        "place_reason": "定点加油站检修",
        "reason": "油量不足四分之一",
    } | other


def end(odometer_m: int, **other: Any) -> dict[str, Any]:
    """Return the body of a departure or return."""
    return {"reading": {"odometer_m": odometer_m}} | other


async def ordered(client: httpx.AsyncClient, world: World, **other: Any) -> str:
    """Give an order and return its id."""
    answer = await client.post("/v1/upkeep-orders", json=order(world, **other))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["use_id"])


async def test_fuel_is_ordered_fetched_and_settled(world: World, signed_in: SignIn) -> None:
    """The desk's head orders, the driver drives, the dispatcher enters the receipt; readings at both ends."""
    chief, driver, dispatcher = [await signed_in(who) for who in ("desk_chief", "driver", "dispatcher")]
    use_id = await ordered(chief, world)
    path = f"/v1/upkeep-orders/{use_id}"
    world.clock.advance(minutes=30)
    left = await driver.post(f"{path}/depart", json=end(52_000_000))
    assert (left.status_code, left.json()["order"]["state"]) == (200, "departed")
    known = (await chief.get(f"/v1/vehicles/{world.vehicle_id}")).json()["now"]
    assert (known["state"], known["place"]) == ("at-upkeep", "中石化城厢加油站")
    assert known["under_way"]["driver_name"].startswith("driver")
    pump = {"cost_fen": 31_250, "fuel_ml": 42_350, "document_no": "发票 04400012", "odometer_m": 52_003_000}
    pump |= {"incurred_at": (world.clock() + timedelta(minutes=20)).isoformat()}
    early = await dispatcher.post(f"{path}/close", json=pump)
    assert problem_code(early) == "not-in-this-state"
    world.clock.advance(minutes=40)
    back = await driver.post(f"{path}/return", json=end(52_006_000))
    assert (back.status_code, back.json()["order"]["state"]) == (200, "returned")
    for name in ("cost_fen", "fuel_ml", "odometer_m", "incurred_at"):
        half = await dispatcher.post(f"{path}/close", json=pump | {name: None})
        assert problem_code(half) == "amounts-missing", name
    settled = await dispatcher.post(f"{path}/close", json=pump)
    assert settled.status_code == 200, settled.text
    assert (settled.json()["state"], settled.json()["fuel_ml"]) == ("closed", 42_350)
    readings = (await driver.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})).json()["items"]
    assert [(one["occasion"], one["use_id"]) for one in readings] == [
        ("return", use_id),
        ("fuel", use_id),
        ("departure", use_id),
    ]
    (cost,) = (await driver.get(f"/v1/vehicles/{world.vehicle_id}/costs")).json()["items"]
    assert (cost["use_id"], cost["kind"], cost["amount_fen"], cost["fuel_ml"]) == (use_id, "fuel", 31_250, 42_350)


async def test_an_order_over_an_approved_trip_is_refused_with_the_trip_s_window(
    world: World, signed_in: SignIn
) -> None:
    """The refusal is recorded, and says which trip is in the way and when."""
    trip_id = await approved_trip(world)
    chief = await signed_in("desk_chief")
    refused = await chief.post("/v1/upkeep-orders", json=order(world))
    assert (refused.status_code, problem_code(refused)) == (409, "refused")
    said = refused.json()
    assert said["reasons"][0]["code"] == "vehicle-busy"
    assert said["reasons"][0]["about"] == [str(trip_id)]
    assert said["other_uses"][0]["use_id"] == str(trip_id)
    assert said["other_uses"][0]["planned_from"].startswith("2026-11-23T02:00:00")
    before = order(
        world,
        planned_from=world.clock().isoformat(),
        planned_until=(world.clock() + timedelta(hours=1)).isoformat(),
    )
    assert (await chief.post("/v1/upkeep-orders", json=before)).status_code == 201


async def test_a_trip_over_an_upkeep_order_is_refused_too(world: World, signed_in: SignIn) -> None:
    """Both share one calendar, whichever came first."""
    chief, dispatcher = await signed_in("desk_chief"), await signed_in("dispatcher")
    start = world.clock() + timedelta(minutes=30)
    use_id = await ordered(
        chief, world, upkeep="repair", planned_until=(start + timedelta(days=7)).isoformat(), place="城厢汽修厂"
    )
    new = await new_trip(world)
    asked = {
        "vehicle_id": str(new.vehicle_id),
        "job_ids": [str(job_id) for job_id in new.job_ids],
        "planned_from": new.planned_from.isoformat(),
        "planned_until": new.planned_until.isoformat(),
        "crew": [{"person_id": str(person_id), "seat": seat} for person_id, seat in new.crew],
    }
    refused = await dispatcher.post("/v1/trips", json=asked)
    assert problem_code(refused) == "refused"
    assert {"code": "vehicle-busy", "about": [use_id]}.items() <= refused.json()["reasons"][0].items()
    world.clock.advance(minutes=30)
    driver = await signed_in("driver")
    assert (await driver.post(f"/v1/upkeep-orders/{use_id}/depart", json=end(52_000_000))).status_code == 200
    unfit = await dispatcher.post("/v1/trips", json=asked)
    assert [reason["code"] for reason in unfit.json()["reasons"]] == ["vehicle-busy", "vehicle-unfit"]


async def test_orders_and_trips_at_once_never_overlap(world: World, signed_in: SignIn) -> None:
    """Of twenty orders for one hour sent together exactly one is given; the others name it."""
    chief = await signed_in("desk_chief")
    answers = await asyncio.gather(*(chief.post("/v1/upkeep-orders", json=order(world)) for _ in range(20)))
    given = [answer.json()["use_id"] for answer in answers if answer.status_code == 201]
    assert len(given) == 1
    for answer in answers:
        if answer.status_code != 201:
            assert answer.json()["other_uses"][0]["use_id"] == given[0]


async def test_who_orders_does_not_drive_and_the_driver_is_licensed(world: World, signed_in: SignIn) -> None:
    """Every reason is told; the database holds the first by itself."""
    chief = await signed_in("desk_chief")
    refused = await chief.post("/v1/upkeep-orders", json=order(world, driver_id=str(world["desk_chief"].who)))
    assert [reason["code"] for reason in refused.json()["reasons"]] == ["driver-not-licensed", "self-approval"]
    use_id = await ordered(chief, world)

    async def by_sql(uow: UnitOfWork) -> None:
        await uow.insert(
            UpkeepOrder(
                bureau_id=world.bureau_id,
                use_id=UUID(use_id),
                requester_id=world["driver"].who,
                driver_id=world["driver"].who,
                upkeep="fuel",
                place="x",
                place_id=None,
                place_reason="x",
                reason="x",
                after_use_id=None,
            )
        )

    with pytest.raises(IntegrityError, match="no_order_to_oneself"):
        await world.database.write(world["driver"], by_sql)


async def test_only_heads_order_and_only_the_driver_departs(world: World, signed_in: SignIn) -> None:
    """A driver gives no orders; an officer who is not the driver does not take the vehicle."""
    driver, officer, chief = [await signed_in(who) for who in ("driver", "officer", "desk_chief")]
    assert problem_code(await driver.post("/v1/upkeep-orders", json=order(world))) == "forbidden"
    use_id = await ordered(chief, world)
    world.clock.advance(minutes=30)
    path = f"/v1/upkeep-orders/{use_id}/depart"
    assert problem_code(await officer.post(path, json=end(52_000_000))) == "not-aboard"
    assert problem_code(await chief.post(path, json=end(52_000_000))) == "not-aboard"
    assert (await driver.post(path, json=end(52_000_000))).status_code == 200


async def test_a_departure_outside_the_window_is_refused_online_and_kept_from_paper(
    world: World, signed_in: SignIn
) -> None:
    """Online it can still be mended by another order; on paper it happened, so a person looks at it."""
    chief, driver = await signed_in("desk_chief"), await signed_in("driver")
    use_id = await ordered(chief, world)
    path = f"/v1/upkeep-orders/{use_id}"
    world.clock.advance(hours=2, seconds=1)
    late = await driver.post(f"{path}/depart", json=end(52_000_000))
    assert [reason["code"] for reason in late.json()["reasons"]] == ["window-missed"]
    paper = {"source": "paper", "stated_at": world.clock().isoformat(), "sheet_sha256": SHEET}
    kept = await chief.post(f"{path}/depart", json=end(52_000_000, **paper))
    assert (kept.status_code, kept.json()["reasons"]) == (202, ["window-missed"])
    in_time = paper | {"stated_at": (world.clock() - timedelta(hours=1)).isoformat()}
    recorded = await chief.post(f"{path}/depart", json=end(52_000_000, **in_time))
    assert (recorded.status_code, recorded.json()["outcome"]) == (200, "recorded")
    twice = await driver.post(f"{path}/depart", json=end(52_000_000))
    assert (twice.status_code, twice.json()["why"]) == (202, "already-departed")


async def test_an_upkeep_order_waits_until_the_vehicle_is_back(world: World, signed_in: SignIn) -> None:
    """The trip is late, its plan is over, but the vehicle is not there."""
    chief, driver = await signed_in("desk_chief"), await signed_in("driver")
    await departed_trip(world)
    world.clock.advance(hours=3)
    chief, driver = await signed_in("desk_chief"), await signed_in("driver")
    use_id = await ordered(chief, world)
    world.clock.advance(minutes=30)
    busy = await driver.post(f"/v1/upkeep-orders/{use_id}/depart", json=end(53_000_000))
    assert [reason["code"] for reason in busy.json()["reasons"]] == ["vehicle-busy"]


async def test_a_driver_who_got_no_answer_sends_both_ends_again_and_each_is_one(
    world: World, signed_in: SignIn
) -> None:
    """The same person, the same minute, without a network before: recorded once, and no conflict."""
    use_id = await ordered(await signed_in("desk_chief"), world)
    driver, auditor = await signed_in("driver"), await signed_in("auditor")
    world.clock.advance(minutes=70)
    for verb, odometer_m in (("depart", 52_000_000), ("return", 52_006_000)):
        at = world.clock.advance(minutes=10)
        world.clock.advance(minutes=5)
        told = end(odometer_m) | {"source": "offline", "stated_at": at.isoformat()}
        for _ in range(2):
            answer = await driver.post(f"/v1/upkeep-orders/{use_id}/{verb}", json=told)
            assert (answer.status_code, answer.json()["outcome"]) == (200, "recorded"), answer.text
    assert (await auditor.get("/v1/field-conflicts")).json()["items"] == []


async def test_a_cancelled_order_frees_the_calendar(world: World, signed_in: SignIn) -> None:
    """Its window can be given again; it stays in the list as cancelled."""
    chief = await signed_in("desk_chief")
    use_id = await ordered(chief, world)
    gone = await chief.post(f"/v1/upkeep-orders/{use_id}/cancel", json={"reason": "油量够用"})
    assert gone.json()["state"] == "cancelled"
    again = await ordered(chief, world)
    twice = await chief.post(f"/v1/upkeep-orders/{use_id}/cancel", json={"reason": "x"})
    assert problem_code(twice) == "not-in-this-state"
    listed = (await chief.get("/v1/upkeep-orders", params={"limit": "1"})).json()
    rest = (await chief.get("/v1/upkeep-orders", params={"limit": "1", "after": listed["next"]})).json()
    assert {one["use_id"] for one in (*listed["items"], *rest["items"])} == {use_id, again}
    only = (await chief.get("/v1/upkeep-orders", params={"state": "cancelled"})).json()["items"]
    assert [one["use_id"] for one in only] == [use_id]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"upkeep": "errand"}, "invalid-input"),
        ({"driver_id": None}, "driver-or-tow"),
        ({"upkeep": "tow"}, "driver-or-tow"),
        ({"planned_until": "2026-11-23T09:30:00+08:00"}, "bad-upkeep-window"),
        ({"planned_until": "2026-11-23T11:30:01+08:00"}, "bad-upkeep-window"),
        ({"planned_from": "2026-11-23T09:30:00"}, "invalid-input"),
        ({"after_use_id": str(uuid4())}, "no-breakdown"),
        ({"place": " "}, "invalid-input"),
        ({"place": "a\x00"}, "invalid-input"),
        ({"reason": "a\x00"}, "invalid-input"),
    ],
)
async def test_an_order_that_cannot_be_is_a_problem_with_its_code(
    world: World, signed_in: SignIn, wrong: dict[str, Any], code: str
) -> None:
    """Fuel takes two hours at most, a tow has no driver, an errand is no upkeep."""
    chief = await signed_in("desk_chief")
    answer = await chief.post("/v1/upkeep-orders", json=order(world) | wrong)
    assert (answer.status_code, problem_code(answer)) == (400, code)
    assert (await chief.get("/v1/upkeep-orders")).json()["items"] == []


async def test_after_a_breakdown_the_vehicle_is_towed_from_that_place_and_repaired(
    world: World, signed_in: SignIn
) -> None:
    """The trip ends where it stopped with a reading; tow and repair are upkeep that names it."""
    trip_id = await departed_trip(world)
    driver, chief = await signed_in("driver"), await signed_in("desk_chief")
    world.clock.advance(minutes=20)
    report = {
        "kind": "breakdown",
        "reading": {"odometer_m": 53_000_000},
        "place_name": "荔城大道路口",
        "account": "发动机无法启动",
    }
    stopped = await driver.post(f"/v1/trips/{trip_id}/break-down", json=report)
    assert stopped.status_code == 200, stopped.text
    known = (await chief.get(f"/v1/vehicles/{world.vehicle_id}")).json()["now"]
    assert (known["state"], known["place"]) == ("broken-down", "荔城大道路口")
    now = world.clock()
    towed = {
        "upkeep": "tow",
        "driver_id": None,
        "planned_from": now.isoformat(),
        "planned_until": (now + timedelta(hours=3)).isoformat(),
        "place": "荔城大道路口",
        "after_use_id": str(trip_id),
    }
    use_id = await ordered(chief, world, **towed)
    left = await chief.post(f"/v1/upkeep-orders/{use_id}/depart", json=end(53_000_000))
    assert left.status_code == 200, left.text
    world.clock.advance(minutes=50)
    back = await chief.post(f"/v1/upkeep-orders/{use_id}/return", json=end(53_000_000))
    assert back.status_code == 200, back.text
    early = towed | {"planned_from": (now - timedelta(minutes=1)).isoformat()}
    refused = await chief.post("/v1/upkeep-orders", json=order(world) | early)
    assert problem_code(refused) in ("no-breakdown", "bad-upkeep-window")
    log = await (await signed_in("auditor")).get(f"/v1/vehicles/{world.vehicle_id}/log", params={"month": "2026-11"})
    rows = {row["id"]: row for row in log.json()["months"][0]["rows"]}
    assert (rows[use_id]["upkeep"], rows[use_id]["length_m"]) == ("tow", 0)
    assert rows[str(trip_id)]["reading_until_m"] == 53_000_000


def window(start: datetime, hours: int = 1, reason: str = "车站排队，改到下午") -> dict[str, str]:
    """Return the body that moves an order."""
    return {
        "planned_from": start.isoformat(),
        "planned_until": (start + timedelta(hours=hours)).isoformat(),
        "reason": reason,
    }


async def test_an_order_is_moved_in_one_act_and_the_log_shows_both_windows(world: World, signed_in: SignIn) -> None:
    """The old window is free at once, the vehicle departs in the new one, and nobody but who orders moves it."""
    chief, driver, auditor = [await signed_in(who) for who in ("desk_chief", "driver", "auditor")]
    use_id = await ordered(chief, world)
    path = f"/v1/upkeep-orders/{use_id}"
    later = world.clock() + timedelta(hours=5)
    assert (await driver.post(f"{path}/reschedule", json=window(later))).status_code == 403
    moved = await chief.post(f"{path}/reschedule", json=window(later))
    assert moved.status_code == 200, moved.text
    assert datetime.fromisoformat(moved.json()["planned_from"]) == later
    again = await ordered(chief, world)
    assert again != use_id
    world.clock.at = later
    left = await driver.post(f"{path}/depart", json=end(52_000_000))
    assert (left.status_code, left.json()["order"]["state"]) == (200, "departed")
    assert problem_code(await chief.post(f"{path}/reschedule", json=window(later))) == "not-in-this-state"
    month = {"month": f"{later:%Y-%m}"}
    log = (await auditor.get(f"/v1/vehicles/{world.vehicle_id}/log", params=month)).json()
    row = next(row for row in log["months"][0]["rows"] if row["id"] == use_id)
    assert [(one["what"], one["reason"]) for one in row["amendments"]] == [("rescheduled", "车站排队，改到下午")]


async def test_an_order_is_not_moved_onto_a_trip_or_beyond_what_its_kind_may(world: World, signed_in: SignIn) -> None:
    """The calendar is one; the refusal tells which window is in the way, and the order stays where it was."""
    chief = await signed_in("desk_chief")
    trip_id = await approved_trip(world)
    use_id = await ordered(chief, world, planned_until=(world.clock() + timedelta(minutes=50)).isoformat())
    path = f"/v1/upkeep-orders/{use_id}"
    taken = await chief.post(f"{path}/reschedule", json=window(world.clock() + timedelta(hours=2)))
    assert (taken.status_code, problem_code(taken)) == (409, "refused")
    assert [one["use_id"] for one in taken.json()["other_uses"]] == [str(trip_id)]
    long = await chief.post(f"{path}/reschedule", json=window(world.clock() + timedelta(hours=5), hours=3))
    assert problem_code(long) == "bad-upkeep-window"
    past = await chief.post(f"{path}/reschedule", json=window(world.clock() - timedelta(hours=5)))
    assert problem_code(past) == "bad-upkeep-window"
    shown = (await chief.get(path)).json()
    assert datetime.fromisoformat(shown["planned_from"]) == world.clock() + timedelta(minutes=30)


async def test_an_order_that_never_began_expires_a_day_after_its_window(world: World, signed_in: SignIn) -> None:
    """By the same job as trips: at the term it still waits for word from the phone, a second later it is over."""
    chief = await signed_in("desk_chief")
    path = f"/v1/upkeep-orders/{await ordered(chief, world)}"
    planned_until = datetime.fromisoformat((await chief.get(path)).json()["planned_until"])
    grace = timedelta(seconds=SETTINGS["departure_grace_s"].default)
    actor = Actor(world.bureau_id)
    world.clock.at = planned_until + grace + timedelta(days=1)
    assert await world.database.write(actor, expire_uses) == 0
    world.clock.advance(seconds=1)
    assert await world.database.write(actor, expire_uses) == 1
    assert await world.database.write(actor, expire_uses) == 0
    chief, driver = await signed_in("desk_chief"), await signed_in("driver")
    assert (await chief.get(path)).json()["state"] == "expired"
    for verb, body in (("reschedule", window(world.clock() + timedelta(hours=1))), ("cancel", {"reason": "过期"})):
        assert problem_code(await chief.post(f"{path}/{verb}", json=body)) == "not-in-this-state"
    word = {"source": "offline", "stated_at": (planned_until - timedelta(minutes=20)).isoformat()}
    late = await driver.post(f"{path}/depart", json=end(52_000_000, **word))
    assert (late.status_code, late.json()["why"]) == (202, "was-expired")
