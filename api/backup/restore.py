"""Bring a backup back into an empty place: all of it, checked row by row and file by file, or nothing.

From the first to the last moment the database holds a mark (`RESTORING`), and no command of the product uses a database
that has it. Whatever goes wrong, what was brought is taken away again; where the process was killed, the mark stays,
and the next restore begins anew.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import psycopg

from api.backup.archive import Member
from api.backup.commitments import LedgerCheck, check_ledger
from api.backup.faults import RestoreFailed, RestoreRefused
from api.backup.manifest import differences, snapshot, take_manifest
from api.backup.read import Checked, opened, read_members
from api.backup.script import restoring
from api.clock import SteadyClock
from api.db.database import Database
from api.db.engine import LINE, NOTICED
from api.db.faults import DiskFull
from api.db.migrate import alembic_config, migrate, owner_engine
from api.db.revision import RESTORES, RESTORING, UnknownSchema, steps
from api.db.roles import OWNER, ensure_roles
from api.db.work import HoldLost, alone
from api.files import FileStore
from api.first_look import database_time
from api.loop import run_in_loop
from api.settings import Settings
from api.told import Told
from api.usecases.record_restore import RolledBack, record_restore

SETTINGS: Final = "restored-settings.env"
"""Where the settings of the environment are written to, in the data folder, for the operator to look at."""

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Into:
    """Where to restore to."""

    owner_url: str
    """Connection of a user who may make roles, or for whom they were made."""
    settings: Settings
    files: FileStore


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back."""

    checked: Checked
    ledger: LedgerCheck


@dataclass(slots=True)
class _Brought:
    """What was brought so far, to be taken away again if need be."""

    database: bool = False
    files: list[tuple[str, str]] = field(default_factory=list)
    keys: dict[str, bytes] = field(default_factory=dict)
    written: list[Path] = field(default_factory=list)


def refuse_newer(checked: Checked) -> None:
    """Raise `RestoreRefused` where this release does not know the schema of the database in a backup."""
    told, known = checked.contents.database, [one.revision for one in steps(alembic_config())]
    if told.schema not in known:
        raise RestoreRefused(
            f"The backup was made by zhuanche {told.product} with schema {told.schema}, and this release knows"
            f" schemas up to {known[-1]}: restore it by that release or a newer one."
        )


def restore(checked: Checked, key: Path | None, into: Into, told: Told, *, even_altered: bool = False) -> Restored:
    """Restore a checked backup.

    Args:
        checked: from `check_backup`; it is read a second time, and checked again.
        key: the file with its private key.
        into: an empty place.
        told: hears how far it is.
        even_altered: restore also what the ledger's commitments do not fit; that is entered in the record.

    Raises:
        RestoreRefused: the place is not empty, or the schema is unknown; nothing was changed.
        DatabaseHeld: others are at work on the database; nothing was changed.
        RestoreFailed: it did not succeed; what was brought was taken away again, unless the database was not held alone
            to the end: then the mark stays in it.
        BackupDamaged: the file changed since it was checked; the same.
        psycopg.Error: the database went away; the mark stays in it.
    """
    refuse_newer(checked)
    brought = _Brought()
    with (
        alone(into.owner_url, "restore") as held,
        psycopg.connect(
            into.owner_url,
            autocommit=True,
            connect_timeout=10,
            application_name="zhuanche restore",
            options=NOTICED,
            **LINE,
        ) as connection,
    ):
        connection.execute("SET idle_session_timeout = 0")
        _refuse_full(connection, into)
        try:
            _bring(checked, key, into, told, brought)
            restored = _check(checked, into, told, even_altered=even_altered)
            _finish(restored, into, brought)
        except BaseException:
            with suppress(HoldLost):  # else another restore may have begun anew, or ended: what is there is not ours
                held()
                _take_away(into, brought)
            raise
        try:
            held()
        except HoldLost as fault:  # nothing is taken away: another restore may have begun anew
            raise RestoreFailed(f"{fault} What is here is used by nobody: run the same restore again.") from fault
        connection.execute(f"DROP SCHEMA {RESTORING}")
    return restored


