"""The clock is set by an hour, a day, a year while the service runs: it is recorded, and no window opens or closes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from litestar import Litestar
from sqlmodel import select

from api.app import create_app
from api.clock import SteadyClock
from api.db.database import Actor
from api.db.queries.clock import Word, known_of, last_word_of
from api.db.tables.clock import ClockJumpRow
from api.jobs.forgetting import forget
from api.settings import Settings
from api.timekeeper import Timekeeper
from api.usecases.enrol_device import NewDevice, enrol_device
from api.usecases.record_clock_jump import ClockJump, record_clock_jump
from api.usecases.request_trip import request_trip
from api.usecases.spoken_approval import find_unconfirmed
from domain.clock import SLEW, TOLERATED
from tests.conftest import Server, SignIn, problem_code, running, token_of
from tests.everyday import DEPART, codes
from tests.time_server import answer, time_server
from tests.trips import new_trip
from tests.world import INSIDE, HeldClock, World

JUMPS = [sign * by for by in (timedelta(hours=1), timedelta(days=1), timedelta(days=365)) for sign in (1, -1)]


class Machine:
    """A machine whose clock a test sets, while time goes on as the test's clock does."""

    def __init__(self, time: HeldClock) -> None:
        """Begin with a clock that is right."""
        self.time = time
        self.set_by = timedelta(0)
        self.word: Word | None = None

    def elapsed(self) -> float:
        """Return seconds by the clock that nobody sets."""
        return self.time().timestamp()

    async def database_time(self) -> datetime:
        """Return what the database says."""
        return self.database_now()

    async def last_word(self) -> Word | None:
        """Return which time somebody let count last, as the record says."""
        return self.word

    def let_count(self) -> None:
        """Let count what the database says."""
        self.word = Word(uuid4(), self.database_now())

    def keeper(self, time_server: str = "none") -> Timekeeper:
        """Return what keeps a service's clock on this machine."""
        clock = SteadyClock(self.database_now, self.elapsed)
        return Timekeeper(clock, self.database_time, self.last_word, time_server)

    def database_now(self) -> datetime:
        """Return what the database says."""
        return self.time() + self.set_by


@pytest.fixture
def machine(clock: HeldClock) -> Machine:
    """Return a machine in the test's time."""
    return Machine(clock)


@pytest.fixture
async def steady(server: Server, settings: Settings, machine: Machine) -> AsyncIterator[Litestar]:
    """Return an application that keeps its clock as `zhuanche serve` does, on that machine."""
    asks_nobody = replace(settings, time_server="none")
    application = create_app(asks_nobody, server.service, server.ingest, SteadyClock(machine.time, machine.elapsed))
    application.state.timekeeper.ask = machine.database_time
    async with running(application):
        await application.state.timekeeper.stop()  # the test says when it looks
        yield application


@pytest.mark.parametrize("by", JUMPS, ids=str)
async def test_a_clock_that_is_set_opens_no_window_closes_none_and_is_recorded(
    steady: Litestar, machine: Machine, world: World, by: timedelta
) -> None:
    """A departure is too early or in time, a session lives, and a fix counts, as if nobody had touched the clock."""
    keeper: Timekeeper = steady.state.timekeeper
    new = await new_trip(world, planned_from=world.clock() + timedelta(hours=2))
    trip_id = await request_trip(world.database, world["dispatcher"], new)
    transport = httpx.ASGITransport(app=steady)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
        people = {who: {"Authorization": f"Bearer {await token_of(world, who)}"} for who in ("custodian", "driver")}
        approved = await http.post(f"/v1/trips/{trip_id}/approve", json={}, headers=people["custodian"])
        assert approved.status_code == 200
        terminal = NewDevice(name="终端", vehicle_id=world.vehicle_id)
        token = (await enrol_device(world.database, world["admin"], terminal)).token
        machine.set_by = by
        await keeper.look()
        early = await http.post(f"/v1/trips/{trip_id}/depart", json=DEPART, headers=people["driver"])
        assert codes(early) == ["window-missed"]
        world.clock.at = new.planned_from
        fix = {"fixed_at": world.clock().isoformat(), "lat": INSIDE.lat, "lon": INSIDE.lon, "seq": 1}
        body = {"datum": "WGS-84", "fixes": [fix]}
        sent = await http.post("/v1/positions", json=body, headers={"Authorization": f"Bearer {token}"})
        assert sent.json()["stored"] == 1
        departed = await http.post(f"/v1/trips/{trip_id}/depart", json=DEPART, headers=people["driver"])
        assert departed.status_code == 200, departed.text
        told = (await http.get("/metrics")).text
        assert "zhuanche_clock_held 1.0" in told
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["clock"]) == (200, "held")
        assert "zhuanche clock --accept" in ready.json()["why"]["zh"]
        assert "zhuanche_clock_jumps_total 1.0" in told
        machine.set_by = timedelta(0)
        await keeper.look()
        assert "zhuanche_clock_held 0.0" in (await http.get("/metrics")).text
    for jump in keeper.waiting:
        assert await record_clock_jump(world.database, world.bureau_id, jump) == 1
    rows = await jumps_of(world)
    assert [(row.to_at - row.from_at, row.followed) for row in rows] == [(by, False), (-by, True)]


