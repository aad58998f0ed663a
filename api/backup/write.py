"""Make a backup while the service runs: database, attachments, keys and settings, in one file.

The database is dumped by the backup role in the snapshot in which its manifest is taken, and streamed in parts of some
megabytes each, so that neither the memory nor the disk ever holds it twice. Attachments are read and checked one by
one; none is ever changed, so each that the snapshot names is there whenever it is read.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from api.addresses import in_a_line
from api.backup.archive import CHUNK, ArchiveWriter, Sink
from api.backup.beside import Beside, beside
from api.backup.encryption import encrypted, recipients_of
from api.backup.faults import BackupFailed
from api.backup.manifest import Connection, KeptFile, Manifest, snapshot, take_manifest
from api.backup.place import file_faults, given_up, make_folder, name_of, note_given_up, outdated, part
from api.backup.programs import last_words, program, running
from api.db.roles import BACKUP
from api.files import FileGone, FileStore
from api.folder import FilesAway
from api.settings import Settings
from api.space import MIB, places_of, rooms_of
from api.told import Told

PART_BYTES: Final = 16 * 1024 * 1024
"""Of the dump: what is held of it at once."""
LOOK_BYTES: Final = 16 * 1024 * 1024
"""Written between two looks at what is left of the disk."""
AGAIN_S: Final = (1.0, 5.0)
"""How long to wait before a store that did not give an attachment is asked again."""
HELD_BYTES: Final = 1024 * 1024
"""An attachment larger than this lies on the disk while it is checked."""
FILE_ENDS: Final = (".tar", ".tar.age")
FORMAT: Final = 1
"""Of the file."""
README: Final = """A backup of Zhuanche (专车), the backend of a complaint desk's dedicated vehicle.

