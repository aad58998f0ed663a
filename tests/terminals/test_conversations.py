"""A terminal from its first word to its last, with the real server and the real database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from httpx import AsyncClient

from api.usecases import register_terminal
from domain.values import Point
from tests.conftest import SignIn
from tests.phones import rows
from tests.terminal import Terminal, Told, batch, kept, location, on_file, u8, u16
from tests.terminals.conftest import Dial
from tests.world import INSIDE, World

PLATE = "闽B12345"


def answer(told: Told) -> tuple[int, int, int]:
    """Return of 0x8001 which message it answers (serial, id) and how."""
    assert told.id == 0x8001
    return int.from_bytes(told.body[:2], "big"), int.from_bytes(told.body[2:4], "big"), told.body[4]


def registered(told: Told) -> tuple[int, str]:
    """Return of 0x8100 the result and the code."""
    assert told.id == 0x8100
    return told.body[2], told.body[3:].decode()


async def plate_of(world: World) -> str:
    """Return the plate of the world's vehicle."""
    ((plate),) = [row["plate"] for row in await kept(world, "vehicle", "recorded_at")]
    return str(plate)


@pytest.mark.parametrize("year", [2011, 2013, 2019])
async def test_a_terminal_registers_proves_itself_and_tells_where_it_is(
    signed_in: SignIn, world: World, connect: Dial, year: int
) -> None:
    """From the factory to the first position, in each edition's header and body; every message is answered."""
    device_id, _, terminal = await on_file(signed_in, world)
    terminal.year = year
    line = await connect(terminal)
    result, code = registered(await line.say(terminal.register("0567872", await plate_of(world))))
    assert (result, code[:6]) == (0, world.bureau_id)
    assert answer(await line.say(terminal.authenticate(code))) == (1, 0x0102, 0)
    assert answer(await line.say(terminal.heartbeat())) == (2, 0x0002, 0)
    at = world.clock() - timedelta(seconds=5)
    frame = terminal.location(at, INSIDE, alarms=1 << 8, odometer_tenths=123_456, speed_tenths=360)
    assert answer(await line.say(frame)) == (3, 0x0200, 0)
    (fix,) = await rows(world)
    assert (fix.device_id, fix.fixed_at, fix.lat_e7, fix.lon_e7) == (device_id, at, 254_337_000, 1_189_962_000)
    assert (fix.speed_mps, fix.datum) == (pytest.approx(10), "WGS-84")
    (event,) = await kept(world, "device_event")
    assert (event["kind"], event["at"]) == ("power-cut", at)
    (reading,) = await kept(world, "terminal_reading")
    assert (reading["odometer_m"], reading["read_at"]) == (12_345_600, at)


async def proven(connect: Dial, terminal: Terminal, token: str):  # noqa: ANN201
    """Return a line on which a terminal has proved itself."""
    line = await connect(terminal)
    assert answer(await line.say(terminal.authenticate(token)))[2] == 0
    return line


async def conversation(world: World, terminal: Terminal) -> list[bytes]:
    """Return frames of every kind that a connected terminal sends unasked."""
    at = world.clock() - timedelta(minutes=10)
    reports = [location(at + timedelta(seconds=i), Point(INSIDE.lat + i / 1e4, INSIDE.lon)) for i in range(12)]
    return [
        terminal.heartbeat(),
        terminal.frame(0x0200, reports[0]),
        terminal.frame(0x0704, batch(reports[1:4])),
        terminal.frame(0x0210, b"".join(u8(len(one)) + one for one in reports[4:6])),
        *terminal.packages(0x0704, batch(reports[6:12]), 60),
        terminal.frame(0x0702, u8(2) + bytes.fromhex("261123090000")),
        terminal.frame(0x0900, b"\xf0anything"),
        terminal.frame(0x0107, bytes(50)),
        terminal.frame(0x0701, bytes(9)),
        terminal.frame(0x0801, bytes(90)),
        terminal.frame(0x0F01, b""),
    ]


WANTED = [
    (0x0002, 0),
    (0x0200, 0),
    (0x0704, 0),
    (0x0210, 0),
    *[(0x0704, 0)] * 4,
    (0x0702, 0),
    (0x0900, 0),
    (0x0107, 0),
    (0x0701, 0),
    (0x0801, 0),
    (0x0F01, 3),
]


