"""`zhuanche upgrade-db`: PostgreSQL's next major version under the embedded database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.connections import NoDatabase, named
from api.cli.interrupted import on_interrupt
from api.cli.progress import progress
from api.move.server import confirm, kept, majors_of, upgrade_server
from api.settings import load_settings


def upgrade_db(
    *,
    old: Annotated[
        Path | None,
        typer.Option("--from", help="Folder of the old PostgreSQL's programs, with bin/postgres in it."),
    ] = None,
    confirm_it: Annotated[
        bool, typer.Option("--confirm", help="Delete what was kept of the old database: the new one is good.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which versions there are, and what --confirm would delete.")
    ] = False,
) -> None:
    """Bring the embedded database to the PostgreSQL of this release: all rows go over and are compared.

    The old one is kept until --confirm.

    Example: zhuanche upgrade-db --from /usr/lib/postgresql/15
    """
    settings = load_settings()
    if named(settings) is not None:
        raise NoDatabase("ZHUANCHE_DATABASE_URL names another PostgreSQL, whose versions are its own operator's.")
    if dry_run:
        majors = majors_of(settings.data)
        typer.echo(f"The database is of PostgreSQL {majors.there or '—'}, this release brings {majors.brought}.")
        if confirm_it:
            lies = kept(settings.data)
            typer.echo("Would be deleted: " + ", ".join(map(str, lies)) if lies else "Nothing was kept.")
        return
    if confirm_it:
        gone = confirm(settings.data)
        typer.echo("Deleted: " + ", ".join(map(str, gone)) if gone else "Nothing was kept.")
        return
    with (
        on_interrupt("the old database is whole, and the same command may be run again."),
        progress("Preparing") as bar,
    ):
        arrived = upgrade_server(settings.data, old, bar)
    if arrived is None:
        typer.echo("What an earlier run had begun is done.")
    else:
        typer.echo(f"{arrived.rows} rows in {len(arrived.tables)} tables came over, each compared by SHA-256.")
    there = majors_of(settings.data).there
    typer.echo(f"The database is of PostgreSQL {there}; the old one is kept until `zhuanche upgrade-db --confirm`.")
