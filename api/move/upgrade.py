"""To the next release: a backup first, the migrations, and a look at whether every row is still there.

From before the first migration until every row was found, the database says what was there (`UPGRADES`), and nobody
works on it: whatever ends the upgrade meanwhile, the next run compares with that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import psycopg
from sqlalchemy.exc import DBAPIError

from api.backup.manifest import Manifest, TableRows, snapshot, take_manifest
from api.backup.write import Wanted, Written, write_backup
from api.db.faults import DatabaseAway
from api.db.migrate import RowsMissed, current_revision, migrate
from api.db.revision import UPGRADES, check_open, mark, schema_of
from api.db.roles import OWNER
from api.db.work import HoldLost, alone
from api.move.faults import UpgradeFailed, UpgradeRefused
from api.move.rows import at_work, connect
from api.told import Told


class Before(msgspec.Struct, frozen=True):
    """What was there before an upgrade. Another release may read it than wrote it: a new field has a default."""

    revision: str
    backup: str | None
    """Where the backup lies; None where it was made otherwise."""
    tables: dict[str, TableRows]
    guarded: dict[str, tuple[str, ...]]
    """The columns of each table whose rows are never changed (P6)."""

    @property
    def named(self) -> str:
        """Return a sentence that says where the backup is."""
        return f"The backup made before is {self.backup}." if self.backup else "Your own backup is from before."


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was done: the backup, and between which revisions the schema went."""

    before: Before
    backup: Written | None
    """None where it was made otherwise, or by an earlier run."""
    after: str | None


def begun(url: str) -> Before | None:
    """Return what was there before an upgrade that has not come to a good end, where its first migration was run.

    Raises:
        DatabaseAway: it cannot be reached.
        UpgradeFailed: the note of it cannot be read.
    """
    schema = schema_of(url, OWNER)
    if schema.upgrades is None:
        return None
    try:
        before = msgspec.json.decode(schema.upgrades, type=Before)
    except msgspec.DecodeError as fault:
        raise UpgradeFailed(
            f"An upgrade of this database did not come to its end, and the note of what was there before cannot be read"
            f" ({fault}): run `zhuanche upgrade` of the release that began it, or go back (docs/upgrade.md). Its backup"
            " is in ZHUANCHE_BACKUP_TO, else in `backups` of the data folder, else where --to said."
        ) from fault
    return before if before.revision != schema.revision else None


def upgrade(url: str, reads: str, wanted: Wanted | None, told: Told, hear: Callable[[Written], None]) -> Upgraded:
    """Back up, migrate, and compare; or go on with an upgrade that was begun.

    Args:
        url: of whoever may act as the owner.
        reads: of whoever may act as the backup role.
        wanted: what to back up and where to; None where it was backed up otherwise, as a cluster is.
        told: is told how far it is.
        hear: is told of the backup; what it raises ends the upgrade before anything was changed.

    Raises:
        UpgradeRefused: a service is at work: what it records after the backup would be lost on the way back.
        DatabaseHeld: the same.
        UpgradeFailed: the backup is made, and the schema may have gone a part of the way.
        BackupFailed: no backup was made, and nothing was migrated.
    """
    with alone(url, "upgrade") as held:
        _refuse_work(url, "")
        before, backup = begun(url), None
        if before is None:
            before, backup = _begin(url, reads, wanted, told, hear, held=held)
        try:
            told.begin("Migrating")
            migrate(url, shut=True)
            told.begin("Comparing", sum(one.rows for one in before.tables.values()))
            kept = _kept(before, _append_only(url))
            after = _manifest(reads, told, kept)
            held()
        except (psycopg.Error, DBAPIError, RowsMissed, HoldLost) as fault:
            said = " ".join(str(getattr(fault, "orig", None) or fault).split())
            state = "no migration was run" if _is_open(url, held) else "nobody works on the database until then"
            raise UpgradeFailed(
                f"The upgrade stopped ({said}). Each migration is whole or was not run, and it may be run again;"
                f" {state}. {before.named}"
            ) from fault
        except KeyboardInterrupt:
            _is_open(url, held)
            raise
        if lost := _lost(before, after, kept):
            raise UpgradeFailed(
                f"After the migrations {lost}. Nobody works on this database any more; go back (docs/upgrade.md)."
                f" {before.named}"
            )
        _say(url, None)
    return Upgraded(before, backup, current_revision(url))