async def jumps_of(world: World) -> list[ClockJumpRow]:
    """Return what a bureau's record says of its clock."""
    async with world.database.read(world.bureau_id) as reader:
        rows = await reader.all(
            select(ClockJumpRow).where(ClockJumpRow.bureau_id == world.bureau_id).order_by("jump_id")
        )
        return list(rows)


async def test_no_month_is_sealed_early_and_no_approval_overdue_while_the_clock_is_ahead(
    steady: Litestar, machine: Machine, world: World
) -> None:
    """A year ahead by the machine: the month that runs is not over, and the custodian has the day there was."""
    keeper: Timekeeper = steady.state.timekeeper
    transport = httpx.ASGITransport(app=steady)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
        http.headers["Authorization"] = f"Bearer {await token_of(world, 'custodian')}"
        machine.set_by = timedelta(days=365)
        await keeper.look()
        month = f"{world.clock():%Y-%m}"
        sealed = await http.post(f"/v1/vehicles/{world.vehicle_id}/months/{month}/seal")
        assert problem_code(sealed) == "month-not-over"
    steady_database = steady.state.database
    assert await steady_database.write(Actor(world.bureau_id), find_unconfirmed) == 0
    assert await steady_database.write(Actor(world.bureau_id), forget) == 0


async def test_a_jump_that_two_processes_tell_of_stands_once_and_another_beside_it(world: World) -> None:
    """Several services on one database all see its clock jump, within a moment of each other."""
    now = world.clock()
    jump = ClockJump(jump_id=uuid4(), noticed_at=now, from_at=now, to_at=now + timedelta(days=1), followed=False)
    moment = timedelta(seconds=2)
    other = replace(jump, jump_id=uuid4(), noticed_at=now + moment, from_at=now + moment, to_at=jump.to_at + moment)
    later = replace(jump, jump_id=uuid4(), noticed_at=now + timedelta(hours=1))
    told = [await record_clock_jump(world.database, world.bureau_id, one) for one in (jump, other, later)]
    assert told == [1, 0, 1]
    assert len(await jumps_of(world)) == 2


async def test_a_clock_that_was_wrong_is_followed_once_a_time_server_vouches_for_the_new_time(
    clock: HeldClock, machine: Machine
) -> None:
    """A machine that started in the wrong year is set right by its operator, and the service with it, unasked."""
    right = timedelta(days=365)
    with time_server(lambda asked: answer(asked, (clock() + right).timestamp())) as address:
        keeper = machine.keeper(address)
        machine.set_by = timedelta(days=1)
        await keeper.look()
        assert (keeper.held, keeper.clock()) == (True, clock())
        machine.set_by = right
        await keeper.look()
        assert (keeper.held, keeper.clock()) == (False, clock() + right)
    assert [(jump.by, jump.followed) for jump in keeper.waiting] == [(timedelta(days=1), False), (right, True)]


