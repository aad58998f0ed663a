"""`/v1/devices`: the phones and terminals that may tell where a vehicle is."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.db.database import Actor, Database, Once
from api.http.access import Allow
from api.http.device_wire import DeviceView, devices_shown
from api.http.paging import After, BadCursor, Limit, Page, cursor, parse_cursor
from api.http.reached import handover_link
from api.ingest.door import Door
from api.usecases.configure_device import Configuration, configure_device
from api.usecases.enrol_device import NewDevice, enrol_device, revoke_device, rotate_token
from domain.values import Role

KEEPERS = Allow(Role.ADMIN, Role.DESK_CHIEF)
"""Who enrols devices: not those who drive with them."""
VIEWERS = Allow(Role.ADMIN, Role.DESK_CHIEF, Role.CUSTODIAN, Role.DISPATCHER, Role.AUDITOR)


class DeviceToEnrol(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A phone of a person, or a terminal of a vehicle: exactly one of the two owners."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, examples=["专用车车载终端"])]
    person_id: UUID | None = None
    vehicle_id: Annotated[UUID, msgspec.Meta(examples=["0199c2f0-0000-7000-8000-000000000001"])] | None = None


class DeviceEnrolled(msgspec.Struct, frozen=True, kw_only=True):
    """The device and its token, shown this once: a repeated request is answered without it."""

    device_id: UUID
    token: Annotated[str, msgspec.Meta(examples=["350302-k7m2-9xqd-3fzp-w8vn"])] | None
    link: str | None
    """The page by which it is handed over: how each app is set up, after its person was told what is tracked."""


class TokenRotated(msgspec.Struct, frozen=True, kw_only=True):
    """The device's new token, shown this once; the one before opens nothing any more."""

    token: Annotated[str, msgspec.Meta(examples=["350302-k7m2-9xqd-3fzp-w8vn"])]
    link: str
    """The page by which it is handed over."""


class DeviceConfigured(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a device is to be from now on: all of it, what is left out is unset."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, examples=["专用车车载终端"])]
    zone: Annotated[str, msgspec.Meta(min_length=1, max_length=60, examples=["Asia/Shanghai"])] | None = None
    """The zone its clock is set to; unset: what its protocol says."""
    strictness: Literal["strict", "lenient"] = "strict"
    """Whether a frame with a wrong checksum or length is refused, or read as far as it goes and counted."""
    terminal_phone: Annotated[str, msgspec.Meta(min_length=1, max_length=40, examples=["013912345678"])] | None = None
    """The number in the header of a JT/T 808 terminal's frames; zeros on the left do not matter."""
    terminal_id: Annotated[str, msgspec.Meta(min_length=1, max_length=30, examples=["A1B2C3D"])] | None = None
    """What a JT/T 808 terminal calls itself at registration."""


class Revocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a device is let in no more."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500, examples=["手机遗失"])]


class DeviceController(Controller):
    """Devices of the bureau."""

    path = "/v1/devices"
    tags = ("devices",)

    @post(guards=[KEEPERS], summary="Enrol a device", name="devices.enrol")
    async def enrol(
        self,
        data: JSONBody[DeviceToEnrol],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
        address: NamedDependency[str],
    ) -> DeviceEnrolled:
        """Enrol a phone or a terminal; its token is shown in this answer and never again."""
        new = NewDevice(name=data.name, person_id=data.person_id, vehicle_id=data.vehicle_id)
        enrolled = await enrol_device(database, actor, new, once)
        link = handover_link(address, enrolled.token) if enrolled.token else None
        return DeviceEnrolled(device_id=enrolled.device_id, token=enrolled.token, link=link)

    @get(guards=[VIEWERS], summary="List devices", name="devices.list")
    async def list(
        self,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        after: After = None,
        limit: Limit = 50,
    ) -> Page[DeviceView]:
        """List devices in the order of their enrolment, revoked ones too, each with how it is."""
        key = parse_cursor(after, 1)
        try:
            last = UUID(key[0]) if key else None
        except ValueError as fault:
            raise BadCursor from fault
        async with database.read(actor.bureau_id) as reader:
            shown = await devices_shown(reader, last, limit + 1)
        items = shown[:limit]
        return Page(items=items, next=cursor(str(items[-1].device_id)) if len(shown) > limit else None)

    @post(
        "/{device_id:uuid}/configure",
        guards=[KEEPERS],
        status_code=204,
        summary="Configure a device",
        name="devices.configure",
    )
    async def configure(
        self,
        device_id: FromPath[UUID],
        data: JSONBody[DeviceConfigured],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        door: NamedDependency[Door],
    ) -> None:
        """Set a device's name, the zone of its clock, how strictly it is read, and a terminal's number and id."""
        wanted = Configuration(
            name=data.name,
            zone=data.zone,
            strictness=data.strictness,
            terminal_phone=data.terminal_phone,
            terminal_id=data.terminal_id,
        )
        await configure_device(database, door.ingest, actor, device_id, wanted)
        door.devices.forget(actor.bureau_id)

    @post("/{device_id:uuid}/rotate", guards=[KEEPERS], summary="Give a device another token", name="devices.rotate")
    async def rotate(
        self,
        device_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        door: NamedDependency[Door],
        address: NamedDependency[str],
    ) -> TokenRotated:
        """Return a new token, shown this once; the one before opens nothing from now on."""
        token = await rotate_token(database, actor, device_id)
        door.devices.forget(actor.bureau_id)
        return TokenRotated(token=token, link=handover_link(address, token))

    @post(
        "/{device_id:uuid}/revoke",
        guards=[KEEPERS],
        status_code=204,
        summary="Let a device in no more",
        name="devices.revoke",
    )
    async def revoke(
        self,
        device_id: FromPath[UUID],
        data: JSONBody[Revocation],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        door: NamedDependency[Door],
    ) -> None:
        """Revoke a device for good: what it sends from now on is refused; what it told stays."""
        await revoke_device(database, actor, device_id, data.reason)
        door.devices.forget(actor.bureau_id)
