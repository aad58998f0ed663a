"""`zhuanche backup`, `zhuanche backup-key`: one file with all that is there, and the key that opens it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Annotated, Final

import typer

from api.addresses import without_secrets
from api.backup.copy import copy_away
from api.backup.encryption import make_key
from api.backup.faults import BackupFailed, CopyFailed
from api.backup.place import folder_of, noted, state_of
from api.backup.write import Wanted, Written, write_backup
from api.cli.connections import opened
from api.cli.erase import keep_list, steps_on
from api.cli.interrupted import on_interrupt
from api.cli.progress import progress
from api.clock import wall_clock
from api.files import FileStore
from api.loop import run_in_loop
from api.settings import Settings, load_settings
from domain.errors import DomainError

AcceptGone = Annotated[
    int | None, typer.Option("--accept-gone", min=1, help="Give up so many attachments that are lost for good.")
]
LOWER: Final = 10
"""By how much a backup leaves the processor to the service."""


def backup(
    to: Annotated[
        Path | None,
        typer.Option(help="A folder, or a new file (….tar); else ZHUANCHE_BACKUP_TO, else `backups` in the data."),
    ] = None,
    encrypt_for: Annotated[
        list[str] | None, typer.Option("--for", help="Public key to encrypt to (age1…); else ZHUANCHE_BACKUP_FOR.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="How many of the folder to keep; else ZHUANCHE_BACKUP_KEEP.")
    ] = None,
    *,
    copy_only: Annotated[
        bool, typer.Option("--copy-only", help="Make none: copy what the object store lacks of the folder.")
    ] = False,
    accept_gone: AcceptGone = None,
) -> None:
    """Back up everything into one file, while the service runs: database, attachments, keys and settings.

    Keys and secrets go along only where the backup is encrypted. Of a folder the newest are kept, and the newest of
    each of the last twelve months. With ZHUANCHE_BACKUP_COPY the backup is copied to that object store too.

    Example: zhuanche backup --to /media/stick --for age1…
    """
    if copy_only and accept_gone is not None:
        raise typer.BadParameter("--copy-only makes no backup: leave --accept-gone to the one that lacks attachments")
    settings = load_settings()
    with contextlib.suppress(OSError):  # a filter of system calls, as of the unit, may refuse it: no reason for none
        os.nice(LOWER)
    folder = to or folder_of(settings)
    if copy_only:
        _copy_only(settings, folder)
        return
    keys = tuple(encrypt_for or filter(None, (key.strip() for key in settings.backup_for.split(","))))
    keep = keep or settings.backup_keep
    with contextlib.ExitStack() as held:
        with on_interrupt("no backup was made, and nothing is left of it."):
            held.enter_context(noted(folder) if to is None else contextlib.nullcontext())
            connections = held.enter_context(opened(settings, "backup"))
            files = FileStore.of(settings)
            wanted = Wanted(connections.backup_url, settings, files, os.environ, folder, keys, keep, accept_gone)
            with progress("Backing up") as bar:
                written = write_backup(wanted, bar)
        with on_interrupt(f"{written.path} is whole."):
            warn(written)
            list_erasures(written.path.parent, connections.service, settings)
            if settings.backup_copy is not None:
                _copy(settings.backup_copy, written, keep)  # and the list with it
            refuse_lost(written)
            held.close()
    typer.echo(f"{written.path} {written.size_bytes} bytes, SHA-256 {written.sha256}")


def _copy(url: str, written: Written, keep: int) -> None:
    with (
        on_interrupt(f"{written.path} is whole, and its copy in the object store is not there."),
        progress(f"Copying to {without_secrets(url)}"),
    ):
        try:
            copy_away(url, written.path, None if written.lost else keep, written.contents.database.taken_at)
        except CopyFailed:
            refuse_lost(written)  # that weighs more, and the copy is made up for by the next backup
            raise


def _copy_only(settings: Settings, folder: Path) -> None:
    url, state = settings.backup_copy, state_of(folder, wall_clock())
    if url is None:
        raise typer.BadParameter("name the object store in ZHUANCHE_BACKUP_COPY")
    if state.newest is None:
        raise BackupFailed(f"There is no backup in {folder}.")
    with (
        on_interrupt("the backups are whole, and not all are in the object store."),
        noted(folder) if state.failure is None or state.failure.is_copy else contextlib.nullcontext(),
        progress(f"Copying to {without_secrets(url)}"),
    ):
        copy_away(url, state.newest, None, wall_clock(), is_new=False)
    typer.echo(f"{without_secrets(url)} has the backups of {folder}.")


def refuse_lost(written: Written, command: str = "backup", so_long: str = "no older backup is deleted") -> None:
    """Raise `BackupFailed` where the store of attachments lacks some that nobody gave up: is it there?"""
    if written.lost:
        first, count = written.lost[0], len(written.lost)
        raise BackupFailed(
            f"{written.path} is whole, but for {count} attachments on record that the store does not have, the first:"
            f" {first.bureau_id} {first.sha256}: is ZHUANCHE_FILES_URL given, and its disk mounted? Until they are back"
            f" {so_long}. Where they are lost for good, `zhuanche {command} --accept-gone {count}` gives them up (with"
            " --to, where it was given)."
        )


def list_erasures(folder: Path, url: str, settings: Settings) -> None:
    """Keep the list of erasures beside the backups; one that cannot be read now is kept by the next of them."""
    try:
        keep_list(folder, run_in_loop(steps_on(url, settings)))
    except DomainError as fault:
        typer.echo(f"The list of erasures beside the backups is as it was. {fault}", err=True)


def warn(written: Written) -> None:
    """Say what is not in it, and what was deleted."""
    contents = written.contents
    if contents.left_out:
        typer.echo(f"Not encrypted, so left out: {', '.join(contents.left_out)}.", err=True)
    if contents.gone:
        first = contents.gone[0]
        typer.echo(
            f"{len(contents.gone)} attachments on record are not in the store any more, the first:"
            f" {first.bureau_id} {first.sha256}.",
            err=True,
        )
    if written.dropped:
        typer.echo(f"Deleted as outdated: {', '.join(written.dropped)}.", err=True)


def backup_key(
    path: Annotated[Path, typer.Argument(help="New file for the private key.")],
) -> None:
    """Make a key pair for backups: the private key goes into the file, the public one is printed.

    Keep the file away from this machine, and once more on paper: without it no encrypted backup can be opened, and
    whoever has it opens them all.

    Example: zhuanche backup-key backup.key
    """
    try:
        with on_interrupt("no key was made."):
            public = make_key(path, wall_clock())
    except FileExistsError as fault:
        raise BackupFailed(f"{path} is there already: a key is never overwritten.") from fault
    except OSError as fault:
        raise BackupFailed(f"{path} cannot be written: {fault.strerror}.") from fault
    typer.echo(public)