@pytest.mark.parametrize("year", [2013, 2019])
@pytest.mark.parametrize("cut", ["whole", "bytes", "doubled", "backwards"])
async def test_a_conversation_may_come_in_any_pieces_twice_or_backwards(
    signed_in: SignIn, world: World, connect: Dial, year: int, cut: str
) -> None:
    """However it comes, each message is answered, every position is there once, and so is the card."""
    _, token, terminal = await on_file(signed_in, world)
    terminal.year = year
    line = await proven(connect, terminal, token)
    frames = await conversation(world, terminal)
    wanted = WANTED
    if cut == "bytes":
        for byte in b"".join(frames):
            await line.send(u8(byte))
    elif cut == "doubled":
        await line.send(*(frame for frame in frames for _ in range(2)))
        wanted = sorted([*WANTED, *WANTED])
        for _ in range(3):  # of an unfinished message a package that comes twice is answered once
            wanted.remove((0x0704, 0))
    else:
        await line.send(*(frames if cut == "whole" else reversed(frames)))
        wanted = WANTED if cut == "whole" else sorted(WANTED)
    told = [answer(await line.hear())[1:] for _ in wanted]
    assert (told if cut in ("whole", "bytes") else sorted(told)) == wanted
    stored = await rows(world)
    assert len(stored) == len({row.fixed_at for row in stored}) == 12
    assert [event["kind"] for event in await kept(world, "device_event")] == ["driver-card"]


