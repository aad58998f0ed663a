"""Ask a terminal to do something, and follow what becomes of it: waiting, sent, done or failed.

A command waits until its terminal is connected, to whichever process. What was sent and not answered is sent again
when the terminal comes back. A command too old to be meant any more fails instead: an odometer told yesterday is
wrong today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.devices import DeviceCommand
from api.usecases.enrol_device import device_in_service
from domain.errors import StateConflict

CHANNEL: Final = "zhuanche_commands"
"""On which processes are told that a bureau has a new command."""
LIFE: Final = {
    "report-interval": timedelta(days=7),
    "odometer": timedelta(hours=1),
    "locate": timedelta(hours=1),
    "text": timedelta(hours=24),
}
"""How long after it was asked for a command may be sent."""
EXPIRED: Final = "expired"
OPEN_MOST: Final = 20
"""Commands of one terminal that may wait or be unanswered; those that are too old by now do not count."""
_OPEN: Final = ("waiting", "sent")

_OPEN_ONES = text(
    "SELECT kind, asked_at FROM device_command"
    " WHERE bureau_id = :bureau_id AND device_id = :device_id AND state IN ('waiting', 'sent')"
)
_TO_SEND = text(
    "SELECT command_id, device_id, kind, parameters, asked_at FROM device_command"
    " WHERE bureau_id = :bureau_id AND device_id = ANY(:device_ids) AND state IN ('waiting', 'sent')"
    " ORDER BY command_id"
)
_SENT = text(
    "UPDATE device_command SET state = 'sent', serial = :serial, sent_at = :now"
    " WHERE bureau_id = :bureau_id AND command_id = :command_id AND state IN ('waiting', 'sent')"
)
_ENDED = text(
    "UPDATE device_command SET state = :state, answered_at = :now, result = :result"
    " WHERE bureau_id = :bureau_id AND command_id = :command_id AND state = ANY(:open)"
)


class NotATerminal(StateConflict):
    """Only a JT/T 808 terminal whose phone number is on file can be told anything."""

    code = "not-a-terminal"
    zh = "只有已登记终端手机号的 JT/T 808 车载终端才能接收指令。"


class TooManyCommands(StateConflict):
    """Twenty commands wait for this terminal or for its answer; no more are taken before some are done."""

    code = "too-many-commands"
    zh = "该终端已有二十条指令待发送或待应答，请在部分完成后再下发。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommand:
    """What to tell a terminal: `kind` as in the table, and its parameters."""

    kind: str
    parameters: dict[str, int | str]


@dataclass(frozen=True, slots=True)
class ToSend:
    """A command for a terminal that is connected."""

    command_id: UUID
    device_id: UUID
    kind: str
    parameters: dict[str, Any]
    asked_at: datetime


def is_expired(kind: str, asked_at: datetime, now: datetime) -> bool:
    """Return whether a command is too old to be sent."""
    return now - asked_at > LIFE[kind]


async def ask_command(
    database: Database, actor: Actor, device_id: UUID, new: NewCommand, once: Once | None = None
) -> UUID:
    """Record that a terminal is to be told something and return the command's id.

    Raises:
        NotFound: there is no such device.
        DeviceRevoked: it was revoked.
        NotATerminal: it is a phone, or its terminal's phone number is not on file.
        TooManyCommands: too many are open.
    """
    command_id = new_id()

    async def work(uow: UnitOfWork) -> UUID:
        device, _ = await device_in_service(uow, device_id)
        if device.terminal_phone is None:
            raise NotATerminal
        asked = {"bureau_id": uow.bureau_id, "device_id": device_id}
        ones = (await uow.execute(_OPEN_ONES, asked)).all()
        if sum(not is_expired(one.kind, one.asked_at, uow.now) for one in ones) >= OPEN_MOST:
            raise TooManyCommands
        numbers = {name: value for name, value in new.parameters.items() if isinstance(value, int)}
        texts = {name: value for name, value in new.parameters.items() if isinstance(value, str)}
        entry_id = await uow.enter(
            "terminal-commanded",
            facts={"command_id": command_id, "device_id": device_id, "kind": new.kind} | numbers,
            person=texts or None,
        )
        await uow.insert(
            DeviceCommand(
                bureau_id=uow.bureau_id,
                command_id=command_id,
                device_id=device_id,
                kind=new.kind,
                parameters=new.parameters,
                state="waiting",
                asked_by=uow.actor.who,
                asked_at=uow.now,
                entry_id=entry_id,
            )
        )
        await uow.execute(text("SELECT pg_notify(:channel, :bureau)"), {"channel": CHANNEL, "bureau": uow.bureau_id})
        return command_id

    return await database.write(actor, work, once=once, answer=UUID)


async def commands_to_send(database: Database, bureau_id: str, device_ids: Sequence[UUID]) -> list[ToSend]:
    """Return what connected terminals of a bureau are to be told, in the order it was asked for."""
    async with database.read(bureau_id) as reader:
        rows = await reader.execute(_TO_SEND, {"bureau_id": bureau_id, "device_ids": list(device_ids)})
        return [ToSend(**row) for row in rows.mappings()]


async def mark_sent(database: Database, bureau_id: str, command_id: UUID, serial: int) -> bool:
    """Record that a command is being sent in the frame of this serial; False where it is no longer to be."""

    async def work(uow: UnitOfWork) -> bool:
        sent = {"bureau_id": bureau_id, "command_id": command_id, "serial": serial, "now": uow.now}
        return (await uow.execute(_SENT, sent)).rowcount == 1

    return await database.write(Actor(bureau_id), work)


async def end_command(database: Database, bureau_id: str, command_id: UUID, *, failure: str | None = None) -> None:
    """Record what became of a command: done, or why it failed. One that has ended stays as it is."""

    async def work(uow: UnitOfWork) -> None:
        state = "done" if failure is None else "failed"
        ended = {"bureau_id": bureau_id, "command_id": command_id, "state": state, "result": failure, "now": uow.now}
        await uow.execute(_ENDED, ended | {"open": ["sent"] if failure is None else list(_OPEN)})

    await database.write(Actor(bureau_id), work)