`zhuanche restore FILE` brings it back and checks it. Without the product:

  sha256sum -c SHA256SUMS                          that it is whole
  cat database/* > zhuanche.dump                   a dump of PostgreSQL, as pg_dump --format=custom writes it
  pg_restore --exit-on-error --dbname=… zhuanche.dump
  files/BUREAU/SHA256                              attachments, named by their SHA-256
  data/                                            keys of the data folder, where the backup was encrypted
  settings.env                                     settings of the environment
  manifest.json                                    what was there: rows and a SHA-256 of each table, files, versions

The roles zhuanche_owner, _service, _ingest, _reader and _backup must be there before the dump is restored.
"""


Held = tempfile.SpooledTemporaryFile[bytes]


class Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup holds: the last member but the sums, `manifest.json`."""

    format: int
    database: Manifest
    gone: list[KeptFile]
    """Attachments on record that the store did not have any more, or not with these bytes."""
    left_out: list[str]
    """Keys and settings that were not taken along, since the backup is not encrypted."""


@dataclass(frozen=True, slots=True)
class Written:
    """A backup that was made."""

    path: Path
    size_bytes: int
    sha256: str
    contents: Contents
    dropped: tuple[str, ...]
    """Older ones that were deleted."""
    lost: list[KeptFile]
    """Attachments that are gone and nobody gave up: the store may not be there, and no older backup was deleted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to back up, and where to."""

    url: str
    """Connection that may act as the backup role."""
    settings: Settings
    files: FileStore
    environ: Mapping[str, str]
    to: Path
    """A file that is not there, by its end (`FILE_ENDS`), or a folder."""
    keys: Sequence[str] = ()
    """Public keys to encrypt to."""
    keep: int | None = None
    """How many of a folder to keep beside those of months; None keeps all."""
    accept_gone: int | None = None
    """How many attachments are given up: where it is those that are lost, no later backup of the folder awaits them."""


def write_backup(wanted: Wanted, told: Told) -> Written:
    """Make a backup.

    Raises:
        BackupFailed: it was not made, and there is no file that looks like one.
        psycopg.Error: the database went away, or refused the role.
    """
    recipients = recipients_of(wanted.keys)
    is_folder = wanted.to.is_dir() or not wanted.to.name.endswith(FILE_ENDS)
    folder = wanted.to if is_folder else wanted.to.parent
    if not is_folder and wanted.to.exists():
        raise BackupFailed(f"{wanted.to} is there already and is not overwritten.")
    with file_faults(folder):
        make_folder(folder, wanted.settings)
    with file_faults(folder), part(folder) as target, snapshot(wanted.url) as connection:
        _refuse_cluster(connection)
        hashing = _Hashing(target.file, partial(_left_free, folder, wanted.settings))
        contents = _write(hashing, wanted, recipients, connection, told)
        name = name_of(contents.database.taken_at, is_encrypted=bool(recipients))
        path = folder / name if is_folder else wanted.to
        target.settle(path)
        lost, without = _lost(contents.gone, given_up(folder) if is_folder else set(), wanted.accept_gone)
        dropped: tuple[str, ...] = ()
        if is_folder:
            note_given_up(folder, without)
            if not lost:
                dropped = _rotate(folder, wanted.keep, contents.database.taken_at)
    return Written(path, path.stat().st_size, hashing.sha256.hexdigest(), contents, dropped, lost)


def _refuse_cluster(connection: Connection) -> None:
    """Raise `BackupFailed` for a cluster: its nodes share no instant, and no other server takes what it dumps."""
    if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'").fetchone():
        raise BackupFailed(
            "The database is a Citus cluster, which is backed up by its own tools: base backups of all nodes at a"
            " common restore point (docs/backup.md). Attachments and keys are backed up with them."
        )


def _lost(gone: Sequence[KeptFile], before: set[str], accepted: int | None) -> tuple[list[KeptFile], set[str]]:
    """Return the attachments that are lost, and the names of those gone that were or are now given up.

    They are told by name: one that is lost while another came back is seen. A number other than theirs gives up none:
    it was told of an instant when the store held more, or less.
    """
    names = {f"{one.bureau_id} {one.sha256}": one for one in gone}
    lost = [one for name, one in names.items() if name not in before]
    return ([], set(names)) if len(lost) == accepted else (lost, names.keys() & before)


def _rotate(folder: Path, keep: int | None, now: datetime) -> tuple[str, ...]:
    if keep is None:
        return ()
    dropped = outdated([path.name for path in folder.iterdir()], keep, now)
    for name in dropped:
        (folder / name).unlink(missing_ok=True)
    return tuple(dropped)


def _left_free(folder: Path, settings: Settings) -> bool:
    """Tell whether the disk of a folder, if it says so, has room left: beside the service, more than its reserve."""
    rooms = (one for one in rooms_of(places_of(settings) | {"backup": folder}) if "backup" in one.holds)
    return all(room.free_bytes > (settings.disk_reserve_mib * MIB if len(room.holds) > 1 else 0) for room in rooms)


def _write(target: Sink, wanted: Wanted, recipients: Sequence[object], connection: Connection, told: Told) -> Contents:
    with encrypted(target, recipients) if recipients else nullcontext(target) as file:
        (exported, at) = _snapshot_id(connection)
        archive = ArchiveWriter(file, int(at))
        aside = beside(wanted.settings, wanted.environ, secrets=bool(recipients))
        _write_beside(archive, aside)
        told.begin("Dumping the database")
        _write_dump(archive, wanted.url, exported, told)
        told.begin("Reading rows for the manifest")
        manifest = take_manifest(connection, told.advance)
        connection.rollback()  # who waits to change a table need not wait for the attachments too
        told.begin("Copying attachments", len(manifest.files))
        gone = _write_files(archive, wanted.files, manifest.files, told)
        contents = Contents(FORMAT, manifest, gone, list(aside.left_out))
        archive.add_bytes("manifest.json", msgspec.json.format(msgspec.json.encode(contents)))
        archive.finish()
    return contents


def _snapshot_id(connection: Connection) -> tuple[str, float]:
    row = connection.execute("SELECT pg_export_snapshot(), extract(epoch FROM now())::float8").fetchone()
    return row[0], row[1]  # type: ignore[index]  # a SELECT without FROM has one row


def _write_beside(archive: ArchiveWriter, aside: Beside) -> None:
    archive.add_bytes("README", README.encode())
    archive.add_bytes("settings.env", aside.settings.encode())
    for name, content in aside.keys.items():
        archive.add_bytes(f"data/{name}", content)


def _write_dump(archive: ArchiveWriter, url: str, exported: str, told: Told) -> None:
    command: list[str | Path] = [
        program("pg_dump"),
        f"--role={BACKUP}",
        "--enable-row-security",
        "--format=custom",
        "--no-password",
    ]
    command += [f"--snapshot={exported}", "--compress=zstd:3", "--lock-wait-timeout=60s"]
    with running(command, url, writes=True) as (process, said):
        number = 0
        while block := process.stdout.read(PART_BYTES):  # type: ignore[union-attr]  # it was asked to write
            number += 1
            archive.add_bytes(f"database/{number:06}", block)
            told.advance(len(block))
        if process.wait() != 0:
            raise BackupFailed(f"The database was not dumped. pg_dump said: {last_words(said)}")


def _write_files(archive: ArchiveWriter, files: FileStore, wanted: Sequence[KeptFile], told: Told) -> list[KeptFile]:
    """Write the attachments, and return those that the store does not have as they are on record."""
    gone = []
    with asyncio.Runner() as runner:
        for file in wanted:
            with tempfile.SpooledTemporaryFile(HELD_BYTES) as held:
                if runner.run(_fetch(files, file, held)):
                    size = held.tell()
                    held.seek(0)
                    archive.add(f"files/{file.bureau_id}/{file.sha256}", size, _chunks(held))
                else:
                    gone.append(file)
            told.advance()
    return gone


async def _fetch(files: FileStore, file: KeptFile, held: Held) -> bool:
    """Hold a file's bytes, and tell whether they are those on record. A store that hiccups is asked again.

    Raises:
        BackupFailed: it cannot be read, and may be there; or there is no room to hold it.
    """
    for wait_s in (*AGAIN_S, None):
        held.seek(0)
        held.truncate()
        digest = hashlib.sha256()
        try:
            async for chunk in await files.read(file.bureau_id, file.sha256):
                digest.update(chunk)
                _hold(held, bytes(chunk))
        except FileGone:
            return False
        except (FilesAway, OSError) as fault:
            if wait_s is None:
                said = in_a_line(fault.__cause__ or fault)
                raise BackupFailed(
                    f"The attachment {file.bureau_id} {file.sha256} cannot be read from its store, which was asked"
                    f" {len(AGAIN_S) + 1} times: {said}"
                ) from fault
            await asyncio.sleep(wait_s)
        else:
            break
    return digest.hexdigest() == file.sha256


def _hold(held: Held, chunk: bytes) -> None:
    try:
        held.write(chunk)
    except OSError as fault:
        raise BackupFailed(
            f"An attachment cannot be held in {tempfile.gettempdir()} while it is checked: {fault.strerror}. TMPDIR"
            " names another folder."
        ) from fault


def _chunks(file: Held) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


class _Hashing:
    """Writes on to a file, hashes what it writes, and stops before it takes the room that the service needs."""

    def __init__(self, file: BinaryIO, left_free: Callable[[], bool]) -> None:
        self._file = file
        self._left_free = left_free
        self._unlooked = 0
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._unlooked -= len(data)
        if self._unlooked < 0:
            self._unlooked = LOOK_BYTES
            if not self._left_free():
                raise OSError(errno.ENOSPC, "the rest is kept free for the service")
        self.sha256.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()
