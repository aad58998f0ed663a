"""What strangers, broken terminals and broken lines do to the port: each is survived, bounded and counted."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from litestar import Litestar

from api.db.faults import Busy
from api.space import Room
from api.terminals.server import Terminals
from tests.conftest import SignIn
from tests.phones import rows
from tests.terminal import Line, Terminal, dial, kept, location, on_file, unwire, wire
from tests.terminals.conftest import Dial
from tests.world import INSIDE, World


async def proven(line: Line, token: str) -> Line:
    """Return the line once its terminal has proved itself."""
    assert (await line.say(line.terminal.authenticate(token))).body[-1] == 0
    return line


async def test_garbage_before_the_first_delimiter_is_borne_up_to_a_kilobyte(
    connect: Dial, terminals: Terminals, signed_in: SignIn, world: World
) -> None:
    """A modem's boot messages may come first; what never begins a frame is hung up on."""
    _, token, terminal = await on_file(signed_in, world)
    line = await connect(terminal)
    await line.send(bytes(1024))
    await proven(line, token)
    line = await connect(terminal)
    await line.send(bytes(1025))
    assert await line.ended()
    assert terminals.stats.ended["junk"] == 1


async def test_who_does_not_prove_themselves_in_time_is_hung_up_on(connect: Dial, terminals: Terminals) -> None:
    """Silent or talkative, without proof a connection ends."""
    terminals.bounds = replace(terminals.bounds, prove_s=0.5)
    silent, talkative = await connect(Terminal()), await connect(Terminal())
    assert (await talkative.say(Terminal().heartbeat())).body[-1] == 1
    assert await silent.ended(3)
    assert await talkative.ended(3)
    assert terminals.stats.ended["not-proved"] == 2
    assert terminals.unproved == 0


async def test_trying_codes_ends_the_connection(connect: Dial, terminals: Terminals) -> None:
    """Twenty messages without proof are enough, whatever they are."""
    line = await connect(Terminal())
    for _ in range(20):
        assert (await line.say(line.terminal.authenticate("350302-0000-0000-0000-0000"))).body[-1] == 1
    await line.send(line.terminal.authenticate("350302-0000-0000-0000-0000"))
    assert await line.ended()
    assert terminals.stats.ended["not-proved"] == 1


async def test_an_address_has_so_many_connections_without_proof(
    connect: Dial, terminals: Terminals, signed_in: SignIn, world: World
) -> None:
    """One more is not taken up; those that have proved themselves do not count, and places come free."""
    terminals.bounds = replace(terminals.bounds, unproved_of_address=3)
    _, token, terminal = await on_file(signed_in, world)
    known = await proven(await connect(terminal), token)
    lines = [await connect(Terminal()) for _ in range(3)]
    assert await (await connect(Terminal())).ended()
    assert (await known.say(terminal.heartbeat())).body[-1] == 0
    await lines[0].close()
    for _ in range(100):
        if terminals.unproved == 2:
            break
        await asyncio.sleep(0.01)
    assert not await (await connect(Terminal())).ended(0.2)


