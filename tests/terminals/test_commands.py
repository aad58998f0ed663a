"""What a terminal is told: asked for over HTTP, sent when it is connected, its answer seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar

from api.app import create_app
from api.settings import Settings
from api.terminals.server import Terminals
from tests.conftest import Server, SignIn, problem_code
from tests.phones import enrol, rows
from tests.terminal import Line, Terminal, dial, kept, location, on_file, u8, u16, u32
from tests.terminals.conftest import Dial
from tests.world import INSIDE, HeldClock, World

COMMANDS: list[tuple[dict[str, Any], tuple[int, bytes]]] = [
    ({"kind": "report-interval", "interval_s": 30}, (0x8103, u8(1) + u32(0x0029) + u8(4) + u32(30))),
    ({"kind": "odometer", "odometer_m": 12_345_600}, (0x8103, u8(1) + u32(0x0080) + u8(4) + u32(123_456))),
    ({"kind": "locate"}, (0x8201, b"")),
    ({"kind": "text", "text": "请立即返回"}, (0x8300, u8(12) + "请立即返回".encode("gbk"))),
]


async def ask(client: httpx.AsyncClient, device_id: UUID, **command: Any) -> httpx.Response:
    """Ask for a command."""
    return await client.post(f"/v1/devices/{device_id}/commands", json=command)


async def state(client: httpx.AsyncClient, device_id: UUID) -> list[tuple[str, str | None]]:
    """Return state and result of a terminal's commands, the newest first."""
    answer = await client.get(f"/v1/devices/{device_id}/commands")
    assert answer.status_code == 200, answer.text
    return [(item["state"], item["result"]) for item in answer.json()["items"]]


async def until(client: httpx.AsyncClient, device_id: UUID, wanted: tuple[str, str | None]) -> None:
    """Wait until the newest command of a terminal has come to this."""
    for _ in range(200):
        if (await state(client, device_id))[:1] == [wanted]:
            return
        await asyncio.sleep(0.02)
    assert await state(client, device_id) == [wanted]


async def proven(line: Line, token: str) -> Line:
    """Return the line once its terminal has proved itself."""
    assert (await line.say(line.terminal.authenticate(token))).body[-1] == 0
    return line


def done(terminal: Terminal, serial: int, message_id: int, result: int = 0) -> bytes:
    """Return 0x0001: what the terminal did with a command."""
    return terminal.frame(0x0001, u16(serial, message_id) + u8(result))


@pytest.mark.parametrize(("command", "wanted"), COMMANDS)
async def test_a_command_is_sent_to_a_connected_terminal_and_its_answer_seen(
    signed_in: SignIn, world: World, connect: Dial, command: dict[str, Any], wanted: tuple[int, bytes]
) -> None:
    """Each kind in the standard's form; waiting, sent, done."""
    device_id, token, terminal = await on_file(signed_in, world)
    chief = await signed_in("desk_chief")
    line = await proven(await connect(terminal), token)
    assert (await ask(chief, device_id, **command)).status_code == 201
    told = await line.hear()
    assert (told.id, told.body) == wanted
    await until(chief, device_id, ("sent", None))
    if command["kind"] == "locate":
        await line.send(done(terminal, told.serial, told.id))
        await line.send(terminal.frame(0x0201, u16(told.serial) + location(world.clock(), INSIDE)))
    else:
        await line.send(done(terminal, told.serial, told.id))
    await until(chief, device_id, ("done", None))
    assert len(await rows(world)) == (1 if command["kind"] == "locate" else 0)
    (fact,) = await kept(world, "device_command", "command_id")
    assert (fact["serial"], fact["asked_by"]) == (told.serial, world["desk_chief"].person_id)


@pytest.mark.parametrize(("result", "reason"), [(1, "refused"), (2, "bad-message"), (3, "unsupported")])
async def test_a_terminal_that_refuses_is_seen_to(
    signed_in: SignIn, world: World, connect: Dial, result: int, reason: str
) -> None:
    """What a terminal will not or cannot do fails with its own reason."""
    device_id, token, terminal = await on_file(signed_in, world)
    chief = await signed_in("desk_chief")
    line = await proven(await connect(terminal), token)
    await ask(chief, device_id, kind="locate")
    told = await line.hear()
    await line.send(done(terminal, told.serial, told.id, result))
    await until(chief, device_id, ("failed", reason))