async def test_small_corrections_are_made_up_for_slowly_and_are_no_jump(clock: HeldClock, machine: Machine) -> None:
    """A clock that is disciplined by a time server moves all the time; the service's never goes back, nor leaps."""
    keeper = machine.keeper()
    last = keeper.clock()
    for seconds in (30, 0, -30, 1, 45):
        machine.set_by = timedelta(seconds=seconds)
        for _ in range(100):
            await keeper.look()
            clock.advance(seconds=2)
            now = keeper.clock()
            assert timedelta(seconds=1.99) < now - last < timedelta(seconds=2.01)
            last = now
    clock.advance(days=2)
    assert keeper.clock() == clock() + machine.set_by
    assert not keeper.waiting


@given(steps=st.lists(st.tuples(st.integers(-60, 60), st.integers(1, 3600)), max_size=40))
@hypothesis_settings(max_examples=100, deadline=None)
def test_no_row_of_small_steps_moves_the_time_by_more_than_is_told(steps: list[tuple[int, int]]) -> None:
    """A clock that is set by less than a minute again and again moves a service by seconds, and is recorded."""

    async def walk() -> None:
        clock = HeldClock(datetime(2026, 11, 23, 1, tzinfo=UTC))
        machine = Machine(clock)
        keeper, began = machine.keeper(), clock()
        for by_s, wait_s in steps:
            machine.set_by += timedelta(seconds=by_s)
            await keeper.look()
            clock.advance(seconds=wait_s)
            assert abs(keeper.clock() - clock()) <= (clock() - began) * SLEW
        await keeper.look()
        assert keeper.waiting or abs(machine.database_now() - keeper.clock()) <= TOLERATED

    asyncio.run(walk())


async def test_a_clock_walked_back_in_steps_of_55_seconds_is_held_and_recorded(
    clock: HeldClock, machine: Machine
) -> None:
    """`date -s '-55 sec'; sleep 2`, seventy times, opens no window that closed an hour ago."""
    keeper = machine.keeper()
    for _ in range(70):
        machine.set_by -= timedelta(seconds=55)
        clock.advance(seconds=2)
        await keeper.look()
    assert abs(keeper.clock() - clock()) < timedelta(seconds=1)
    assert keeper.held
    assert sum((jump.by for jump in keeper.waiting), timedelta(0)) < -timedelta(hours=1)


async def test_a_clock_that_somebody_let_count_is_followed_without_a_time_server(
    clock: HeldClock, machine: Machine
) -> None:
    """A virtual machine stood still for an hour, and no time server can be reached: the operator says that it is so."""
    keeper = machine.keeper()
    machine.set_by = -timedelta(days=365)
    machine.let_count()
    machine.set_by = timedelta(hours=1)
    await keeper.look()
    await keeper.look()
    assert keeper.held
    machine.let_count()
    await keeper.look()
    assert (keeper.held, keeper.clock()) == (False, clock() + machine.set_by)


async def test_a_word_that_came_while_the_database_was_away_counts_for_the_time_it_was_given_for_alone(
    clock: HeldClock, machine: Machine
) -> None:
    """It was a day ahead when somebody let it count; what it was set to afterwards, nobody did."""
    keeper = machine.keeper()
    machine.set_by = timedelta(days=1)
    await keeper.look()
    machine.let_count()
    machine.set_by = -timedelta(days=365)
    clock.advance(seconds=30)
    await keeper.look()
    assert (keeper.held, keeper.clock()) == (True, clock())
    machine.let_count()
    await keeper.look()
    assert (keeper.held, keeper.clock()) == (False, machine.database_now())


async def test_a_jump_that_was_let_count_before_a_service_noticed_it_is_followed_at_once(
    clock: HeldClock, machine: Machine
) -> None:
    """Its connection was away for ten minutes, in which the clock was set and found right."""
    keeper = machine.keeper()
    await keeper.look()
    clock.advance(minutes=4)
    machine.set_by = timedelta(days=1)
    machine.let_count()
    clock.advance(minutes=6)
    await keeper.look()
    assert (keeper.held, keeper.clock()) == (False, machine.database_now())