async def test_a_conversation_cut_anywhere_and_begun_anew_is_whole(
    signed_in: SignIn, world: World, connect: Dial
) -> None:
    """The line breaks at some byte, the terminal comes back and sends all again: everything once."""
    _, token, terminal = await on_file(signed_in, world)
    frames = await conversation(world, terminal)
    stream = b"".join(frames)
    for at in range(0, len(stream), max(1, len(stream) // 40)):
        line = await proven(connect, terminal, token)
        await line.send(stream[:at])
        await line.close()
    line = await proven(connect, terminal, token)
    await line.send(stream)
    told = [answer(await line.hear())[1:] for _ in WANTED]
    assert told == WANTED
    assert len(await rows(world)) == 12


async def test_a_time_query_and_an_answer_to_nothing(signed_in: SignIn, world: World, connect: Dial) -> None:
    """0x0004 and the vendors' 0x0109 are told the time in UTC; a terminal's answer is not answered."""
    _, token, terminal = await on_file(signed_in, world)
    line = await proven(connect, terminal, token)
    told = await line.say(terminal.frame(0x0004))
    assert (told.id, told.body.hex()) == (0x8004, world.clock().strftime("%y%m%d%H%M%S"))
    assert (await line.say(terminal.frame(0x0109))).id == 0x8109
    await line.send(terminal.frame(0x0001, u16(1, 0x8103) + u8(0)))
    assert await line.silent()


async def test_a_missing_package_is_asked_for(
    signed_in: SignIn, world: World, connect: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of three never came: the platform names it, gets it, and answers all three."""
    monkeypatch.setattr("api.ingest.jt808.packages.WAIT_S", 0.1)
    _, token, terminal = await on_file(signed_in, world)
    line = await proven(connect, terminal, token)
    at = world.clock() - timedelta(minutes=1)
    body = batch([location(at + timedelta(seconds=i), INSIDE) for i in range(3)])
    first = terminal.serial
    parts = terminal.packages(0x0704, body, 40)
    await line.send(parts[0], parts[2])
    told = await line.hear()
    assert (told.id, told.body) == (0x8003, u16(first) + u8(1) + u16(2))
    await line.send(parts[1])
    assert [answer(await line.hear()) for _ in parts] == [(first + i, 0x0704, 0) for i in range(3)]
    assert len(await rows(world)) == 3


@pytest.mark.parametrize(
    ("sent", "result"),
    [
        ({}, 0),
        ({"plate": "闽B99999"}, 2),
        ({"plate": ""}, 2),
        ({"plate": "", "filed_id": "0567872"}, 0),
        ({"terminal_id": "7654321", "filed_id": "0567872"}, 4),
        ({"phone": "19999999999"}, 4),
        ({"plate": "spelt"}, 0),
    ],
)
async def test_a_registration_is_held_against_the_vehicle_file(
    signed_in: SignIn, world: World, connect: Dial, sent: dict[str, str], result: int
) -> None:
    """Phone number, plate and terminal id must be those on file; each way to be wrong has its result."""
    filed = {"terminal_id": sent["filed_id"]} if "filed_id" in sent else {}
    _, _, terminal = await on_file(signed_in, world, **filed)
    terminal.phone = sent.get("phone", terminal.phone)
    plate = await plate_of(world)
    named = f" {plate[:2].lower()}·{plate[2:]} " if sent.get("plate") == "spelt" else sent.get("plate", plate)
    line = await connect(terminal)
    told = registered(await line.say(terminal.register(sent.get("terminal_id", "0567872"), named)))
    assert told[0] == result
    assert bool(told[1]) == (result == 0)


async def test_a_code_is_given_anew_until_it_is_used_and_then_only_after_rotation(
    signed_in: SignIn, world: World, connect: Dial
) -> None:
    """A lost answer costs nothing; whoever comes later with the same papers gets no code."""
    device_id, _, terminal = await on_file(signed_in, world)
    plate = await plate_of(world)
    line = await connect(terminal)
    codes = [registered(await line.say(terminal.register("0567872", plate)))[1] for _ in range(2)]
    assert len(set(codes)) == 2
    assert answer(await line.say(terminal.authenticate(codes[0])))[2] == 1
    assert answer(await line.say(terminal.authenticate(codes[1])))[2] == 0
    assert registered(await line.say(terminal.register("0567872", plate)))[0] == 3
    admin = await signed_in("admin")
    rotated = (await admin.post(f"/v1/devices/{device_id}/rotate")).json()["token"]
    again = await connect(terminal)
    assert answer(await again.say(terminal.authenticate(codes[1])))[2] == 1
    assert registered(await again.say(terminal.register("0567872", plate)))[0] == 0
    assert answer(await again.say(terminal.authenticate(rotated)))[2] == 0
    verbs = [act["verb"] for act in await kept(world, "device_act", "recorded_at")]
    assert verbs == ["enrol", "configure", "register", "register", "register", "rotate", "register", "register"]


async def test_who_registers_again_and_again_fills_no_ledger(
    signed_in: SignIn, world: World, connect: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Number and plate are enough to be given a code, each a fact for good: after some in vain a person is asked."""
    monkeypatch.setattr(register_terminal, "CODES_MOST", 3)
    device_id, _, terminal = await on_file(signed_in, world)
    plate = await plate_of(world)
    line = await connect(terminal)
    told = [registered(await line.say(terminal.register("0567872", plate)))[0] for _ in range(5)]
    assert told == [0, 0, 0, 3, 3]
    assert [act["verb"] for act in await kept(world, "device_act", "recorded_at")].count("register") == 3
    admin = await signed_in("admin")
    await admin.post(f"/v1/devices/{device_id}/rotate")
    assert registered(await line.say(terminal.register("0567872", plate)))[0] == 0


async def test_a_terminal_proved_by_its_token_is_nobody_else_s_to_register(
    signed_in: SignIn, world: World, connect: Dial
) -> None:
    """Whoever knows number and plate gets no code once the terminal works, though it never registered."""
    device_id, token, terminal = await on_file(signed_in, world)
    plate = await plate_of(world)
    line = await proven(connect, terminal, token)
    thief = await connect(Terminal(phone=terminal.phone))
    assert registered(await thief.say(thief.terminal.register("0567872", plate))) == (3, "")
    assert answer(await line.say(terminal.location(world.clock(), INSIDE)))[2] == 0
    admin = await signed_in("admin")
    await admin.post(f"/v1/devices/{device_id}/rotate")
    assert registered(await thief.say(thief.terminal.register("0567872", plate)))[0] == 0


async def test_a_code_is_of_no_use_with_another_phone_number(signed_in: SignIn, world: World, connect: Dial) -> None:
    """A code is proof together with the number it was given to; and another number on the line is nobody's."""
    _, token, terminal = await on_file(signed_in, world)
    stranger = Terminal(phone="18000000000")
    line = await connect(stranger)
    assert answer(await line.say(stranger.authenticate(token)))[2] == 1
    assert answer(await line.say(stranger.location(world.clock(), INSIDE)))[2] == 1
    line = await proven(connect, terminal, token)
    assert answer(await line.say(stranger.location(world.clock(), INSIDE)))[2] == 1
    assert await rows(world) == []


async def test_a_terminal_that_signs_off_is_let_go_and_that_is_known(
    signed_in: SignIn, world: World, connect: Dial
) -> None:
    """0x0003 is answered, kept as an event, and ends the connection."""
    _, token, terminal = await on_file(signed_in, world)
    line = await proven(connect, terminal, token)
    assert answer(await line.say(terminal.frame(0x0003)))[1:] == (0x0003, 0)
    assert await line.ended()
    assert [event["kind"] for event in await kept(world, "device_event")] == ["signed-off"]


async def test_without_a_port_nobody_listens(anonymous: AsyncClient) -> None:
    """Metrics name the terminals that are connected, none here."""
    metrics = (await anonymous.get("/metrics")).text
    assert "zhuanche_terminals_connected 0.0" in metrics