async def test_a_command_waits_for_its_terminal_and_is_sent_again_until_it_is_answered(
    signed_in: SignIn, world: World, connect: Dial
) -> None:
    """Out of reach, then a line that breaks before the answer, then there: once done it is not sent again."""
    device_id, token, terminal = await on_file(signed_in, world)
    chief = await signed_in("desk_chief")
    await ask(chief, device_id, kind="report-interval", interval_s=60)
    assert await state(chief, device_id) == [("waiting", None)]
    line = await proven(await connect(terminal), token)
    assert (await line.hear()).id == 0x8103
    await line.close()
    line = await proven(await connect(terminal), token)
    await line.send(done(terminal, (await line.hear()).serial, 0x8103))
    await until(chief, device_id, ("done", None))
    line = await proven(await connect(terminal), token)
    assert await line.silent()


@pytest.mark.parametrize(("minutes", "sent"), [(60, True), (61, False)])
async def test_an_odometer_of_an_hour_ago_is_not_told(
    signed_in: SignIn, world: World, connect: Dial, minutes: int, *, sent: bool
) -> None:
    """What the dashboard showed then it shows no longer: the command fails as expired."""
    device_id, token, terminal = await on_file(signed_in, world)
    chief = await signed_in("desk_chief")
    await ask(chief, device_id, kind="odometer", odometer_m=100)
    world.clock.advance(minutes=minutes)
    assert await state(chief, device_id) == [("waiting", None) if sent else ("failed", "expired")]
    line = await proven(await connect(terminal), token)
    if sent:
        assert (await line.hear()).id == 0x8103
    else:
        assert await line.silent()
        assert [one["state"] for one in await kept(world, "device_command", "command_id")] == ["failed"]


@pytest.fixture
async def other_process(server: Server, app_settings: Settings, clock: HeldClock) -> AsyncIterator[Terminals]:
    """Return the server for terminals of another process on the same database."""
    application: Litestar = create_app(app_settings, server.service, server.ingest, clock)
    running, finished = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with application.lifespan():
            running.set()
            await finished.wait()

    task = asyncio.create_task(run())
    await running.wait()
    yield application.state.terminals
    finished.set()
    await task


async def test_a_command_reaches_a_terminal_of_another_process(
    signed_in: SignIn, world: World, other_process: Terminals
) -> None:
    """Asked for here, sent there, seen here."""
    device_id, token, terminal = await on_file(signed_in, world)
    chief = await signed_in("desk_chief")
    line = await proven(await dial(other_process, terminal), token)
    await ask(chief, device_id, kind="text", text="回")
    told = await line.hear()
    await line.send(done(terminal, told.serial, told.id))
    await until(chief, device_id, ("done", None))
    await line.close()


async def test_a_second_connection_at_another_process_ends_the_first(
    signed_in: SignIn, world: World, connect: Dial, other_process: Terminals
) -> None:
    """A terminal has one connection, whichever process took it, and the second is an event."""
    _, token, terminal = await on_file(signed_in, world)
    first = await proven(await connect(terminal), token)
    second = await proven(await dial(other_process, terminal), token)
    assert await first.ended(2)
    assert (await second.say(terminal.heartbeat())).body[-1] == 0
    for _ in range(100):  # the other process writes it after it has hung up
        if events := await kept(world, "device_event"):
            break
        await asyncio.sleep(0.02)
    assert [event["kind"] for event in events] == ["second-connection"]
    await second.close()


@pytest.mark.parametrize("act", ["rotate", "revoke", "configure"])
async def test_who_is_no_longer_known_is_let_go_within_a_second_in_every_process(
    signed_in: SignIn, world: World, other_process: Terminals, act: str
) -> None:
    """Another token, no right any more, another number: the open connection of another process ends too."""
    device_id, token, terminal = await on_file(signed_in, world)
    line = await proven(await dial(other_process, terminal), token)
    admin = await signed_in("admin")
    body = {"revoke": {"reason": "拆除"}, "configure": {"name": "x", "terminal_phone": f"14{uuid4().int % 10**9}"}}
    answer = await admin.post(f"/v1/devices/{device_id}/{act}", json=body.get(act))
    assert answer.status_code in (201, 204), answer.text
    assert await line.ended(1)
    await line.close()


async def test_a_device_set_up_anew_is_read_so_on_its_open_connection(
    signed_in: SignIn, world: World, connect: Dial
) -> None:
    """Strict, then lenient: the same wrong checksum, first refused, then read."""
    device_id, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    await line.send(terminal.frame(0x0200, location(world.clock(), INSIDE), spoil_sum=9))
    assert await line.silent()
    admin = await signed_in("admin")
    lenient = {"name": "x", "terminal_phone": terminal.phone, "strictness": "lenient"}
    await admin.post(f"/v1/devices/{device_id}/configure", json=lenient)
    await asyncio.sleep(0.3)
    told = await line.say(terminal.frame(0x0200, location(world.clock(), INSIDE), spoil_sum=9))
    assert told.body[-1] == 0
    assert len(await rows(world)) == 1
    assert [one["reason"] for one in await kept(world, "position_aside")] == ["bad-checksum"]


