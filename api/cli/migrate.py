"""`zhuanche migrate`: bring the database to this release's schema and to the holiday notices that ship with it."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.connections import Connections, database_of, has_database, lent
from api.cli.progress import progress
from api.db.migrate import alembic_config, current_revision, has_no_bureau, waiting_steps
from api.db.migrate import migrate as bring
from api.db.revision import steps
from api.db.roles import OWNER
from api.db.work import working
from api.loop import run_in_loop
from api.settings import Settings, load_settings
from api.usecases.enter_notice import enter_missing_notices
from domain.calendar import load_notice, shipped_years


def migrate(
    dry_run: Annotated[  # noqa: FBT002 - an option of the command line
        bool, typer.Option("--dry-run", help="Only list the migrations that would be run.")
    ] = False,
) -> None:
    """Bring the database to this release's schema; an empty one is set up.

    One with a record is brought there by `zhuanche upgrade`, which makes a backup first; here none is made.

    Example: zhuanche migrate --dry-run
    """
    settings = load_settings()
    if dry_run:
        _list(settings)
        return
    with lent(settings, make=True) as connections, working(connections.lock_url, "migrate"):
        before = current_revision(connections.owner_url)
        if before and waiting_steps(connections.owner_url) and not has_no_bureau(connections.owner_url):
            typer.echo("zhuanche: migrate makes no backup; zhuanche upgrade does, and compares every row.", err=True)
        moved = bring_up(settings, connections)
        after = current_revision(connections.owner_url)
    typer.echo(f"The schema is at revision {after}" + (" already." if before == after else f" (before: {before})."))
    if moved:
        typer.echo(f"Holiday notices of this release are entered; {moved} terms of open complaints moved.")


def bring_up(settings: Settings, connections: Connections) -> int:
    """Bring the schema to this release's and enter its holiday notices; return how many terms that moved."""
    with progress("Bringing the schema up"):
        bring(connections.owner_url)
    return run_in_loop(_enter_shipped(connections.owner_url, settings))


def _list(settings: Settings) -> None:
    if has_database(settings):
        with lent(settings) as connections:
            missing = waiting_steps(connections.owner_url)
    else:
        missing = steps(alembic_config())  # to start the server would make the database
    for one in missing:
        typer.echo(f"{one.revision}  {one.sentence}")
    if not missing:
        typer.echo("No migration waits.", err=True)


async def _enter_shipped(url: str, settings: Settings) -> int:
    async with database_of(url, settings, OWNER) as owner:
        return await enter_missing_notices(owner, map(load_notice, shipped_years()))
