"""`zhuanche init`: set a bureau up, from a file or by asking."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api.cli.connections import check_schema, database_of, has_database, lent
from api.cli.migrate import bring_up
from api.cli.progress import progress
from api.db.database import Database
from api.db.migrate import current_revision, has_no_bureau
from api.db.roles import OWNER
from api.db.work import working
from api.loop import run_in_loop
from api.settings import Settings, load_settings

if TYPE_CHECKING:
    from api.init.answers import Answers


UNSAVED: Final = "No backup is made by itself until ZHUANCHE_BACKUP_TO names a folder on another disk (docs/backup.md)."


def init(
    file: Annotated[
        Path | None, typer.Option(help="TOML with the answers (docs/install.md).", exists=True, dir_okay=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and make nothing.")] = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Set a bureau up: boundary, desk, administrator, custodian, vehicle with its base, settings.

    A database without a bureau gets its schema first. Run again it makes what is missing and changes nothing that is
    there.

    Example: zhuanche init --file bureau.toml --dry-run
    """
    settings = load_settings()
    anew = not has_database(settings)
    told = _told(file, anew=anew)
    if dry_run and anew:
        run_in_loop(_run(None, settings, told, dry=True))
        return
    with (
        progress("Setting up"),
        lent(settings, make=True) as connections,
        working(connections.lock_url, "init"),
    ):
        url: str | None = connections.owner_url
        if current_revision(connections.owner_url) is not None and not has_no_bureau(connections.owner_url):
            check_schema(connections)
        elif dry_run:
            url = None
        else:
            _check_passwords(told)
            bring_up(settings, connections)
        run_in_loop(_run(url, settings, told, dry=dry_run))
    if settings.backup_to is None and not dry_run:
        typer.echo(UNSAVED)


def _told(file: Path | None, *, anew: bool) -> Answers:
    """Return the answers; `anew`: there is nothing yet, so that pass words are needed, before anything is made."""
    from api.init.answers import BadAnswers, read_answers  # noqa: PLC0415 - with it comes what checks requests
    from api.init.ask import ask  # noqa: PLC0415 - the same

    if file is not None:
        told = read_answers(file)
        if anew:
            _check_passwords(told)
        return told
    if not sys.stdin.isatty():
        raise BadAnswers("There is no terminal to ask at: name a file with the answers, --file bureau.toml.")
    return ask()


def _check_passwords(told: Answers) -> None:
    """Check that they can be read, where nothing is there yet and nothing is to be made without them."""
    from api.init.answers import check_passwords  # noqa: PLC0415 - with it comes what checks requests

    check_passwords(told)


async def _run(url: str | None, settings: Settings, told: Answers, *, dry: bool) -> None:
    from api.init.set_up import set_up  # noqa: PLC0415 - with it comes what checks requests

    async with _owner(url, settings) as owner:
        async for step in set_up(owner, told, dry=dry):
            for line in step.lines():
                typer.echo(line)


@contextlib.asynccontextmanager
async def _owner(url: str | None, settings: Settings) -> AsyncIterator[Database | None]:
    if url is None:
        yield None
        return
    async with database_of(url, settings, OWNER) as owner:
        yield owner
