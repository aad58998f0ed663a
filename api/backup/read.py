"""Read a backup: all of it once, before anything of it is used, so that what is damaged changes nothing anywhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

import msgspec

from api.backup.archive import Member, read_archive
from api.backup.beside import KEY_NAMES
from api.backup.encryption import decrypted, identities_of, is_encrypted
from api.backup.faults import BackupDamaged, RestoreRefused, WrongKey
from api.backup.write import FORMAT, Contents

MEMBERS: Final = tuple(
    re.compile(name)
    for name in (
        r"README",
        r"settings\.env",
        rf"data/({KEY_NAMES})",
        r"database/[0-9]{6,}",
        r"files/[0-9]{6}/[0-9a-f]{64}",
        r"manifest\.json",
    )
)
"""The only names that members have, in the order in which they come. A name says where something is written to on the
machine that restores, and anybody can make a file up whose sums fit."""
HELD: Final = 1 << 30
"""Bytes of members that are held in memory, all together: the manifest of five million attachments."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A whole backup."""

    path: Path
    sha256: str
    """Of the file as it lies there."""
    contents: Contents


def check_backup(path: Path, key: Path | None, read: Callable[[int], None] = lambda _: None) -> Checked:
    """Read a backup from its first to its last byte.

    Args:
        path: the file.
        key: a file with the private key, where it is encrypted.
        read: is told how many bytes more were read.

    Raises:
        BackupDamaged: it is cut short or altered; the place is named.
        WrongKey: it is encrypted to another key, or none was given.
        RestoreRefused: there is no such file, or a newer release made it.
    """
    digest = hashlib.sha256()

    def hear(data: bytes) -> None:
        digest.update(data)
        read(len(data))

    manifest, files = None, set()
    with opened(path, key, hear) as source:
        for member in read_members(source):
            if member.name == "manifest.json":
                manifest = b"".join(member.chunks)
            elif member.name.startswith("files/"):
                _check_name(member)
                files.add(member.name)
    if manifest is None:
        raise BackupDamaged("The backup was altered: it has no manifest.")
    contents = _contents(manifest)
    wanted = {f"files/{one.bureau_id}/{one.sha256}" for one in contents.database.files}
    wanted -= {f"files/{one.bureau_id}/{one.sha256}" for one in contents.gone}
    for name in sorted(wanted ^ files):
        raise BackupDamaged(f"The backup was altered: {name} is in {'its manifest' if name in wanted else 'it'} only.")
    return Checked(path, digest.hexdigest(), contents)


def read_members(source: BinaryIO) -> Iterator[Member]:
    """Yield the members of a backup, each of which has a name that a backup's members have, and has it once.

    Raises:
        BackupDamaged: it was altered, or made up.
    """
    seen, rank, part, held = set(), 0, 0, 0
    for member in read_archive(source):
        name = member.name
        kind = next((at for at, pattern in enumerate(MEMBERS) if pattern.fullmatch(name)), None)
        if kind is None or kind < rank or name in seen:
            raise BackupDamaged(f"The backup was altered: no backup has a member {name!r} at that place.")
        rank = kind
        if name.startswith("database/"):
            part += 1
            if name != f"database/{part:06}":
                raise BackupDamaged(f"The backup was altered: {name} comes where part {part} should.")
        else:
            seen.add(name)
        if not name.startswith(("database/", "files/")):
            held += member.size
            if held > HELD:
                raise BackupDamaged(f"The backup was altered: {name} is said to have {member.size} bytes.")
        yield member


def _check_name(member: Member) -> None:
    digest = hashlib.sha256()
    for chunk in member.chunks:
        digest.update(chunk)
    if not member.name.endswith(f"/{digest.hexdigest()}"):
        raise BackupDamaged(
            f"The backup was altered: the attachment {member.name} has the SHA-256 {digest.hexdigest()}, and not that"
            " of its name."
        )


@contextmanager
def opened(path: Path, key: Path | None, hear: Callable[[bytes], None] = lambda _: None) -> Iterator[BinaryIO]:
    """Yield a backup as the tar it is, decrypted where need be; `hear` is told each piece of the file.

    Raises:
        WrongKey: it is encrypted to another key, or none was given.
        RestoreRefused: there is no such file.
    """
    try:
        sealed = is_encrypted(path)
        file = path.open("rb")
    except OSError as fault:
        raise RestoreRefused(f"{path} cannot be read: {fault.strerror}.") from fault
    with file:
        heard = cast("BinaryIO", _Heard(file, hear))
        if not sealed:
            yield heard
            return
        if key is None:
            raise WrongKey("The backup is encrypted: name the file of its private key with --key.")
        with decrypted(heard, identities_of(key)) as plain:
            yield plain


def _contents(manifest: bytes) -> Contents:
    try:
        told = msgspec.json.decode(manifest)["format"]
        if told != FORMAT:
            raise RestoreRefused(f"The backup has format {told}, and this release reads {FORMAT}: use a newer release.")
        return msgspec.json.decode(manifest, type=Contents)
    except (msgspec.DecodeError, KeyError, TypeError) as fault:
        raise BackupDamaged(f"The backup was altered: its manifest cannot be read ({fault}).") from fault


class _Heard:
    """Reads on, and tells what it read."""

    def __init__(self, file: IO[bytes], hear: Callable[[bytes], None]) -> None:
        self._file = file
        self._hear = hear

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._hear(data)
        return data
