"""`zhuanche move`: the database goes to another server, with every row compared."""

from __future__ import annotations

import os
from typing import Annotated, Final

import typer
from psycopg.conninfo import conninfo_to_dict

from api.cli.connections import check_url, held
from api.cli.interrupted import on_interrupt
from api.cli.progress import progress
from api.move.move import check, place_of, reopen
from api.move.move import move as carry
from api.settings import load_settings

VARIABLE: Final = "MOVE_TO"


def move(
    *,
    to: Annotated[
        str | None,
        typer.Option(envvar=VARIABLE, help="postgresql://… of the new place; with a pass word, say it in MOVE_TO."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check that it can begin.")] = False,
    reopen_here: Annotated[
        bool, typer.Option("--reopen", help="Work on a database again that was moved from.")
    ] = False,
) -> None:
    """Move the database to another PostgreSQL or a Citus cluster. Stop the service first; files stay where they are.

    Interrupted at any moment, it may be run again, and the database it comes from is whole.

    Example: zhuanche move --to postgresql://zhuanche@db.lan/zhuanche --dry-run
    """
    settings = load_settings()
    if (to is None) == (not reopen_here):
        raise typer.BadParameter("name the new place with --to, or --reopen this one")
    if to is not None:
        check_url("The new place", to)
        if to != os.environ.get(VARIABLE) and "password" in conninfo_to_dict(to):
            raise typer.BadParameter(
                f"everybody sees a pass word there in the list of processes: name it in {VARIABLE}"
            )
    with held(settings) as connections:
        if to is None:
            typer.echo("Open again." if reopen(connections.owner_url) else "It was not moved.")
            return
        if dry_run:
            check(connections.owner_url, to)
            typer.echo(f"The move to {place_of(to)} can begin.")
            return
        with (
            on_interrupt(
                "the database is whole where it was. Run the same move again; where all rows had arrived, it only opens"
                " the new place."
            ),
            progress("Preparing") as bar,
        ):
            arrived = carry(connections.owner_url, connections.backup_url, to, bar)
    typer.echo(
        f"Moved to {place_of(to)}: {arrived.rows} rows in {len(arrived.tables)} tables, each compared by SHA-256."
    )
    typer.echo(
        "Set ZHUANCHE_DATABASE_URL (or one URL a role) to the new place, and start the service; keep ZHUANCHE_DATA"
    )
    typer.echo("and ZHUANCHE_FILES_URL as they are. The old database is shut, whole, and yours to delete.")
