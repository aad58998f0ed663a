"""Attacks on the writer: a full queue, races, a database that goes away, rows it cannot take."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from litestar import Litestar

from api.db.database import Database
from api.db.faults import DatabaseAway
from api.db.ledger_entry import new_id
from api.ingest.devices import KnownDevice
from api.ingest.entry import Outcome
from api.ingest.fixes import Aside, Fix, Kept, Received
from api.ingest.writer import WARY_BATCHES, IngestFull, Writer
from api.settings import Settings
from domain.values import Datum
from tests.conftest import Server, SignIn, problem_code
from tests.phones import drive, enrol, rows, send
from tests.world import INSIDE, HeldClock, World


def fixes_at(start: datetime, seconds: list[int]) -> Received:
    """Return a request with a fix at each of the seconds after `start`."""
    fixes = [Fix(fixed_at=start + timedelta(seconds=s), lat=INSIDE.lat, lon=INSIDE.lon) for s in seconds]
    return Received(datum=Datum.WGS84, fixes=fixes, indexes=range(len(fixes)))


def terminal_of(world: World) -> KnownDevice:
    """Return a terminal that no other test has."""
    return KnownDevice(world.bureau_id, new_id(), terminal=True)


@pytest.fixture
async def writers(
    server: Server, database: Database, settings: Settings, clock: HeldClock
) -> AsyncIterator[tuple[Writer, Writer]]:
    """Return two writers, as two processes have them, not started yet; a queue of ten and batches of five."""
    small = replace(settings, ingest_queue=10, ingest_batch=5)
    both = Writer(database, server.ingest, small, clock), Writer(database, server.ingest, settings, clock)
    yield both
    for writer in both:
        await writer.stop()


async def test_a_full_queue_takes_nothing_more_and_keeps_what_it_took(
    world: World, writers: tuple[Writer, Writer]
) -> None:
    """At the limit all is taken, one over is refused whole, and what was taken is answered."""
    writer, device, now = writers[0], terminal_of(world), world.clock()
    taken = [asyncio.create_task(writer.put(device, fixes_at(now, [s, s + 1]))) for s in range(0, 8, 2)]
    await asyncio.sleep(0.05)
    with pytest.raises(IngestFull):
        await writer.put(device, fixes_at(now, [100, 101, 102]))
    taken.append(asyncio.create_task(writer.put(device, fixes_at(now, [8, 9]))))
    await asyncio.sleep(0.05)
    assert writer.unanswered == 10
    with pytest.raises(IngestFull):
        await writer.put(device, fixes_at(now, [103]))
    await writer.start()
    assert sum(outcome.stored for outcome in await asyncio.gather(*taken)) == 10
    assert [int((row.fixed_at - now).total_seconds()) for row in await rows(world)] == list(range(10))
    assert writer.unanswered == 0
    assert (await writer.put(device, fixes_at(now, list(range(10))))).repeated == 10


async def test_who_goes_away_leaves_no_room_that_is_not_there(world: World, writers: tuple[Writer, Writer]) -> None:
    """A phone that gives up while the database is slow, and sends again, makes no queue longer than it may be."""
    writer, device, now = writers[0], terminal_of(world), world.clock()
    gone = asyncio.create_task(writer.put(device, fixes_at(now, list(range(10)))))
    while not writer.unanswered:  # noqa: ASYNC110 - it asks which months are kept, and then queues
        await asyncio.sleep(0.01)
    gone.cancel()
    await asyncio.wait({gone})
    with pytest.raises(IngestFull):
        await asyncio.wait_for(writer.put(device, fixes_at(now, [10])), 5)
    await writer.start()
    while writer.unanswered:  # noqa: ASYNC110 - whom the writer would tell is gone
        await asyncio.sleep(0.01)
    assert (await writer.put(device, fixes_at(now, list(range(10))))).repeated == 10


async def test_what_a_broken_batch_began_goes_into_no_other(
    world: World, writers: tuple[Writer, Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that a fault of ours broke was told so: nothing of it is kept by the one after it."""
    writer, device, now = writers[1], terminal_of(world), world.clock()
    await writer.start()
    broken = msgspec.structs.replace(fixes_at(now, [0]), asides=[Aside(reason="bad-fix", raw=b"{}")])
    with monkeypatch.context() as patch:
        patch.setattr("api.ingest.writer.copy_stream", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            await writer.put(device, broken)
    assert (await writer.put(device, fixes_at(now, [1]))).stored == 1
    assert await rows(world, "position_aside") == []


async def test_a_full_queue_is_told_with_the_time_to_come_again(
    app: Litestar, signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """503 with Retry-After, the same by the lane and by the ordinary way, and nothing is stored."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    writer = app.state.door.writer
    writer._settings = replace(writer._settings, ingest_queue=2)
    for _ in range(2):
        full = await send(anonymous, token, drive(world.clock(), 3))
        assert (full.status_code, problem_code(full)) == (503, "ingest-full")
        assert int(full.headers["retry-after"]) > 0
        assert full.headers["x-request-id"]
    assert await rows(world) == []
    assert (await send(anonymous, token, drive(world.clock(), 2))).json()["stored"] == 2


async def test_the_same_batch_from_many_clients_at_once_is_stored_once(
    world: World, writers: tuple[Writer, Writer]
) -> None:
    """Twenty clients, two processes, each in an order of its own: one of them stored each fix."""
    for writer in writers:
        await writer.start()
    device, now = terminal_of(world), world.clock()
    orders = [random.Random(n).sample(range(5), 5) for n in range(20)]  # noqa: S311 - a test's order
    outcomes: list[Outcome] = []
    for _ in range(3):
        half = [writers[n % 2].put(device, fixes_at(now, order)) for n, order in enumerate(orders[:4])]
        outcomes += await asyncio.gather(*half)
    outcomes += await asyncio.gather(*(writers[1].put(device, fixes_at(now, order)) for order in orders[4:]))
    assert sum(outcome.stored for outcome in outcomes) == 5
    assert sum(outcome.repeated for outcome in outcomes) == 5 * (len(outcomes) - 1)
    assert len(await rows(world)) == 5


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 8), min_size=1, max_size=12), min_size=1, max_size=8))
async def test_any_mixture_of_repeats_and_orders_gives_the_same_set(
    world: World, app: Litestar, requests: list[list[int]]
) -> None:
    """What is stored is the set of what was sent, and the answers add up."""
    device, now = terminal_of(world), world.clock()
    writer = app.state.door.writer
    outcomes = await asyncio.gather(*(writer.put(device, fixes_at(now, seconds)) for seconds in requests))
    sent = [s for seconds in requests for s in seconds]
    stored = [row for row in await rows(world) if row.device_id == device.device_id]
    assert [int((row.fixed_at - now).total_seconds()) for row in stored] == sorted(set(sent))
    assert sum(o.stored for o in outcomes) == len(set(sent))
    assert [o.stored + o.repeated for o in outcomes] == [len(seconds) for seconds in requests]


async def test_repeats_are_told_whenever_they_come(world: World, writers: tuple[Writer, Writer]) -> None:
    """After a long run of new fixes, at once after another repeat, and after as long a run again."""
    writer, device, now = writers[1], terminal_of(world), world.clock()
    await writer.start()
    for start in (0, WARY_BATCHES + 2):
        for second in range(start, start + WARY_BATCHES + 2):
            assert (await writer.put(device, fixes_at(now, [second]))).stored == 1
        for _ in range(2):
            outcome = await writer.put(device, fixes_at(now, [start, start - 1000]))
            assert outcome.stored + outcome.repeated == 2
            assert outcome.repeated >= 1
    assert len(await rows(world)) == 2 * (WARY_BATCHES + 2) + 2


async def test_a_killed_connection_costs_nothing_that_was_acknowledged(
    server: Server, world: World, writers: tuple[Writer, Writer]
) -> None:
    """Between batches and in the midst of them: whoever was answered is stored, once."""
    writer, device, now = writers[1], terminal_of(world), world.clock()
    await writer.start()
    assert (await writer.put(device, fixes_at(now, [0]))).stored == 1

    async def kill() -> None:
        async with await psycopg.AsyncConnection.connect(server.superuser, autocommit=True) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'zhuanche writer'"
            )

    await kill()
    assert (await writer.put(device, fixes_at(now, [1]))).stored == 1
    acknowledged = {0, 1}

    async def one(second: int) -> None:
        try:
            await writer.put(device, fixes_at(now, [second]))
        except DatabaseAway:
            return
        acknowledged.add(second)

    for start in range(2, 402, 50):
        await asyncio.gather(*(one(second) for second in range(start, start + 50)), kill())
    stored = [int((row.fixed_at - now).total_seconds()) for row in await rows(world)]
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))
    assert len(acknowledged) > 2


async def test_without_a_database_nothing_is_acknowledged(
    world: World, database: Database, settings: Settings, clock: HeldClock
) -> None:
    """Each request hears that the database is away, and the writer goes on."""
    writer = Writer(database, "postgresql://nobody@127.0.0.1:1/none", settings, clock)
    await writer.start()
    for second in range(2):
        with pytest.raises(DatabaseAway):
            await writer.put(terminal_of(world), fixes_at(world.clock(), [second]))
    assert writer.unanswered == 0
    await writer.stop()


async def test_a_row_the_database_cannot_take_spoils_its_own_request_only(
    world: World, writers: tuple[Writer, Writer]
) -> None:
    """A partition retired a moment ago: its fixes are kept aside, those of the others are stored."""
    writer, device, now = writers[1], terminal_of(world), world.clock()
    june_2021 = (2021, 6)
    known = Kept(months=frozenset({june_2021, (now.year, now.month)}), run_from_s=0, run_until_s=now.timestamp() + 9e5)
    writer._kept, writer._kept_until = known, float("inf")
    retired = fixes_at(datetime.fromisoformat("2021-06-07T16:06:28Z"), [0, 1])
    retired = msgspec.structs.replace(retired, indexes=[3, 7])
    sent = [writer.put(device, request) for request in (fixes_at(now, [0]), retired, fixes_at(now, [1]))]
    waiting: list[Any] = [asyncio.create_task(one) for one in sent]
    await asyncio.sleep(0)
    await writer.start()
    good, bad, good_too = await asyncio.gather(*waiting)
    assert (good.stored, good_too.stored) == (1, 1)
    assert (bad.stored, bad.aside, [fault.code for fault in bad.faults]) == (0, 2, ["not-storable", "not-storable"])
    assert [fault.index for fault in bad.faults] == [3, 7], "as the request counts them"
    assert [row.reason for row in await rows(world, "position_aside")] == ["not-storable", "not-storable"]


async def test_stopping_answers_what_was_accepted_and_takes_no_more(
    world: World, writers: tuple[Writer, Writer]
) -> None:
    """A process that is told to end owes answers, and takes on no new debt."""
    writer, device, now = writers[1], terminal_of(world), world.clock()
    await writer.start()
    late = asyncio.create_task(writer.put(device, fixes_at(now, [98])))
    await asyncio.sleep(0)
    accepted = [asyncio.create_task(writer.put(device, fixes_at(now, [second]))) for second in range(20)]
    while not writer.unanswered:  # noqa: ASYNC110 - the writer has no reason to tell when a request queues
        await asyncio.sleep(0)
    await writer.stop()
    with pytest.raises(IngestFull):
        await writer.put(device, fixes_at(now, [99]))
    outcomes = await asyncio.gather(late, *accepted, return_exceptions=True)
    stored = [outcome.stored for outcome in outcomes if isinstance(outcome, Outcome)]
    assert stored == [1] * len(stored)
    assert len(await rows(world)) == len(stored) > 0
    assert all(isinstance(outcome, (Outcome, IngestFull)) for outcome in outcomes)
