"""Encryption to a public key: the age format (age-encryption.org/v1, X25519), which `age` and `rage` open too.

Who backs up holds the public key alone and can open none of the backups.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import pyrage
from pyrage import x25519

from api.backup.archive import Cut, Sink
from api.backup.faults import BackupDamaged, BackupFailed, WrongKey

MAGIC: Final = b"age-encryption.org/v1\n"
SUFFIX: Final = ".age"


def recipients_of(keys: Sequence[str]) -> list[x25519.Recipient]:
    """Return the public keys that texts such as `age1…` name.

    Raises:
        BackupFailed: one of them is none.
    """
    try:
        return [x25519.Recipient.from_str(key) for key in keys]
    except pyrage.RecipientError as fault:
        raise BackupFailed(
            "A key to encrypt to is not one: it begins with age1 and is printed by `zhuanche backup-key`."
        ) from fault


def make_key(path: Path, now: datetime) -> str:
    """Make a key pair, write the private key as `age-keygen` does, and return the public one.

    Raises:
        FileExistsError: a file of that name is there; a key is never overwritten.
        OSError: it cannot be written.
    """
    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(opened, "w") as file:
            file.write(f"# created: {now.isoformat(timespec='seconds')}\n# public key: {public}\n{identity}\n")
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()  # half a key opens nothing, and would be in the next one's way
        raise
    return public


def identities_of(path: Path) -> list[x25519.Identity]:
    """Return the private keys of a file.

    Raises:
        WrongKey: it holds none.
    """
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
        found = [x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (OSError, UnicodeDecodeError, pyrage.IdentityError) as fault:
        raise WrongKey(f"{path} holds no private key: {fault}.") from fault
    if not found:
        raise WrongKey(f"{path} holds no private key.")
    return found


@contextmanager
def encrypted(target: Sink, keys: Sequence[x25519.Recipient]) -> Iterator[Sink]:
    """Yield a file; what is written to it arrives encrypted in `target`, which is whole when the block ends well.

    Raises:
        OSError: `target` could not be written.
    """
    read, write = os.pipe()
    kept = _KeptFault(target)

    def work() -> None:
        with os.fdopen(read, "rb") as plain:
            pyrage.encrypt_io(plain, kept, keys)

    with ThreadPoolExecutor(1, "encryption") as pool:
        working = pool.submit(work)
        try:
            with os.fdopen(write, "wb") as plain:
                yield plain
        except BrokenPipeError:
            if kept.fault is None:
                raise
        if kept.fault is not None:
            raise kept.fault
        working.result()


@contextmanager
def decrypted(source: BinaryIO, keys: Sequence[x25519.Identity]) -> Iterator[BinaryIO]:
    """Yield a file with the decrypted bytes of `source`.

    Raises:
        WrongKey: none of the keys opens it.
        BackupDamaged: what was read ended because the encryption was altered or cut.
    """
    read, write = os.pipe()

    def work() -> None:
        with os.fdopen(write, "wb") as plain:
            pyrage.decrypt_io(source, plain, keys)

    with ThreadPoolExecutor(1, "decryption") as pool:
        working = pool.submit(work)
        with os.fdopen(read, "rb") as plain:
            try:
                yield plain
            except Cut as cut:
                fault = working.exception()
                if isinstance(fault, pyrage.DecryptError) and "No matching keys" in str(fault):
                    raise WrongKey("The backup is encrypted to another key than the one given.") from fault
                if fault is not None:
                    told = str(cut).partition(": it ends ")[2]
                    raise BackupDamaged(f"The backup was altered or cut short {told} ({fault}).") from fault
                raise
        # Where all was read, nothing may be wrong with what the encryption had beside it.
        fault = working.exception()
        if fault is not None and "Broken pipe" not in str(fault):
            raise BackupDamaged(f"The backup was altered after its end ({fault}).") from fault


def is_encrypted(path: Path) -> bool:
    """Tell whether a file is in the age format, by its first line."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


class _KeptFault:
    """Writes on, and keeps the fault of doing so: the library would tell it as one of its own."""

    def __init__(self, target: Sink) -> None:
        self._target = target
        self.fault: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._target.write(data)
        except OSError as fault:
            self.fault = fault
            raise

    def flush(self) -> None:
        self._target.flush()
