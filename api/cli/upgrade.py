"""`zhuanche upgrade`: to this release, with a backup first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from api.backup.place import folder_of
from api.backup.write import Wanted, Written
from api.cli.backup import AcceptGone, list_erasures, refuse_lost, warn
from api.cli.connections import check_schema, held
from api.cli.interrupted import on_interrupt
from api.cli.migrate import bring_up
from api.cli.progress import progress
from api.db.migrate import waiting_steps
from api.db.revision import Step
from api.db.work import working
from api.files import FileStore
from api.move.upgrade import Before, begun, open_unbegun
from api.move.upgrade import upgrade as go_on
from api.settings import load_settings


def upgrade(
    *,
    to: Annotated[
        Path | None, typer.Option(help="Where the backup goes; else ZHUANCHE_BACKUP_TO, else `backups` in the data.")
    ] = None,
    backed_up: Annotated[
        bool, typer.Option("--backed-up", help="Make no backup: the cluster's own tools have made one.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    accept_gone: AcceptGone = None,
) -> None:
    """Bring the database to this release: a backup first, then the migrations, then a look at every row.

    Stop the service first. Where nothing waits, nothing is done; what an earlier run did not end is gone on with.

    Example: zhuanche upgrade --dry-run
    """
    if backed_up and accept_gone is not None:
        raise typer.BadParameter("--backed-up makes no backup: leave --accept-gone out")
    settings = load_settings()
    folder = to or folder_of(settings)
    with held(settings) as connections:
        url = connections.owner_url
        steps, before = waiting_steps(url), begun(url)
        if not steps and before is None:
            if not dry_run:
                open_unbegun(url)
                check_schema(connections)
                with working(connections.lock_url, "upgrade"):
                    bring_up(settings, connections)  # an earlier run may have ended right before it
            typer.echo("The database is of this release already.")
            return
        if dry_run:
            _plan(steps, before, None if backed_up else folder)
            return
        keys = tuple(filter(None, (key.strip() for key in settings.backup_for.split(","))))
        files, environ = FileStore.of(settings), os.environ
        wanted = Wanted(connections.backup_url, settings, files, environ, folder, keys, accept_gone=accept_gone)
        with (
            on_interrupt(
                "each migration is whole or was not run, and from the first one on nobody works on the database until"
                f" it is run again. Backups lie in {folder}."
            ),
            progress("Backing up") as bar,
        ):
            done = go_on(url, connections.backup_url, None if backed_up else wanted, bar, _hear)
        if done.backup is not None:
            typer.echo(f"Backup: {done.backup.path} {done.backup.size_bytes} bytes, SHA-256 {done.backup.sha256}")
        typer.echo(f"The schema went from revision {done.before.revision} to {done.after}; every row is there.")
        with working(connections.lock_url, "upgrade"):
            moved = bring_up(settings, connections)
        if done.backup is not None:
            list_erasures(done.backup.path.parent, connections.service, settings)
    if moved:
        typer.echo(f"Holiday notices of this release are entered; {moved} terms of open complaints moved.")


def _hear(written: Written) -> None:
    warn(written)
    refuse_lost(written, "upgrade", "no migration is run")


def _plan(steps: list[Step], before: Before | None, folder: Path | None) -> None:
    if before is not None:
        typer.echo(f"An upgrade from revision {before.revision} was begun. {before.named}")
        typer.echo("Every row would be compared with what was there before, after these migrations:")
    else:
        made = f"A backup would be made in {folder}" if folder else "No backup would be made"
        typer.echo(f"{made}, and these migrations run:")
    for one in steps:
        typer.echo(f"{one.revision}  {one.sentence}")
