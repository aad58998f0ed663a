"""What goes on as long as the service does, and what happens at the very moment a terminal proves itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from api.ingest.devices import CHANNEL, KnownDevice
from api.terminals import commands, server
from api.terminals.server import Terminals
from api.terminals.session import Session
from api.usecases.register_terminal import CONNECTED, Proof
from tests.conftest import SignIn
from tests.terminal import Line, Terminal, on_file
from tests.terminals.conftest import Dial
from tests.world import World


async def proven(line: Line, token: str) -> Line:
    """Return the line once its terminal has proved itself."""
    assert (await line.say(line.terminal.authenticate(token))).body[-1] == 0
    return line


async def revoke(signed_in: SignIn, device_id: UUID) -> None:
    """Revoke a device."""
    admin = await signed_in("admin")
    answer = await admin.post(f"/v1/devices/{device_id}/revoke", json={"reason": "拆除"})
    assert answer.status_code == 204, answer.text


async def tell(signed_in: SignIn, device_id: UUID, said: str) -> None:
    """Ask for a text to a terminal."""
    chief = await signed_in("desk_chief")
    answer = await chief.post(f"/v1/devices/{device_id}/commands", json={"kind": "text", "text": said})
    assert answer.status_code == 201, answer.text


def once_faulty(monkeypatch: pytest.MonkeyPatch, of: object, name: str) -> list[int]:
    """Let a function fail with a fault of the program the first time it is called; return a list of its calls."""
    real, calls = getattr(of, name), []

    def faulty(*given: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a fault of the program")
        return real(*given, **named)

    monkeypatch.setattr(of, name, faulty)
    return calls


async def test_a_fault_does_not_end_that_revocation_is_followed(
    signed_in: SignIn, world: World, connect: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong as a change is looked up, it is looked up again, and the terminal is let go."""
    device_id, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    calls = once_faulty(monkeypatch, server, "still_proven")
    await revoke(signed_in, device_id)
    assert await line.ended(3)
    assert len(calls) >= 2