@pytest.mark.parametrize(
    "command",
    [
        {"kind": "report-interval"},
        {"kind": "locate", "text": "x"},
        {"kind": "text", "text": "x", "interval_s": 30},
        {"kind": "odometer", "interval_s": 30},
    ],
)
async def test_a_command_brings_what_its_kind_needs(signed_in: SignIn, world: World, command: dict[str, Any]) -> None:
    """Too little or too much is refused with a sentence, and nothing waits."""
    device_id, _, _ = await on_file(signed_in, world)
    chief = await signed_in("desk_chief")
    answer = await ask(chief, device_id, **command)
    assert (answer.status_code, problem_code(answer)) == (400, "bad-command")
    assert await state(chief, device_id) == []


@pytest.mark.parametrize(
    "command",
    [
        {"kind": "report-interval", "interval_s": 4},
        {"kind": "report-interval", "interval_s": 3601},
        {"kind": "odometer", "odometer_m": 150},
        {"kind": "odometer", "odometer_m": -100},
        {"kind": "text", "text": ""},
        {"kind": "text", "text": "长" * 241},
        {"kind": "reboot"},
    ],
)
async def test_a_command_beyond_its_bounds_is_refused(signed_in: SignIn, world: World, command: dict[str, Any]) -> None:
    """Nothing a terminal could choke on is taken."""
    device_id, _, _ = await on_file(signed_in, world)
    answer = await ask(await signed_in("desk_chief"), device_id, **command)
    assert answer.status_code == 400, answer.text


async def test_only_a_terminal_with_its_number_on_file_is_told_anything(signed_in: SignIn, world: World) -> None:
    """A phone, a terminal without a number, a revoked one, one that is not there."""
    chief = await signed_in("desk_chief")
    phone, _ = await enrol(signed_in, person_id=world["driver"].person_id)
    bare, _ = await enrol(signed_in, vehicle_id=world.vehicle_id)
    revoked, _, _ = await on_file(signed_in, world)
    admin = await signed_in("admin")
    await admin.post(f"/v1/devices/{revoked}/revoke", json={"reason": "x"})
    told = [await ask(chief, device_id, kind="locate") for device_id in (phone, bare, revoked, uuid4())]
    assert [problem_code(answer) for answer in told] == [
        "not-a-terminal",
        "not-a-terminal",
        "device-revoked",
        "not-found",
    ]


async def test_a_twenty_first_open_command_is_refused(signed_in: SignIn, world: World) -> None:
    """A terminal that never comes gathers no endless list."""
    device_id, _, _ = await on_file(signed_in, world)
    chief = await signed_in("desk_chief")
    for _ in range(20):
        assert (await ask(chief, device_id, kind="locate")).status_code == 201
    answer = await ask(chief, device_id, kind="locate")
    assert (answer.status_code, problem_code(answer)) == (409, "too-many-commands")


async def test_a_terminal_that_never_answers_can_be_told_something_again(
    signed_in: SignIn, world: World, connect: Dial, terminals: Terminals
) -> None:
    """Many show a text and say nothing: what is too old to be sent stands in nobody's way."""
    terminals.bounds = replace(terminals.bounds, commands=20)
    device_id, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    chief = await signed_in("desk_chief")
    for _ in range(20):
        await ask(chief, device_id, kind="locate")
        assert (await line.hear()).id == 0x8201
    world.clock.advance(minutes=61)
    chief = await signed_in("desk_chief")
    assert (await ask(chief, device_id, kind="report-interval", interval_s=30)).status_code == 201
    told = await line.hear()
    assert told.id == 0x8103
    await line.send(done(terminal, told.serial, told.id))
    await until(chief, device_id, ("done", None))


async def test_the_same_request_asks_once(signed_in: SignIn, world: World) -> None:
    """An Idempotency-Key makes a repeated request the same command."""
    device_id, _, _ = await on_file(signed_in, world)
    chief = await signed_in("desk_chief")
    address, key = f"/v1/devices/{device_id}/commands", {"Idempotency-Key": "once"}
    told = [await chief.post(address, json={"kind": "locate"}, headers=key) for _ in range(2)]
    assert told[0].json() == told[1].json()
    assert len(await state(chief, device_id)) == 1
