"""`zhuanche seal`: seal the months that are over, in their order, of every vehicle of a bureau."""

from __future__ import annotations

import asyncio
import getpass
from datetime import date
from typing import Annotated

import typer
from sqlmodel import col, select

from api.cli.connections import check_schema, database_of, lent
from api.db.database import Actor, Database
from api.db.roles import SERVICE
from api.db.tables.vehicles import Vehicle
from api.settings import load_settings
from api.usecases.seal_month import due_months, seal_month


def _month(asked: str | None) -> date | None:
    if asked is None:
        return None
    try:
        return date.fromisoformat(f"{asked}-01")
    except ValueError as fault:
        raise typer.BadParameter("a month such as 2026-11") from fault


def seal(
    code: Annotated[str, typer.Argument(help="Code of the bureau, such as 350302.")],
    until: Annotated[
        str | None, typer.Option(help="The last month to seal, such as 2026-11; else the last over.")
    ] = None,
    plate: Annotated[str | None, typer.Option(help="Only the vehicle with this plate.")] = None,
) -> None:
    """Seal the months of a bureau's vehicles that are over: each statement is frozen and names the one before it."""
    settings, last = load_settings(), _month(until)

    async def work(url: str) -> list[str]:
        async with database_of(url, settings, SERVICE) as database:
            return await seal_due(database, code, last or date.max.replace(day=1), plate)

    with lent(settings) as connections:
        check_schema(connections)
        for line in asyncio.run(work(connections.service)):
            typer.echo(line)


async def seal_due(database: Database, bureau_id: str, last: date, plate: str | None) -> list[str]:
    """Seal what is due up to a month, and return a line of each statement."""
    actor = Actor(bureau_id, name=f"{getpass.getuser()}, zhuanche seal")
    async with database.read(bureau_id) as reader:
        asked = select(Vehicle).where(Vehicle.bureau_id == bureau_id).order_by(col(Vehicle.plate))
        if plate is not None:
            asked = asked.where(Vehicle.plate == plate)
        due = [(one, await due_months(reader, one.vehicle_id, last)) for one in await reader.all(asked)]
    lines = []
    for vehicle, months in due:
        for month in months:
            done = await seal_month(database, actor, vehicle.vehicle_id, month)
            lines.append(
                f"{vehicle.plate} {month:%Y-%m} sealed, SHA-256 {done.statement_sha256}; unaccounted"
                f" {done.unaccounted_m / 1000:.3f} km, open findings {done.open_findings}"
            )
    return lines or ["Nothing is due to be sealed."]
