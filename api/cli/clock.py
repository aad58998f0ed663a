"""`zhuanche clock`: what the database's clock says and what speaks against it, and whether it counts all the same."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.connections import database_of, opened
from api.cli.operator import operator
from api.clock import wall_clock
from api.db.ledger_entry import new_id
from api.db.roles import SERVICE
from api.first_look import Look, first_look
from api.loop import run_in_loop
from api.settings import Settings, load_settings
from api.usecases.record_clock_jump import ClockJump, record_clock_jump
from domain.clock import Doubt


def clock(
    accept: Annotated[
        str | None, typer.Option(help="Let the database's clock count although it is doubted or held: why it is right.")
    ] = None,
) -> None:
    """Say what the database's clock says and what speaks against it; exit code 1 where something does.

    With --accept that time counts from now on: services that held or waited go by it, and each bureau's record says
    who let it count, and why. Look at another clock first: what is recorded at a wrong time stays so. Where a time
    server says otherwise it does not count: name another one first, or none.

    Example: zhuanche clock --accept "battery was empty; compared with the telephone's time announcement"
    """
    settings = load_settings()
    with opened(settings, "clock") as connections:
        look = run_in_loop(_clock(connections.service, settings, accept))
    typer.echo(f"The database's clock says {look.at:%Y-%m-%d %H:%M:%S} UTC.{look.newest_told}")
    if accept is None:
        look.trusted()
        typer.echo("Nothing speaks against it.")
    else:
        typer.echo("It counts, and the record says so.")


async def _clock(url: str, settings: Settings, accept: str | None) -> Look:
    async with database_of(url, settings, SERVICE, wall_clock) as database:
        look = await first_look(database, settings.time_server, ask=True)
        if accept is not None and look.doubt in {Doubt.OTHERWISE, Doubt.BEFORE_RELEASE}:
            look.trusted()  # it would be doubted again at each start
        if accept is not None:
            database.clock = look.clock
            from_at = look.newest or look.at
            jump = ClockJump(jump_id=new_id(), noticed_at=look.at, from_at=from_at, to_at=look.at, followed=True)
            for bureau_id in await database.bureaus():
                by = {"by": operator("clock"), "why": accept}
                await record_clock_jump(database, bureau_id, jump, by=by)
        return look
