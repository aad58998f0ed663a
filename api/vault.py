"""The secret that each person's key of `/field` is made of: what a phone keeps for them is sealed by it.

A phone that is passed on holds ciphertext alone. Its key is never stored here: it is derived for who is signed in,
the same whenever and wherever, so that what was sealed before a sign-out opens after the next sign-in.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api.durable import flush
from api.notices.encrypt import key_from
from api.settings import Settings

FILE: Final = "field-vault.key"
"""Beside the database in the data folder; to be backed up with it."""


@dataclass(frozen=True)
class Vault:
    """Where the secret is: set by the operator, or in a file that is made once."""

    folder: Path
    set_secret: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Vault:
        """Return the vault of a process."""
        return cls(settings.data, settings.vault_secret)

    def key_of(self, bureau_id: str, person_id: UUID) -> bytes:
        """Return the 32 bytes that seal what phones keep for a person (HKDF-SHA-256, RFC 5869)."""
        named = b"zhuanche field vault 1\0" + bureau_id.encode() + b"\0" + person_id.bytes
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=named).derive(self._secret)

    def push_key(self) -> EllipticCurvePrivateKey:
        """Return the key that notices are pushed in the name of (RFC 8292): the same for as long as the secret is."""
        named = b"zhuanche push key 1"
        return key_from(HKDF(algorithm=SHA256(), length=48, salt=None, info=named).derive(self._secret))

    def browser_key(self) -> bytes:
        """Return the key by which a browser is known again that somebody signed in from."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"zhuanche browsers 1").derive(self._secret)

    @cached_property
    def _secret(self) -> bytes:
        return self.set_secret.encode() if self.set_secret is not None else _kept(self.folder / FILE)


def _kept(path: Path) -> bytes:
    """Return the secret of the file, made first where there is none; of several processes, one makes it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{FILE}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(fresh)  # whole or not at all, and never over another's
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    flush(path.parent)  # what phones seal with it must open after a power cut, whoever of several processes made it
    return path.read_bytes()
