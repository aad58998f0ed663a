"""`zhuanche restore`: bring a backup back into an empty place, checked row by row."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.addresses import without_secrets
from api.backup.erasures import NAME, Listed, ListUnreadable, read_list, undone
from api.backup.fetch import fetch, fetch_list, look_for
from api.backup.place import folder_of
from api.backup.read import Checked, check_backup
from api.backup.restore import SETTINGS, Into, Restored, refuse_newer
from api.backup.restore import restore as bring_back
from api.cli.connections import Connections, database_of, named
from api.cli.erase import keep_list
from api.cli.interrupted import on_interrupt
from api.cli.progress import progress
from api.clock import wall_clock
from api.db.embedded import start
from api.db.roles import INGEST, OWNER, SERVICE
from api.files import FileStore
from api.loop import run_in_loop
from api.settings import Settings, load_settings
from domain.erasure import Step
from domain.errors import DomainError


def restore(
    path: Annotated[
        Path | None, typer.Argument(help="The backup; with --from its name there, else the newest.", show_default=False)
    ] = None,
    key: Annotated[Path | None, typer.Option(help="File with its private key, where it is encrypted.")] = None,
    *,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="Object store of its copy, as in ZHUANCHE_BACKUP_COPY: it is brought here first."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", "--dry-run", help="Only read all of it, and say what it holds.")
    ] = False,
    erasures: Annotated[
        Path | None, typer.Option(help="List of erasures, from a newer record; else erasures.json beside the backup.")
    ] = None,
    even_altered: Annotated[
        bool, typer.Option(help="Restore also a record that its own ledger does not fit; the record will say so.")
    ] = False,
) -> None:
    """Restore a backup into an empty place: a new data folder, or an empty database.

    The whole file is read and checked first. Then every row, every attachment and every ledger entry is checked once
    more where it was brought to, the schema is brought to this release's, and each bureau's record says that it was
    rolled back. Whatever goes wrong, nothing stays.

    With --from it is brought into the working directory first, and stays there.

    Example: ZHUANCHE_DATA=new zhuanche restore zhuanche-20261126T020000Z.tar.age --key backup.key
    """
    settings = load_settings()
    if from_ is not None:
        path = _brought_here(from_, path)
    if path is None:
        raise typer.BadParameter("name the backup, or the object store of its copy with --from")
    listed = _listed(path, erasures)
    with contextlib.ExitStack() as place:
        with on_interrupt("nothing was restored, and nothing is left of it."):
            checked = _checked(path, key)
            _tell(checked)
            if check:
                refuse_newer(checked)
                return
            connections = place.enter_context(_place(settings))
            into = Into(connections.owner_url, settings, FileStore.of(settings))
            with progress("Restoring") as bar:
                restored = bring_back(checked, key, into, bar, even_altered=even_altered)
        with on_interrupt("it was restored, whole and checked; zhuanche doctor names what is to be erased again."):
            _tell_restored(restored, settings)
            again = _to_erase_again(listed, connections.owner_url, settings)
            place.close()
    tell_erasures(listed, again, checked.contents.database.taken_at)


def _tell_restored(restored: Restored, settings: Settings) -> None:
    contents = restored.checked.contents
    typer.echo(
        f"Restored and checked, {restored.ledger.entries} ledger entries included. What was recorded after"
        f" {contents.database.taken_at.isoformat(timespec='seconds')} is not here; everybody signs in anew."
    )
    typer.echo(f"The settings it was backed up with are in {settings.data / SETTINGS}.", err=True)
    if contents.left_out:
        typer.echo(f"It was backed up without {', '.join(contents.left_out)}.", err=True)


def _to_erase_again(listed: list[Listed] | None, url: str, settings: Settings) -> list[Listed]:
    """Return what personal data is back; where that cannot be looked up, say so: all is restored nevertheless."""
    if listed is None:
        return []
    keep_list(folder_of(settings), listed)
    try:
        return run_in_loop(_undone(url, settings, listed))
    except DomainError as fault:
        typer.echo(f"What is to be erased again is not known yet: zhuanche doctor names it. {fault}", err=True)
        return []


def _listed(path: Path, erasures: Path | None) -> list[Listed] | None:
    """Return the list that is given or lies beside the backup, or None where there is none."""
    beside = path.parent / NAME
    if erasures is None and not beside.exists():
        return None
    if erasures is not None and not erasures.exists():
        raise ListUnreadable(f"There is no file {erasures}.")
    return read_list(erasures or beside)


async def _undone(url: str, settings: Settings, listed: list[Listed]) -> list[Listed]:
    async with database_of(url, settings, OWNER, wall_clock) as database:
        return [step for bureau_id in await database.bureaus() for step in await undone(database, bureau_id, listed)]


def tell_erasures(listed: list[Listed] | None, again: list[Listed], taken_at: datetime) -> None:
    """Say what personal data is back, as far as it is known."""
    if listed is None:
        typer.echo(
            f"Personal data erased after {taken_at.isoformat(timespec='seconds')} is back, and nobody knows which:"
            f" there is no {NAME} beside the backup. Look into the newer record, or its printed list, and erase again.",
            err=True,
        )
    for step in again:
        typer.echo(
            f"Back, though {step.step} on {step.recorded_at:%Y-%m-%d}: {step.bureau_id} {step.number}. Do it again:"
            f" zhuanche erase restrict {step.bureau_id} {step.number} --ground {step.ground}"
            + (" …, and zhuanche erase erase." if step.step is Step.ERASED else " …"),
            err=True,
        )


def _brought_here(url: str, path: Path | None) -> Path:
    with on_interrupt("nothing was restored, and nothing is left of it."):
        name, size = look_for(url, None if path is None else str(path), wall_clock())
        with progress(f"Fetching {name}", size) as bar:
            brought = fetch(url, name, size, Path(), bar.advance)
        fetch_list(url, Path())
    typer.echo(
        f"{brought.absolute()} was brought here from {without_secrets(url)}, {size} bytes, and stays here.", err=True
    )
    return brought


def _checked(path: Path, key: Path | None) -> Checked:
    size = path.stat().st_size if path.exists() else None
    with progress(f"Reading {path.name}", size) as bar:
        return check_backup(path, key, bar.advance)


def _tell(checked: Checked) -> None:
    contents = checked.contents
    typer.echo(
        f"A whole backup of {contents.database.taken_at.isoformat(timespec='seconds')}, SHA-256 {checked.sha256}:"
        f" {contents.database.rows} rows in {len(contents.database.tables)} tables,"
        f" {len(contents.database.files) - len(contents.gone)} attachments,"
        f" by zhuanche {contents.database.product}, schema {contents.database.schema}."
    )
    if contents.gone:
        typer.echo(f"{len(contents.gone)} attachments were gone already when it was made.", err=True)


@contextmanager
def _place(settings: Settings) -> Iterator[Connections]:
    """Yield the connections of a database that nobody serves meanwhile."""
    connections = named(settings)
    if connections is not None:
        yield connections
        return
    with start(settings.data) as server:
        yield Connections(server.dsn("postgres"), server.dsn(SERVICE), server.dsn(INGEST), server)
