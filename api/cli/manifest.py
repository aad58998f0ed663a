"""`zhuanche manifest`: what the database holds, as JSON: rows and SHA-256 of each table, the ledger's heads, files."""

from __future__ import annotations

import msgspec
import typer

from api.backup.manifest import snapshot, take_manifest
from api.cli.connections import opened
from api.cli.progress import progress
from api.settings import load_settings


def manifest() -> None:
    """Print what the database holds, so that two can be compared: rows and a SHA-256 of each table.

    The same rows print the same, on whichever server they are, but for `server` and `taken_at`.

    Example: zhuanche manifest > before.json
    """
    with (
        opened(load_settings(), "manifest") as connections,
        snapshot(connections.backup_url) as connection,
        progress("Reading rows") as bar,
    ):
        taken = take_manifest(connection, bar.advance)
    typer.echo(msgspec.json.format(msgspec.json.encode(taken)).decode())