async def test_a_fault_does_not_end_that_commands_are_sent(
    signed_in: SignIn, world: World, connect: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong as commands are looked up, they are looked up again."""
    device_id, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    calls = once_faulty(monkeypatch, commands, "commands_to_send")
    await tell(signed_in, device_id, "回")
    assert (await line.hear(3)).id == 0x8300
    assert len(calls) >= 2


async def test_a_fault_does_not_end_that_silent_connections_are_noticed(
    signed_in: SignIn, world: World, connect: Dial, terminals: Terminals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong as one connection is looked over, all are looked over again."""
    terminals.bounds = replace(terminals.bounds, idle_s=0.5)
    _, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    calls = once_faulty(monkeypatch, Session, "check")
    assert await line.ended(6)
    assert len(calls) >= 2


async def test_a_notice_that_says_nothing_does_not_end_that_commands_are_heard_of(
    signed_in: SignIn, world: World, connect: Dial
) -> None:
    """Anything may stand on a channel of the database: commands go on to be sent."""
    device_id, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    async with world.database.engine.begin() as connection:
        await connection.execute(text("SELECT pg_notify(:channel, 'nothing')"), {"channel": CONNECTED})
    await asyncio.sleep(0.2)
    await tell(signed_in, device_id, "回")
    assert (await line.hear(3)).id == 0x8300


async def test_a_command_asked_for_while_another_is_being_sent_is_sent_too(
    signed_in: SignIn, world: World, connect: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is recorded after what waits was looked up, and before that was sent: it waits for no third."""
    device_id, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    marked = commands.mark_sent
    sending, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*given: Any) -> bool:
        sending.set()
        await go_on.wait()
        return await marked(*given)

    monkeypatch.setattr(commands, "mark_sent", slow)
    await tell(signed_in, device_id, "一")
    await sending.wait()
    await tell(signed_in, device_id, "二")
    await asyncio.sleep(0.3)  # it is heard of
    go_on.set()
    assert [(await line.hear(3)).body[1:].decode("gbk") for _ in range(2)] == ["一", "二"]


async def test_a_revocation_is_followed_while_a_command_cannot_be_sent(
    signed_in: SignIn, world: World, connect: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many commands, or a slow database, hold up no revocation."""
    device_id, token, terminal = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    sending, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*_: Any) -> bool:
        sending.set()
        await go_on.wait()
        return False

    monkeypatch.setattr(commands, "mark_sent", slow)
    await tell(signed_in, device_id, "回")
    await sending.wait()
    await revoke(signed_in, device_id)
    assert await line.ended(1)
    go_on.set()


async def test_who_is_revoked_while_proving_itself_is_let_go(
    signed_in: SignIn, world: World, connect: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code was looked up as good, then the device was revoked and all told, and only then it was connected."""
    device_id, token, terminal = await on_file(signed_in, world)
    await signed_in("admin")
    prove: Callable[..., Awaitable[Any]] = server.prove_terminal

    async def too_late(*given: Any) -> Any:
        found = await prove(*given)
        await revoke(signed_in, device_id)
        await asyncio.sleep(0.5)  # the notice has come, and nobody was connected
        return found

    monkeypatch.setattr(server, "prove_terminal", too_late)
    line = await connect(terminal)
    await line.send(terminal.authenticate(token))
    assert await line.ended(2)


async def test_who_connects_while_changes_are_looked_up_is_looked_up_too(
    terminals: Terminals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two bureaus changed; as the first is looked up, the second changes again while one more of it connects."""
    asked: list[UUID] = []

    def connected(bureau_id: str) -> UUID:
        device = KnownDevice(bureau_id, uuid4(), terminal=True)
        terminals._connected[device.device_id] = cast(
            "Session", SimpleNamespace(device=device, proof=Proof("1", bytes(32)))
        )
        return device.device_id

    async def looked_up(_: object, bureau_id: str, proofs: dict[UUID, Proof]) -> dict[UUID, KnownDevice]:
        if not asked:
            asked.append(connected("000002"))
            terminals._change("000002")
        asked.extend(proofs)
        return {device_id: KnownDevice(bureau_id, device_id, terminal=True) for device_id in proofs}

    monkeypatch.setattr(server, "still_proven", looked_up)
    first, second = connected("000001"), connected("000002")
    terminals._change(None)
    await asyncio.sleep(0.2)
    late, *looked = asked
    assert looked[:2] == [first, second]
    assert late in looked
    terminals._connected.clear()


async def test_proving_oneself_again_opens_the_door_to_no_strangers(
    signed_in: SignIn, world: World, connect: Dial, terminals: Terminals
) -> None:
    """A terminal may prove itself as often as it likes: its address has as many strangers as before, and no more."""
    terminals.bounds = replace(terminals.bounds, unproved_of_address=2)
    _, token, terminal = await on_file(signed_in, world)
    line = await connect(terminal)
    for _ in range(3):
        await proven(line, token)
    for _ in range(2):
        await connect(Terminal())
    assert await (await connect(Terminal())).ended()
    assert (terminals.connected, terminals.unproved) == (1, 2)


async def test_a_connection_is_that_of_one_terminal(
    signed_in: SignIn, world: World, connect: Dial, terminals: Terminals
) -> None:
    """Who proves to be another than before is hung up on, and nobody counts as connected any more."""
    _, token, terminal = await on_file(signed_in, world)
    _, other_token, other = await on_file(signed_in, world)
    line = await proven(await connect(terminal), token)
    await line.send(other.authenticate(other_token))
    assert await line.ended(2)
    assert (terminals.connected, terminals.stats.ended["another-terminal"]) == (0, 1)


async def test_serials_go_on_when_a_terminal_proves_itself_again(
    signed_in: SignIn, world: World, connect: Dial
) -> None:
    """A command is known by its serial: no second one has the same."""
    _, token, terminal = await on_file(signed_in, world)
    line = await connect(terminal)
    told = [await line.say(terminal.authenticate(token)) for _ in range(3)]
    assert [one.serial for one in told] == [0, 1, 2]


async def test_a_fault_does_not_end_that_changes_of_devices_are_heard_of(
    world: World, terminals: Terminals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that hears no more of revocations would let a revoked phone in from what it remembers."""
    calls = once_faulty(monkeypatch, terminals._door.devices, "forget")
    tell_all = text("SELECT pg_notify(:channel, '000000')")
    for _ in range(2):
        async with world.database.engine.begin() as connection:
            await connection.execute(tell_all, {"channel": CHANNEL})
        await asyncio.sleep(2.5)
    assert len(calls) >= 4  # the fault, gone deaf, listening again, the second notice