async def test_a_clock_set_back_to_a_time_that_was_let_count_once_is_held(clock: HeldClock, machine: Machine) -> None:
    """Whoever wants that hour again has nobody's word for it: the one on record has been heard."""
    keeper = machine.keeper()
    machine.set_by = timedelta(hours=1)
    await keeper.look()
    machine.let_count()
    await keeper.look()
    clock.advance(hours=2)
    await keeper.look()
    machine.set_by -= timedelta(hours=2)
    await keeper.look()
    assert keeper.held
    assert machine.word is not None
    assert machine.word.at == machine.database_now()


async def test_a_record_that_names_nobody_any_more_lets_no_time_count(clock: HeldClock, machine: Machine) -> None:
    """A bureau is added while a clock is held, and its record, the first by its code, knows of nobody's word."""
    keeper = machine.keeper()
    machine.let_count()
    machine.set_by = -timedelta(days=365)
    await keeper.look()
    machine.word = None
    await keeper.look()
    assert (keeper.held, keeper.clock()) == (True, clock())


@pytest.mark.parametrize("whose", ["its own", "another's"])
async def test_the_end_of_one_hold_that_is_recorded_late_lets_no_other_time_count(world: World, whose: str) -> None:
    """The database was away in between: what a process enters once it is back is nobody's word for the next jump."""
    machine = Machine(world.clock)

    async def on_record() -> Word | None:
        async with world.database.read(world.bureau_id) as reader:
            return await last_word_of(reader)

    machine.last_word = on_record  # type: ignore[method-assign]
    keeper = machine.keeper()
    leads = keeper if whose == "its own" else machine.keeper()
    for by in (timedelta(days=1), timedelta(0), -timedelta(days=365)):
        machine.set_by = by
        for one in {keeper, leads}:
            await one.look()
        world.clock.advance(seconds=4)
    late = list(leads.waiting)
    assert [jump.followed for jump in late] == [False, True, False]
    for jump in late:
        assert await record_clock_jump(world.database, world.bureau_id, jump, own=[one.jump_id for one in late]) == 1
        await keeper.look()
        assert (keeper.held, keeper.clock()) == (True, world.clock())
    now = machine.database_now()
    right = ClockJump(jump_id=uuid4(), noticed_at=now, from_at=world.clock(), to_at=now, followed=True)
    by_whom = {"by": "root", "why": "compared with the telephone"}
    assert await record_clock_jump(world.database, world.bureau_id, right, by=by_whom) == 1
    later = replace(late[1], jump_id=uuid4(), noticed_at=world.clock() + timedelta(hours=1))
    assert await record_clock_jump(world.database, world.bureau_id, later) == 1
    await keeper.look()
    assert (keeper.held, keeper.clock()) == (False, now)


async def test_somebodys_word_stands_however_like_it_is_to_what_a_service_noticed(world: World) -> None:
    """An hour ago the clock came back to this time; now it is set back to it, and let count: services wait for that."""
    at = world.clock()
    back = ClockJump(jump_id=uuid4(), noticed_at=at, from_at=at + timedelta(days=1), to_at=at, followed=True)
    world.clock.advance(hours=1)
    assert await record_clock_jump(world.database, world.bureau_id, back) == 1
    word = replace(back, jump_id=uuid4(), from_at=world.clock())
    by_whom = {"by": "root", "why": "compared with the telephone"}
    assert await record_clock_jump(world.database, world.bureau_id, word, by=by_whom) == 1
    async with world.database.read(world.bureau_id) as reader:
        assert await last_word_of(reader) == Word(word.jump_id, word.to_at)


