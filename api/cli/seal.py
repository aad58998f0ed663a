"""`zhuanche seal`: seal the months that are over, in their order, of every vehicle of a bureau."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Annotated

import typer
from sqlmodel import col, select

from api.cli.connections import database_of, opened
from api.cli.operator import operator
from api.cli.progress import progress
from api.db.database import Actor, Database, Reader
from api.db.roles import SERVICE
from api.db.tables.bureau import Bureau
from api.db.tables.vehicles import Vehicle
from api.loop import run_in_loop
from api.settings import load_settings
from api.usecases.seal_month import due_months, seal_month
from domain.errors import DomainError, NotFound


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
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is due; seal nothing.")] = False,
) -> None:
    """Seal the months of a bureau's vehicles that are over: each statement is frozen and names the one before it.

    Each month is sealed by itself; run again it goes on, and seals nothing twice.

    Example: zhuanche seal 350302 --until 2026-11
    """
    settings, last = load_settings(), _month(until)

    async def work(url: str) -> None:
        async with database_of(url, settings, SERVICE, is_final=True) as database:
            async for line in seal_due(database, code, last or date.max.replace(day=1), plate, dry=dry_run):
                typer.echo(line)

    with opened(settings, "seal") as connections, progress("Sealing"):
        run_in_loop(work(connections.service))


async def seal_due(
    database: Database, bureau_id: str, last: date, plate: str | None, *, dry: bool = False
) -> AsyncIterator[str]:
    """Seal what is due up to a month, or only look where it is `dry`, and yield a line of each statement.

    A vehicle whose month cannot be sealed keeps no other from it.

    Raises:
        NotFound: there is no such bureau, or no such vehicle.
        DomainError: why the first of those was not sealed that were not, at the end.
    """
    actor = Actor(bureau_id, name=operator("seal"))
    async with database.read(bureau_id) as reader:
        due = [(one, await due_months(reader, one.vehicle_id, last)) for one in await _vehicles(reader, plate)]
    faults: list[DomainError] = []
    for vehicle, months in due:
        for month in months:
            if dry:
                yield f"{vehicle.plate} {month:%Y-%m} is due"
                continue
            try:
                done = await seal_month(database, actor, vehicle.vehicle_id, month)
            except DomainError as fault:
                faults.append(fault)
                yield f"{vehicle.plate} {month:%Y-%m} not sealed: {fault} ({fault.code})"
                break
            yield (
                f"{vehicle.plate} {month:%Y-%m} sealed, SHA-256 {done.statement_sha256}; unaccounted"
                f" {done.unaccounted_m / 1000:.3f} km, open findings {done.open_findings}"
            )
    if faults:
        raise faults[0]
    if not any(months for _, months in due):
        yield "Nothing is due to be sealed."


async def _vehicles(reader: Reader, plate: str | None) -> Sequence[Vehicle]:
    """Return the bureau's vehicles by their plates, or the one that is asked for. Raises `NotFound`."""
    if await reader.get(Bureau) is None:
        raise NotFound("There is no such bureau.", bureau_id=reader.bureau_id)
    asked = select(Vehicle).where(Vehicle.bureau_id == reader.bureau_id).order_by(col(Vehicle.plate))
    if plate is None:
        return await reader.all(asked)
    found = await reader.all(asked.where(Vehicle.plate == plate))
    if not found:
        raise NotFound("There is no such vehicle.", plate=plate)
    return found
