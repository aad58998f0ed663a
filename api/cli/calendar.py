"""`zhuanche calendar`: enter a year's holiday notice, and move the terms that rested on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.connections import database_of, opened
from api.cli.operator import operator
from api.cli.progress import progress
from api.db.roles import OWNER
from api.loop import run_in_loop
from api.settings import Settings, load_settings
from api.usecases.enter_notice import enter_notice, would_move
from domain.calendar import Notice, read_notice


def calendar(
    notice: Annotated[
        Path, typer.Argument(help="JSON, of the form that docs/operations.md names.", exists=True, dir_okay=False)
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many terms would move; enter nothing.")] = False,
) -> None:
    """Enter the State Council's notice of a year's holidays.

    Terms that rested on the year are counted anew.

    Example: zhuanche calendar notice.json
    """
    read = read_notice(notice.read_bytes())
    settings = load_settings()
    with opened(settings, "calendar") as connections, progress("Counting terms anew"):
        moved = run_in_loop(_enter(connections.owner_url, settings, read, dry_run=dry_run))
    if dry_run:
        typer.echo(f"The notice of {read.year} would be entered; {moved} terms of open complaints would move.")
    else:
        typer.echo(f"The notice of {read.year} is entered; {moved} terms of open complaints moved.")


async def _enter(url: str, settings: Settings, notice: Notice, *, dry_run: bool) -> int:
    async with database_of(url, settings, OWNER) as owner:
        return await (would_move(owner, notice) if dry_run else enter_notice(owner, notice, operator("calendar")))
