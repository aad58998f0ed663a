"""`zhuanche distribute`: spread the tables over a Citus cluster by bureau."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.connections import NoDatabase, check_schema, named
from api.cli.progress import progress
from api.db.distribute import distribute as distribute_schema
from api.db.work import working
from api.settings import load_settings


def distribute(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be distributed.")] = False,
) -> None:
    """Distribute the schema by bureau on a Citus cluster; run again, it changes nothing.

    Example: ZHUANCHE_DATABASE_URL=postgresql://zhuanche@coordinator.lan/zhuanche zhuanche distribute
    """
    connections = named(load_settings())
    if connections is None:
        raise NoDatabase("The embedded database is one server: set ZHUANCHE_DATABASE_URL to a Citus coordinator.")
    with working(connections.lock_url, "distribute"):
        check_schema(connections)
        with progress("Distributing"):
            done = distribute_schema(connections.owner_url, dry_run=dry_run)
    typer.echo(
        f"{len(done.by_bureau)} tables by bureau, {len(done.reference)} on every node and {len(done.functions)}"
        f" functions {'would be' if dry_run else 'were'} distributed."
    )
