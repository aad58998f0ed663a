"""`zhuanche migrate`: bring the database to this release's schema."""

from __future__ import annotations

import typer

from api.cli.connections import lent
from api.db.migrate import current_revision
from api.db.migrate import migrate as bring
from api.settings import load_settings


def migrate() -> None:
    """Bring the database to this release's schema; an empty one is set up."""
    with lent(load_settings()) as connections:
        before = current_revision(connections.owner_url)
        bring(connections.owner_url)
        after = current_revision(connections.owner_url)
    typer.echo(f"The schema is at revision {after}" + (" already." if before == after else f" (before: {before})."))
