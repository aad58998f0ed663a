"""`/v1/devices/{device_id}/commands`: what a vehicle's terminal is told, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.db.database import Actor, Database, Once
from api.db.tables.devices import Device, DeviceCommand
from api.http.access import Allow
from api.http.paging import After, Limit, Page, newest_page
from api.ingest.jt808.replies import TEXT_MOST
from api.usecases.command_terminal import EXPIRED, NewCommand, ask_command, is_expired
from domain.errors import InvalidInput, NotFound
from domain.values import Role

KEEPERS = Allow(Role.ADMIN, Role.DESK_CHIEF)
"""Who tells a terminal anything: those who enrol it. Its odometer and its silence are evidence."""
VIEWERS = Allow(Role.ADMIN, Role.DESK_CHIEF, Role.CUSTODIAN, Role.DISPATCHER, Role.AUDITOR)

Kind = Literal["report-interval", "odometer", "locate", "text"]
NEEDS: dict[Kind, str | None] = {
    "report-interval": "interval_s",
    "odometer": "odometer_m",
    "locate": None,
    "text": "text",
}


class BadCommand(InvalidInput):
    """A command brings what its kind needs and nothing else: an interval, an odometer in whole hundreds, a text."""

    code = "bad-command"
    zh = "指令只能且必须带有其种类所需的参数：上报间隔、里程（整百米）或文本。"


class CommandToAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a terminal is to be told, with the one parameter its kind needs; `locate` needs none."""

    kind: Annotated[Kind, msgspec.Meta(examples=["report-interval"])]
    interval_s: Annotated[int, msgspec.Meta(ge=5, le=3600, examples=[30])] | None = None
    """Seconds between two reports (parameter 0x0029)."""
    odometer_m: Annotated[int, msgspec.Meta(ge=0, le=9_999_999_000, multiple_of=100, examples=[86_400_000])] | None = (
        None
    )
    """What the dashboard shows now, in whole hundreds of metres (parameter 0x0080)."""
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_MOST)] | None = None
    """Shown to the driver and read out."""


class CommandAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The command that waits for its terminal."""

    command_id: UUID


class CommandView(msgspec.Struct, frozen=True, kw_only=True):
    """A command: `waiting` for its terminal to connect, `sent`, then `done` or `failed` with a reason."""

    command_id: UUID
    kind: Kind
    parameters: dict[str, int | str]
    state: Literal["waiting", "sent", "done", "failed"]
    result: str | None
    """Why it failed: `refused`, `bad-message`, `unsupported` by the terminal, or `expired` unsent."""
    asked_by: UUID
    asked_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None


class DeviceCommandController(Controller):
    """Commands to terminals."""

    path = "/v1/devices/{device_id:uuid}/commands"
    tags = ("devices",)

    @post(guards=[KEEPERS], summary="Tell a terminal something", name="commands.ask")
    async def ask(
        self,
        device_id: FromPath[UUID],
        data: JSONBody[CommandToAsk],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> CommandAsked:
        """Record a command; it is sent as soon as the terminal is connected."""
        given: dict[str, int | str] = {
            name: value for name in NEEDS.values() if name is not None and (value := getattr(data, name)) is not None
        }
        needed = NEEDS[data.kind]
        if set(given) != ({needed} if needed else set()):
            raise BadCommand(kind=data.kind)
        new = NewCommand(kind=data.kind, parameters=given)
        return CommandAsked(command_id=await ask_command(database, actor, device_id, new, once))

    @get(guards=[VIEWERS], summary="List what a terminal was told", name="commands.list")
    async def list(
        self,
        device_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        after: After = None,
        limit: Limit = 50,
    ) -> Page[CommandView]:
        """List a terminal's commands, the newest first."""
        async with database.read(actor.bureau_id) as reader:
            if await reader.get(Device, device_id) is None:
                raise NotFound("There is no such device.", device_id=str(device_id))
            return await newest_page(
                reader,
                DeviceCommand,
                DeviceCommand.command_id,
                lambda command: _view(command, reader.now),
                DeviceCommand.device_id == device_id,
                after=after,
                limit=limit,
            )


def _view(command: DeviceCommand, now: datetime) -> CommandView:
    view = msgspec.convert(command.model_dump(), CommandView, from_attributes=True)
    if view.state == "waiting" and is_expired(view.kind, view.asked_at, now):
        return msgspec.structs.replace(view, state="failed", result=EXPIRED)
    return view
