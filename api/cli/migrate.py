"""`zhuanche migrate`: bring the database to this release's schema and to the holiday notices that ship with it."""

from __future__ import annotations

import asyncio

import typer

from api.cli.connections import database_of, lent
from api.db.migrate import current_revision
from api.db.migrate import migrate as bring
from api.db.roles import OWNER
from api.settings import Settings, load_settings
from api.usecases.enter_notice import enter_missing_notices
from domain.calendar import load_notice, shipped_years


def migrate() -> None:
    """Bring the database to this release's schema; an empty one is set up."""
    settings = load_settings()
    with lent(settings) as connections:
        before = current_revision(connections.owner_url)
        bring(connections.owner_url)
        after = current_revision(connections.owner_url)
        moved = asyncio.run(_enter_shipped(connections.owner_url, settings))
    typer.echo(f"The schema is at revision {after}" + (" already." if before == after else f" (before: {before})."))
    if moved:
        typer.echo(f"Holiday notices of this release are entered; {moved} terms of open complaints moved.")


async def _enter_shipped(url: str, settings: Settings) -> int:
    async with database_of(url, settings, OWNER) as owner:
        return await enter_missing_notices(owner, map(load_notice, shipped_years()))
