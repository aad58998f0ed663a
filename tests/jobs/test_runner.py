"""The runner of background work: one leads, a fault stops nothing else, and stopping is graceful."""

from __future__ import annotations

import asyncio

import pytest

from api.db.database import Database, UnitOfWork
from api.db.faults import Busy
from api.jobs.job import Job, at_once, in_each_bureau
from api.jobs.runner import Runner
from tests.conftest import Server
from tests.world import World, make_world

LOCK = 99_000_001
"""A lock of the tests' own."""


class Counted:
    """A job that counts how often it ran and can be held."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.runs = 0
        self.ran = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.fault = fault

    async def __call__(self, _: Database) -> None:
        """Run once."""
        self.runs += 1
        self.ran.set()
        await self.go_on.wait()
        if self.fault:
            raise self.fault


def runner_of(server: Server, database: Database, *jobs: Job) -> Runner:
    """Return a runner that looks often."""
    return Runner(database, server.service, jobs, lock=LOCK, look_s=0.02)


async def test_one_process_leads_until_it_stops_and_then_another_does(server: Server, database: Database) -> None:
    """Two processes on one database do each job once."""
    first, second = Counted(), Counted()
    leader = runner_of(server, database, Job("count", 3600, first))
    await leader.start()
    await asyncio.wait_for(first.ran.wait(), 10)
    other = runner_of(server, database, Job("count", 3600, second))
    await other.start()
    assert leader.leads
    await leader.stop()
    await asyncio.wait_for(second.ran.wait(), 10)
    await other.stop()
    assert (first.runs, second.runs) == (1, 1)


async def test_a_job_that_fails_stops_no_other_and_is_tried_again(server: Server, database: Database) -> None:
    """The fault is logged; the next job runs, and the failing one when it is due again."""
    failing, good = Counted(ZeroDivisionError()), Counted()
    runner = runner_of(server, database, Job("fail", 0, failing), Job("count", 3600, good))
    await runner.start()
    await asyncio.wait_for(good.ran.wait(), 10)
    failing.ran.clear()
    await asyncio.wait_for(failing.ran.wait(), 10)
    await runner.stop()
    assert good.runs == 1
    assert failing.runs > 1


async def test_stopping_waits_for_the_job_at_hand(server: Server, database: Database) -> None:
    """A job is not torn in the middle."""
    slow = Counted()
    slow.go_on.clear()
    runner = runner_of(server, database, Job("slow", 3600, slow))
    await runner.start()
    await asyncio.wait_for(slow.ran.wait(), 10)
    stopping = asyncio.create_task(runner.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    slow.go_on.set()
    await asyncio.wait_for(stopping, 10)


async def test_a_job_that_is_broken_off_twice_cleans_up_to_its_end(server: Server, database: Database) -> None:
    """A service that ends in a hurry breaks off what is stopping already: a backup has its ten seconds all the same."""
    began, ending, go_on, cleaned = (asyncio.Event() for _ in range(4))

    async def lasting(_: Database) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await go_on.wait()
            cleaned.set()

    runner = runner_of(server, database, Job("lasting", 3600, lasting))
    await runner.start()
    await asyncio.wait_for(began.wait(), 10)
    first = asyncio.create_task(runner.break_off())
    await asyncio.wait_for(ending.wait(), 10)
    second = asyncio.create_task(runner.break_off())
    await asyncio.sleep(0)  # it begins
    go_on.set()
    await asyncio.gather(first, second)
    assert cleaned.is_set()


async def test_one_bureau_s_fault_stops_no_other_bureau_and_is_counted(
    server: Server, world: World, owner: Database
) -> None:
    """Work that goes round goes all the way, and doctor and metrics hear that it failed."""
    other = await make_world(owner, world.database, world.clock)
    seen: set[str] = set()
    done = asyncio.Event()

    async def act(uow: UnitOfWork) -> int:
        seen.add(uow.bureau_id)
        if uow.bureau_id == min(world.bureau_id, other.bureau_id):
            raise ZeroDivisionError
        return 1

    async def last(_: Database) -> None:
        done.set()

    runner = runner_of(
        server, world.database, Job("round", 3600, in_each_bureau(at_once(act))), Job("last", 3600, last)
    )
    await runner.start()
    await asyncio.wait_for(done.wait(), 60)
    await runner.stop()
    assert {world.bureau_id, other.bureau_id} <= seen
    assert runner.failed == {"round": 1}


async def test_a_bureau_whose_work_waits_keeps_no_other_from_its_turn_and_is_counted_the_second_time(
    server: Server, world: World, owner: Database
) -> None:
    """A statement of a big bureau that takes too long: the others are done, and the metrics show what is never done."""
    other = await make_world(owner, world.database, world.clock)
    seen: set[str] = set()

    async def act(_: Database, bureau_id: str) -> int:
        seen.add(bureau_id)
        if bureau_id == min(world.bureau_id, other.bureau_id):
            raise Busy
        return 1

    go_round = in_each_bureau(act)
    with pytest.raises(Busy):
        await go_round(world.database)
    assert {world.bureau_id, other.bureau_id} <= seen
    failed: list[int] = []
    third = asyncio.Event()

    async def noted(database: Database) -> None:
        failed.append(runner.failed["round"])
        if len(failed) == 3:
            third.set()
        await go_round(database)

    runner = runner_of(server, world.database, Job("round", 0, noted))
    await runner.start()
    await asyncio.wait_for(third.wait(), 60)
    await runner.stop()
    assert failed[:3] == [0, 0, 1]
