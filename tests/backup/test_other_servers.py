"""A backup of one version of PostgreSQL is restored into another: what the product works on is not one version only."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from api.backup.manifest import differences, snapshot, take_manifest
from api.backup.read import check_backup
from api.backup.restore import Into, restore
from api.backup.script import carry
from api.backup.write import Wanted, write_backup
from api.cli.connections import Connections, check_schema
from api.db.datafolder import DataFolder
from api.db.embedded import start
from api.db.migrate import migrate
from api.files import FileStore
from api.settings import Settings
from tests.backup.conftest import Quiet, an_empty_database
from tests.conftest import Server, keep_months
from tests.db.test_move import lived_in
from tests.world import HeldClock

OLD = Path("/usr/lib/postgresql/15")

pytestmark = pytest.mark.one_server


@contextmanager
def fifteen(data: Path) -> Iterator[str]:
    """Yield the URL of an empty database of PostgreSQL 15."""
    folder = DataFolder(data)
    try:
        folder.own(folder.pgdata)
        made = [OLD / "bin/initdb", f"--pgdata={folder.pgdata}", "--username=postgres", "--encoding=UTF8"]
        status, said = folder.account.run([*made, "--locale=C", "--auth=trust", "--no-sync"], 120)
        assert status == 0, said
    finally:
        folder.close()
    with start(data, programs=OLD, durable=False) as server:
        yield server.dsn("postgres")


async def goes_over(source: str, target: str, settings: Settings, clock: HeldClock) -> None:
    """Let a bureau work in a database, back it up, and restore it into another."""
    migrate(source)
    keep_months(source)
    await lived_in(source, settings, clock)
    files = FileStore.of(settings)
    wanted = Wanted(source, settings, files, {}, settings.data / "to")
    written = await asyncio.to_thread(write_backup, wanted, Quiet())
    told = written.contents.database
    into = Into(target, replace(settings, data=settings.data / "new"), files)
    await asyncio.to_thread(lambda: restore(check_backup(written.path, None), None, into, Quiet()))
    with snapshot(target) as connection:
        found = take_manifest(connection)
    assert [one.table for one in differences(told, found)] == ["ledger_outbox", "ledger_payload", "restore"]
    assert told.server != found.server
    check_schema(Connections(target, target, target))


@pytest.mark.skipif(not (OLD / "bin" / "postgres").exists(), reason="PostgreSQL 15 is not on this machine")
@pytest.mark.parametrize("to_fifteen", [True, False], ids=["17-to-15", "15-to-17"])
async def test_a_backup_is_restored_into_another_version(
    server: Server, settings: Settings, clock: HeldClock, tmp_path: Path, *, to_fifteen: bool
) -> None:
    """From the embedded database to one of the house's own, and back."""
    own = replace(settings, data=tmp_path / "data")
    with fifteen(tmp_path / "fifteen") as old, an_empty_database(server) as new:
        await goes_over(new if to_fifteen else old, old if to_fifteen else new, own, clock)


class Kept(io.BytesIO):
    """What was handed on, though it is closed."""

    def close(self) -> None:
        """Stay readable."""


def handed_on(script: bytes) -> tuple[bytes, bool]:
    """Return what of a script goes to the server, and whether it was guarded."""
    into, guarded = Kept(), threading.Event()
    carry(io.BytesIO(script), into, guarded)
    return into.getvalue(), guarded.is_set()


def test_a_dump_that_was_made_up_runs_no_command_of_the_shell() -> None:
    """Without the line by which psql stops to heed its own commands, nothing reaches it."""
    assert handed_on(b"-- a dump\n\n\\! touch /outside\n\\restrict x\n") == (b"-- a dump\n\n", False)
    whole = b"-- a dump\n\\restrict x\nSELECT 1;\n"
    assert handed_on(whole) == (whole, True)


def test_only_what_a_server_may_not_know_is_left_out_and_no_row_ever() -> None:
    """A note may say the same words."""
    left_out = b'SET transaction_timeout = 0;\nALTER TABLE ONLY public.a ALTER COLUMN "is" SET (pg_attver=12);\n'
    rows = b"COPY public.note (text) FROM stdin;\n" + left_out + b"\\.\n"
    assert handed_on(b"\\restrict x\n" + left_out + rows + left_out + b"SELECT 1;\n")[0] == (
        b"\\restrict x\n" + rows + b"SELECT 1;\n"
    )