async def test_who_connects_by_ipv4_counts_by_their_own_address_at_a_socket_of_ipv6(
    connect: Dial, terminals: Terminals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells `::ffff:127.0.0.1`, which is the machine at 127.0.0.1 and no customer of IPv6 with many addresses."""
    terminals.bounds = replace(terminals.bounds, unproved_of_address=2)
    told = iter(["::ffff:127.0.0.1", "127.0.0.1", "::ffff:127.0.0.1", "2001:db8::1", "2001:db8::2", "2001:db8::3"])
    asked = asyncio.StreamWriter.get_extra_info

    def get_extra_info(writer: asyncio.StreamWriter, name: str, default: object = None) -> object:
        return (next(told), 1) if name == "peername" else asked(writer, name, default)

    monkeypatch.setattr(asyncio.StreamWriter, "get_extra_info", get_extra_info)
    for taken in (True, True, False) * 2:
        assert await (await connect(Terminal())).ended(0.2 if taken else 10) is not taken


async def test_a_silent_connection_is_taken_for_half_open(
    connect: Dial, terminals: Terminals, signed_in: SignIn, world: World
) -> None:
    """A terminal whose network went away says nothing more; its place comes free."""
    terminals.bounds = replace(terminals.bounds, idle_s=0.5)
    _, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    assert await line.ended(3)
    assert (terminals.stats.ended["idle"], terminals.connected) == (1, 0)


async def flood(line: Line, frames: bytes) -> None:
    """Send the same frames until the other side is gone."""
    for _ in range(1000):
        async with asyncio.timeout(10):
            await line.send(frames)


async def test_a_terminal_that_does_not_read_its_answers_is_hung_up_on(
    connect: Dial, terminals: Terminals, signed_in: SignIn, world: World
) -> None:
    """Answers wait in a small buffer; then nothing more is read, and after a while the connection ends."""
    terminals.bounds = replace(terminals.bounds, write_s=1)
    _, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    line.reader._transport.pause_reading()  # type: ignore[attr-defined]
    beats = b"".join(terminal.heartbeat() for _ in range(2000))
    with pytest.raises(ConnectionError):
        await flood(line, beats)
    assert terminals.stats.ended["not-reading"] == 1


async def test_a_terminal_that_does_not_read_holds_up_nobody_else_s_command(
    connect: Dial, terminals: Terminals, signed_in: SignIn, world: World
) -> None:
    """Its answers fill every buffer; a command to it, then one to another: the other is told at once."""
    slow_id, slow_token, slow_terminal = await on_file(signed_in, world)
    other_id, token, terminal = await on_file(signed_in, world)
    slow = await proven(await connect(slow_terminal), slow_token)
    other = await proven(await connect(terminal), token)
    slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
    beats = b"".join(slow_terminal.heartbeat() for _ in range(2000))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3):
            await flood(slow, beats)
    chief = await signed_in("desk_chief")
    for device_id in (slow_id, other_id):
        answer = await chief.post(f"/v1/devices/{device_id}/commands", json={"kind": "locate"})
        assert answer.status_code == 201
    assert (await other.hear(3)).id == 0x8201
    assert terminals.connected == 2
    slow.writer.transport.abort()


async def test_forty_terminals_at_once_are_each_answered(connect: Dial, signed_in: SignIn, world: World) -> None:
    """One batch takes what all have sent; each hears of its own message, and every position is there."""
    filed = [await on_file(signed_in, world) for _ in range(40)]
    lines = [await proven(await connect(terminal), token) for _, token, terminal in filed]
    told = await asyncio.gather(*(line.say(line.terminal.location(world.clock(), INSIDE)) for line in lines))
    assert [(one.id, one.phone[-11:], one.body[-1]) for one in told] == [
        (0x8001, line.terminal.phone, 0) for line in lines
    ]
    assert {row.device_id for row in await rows(world)} == {device_id for device_id, _, _ in filed}


async def test_bad_frames_are_counted_kept_and_at_last_hung_up_on(
    connect: Dial, terminals: Terminals, signed_in: SignIn, world: World
) -> None:
    """A strict device's wrong checksum is not answered: kept as sent, told once; over fifty in a row end it."""
    device_id, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    at = world.clock()
    for i in range(50):
        await line.send(terminal.frame(0x0200, location(at - timedelta(seconds=i), INSIDE), spoil_sum=1))
    assert (await line.say(terminal.heartbeat())).body[-1] == 0
    asides = await kept(world, "position_aside")
    assert {(one["reason"], one["device_id"]) for one in asides} == {("bad-checksum", device_id)}
    assert len(asides) == 50
    assert [event["detail"] for event in await kept(world, "device_event")] == [{"code": "bad-checksum"}]
    for i in range(51):
        await line.send(terminal.frame(0x0200, location(at - timedelta(seconds=i), INSIDE), spoil_sum=1))
    assert await line.ended()
    assert (terminals.stats.ended["bad-frames"], await rows(world)) == (1, [])


@pytest.mark.parametrize(("strictness", "read"), [("lenient", True), ("strict", False)])
async def test_a_terminal_that_cannot_sum_up_is_let_in_and_then_read_as_it_is_set(
    connect: Dial, signed_in: SignIn, world: World, strictness: str, *, read: bool
) -> None:
    """A vendor's checksum is wrong in every frame: the setting for it must be reached, from registration on."""
    device_id, _, terminal = await on_file(signed_in, world, strictness=strictness)
    plate = (await kept(world, "vehicle", "recorded_at"))[0]["plate"]
    line = await connect(terminal)

    def spoilt(frame: bytes) -> bytes:
        return wire(unwire(frame), spoil_sum=0x55)

    told = await line.say(spoilt(terminal.register("0567872", plate)))
    assert (told.id, told.body[2]) == (0x8100, 0)
    assert (await line.say(spoilt(terminal.authenticate(told.body[3:].decode())))).body[-1] == 0
    await line.send(spoilt(terminal.location(world.clock(), INSIDE)))
    assert (await line.say(terminal.heartbeat())).body[-1] == 0
    assert [row.device_id for row in await rows(world)] == ([device_id] if read else [])


async def test_an_encrypted_message_is_not_guessed_at(
    connect: Dial, terminals: Terminals, signed_in: SignIn, world: World
) -> None:
    """RSA of the standard is not spoken: the message is kept aside, and the next one is read."""
    _, token, terminal = await on_file(signed_in, world, strictness="lenient")
    line = await proven(await connect(terminal), token)
    await line.send(terminal.frame(0x0200, location(world.clock(), INSIDE), encryption=1))
    assert (await line.say(terminal.location(world.clock(), INSIDE))).body[-1] == 0
    assert terminals.stats.bad_frames["encrypted"] == 1
    assert len(await rows(world)) == 1


async def test_what_could_not_be_written_is_not_answered_and_counts_when_it_comes_again(
    connect: Dial, terminals: Terminals, signed_in: SignIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P7: the writer is full: no answer, and the alarm in the message is not lost when it is sent again."""
    monkeypatch.setattr("api.terminals.session.PAUSE_S", 0.05)
    _, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    frame = terminal.location(world.clock(), INSIDE, alarms=1)
    put = terminals._door.writer.put

    async def full(*_: object) -> None:
        raise Busy

    monkeypatch.setattr(terminals._door.writer, "put", full)
    await line.send(frame)
    assert await line.silent()
    monkeypatch.setattr(terminals._door.writer, "put", put)
    assert (await line.say(frame)).body[-1] == 0
    assert [event["kind"] for event in await kept(world, "device_event")] == ["sos"]
    assert (len(await rows(world)), terminals.stats.unwritten) == (1, 1)


async def test_while_the_disk_is_full_a_terminal_is_not_answered_and_keeps_what_it_has(
    connect: Dial, app: Litestar, signed_in: SignIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not acknowledged it sends again, and it counts once there is room."""
    monkeypatch.setattr("api.terminals.session.PAUSE_S", 0.05)
    _, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    frame = terminal.location(world.clock(), INSIDE)
    await app.state.space.stop()  # it would look at the disk there is
    before, app.state.space.rooms = app.state.space.rooms, [Room(Path("/"), ("database",), 0, 1, 100)]
    await line.send(frame)
    assert await line.silent()
    app.state.space.rooms = before
    assert (await line.say(frame)).body[-1] == 0
    assert len(await rows(world)) == 1


async def test_a_second_connection_ends_the_first_and_is_an_event(
    connect: Dial, terminals: Terminals, signed_in: SignIn, world: World
) -> None:
    """The newest connection is the terminal; who copied its code is seen."""
    _, token, terminal = await on_file(signed_in, world)
    first = await proven(await connect(terminal), token)
    second = await proven(await connect(terminal), token)
    assert await first.ended()
    assert (await second.say(terminal.heartbeat())).body[-1] == 0
    assert [event["kind"] for event in await kept(world, "device_event")] == ["second-connection"]
    assert (terminals.connected, terminals.unproved) == (1, 0)


async def test_identity_is_proved_anew_on_every_connection(connect: Dial, signed_in: SignIn, world: World) -> None:
    """A terminal that was known a moment ago is a stranger on a new line."""
    _, token, terminal = await on_file(signed_in, world)
    await (await proven(await connect(terminal), token)).close()
    line = await connect(terminal)
    assert (await line.say(terminal.location(world.clock(), INSIDE))).body[-1] == 1
    assert await rows(world) == []


@pytest.mark.parametrize("seed", range(4))
async def test_mutated_frames_break_nothing(terminals: Terminals, signed_in: SignIn, world: World, seed: int) -> None:
    """Some thousand frames with bytes changed, cut, doubled, of a lenient device: the port answers as before."""
    _, token, terminal = await on_file(signed_in, world, strictness="lenient")
    rng = random.Random(seed)  # noqa: S311 - repeatable, no secret
    bodies = [terminal.raw(kind, location(world.clock(), INSIDE)) for kind in (0x0200, 0x0704, 0x0210, 0x0702, 0x0201)]
    for _ in range(10):
        line = await proven(await dial(terminals, terminal), token)
        try:
            for _ in range(200):
                await line.send(mutated(rng, rng.choice(bodies)))
        except ConnectionError:
            continue
        finally:
            await line.close()
    line = await proven(await dial(terminals, terminal), token)
    assert (await line.say(terminal.heartbeat())).body[-1] == 0
    assert terminals.stats.ended["fault"] == 0
    await line.close()
    assert terminals._door.writer.unanswered == 0


def mutated(rng: random.Random, raw: bytes) -> bytes:
    """Return a frame with something changed; most with a right checksum over what is wrong."""
    changed = bytearray(raw)
    for _ in range(rng.randint(0, 4)):
        place = rng.randrange(len(changed))
        match rng.randrange(4):
            case 0:
                changed[place] = rng.randrange(256)
            case 1:
                del changed[place : place + rng.randint(1, 9)]
            case 2:
                changed[place:place] = rng.randbytes(rng.randint(1, 9))
            case _:
                changed[place] ^= 1 << rng.randrange(8)
        if not changed:
            changed = bytearray(raw)
    return wire(bytes(changed), spoil_sum=rng.randrange(256) if rng.random() < 0.1 else 0)
