"""`zhuanche device`: enrol a phone or terminal, give it another token, let it in no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from sqlmodel import select

from api.cli.connections import database_of, opened
from api.cli.user import Code
from api.db.database import Actor, Database
from api.db.roles import SERVICE
from api.db.tables.people import Person
from api.db.tables.vehicles import Vehicle
from api.loop import run_in_loop
from api.settings import load_settings
from api.usecases.enrol_device import Enrolled, NewDevice, enrol_device, revoke_device, rotate_token
from domain.errors import NotFound

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Enrol a phone or terminal, give it another token, let it in no more.")

DeviceId = Annotated[UUID, typer.Argument(help="The device's id, as `enrol` printed it.")]


@app.command("enrol")
def enrol(
    code: Code,
    name: Annotated[str, typer.Argument(help="What people call the device.")],
    login: Annotated[str | None, typer.Option(help="The phone's person, by login.")] = None,
    plate: Annotated[str | None, typer.Option(help="The terminal's vehicle, by plate.")] = None,
) -> None:
    """Enrol a phone of a person or a terminal of a vehicle, and print its token.

    Example: zhuanche device enrol 350302 "phone of Zheng" --login driver
    """

    async def work(database: Database) -> Enrolled:
        person_id = vehicle_id = None
        async with database.read(code) as reader:
            if login is not None:
                person_id = await reader.one(
                    select(Person.person_id).where(Person.bureau_id == code, Person.login == login)
                )
            if plate is not None:
                vehicle_id = await reader.one(
                    select(Vehicle.vehicle_id).where(Vehicle.bureau_id == code, Vehicle.plate == plate)
                )
        if (login is not None and person_id is None) or (plate is not None and vehicle_id is None):
            raise NotFound("There is no such person or vehicle.")
        return await enrol_device(
            database, Actor(code), NewDevice(name=name, person_id=person_id, vehicle_id=vehicle_id)
        )

    enrolled = _on_database(work)
    typer.echo(f"Device {enrolled.device_id}, token {enrolled.token}")
    _tell_link(enrolled.token or "")


@app.command("rotate")
def rotate(code: Code, device_id: DeviceId) -> None:
    """Give a device another token; the one before opens nothing from then on.

    Example: zhuanche device rotate 350302 01932b3c-7d5e-7a10-8c4f-0a1b2c3d4e5f
    """
    token = _on_database(lambda database: rotate_token(database, Actor(code), device_id))
    typer.echo(f"Device {device_id}, token {token}")
    _tell_link(token)


@app.command("revoke")
def revoke(
    code: Code, device_id: DeviceId, reason: Annotated[str, typer.Option(help="Why; it is kept with the act.")]
) -> None:
    """Let a device in no more.

    Example: zhuanche device revoke 350302 01932b3c-7d5e-7a10-8c4f-0a1b2c3d4e5f --reason lost
    """
    _on_database(lambda database: revoke_device(database, Actor(code), device_id, reason))
    typer.echo(f"Device {device_id} is revoked.")


def _tell_link(token: str) -> None:
    typer.echo(f"Set it up at {load_settings().address}/enrol/{token}")
    typer.echo("The token is shown this once.")


def _on_database(work: Callable[[Database], Awaitable[T]]) -> T:
    settings = load_settings()
    with opened(settings, "device") as connections:

        async def run() -> T:
            async with database_of(connections.service, settings, SERVICE) as database:
                return await work(database)

        return run_in_loop(run())