def open_unbegun(url: str) -> None:
    """Open a database again that was shut for an upgrade of which no migration was run: nothing was changed.

    Raises:
        DatabaseHeld: that upgrade goes on.
    """
    if _is_unbegun(url):
        with alone(url, "upgrade"):
            _open_unbegun(url)


def _is_unbegun(url: str) -> bool:
    return schema_of(url, OWNER).upgrades is not None and begun(url) is None


def _open_unbegun(url: str) -> None:
    if _is_unbegun(url):
        _say(url, None)


def _is_open(url: str, held: Callable[[], None]) -> bool:
    """Tell whether the database is open, or can be opened again since no migration was run, and it is held alone."""
    try:
        held()
        _open_unbegun(url)
        return schema_of(url, OWNER).upgrades is None
    except (psycopg.Error, DatabaseAway, HoldLost):
        return False


def _begin(
    url: str,
    reads: str,
    wanted: Wanted | None,
    told: Told,
    hear: Callable[[Written], None],
    *,
    held: Callable[[], None],
) -> tuple[Before, Written | None]:
    """Back up, and shut the database with a note of what is there."""
    _open_unbegun(url)
    schema = schema_of(url, OWNER)
    check_open(schema)
    if schema.revision is None:
        raise UpgradeRefused("The database is empty: run `zhuanche init`.")
    backup = write_backup(wanted, told) if wanted else None
    if backup:
        hear(backup)
    there = backup.contents.database if backup else _manifest(reads, told, {})
    path = str(backup.path.absolute()) if backup else None
    before = Before(schema.revision, path, there.tables, _append_only(url))
    _still_held(held, before)
    _say(url, UPGRADES + msgspec.json.encode(before).decode())
    try:
        _still_held(held, before)  # nobody came in before it was shut
        _refuse_work(url, f" {before.named}")
    except UpgradeRefused:
        _say(url, None)
        raise
    return before, backup


def _still_held(held: Callable[[], None], before: Before) -> None:
    try:
        held()
    except HoldLost as fault:
        raise UpgradeRefused(f"{fault} No migration was run. {before.named}") from fault


def _refuse_work(url: str, more: str) -> None:
    with connect(url) as connection:
        others = at_work(connection)
    if others:
        raise UpgradeRefused(f"A service is at work on the database ({', '.join(others)}): stop it first.{more}")


def _say(url: str, said: str | None) -> None:
    with connect(url) as connection:
        mark(connection, said)


def _manifest(reads: str, told: Told, only: Mapping[str, Sequence[str]]) -> Manifest:
    with snapshot(reads) as connection:
        return take_manifest(connection, told.advance, only=only)


def _append_only(url: str) -> dict[str, tuple[str, ...]]:
    with connect(url) as connection:
        rows = connection.execute(
            "SELECT c.relname::text, (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a"
            "  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)"
            " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE t.tgname = 'refuse_change' AND c.relowner = %s::regrole AND NOT c.relispartition",
            (OWNER,),
        ).fetchall()
    return {table: tuple(columns) for table, columns in rows}


def _kept(before: Before, guarded: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return the columns that a table had, of each that was only ever added to, still is, and has them all still.

    Where one went away nothing is left to compare with: the hash of before was taken over all of them.
    """
    return {table: had for table, had in before.guarded.items() if set(had) <= set(guarded.get(table, ()))}


def _lost(before: Before, after: Manifest, kept: Mapping[str, Sequence[str]]) -> str | None:
    """Return what was there and is not: rows of any table, or a byte of one that is only ever added to."""
    for table, then in before.tables.items():
        now = after.tables.get(table)
        if now is None or now.rows < then.rows:
            return f"table {table} has {now.rows if now else 'no'} rows, and had {then.rows}"
        if table in kept and now.sha256 != then.sha256:
            return f"rows of table {table} are not what they were"
    return None
