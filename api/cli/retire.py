"""`zhuanche retire`: let a month of positions go whose time is over."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from api.cli.connections import database_of, opened
from api.cli.operator import operator
from api.cli.progress import progress
from api.db.roles import OWNER
from api.loop import run_in_loop
from api.settings import Settings, load_settings
from api.usecases.retire_month import Retired, retire_month


def _month(asked: str) -> date:
    try:
        return date.fromisoformat(f"{asked}-01")
    except ValueError as fault:
        raise typer.BadParameter("a month such as 2021-05") from fault


def retire(
    month: Annotated[str, typer.Option(help="The month (UTC) whose positions go, such as 2021-05.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go and what speaks against it; change nothing.")
    ] = False,
) -> None:
    """Retire a month of positions: they are measured and hashed, a fact in the ledger of each bureau, and gone.

    Refused while a bureau keeps them by its setting, or a statement they are in is not sealed.

    Example: zhuanche retire --month 2021-05 --dry-run
    """
    settings, of = load_settings(), _month(month)
    with opened(settings, "retire") as connections:
        done = run_in_loop(_retire(connections.owner_url, settings, of, dry_run=dry_run))
    for one in done:
        typer.echo(
            f"{one.bureau_id} {month} {'would be retired' if dry_run else 'retired'}: {one.fix_count} fixes,"
            f" {one.first_at:%Y-%m-%dT%H:%M:%SZ} to {one.last_at:%Y-%m-%dT%H:%M:%SZ}, SHA-256 {one.sha256}"
        )
    if not done:
        typer.echo(f"No bureau has positions of {month}{'.' if dry_run else '; the empty month is gone.'}")


async def _retire(url: str, settings: Settings, month: date, *, dry_run: bool) -> list[Retired]:
    with progress("Retiring") as bar:
        async with database_of(url, settings, OWNER, is_final=True) as owner:
            owner.space = None  # it makes room
            by = operator("retire")
            return await retire_month(owner, month, by, bar, dry_run=dry_run)
