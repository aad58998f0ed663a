"""`zhuanche erase`: personal data of a complaint's parties, restricted, lifted or erased."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer

from api.backup.erasures import Listed, ListUnreadable, add_to_list, as_json, steps_taken
from api.backup.place import folder_of
from api.cli.connections import database_of, opened
from api.cli.operator import operator
from api.cli.progress import progress
from api.cli.user import Code
from api.clock import wall_clock
from api.db.queries.named_people import Named
from api.db.roles import OWNER, SERVICE
from api.files import FileStore
from api.loop import run_in_loop
from api.settings import Settings, load_settings
from api.usecases.erase_person_data import Done, Wanted, erase_person_data
from api.usecases.sweep_files import erase_files
from domain.erasure import Ground, Step
from domain.errors import DomainError

app = typer.Typer(
    no_args_is_help=True,
    help="Restrict personal data of a complaint's parties, lift that, or erase it for ever (PIPL art. 47).",
)

TRIES: Final = 5
"""How often files are tried to be taken out, a second apart, while a backup copies."""

Number = Annotated[str, typer.Argument(help="Number of the complaint.")]
OnGround = Annotated[Ground, typer.Option("--ground", help="Item of art. 47.")]
DecidedBy = Annotated[str, typer.Option(help="Login of the custodian or desk chief who decided it.")]
ConfirmedBy = Annotated[str, typer.Option(help="Login of another: custodian, desk chief or auditor.")]
Found = Annotated[
    list[UUID] | None, typer.Option("--found", help="What was found by their names alone, and is theirs: its id.")
]
Words = Annotated[
    Path | None, typer.Option("--words", help="File with other names and numbers of theirs to look for, one a line.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would change; change nothing.")]


@app.command("restrict")
def restrict(
    code: Code,
    number: Number,
    *,
    ground: OnGround,
    decided_by: DecidedBy,
    confirmed_by: ConfirmedBy,
    found: Found = None,
    words: Words = None,
    dry_run: DryRun = False,
) -> None:
    """Take it out of every record that anybody reads; it can be lifted.

    Example: zhuanche erase restrict 350302 2021-000001 --ground purpose-achieved
    --decided-by desk_chief --confirmed-by custodian
    """
    wanted = Wanted(
        number=number, step=Step.RESTRICTED, ground=ground, decided_by=decided_by, confirmed_by=confirmed_by
    )
    _take(code, wanted, found, words, dry_run=dry_run)


@app.command("lift")
def lift(
    code: Code,
    number: Number,
    *,
    ground: OnGround,
    decided_by: DecidedBy,
    confirmed_by: ConfirmedBy,
    dry_run: DryRun = False,
) -> None:
    """Put it back, byte for byte.

    Example: zhuanche erase lift 350302 2021-000002 --ground purpose-achieved
    --decided-by desk_chief --confirmed-by custodian
    """
    wanted = Wanted(number=number, step=Step.LIFTED, ground=ground, decided_by=decided_by, confirmed_by=confirmed_by)
    _take(code, wanted, dry_run=dry_run)


@app.command("erase")
def erase(
    code: Code,
    number: Number,
    *,
    ground: OnGround,
    decided_by: DecidedBy,
    confirmed_by: ConfirmedBy,
    found: Found = None,
    words: Words = None,
    dry_run: DryRun = False,
) -> None:
    """Destroy what was restricted, the salts of its commitments and the files. Nobody brings it back.

    Example: zhuanche erase erase 350302 2021-000002 --ground unlawful
    --decided-by desk_chief --confirmed-by custodian
    """
    wanted = Wanted(number=number, step=Step.ERASED, ground=ground, decided_by=decided_by, confirmed_by=confirmed_by)
    _take(code, wanted, found, words, dry_run=dry_run)


@app.command("files")
def files(code: Code) -> None:
    """Take erased files out of the store that an erasing could not reach; again, it finds none.

    Example: zhuanche erase files 350302
    """
    settings = load_settings()
    folder = folder_of(settings)
    with opened(settings, "erase") as connections:
        with progress("Taking files out of the store"):
            gone, left = run_in_loop(_files_out(connections.owner_url, settings, code))
        bring_list_up(folder, connections.owner_url, settings)
    typer.echo(f"{gone} files taken out of the store.")
    _tell_left(code, left)


@app.command("list")
def list_() -> None:
    """Print every step of every bureau as JSON, with nobody's data, to be given to `zhuanche restore --erasures`.

    The same list is kept beside the backups.

    Example: zhuanche erase list > erasures.json
    """
    settings = load_settings()
    with opened(settings, "erase") as connections:
        steps = run_in_loop(steps_on(connections.service, settings))
    typer.echo(as_json(steps), nl=False)


async def steps_on(url: str, settings: Settings, role: str = SERVICE) -> list[Listed]:
    """Return every step that a database has."""
    async with database_of(url, settings, role, wall_clock) as database:
        return await steps_taken(database)


def words_of(path: Path | None) -> frozenset[str]:
    """Return the lines of a file: names are no argument, which everybody on the machine can read."""
    if path is None:
        return frozenset()
    try:
        return frozenset(path.read_text("utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as fault:
        raise typer.BadParameter(f"{path} cannot be read") from fault


def _take(
    code: str, asked: Wanted, found: list[UUID] | None = None, words: Path | None = None, *, dry_run: bool
) -> None:
    settings, wanted = load_settings(), replace(asked, found=frozenset(found or ()), words=words_of(words))
    folder, step = folder_of(settings), wanted.step

    async def work(url: str) -> Done:
        async with database_of(url, settings, OWNER) as owner:
            return await erase_person_data(owner, code, wanted, operator("erase"), dry_run=dry_run)

    with opened(settings, "erase") as connections:
        with progress("Looking through every table"):
            done = run_in_loop(work(connections.owner_url))
        # It is done: whatever fails from here on is told beside it.
        rows = ", ".join(f"{table} {count}" for table, count in sorted(done.rows.items()))
        typer.echo(f"{wanted.number} {'would be ' if dry_run else ''}{step.value}: {rows}; {done.files} files")
        tell_named(done.named)
        if dry_run:
            return
        bring_list_up(folder, connections.owner_url, settings)
        if step is Step.ERASED:
            take_files_out(connections.owner_url, settings, code)


async def _files_out(url: str, settings: Settings, code: str) -> tuple[int, int]:
    gone = left = 0
    async with database_of(url, settings, OWNER) as owner:
        for _ in range(TRIES):
            more, left = await erase_files(owner, FileStore.of(settings), code)
            gone += more
            if not left:
                break
            await asyncio.sleep(1)
    return gone, left


def take_files_out(url: str, settings: Settings, code: str) -> None:
    """Take what was just erased out of the store; where that fails, say what is to be done."""
    try:
        gone, left = run_in_loop(_files_out(url, settings, code))
    except DomainError as fault:
        typer.echo(f"Its files are in the store yet: run zhuanche erase files {code}. {fault}", err=True)
        return
    if gone:
        typer.echo(f"{gone} files taken out of the store.")
    _tell_left(code, left)


def _tell_left(code: str, left: int) -> None:
    if left:
        typer.echo(f"{left} files are in the store yet: a backup copies. Run zhuanche erase files {code}.", err=True)


def tell_named(named: Sequence[Named]) -> None:
    """Say where the parties are named still; never with what words."""
    for row_id, table in sorted({(str(one.row_id), one.table) for one in named if one.row_id is not None}):
        typer.echo(f"{table} {row_id} names a party: look at it, and take it out too by --found {row_id}", err=True)
    others = Counter(f"{one.table}.{one.column}" for one in named if one.row_id is None)
    if others:
        told = ", ".join(f"{place} {count}" for place, count in sorted(others.items()))
        typer.echo(f"Named still, of them or of others called so, and not taken out by this step: {told}", err=True)


def bring_list_up(folder: Path, url: str, settings: Settings) -> None:
    """Bring the list beside the backups up to date with what a database has."""
    try:
        steps = run_in_loop(steps_on(url, settings, OWNER))
    except DomainError as fault:
        _tell_old_list(folder, str(fault))
    else:
        keep_list(folder, steps)


def keep_list(folder: Path, steps: list[Listed]) -> None:
    """Bring the list beside the backups up to date; where that fails, say so: what was done is done."""
    try:
        add_to_list(folder, steps)
    except (OSError, ListUnreadable) as fault:
        _tell_old_list(folder, fault.strerror or str(fault) if isinstance(fault, OSError) else str(fault))


def _tell_old_list(folder: Path, why: str) -> None:
    typer.echo(f"The list of erasures in {folder} is not up to date, keep one by hand: {why}", err=True)