def _refuse_full(connection: Connection, into: Into) -> None:
    """Mark the database as being restored; one that holds anything is refused, unless a killed restore left it."""
    if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'").fetchone():
        raise RestoreRefused(
            "The database is the coordinator of a cluster: restore into one server, and `zhuanche move` from there."
        )
    (half,) = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", (RESTORING,)).fetchone() or (False,)
    if half:
        _empty(into.owner_url)
    found = connection.execute(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname !~ '^(pg_|information_schema$)' AND NOT EXISTS (SELECT 1 FROM pg_depend d"
        "  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 1 LIMIT 1"
    ).fetchone()
    if found:
        raise RestoreRefused(
            f"The database is not empty: it has {found[0]}. Restore into an empty one: another ZHUANCHE_DATA, or a new"
            " database."
        )
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {RESTORING}")


def _bring(checked: Checked, key: Path | None, into: Into, told: Told, brought: _Brought) -> None:
    """Read the backup a second time, and put database and attachments where they belong."""
    engine = owner_engine(into.owner_url)
    with engine.begin() as connection:
        ensure_roles(connection)
    engine.dispose()
    told.begin("Restoring", checked.path.stat().st_size)
    brought.database = True
    with (
        asyncio.Runner() as runner,
        opened(checked.path, key, lambda data: told.advance(len(data))) as source,
        restoring(into.owner_url) as dump,
    ):
        for member in read_members(source):
            if member.name.startswith("database/"):
                for chunk in member.chunks:
                    dump.write(chunk)
            elif member.name.startswith("files/"):
                dump.end()
                runner.run(_put_back(into.files, member, brought))
            elif member.name.startswith("data/") or member.name == "settings.env":
                brought.keys[member.name] = b"".join(member.chunks)
                _refuse_other(_place_of(into, member.name), brought.keys[member.name])


async def _put_back(files: FileStore, member: Member, brought: _Brought) -> None:
    """Store an attachment under the SHA-256 that its bytes have, which must be the one that names it."""
    _, bureau_id, sha256 = member.name.split("/")

    async def chunks() -> AsyncIterator[bytes]:
        for chunk in member.chunks:
            yield chunk

    if not await files.has(bureau_id, sha256):
        brought.files.append((bureau_id, sha256))
    try:
        taken = await files.take(bureau_id, sha256, chunks(), limit_bytes=member.size)
    except DiskFull as fault:
        raise RestoreFailed("There is no room for the attachments.") from fault
    if taken.sha256 != sha256:
        brought.files.append((bureau_id, taken.sha256))
        raise RestoreFailed(f"The attachment {member.name} has the SHA-256 {taken.sha256}, and not that of its name.")


def _refuse_other(path: Path, content: bytes) -> None:
    if path.name != SETTINGS and path.exists() and path.read_bytes() != content:
        raise RestoreFailed(f"{path} is there already, and not as the backup has it: restore into an empty folder.")


def _place_of(into: Into, member: str) -> Path:
    return into.settings.data / (SETTINGS if member == "settings.env" else member.removeprefix("data/"))


def _check(checked: Checked, into: Into, told: Told, *, even_altered: bool) -> Restored:
    """Hold every row against the manifest, and every payload of the ledger against its commitment."""
    wanted = checked.contents.database
    with snapshot(into.owner_url) as connection:
        told.begin("Checking rows", wanted.rows)
        found = take_manifest(connection, told.advance)
        for difference in differences(wanted, found):
            raise RestoreFailed(f"What was restored is not what was backed up: {difference}.")
        told.begin("Checking the ledger", wanted.tables["ledger_payload"].rows)
        ledger = check_ledger(connection, told.advance)
    if ledger.faults and not even_altered:
        raise RestoreFailed(
            f"{ledger.faults} of {ledger.entries} ledger entries do not fit what they commit to, the first:"
            f" {ledger.first}. The record was altered before it was backed up, or the backup was made up. With"
            " --even-altered it is restored all the same, and the record says so."
        )
    return Restored(checked, ledger)


def _finish(restored: Restored, into: Into, brought: _Brought) -> None:
    """Bring the schema to this release's, write keys, and enter in each bureau's record what happened."""
    url = f"{into.owner_url}{'&' if '?' in into.owner_url else '?'}options={quote(f'-c {RESTORES}=on')}"
    try:
        migrate(url)
    except UnknownSchema as fault:
        raise RestoreFailed(str(fault)) from fault
    for name, content in brought.keys.items():
        _write_key(_place_of(into, name), content, brought)
    run_in_loop(_record(restored, into))


def _write_key(path: Path, content: bytes, brought: _Brought) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        brought.written.append(path)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as fault:
        raise RestoreFailed(f"{path} cannot be written: {fault.strerror}.") from fault


async def _record(restored: Restored, into: Into) -> None:
    told = restored.checked.contents.database
    database = Database(into.owner_url, into.settings, role=OWNER)
    try:
        at = await database_time(database)
        database.clock = SteadyClock(lambda: at)  # by the same clock as what was recorded before
        for bureau_id in await database.bureaus():
            head = told.ledger[bureau_id]
            rolled_back = RolledBack(
                taken_at=told.taken_at,
                backup_sha256=restored.checked.sha256,
                entries=head.entries,
                last_entry_id=None if head.last_entry_id is None else UUID(head.last_entry_id),
                leaves_sha256=head.sha256,
                made_by=told.product,
                schema_revision=told.schema,
                ledger_faults=restored.ledger.faults,
            )
            await record_restore(database, bureau_id, rolled_back)
    finally:
        await database.close()


def _take_away(into: Into, brought: _Brought) -> None:
    """Take away what was brought. Where the database cannot be reached any more, its mark stays and says so."""
    for path in brought.written:
        path.unlink(missing_ok=True)
    with asyncio.Runner() as runner:
        for bureau_id, sha256 in brought.files:
            runner.run(into.files.erase(bureau_id, sha256))
    try:
        if brought.database:
            _empty(into.owner_url)
        with psycopg.connect(into.owner_url, autocommit=True, connect_timeout=10) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {RESTORING}")
    except psycopg.Error:
        # It is told why the restore failed; that this failed too, the mark tells whoever uses the database.
        return


_OWNED = """
SELECT format('DROP %%s IF EXISTS %%s CASCADE', kind, name) FROM (
    SELECT 'pg_class'::regclass AS of, oid, oid::regclass::text AS name, relowner AS owner, relnamespace AS lies_in,
        CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
    FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'S')
    UNION ALL SELECT 'pg_proc'::regclass, oid, oid::regprocedure::text, proowner, pronamespace, 'ROUTINE' FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, oid, oid::regtype::text, typowner, typnamespace, 'TYPE' FROM pg_type
    WHERE typtype IN ('d', 'e', 'r')
) AS found
WHERE owner = %s AND lies_in = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = of AND d.objid = found.oid AND d.deptype = 'e')
"""


def _empty(url: str) -> None:
    """Drop all that the owner role owns in a database that was empty before a restore.

    One by one: DROP OWNED would take from the role what it may do in other databases of the server too.
    """
    with psycopg.connect(url, connect_timeout=10) as connection:
        owner = connection.execute("SELECT oid FROM pg_roles WHERE rolname = %s", (OWNER,)).fetchone()
        if owner:
            for (drop,) in connection.execute(_OWNED, owner).fetchall():
                connection.execute(drop)
