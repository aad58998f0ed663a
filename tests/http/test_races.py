"""What many do at once: one vehicle wanted by two hundred, and a complaint closed while its car departs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from api.db.database import UnitOfWork
from api.db.tables.complaints import Complaint
from api.settings import Settings
from api.usecases import act_on_complaint
from api.usecases.approve_trip import cancel_trip
from api.usecases.complaint_step import Step
from api.usecases.return_trip import Return, return_trip
from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn
from tests.http.test_trips import DEPART, body_of, codes
from tests.trips import a_complaint_job, approved_trip, dashboard
from tests.world import World

MANY = 200


@pytest.fixture
def app_settings(settings: Settings) -> Settings:
    """Return settings with patience: on a slow machine two hundred at once are to wait, not to come again."""
    return replace(settings, pool_timeout_s=120, lock_timeout_s=60, statement_timeout_s=120)


async def rows(world: World, query: str, **parameters: Any) -> list[Any]:
    """Return rows of the world's bureau (`:b` in the query)."""
    async with world.database.read(world.bureau_id) as reader:
        found = await reader.execute(text(query), {"b": world.bureau_id, **parameters})
        return list(found.all())


async def test_of_two_hundred_trips_asked_for_and_approved_at_once_in_one_window_one_gets_the_vehicle(
    world: World, signed_in: SignIn
) -> None:
    """P2, P3: every window overlaps every other; one approval stands, each other is a refusal that is kept."""
    dispatcher, custodian = await signed_in("dispatcher"), await signed_in("custodian")
    job_id, at = str(await a_complaint_job(world)), world.clock()
    bodies = [
        await body_of(
            world,
            job_ids=[job_id],
            planned_from=(at + timedelta(minutes=60, seconds=10 * number)).isoformat(),
            planned_until=(at + timedelta(minutes=180, seconds=10 * number)).isoformat(),
        )
        for number in range(MANY)
    ]
    asked = await asyncio.gather(*(dispatcher.post("/v1/trips", json=body) for body in bodies))
    assert Counter(answer.status_code for answer in asked) == {201: MANY}
    trips = [answer.json()["trip_id"] for answer in asked]
    answers = await asyncio.gather(*(custodian.post(f"/v1/trips/{trip}/approve", json={}) for trip in trips))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: MANY - 1}
    (won,) = (trip for trip, answer in zip(trips, answers, strict=True) if answer.status_code == 200)
    for answer in answers:
        if answer.status_code == 409:
            assert codes(answer) == ["vehicle-busy"]
            assert answer.json()["reasons"][0]["about"] == [won]
    states = await rows(world, "SELECT state, count(*) FROM vehicle_use WHERE bureau_id = :b GROUP BY 1 ORDER BY 1")
    assert states == [("approved", 1), ("requested", MANY - 1)]
    kept = await rows(world, "SELECT use_id, reasons FROM refusal WHERE bureau_id = :b AND stage = 'approval'")
    assert {str(use_id) for use_id, _ in kept} == set(trips) - {won}
    assert [reasons for _, reasons in kept] == [["vehicle-busy"]] * (MANY - 1)
    assert [
        str(use_id) for (use_id,) in await rows(world, "SELECT use_id FROM dispatch_order WHERE bureau_id = :b")
    ] == [won]


class Closing:
    """What those who closed complaints saw of the trip: its state, in the closing transaction and after its locks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.saw: dict[UUID, str] = {}
        write_step = act_on_complaint.write_step

        async def write_and_look(uow: UnitOfWork, row: Complaint, step: Step) -> UUID:
            act_id = await write_step(uow, row, step)
            found = await uow.execute(
                text(
                    "SELECT u.state FROM trip_job j JOIN vehicle_use u ON u.bureau_id = j.bureau_id"
                    " AND u.use_id = j.use_id WHERE j.bureau_id = :b AND j.complaint_id = :c"
                ),
                {"b": uow.bureau_id, "c": row.complaint_id},
            )
            for (state,) in found:
                self.saw[row.complaint_id] = state
            return act_id

        monkeypatch.setattr(act_on_complaint, "write_step", write_and_look)


async def after(wait_s: float, request: Awaitable[httpx.Response]) -> httpx.Response:
    """Return the answer to a request that is made a little later."""
    await asyncio.sleep(max(0, wait_s))
    return await request


async def a_complaint_and_its_approved_trip(world: World) -> tuple[UUID, UUID]:
    """Return a fresh complaint and the trip that is about to depart for it."""
    complaint_id = await accepted_complaint(world)
    job_id = await job_of(world, complaint_id)
    at = world.clock()
    trip_id = await approved_trip(world, job_ids=(job_id,), planned_from=at, planned_until=at + timedelta(hours=1))
    return complaint_id, trip_id


async def clear_away(world: World, trip_id: UUID, *, departed: bool) -> None:
    """Bring the vehicle back, or let it stay where it is, so that the next round finds it free."""
    if departed:
        await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world)))
    else:
        await cancel_trip(world.database, world["dispatcher"], trip_id, "投诉已撤回")


async def test_no_vehicle_departs_for_a_complaint_that_is_being_closed_two_hundred_times(
    world: World, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P1: either the departure is refused because the complaint is closed, or who closed it saw the car depart."""
    closing, head_start_s = Closing(monkeypatch), 0.0
    dispatcher, driver = await signed_in("dispatcher"), await signed_in("driver")
    ends: Counter[str] = Counter()
    for number in range(MANY):
        # Whoever came last gets a longer start next time, so that the two stay close on any machine.
        step_s = 0.0005 * (1 + number % 8)
        complaint_id, trip_id = await a_complaint_and_its_approved_trip(world)

        close = dispatcher.post(f"/v1/complaints/{complaint_id}/acts", json={"verb": "withdraw"})
        depart = driver.post(f"/v1/trips/{trip_id}/depart", json=DEPART)
        closed, departed = await asyncio.gather(after(head_start_s, close), after(-head_start_s, depart))
        assert closed.status_code == 201, closed.text
        if departed.status_code == 200:
            assert departed.json()["outcome"] == "recorded"
            assert closing.saw[complaint_id] == "departed", (
                f"round {number}: closed unseen, and the car left all the same"
            )
            ends["departed first"] += 1
            head_start_s -= step_s
        else:
            assert "complaint-not-open" in codes(departed)
            assert closing.saw[complaint_id] == "approved"
            ends["closed first"] += 1
            head_start_s += step_s
        await clear_away(world, trip_id, departed=departed.status_code == 200)
    assert min(ends["departed first"], ends["closed first"]) >= MANY // 10, f"the two hardly raced: {ends}"