async def test_a_jump_there_and_back_and_there_again_stands_thrice(world: World) -> None:
    """All within a minute: one process noticed each, and the record ends with a clock that is held."""
    machine = Machine(world.clock)
    keeper = machine.keeper()
    for by in (timedelta(days=1), timedelta(0), timedelta(days=1)):
        machine.set_by = by
        await keeper.look()
        world.clock.advance(seconds=2)
    jumps = list(keeper.waiting)
    own = [jump.jump_id for jump in jumps]
    for number, jump in enumerate(jumps):
        assert await record_clock_jump(world.database, world.bureau_id, jump, own=own[:number]) == 1
    assert [row.followed for row in await jumps_of(world)] == [False, True, False]
    async with world.database.read(world.bureau_id) as reader:
        known = await known_of(reader)
    assert known.jump is not None
    assert known.jump[2] is False
    others = [replace(jump, jump_id=uuid4(), noticed_at=jump.noticed_at + timedelta(seconds=1)) for jump in jumps]
    assert [await record_clock_jump(world.database, world.bureau_id, jump) for jump in others] == [0, 0, 0]


async def test_after_a_clock_was_set_back_rightly_only_what_was_entered_since_speaks_for_the_time(world: World) -> None:
    """What was entered a year ahead keeps no service from beginning, now or in the months until the year is over."""
    right, year = world.clock(), timedelta(days=365)
    world.clock.at = right + year
    await enrol(world)
    world.clock.at = right
    back = ClockJump(jump_id=uuid4(), noticed_at=right, from_at=right + year, to_at=right, followed=True)
    assert await record_clock_jump(world.database, world.bureau_id, back) == 1
    world.clock.at = right + year + timedelta(seconds=3)  # another process, which has not heard of it yet
    await enrol(world)
    assert await newest(world) == right
    world.clock.at = right + timedelta(days=90)
    await enrol(world)
    assert await newest(world) == right + timedelta(days=90)
    ahead = right + timedelta(days=91)
    on = ClockJump(jump_id=uuid4(), noticed_at=ahead, from_at=world.clock(), to_at=ahead, followed=True)
    assert await record_clock_jump(world.database, world.bureau_id, on) == 1
    assert await newest(world) == right + timedelta(days=90)
    world.clock.at = right + 2 * year
    await enrol(world)
    assert await newest(world) == right + 2 * year


async def newest(world: World) -> datetime | None:
    """Return when what speaks for the time was entered last."""
    async with world.database.read(world.bureau_id) as reader:
        return (await known_of(reader)).newest


async def enrol(world: World) -> None:
    """Enter something."""
    await enrol_device(world.database, world["admin"], NewDevice(name="手机", person_id=world["officer"].person_id))


async def test_a_jump_waits_until_every_bureau_has_it(
    world: World, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bureau's database was away for a moment: the jump is entered there when it is back, once everywhere."""
    keeper = machine.keeper()
    machine.set_by = timedelta(days=1)
    await keeper.look()
    entered: list[str] = []

    async def record(_: object, bureau_id: str, *__: object, **___: object) -> int:
        if bureau_id == world.bureau_id and not entered.count("tried"):
            entered.append("tried")
            raise RuntimeError
        entered.append(bureau_id)
        return 1

    monkeypatch.setattr("api.timekeeper.record_clock_jump", record)
    with pytest.raises(RuntimeError):
        await keeper.record(world.database)
    assert world.bureau_id not in entered
    assert keeper.waiting
    await keeper.record(world.database)
    assert world.bureau_id in entered
    assert not keeper.waiting


async def test_the_auditor_reads_on_the_page_of_the_month_that_the_clock_was_set(
    world: World, signed_in: SignIn
) -> None:
    """Without looking for it: from what to what, whether it counts, and its entry; another month tells nothing."""
    at = world.clock()
    jumps = [
        ClockJump(jump_id=uuid4(), noticed_at=at, from_at=at, to_at=at + by, followed=followed)
        for by, followed in ((timedelta(days=1), False), (timedelta(hours=-3), True))
    ]
    for jump in jumps:
        assert await record_clock_jump(world.database, world.bureau_id, jump) == 1
    auditor = await signed_in("auditor")
    page = (await auditor.get(f"/audit?month={at:%Y-%m}&lang=zh")).text
    for jump in jumps:
        assert f'data-clock-jump="{jump.jump_id}"' in page
    assert "未被采用" in page
    assert "新时间已被采用" in page
    assert "data-clock-jump" not in (await auditor.get(f"/audit?month={at - timedelta(days=40):%Y-%m}")).text
