"""The secret that keys are made of: of each person's phone in `/field`, of what is pushed, of webhooks' addresses.

A phone that is passed on holds ciphertext alone. Its key is never stored here: it is derived for who is signed in,
the same whenever and wherever, so that what was sealed before a sign-out opens after the next sign-in. The secret
itself lies beside the database: whoever has the database alone, or a backup made without a key, opens nothing.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api.durable import flush
from api.notices.encrypt import base64url, from_base64url, key_from
from api.settings import Settings
from domain.errors import StateConflict

FILE: Final = "field-vault.key"
"""Beside the database in the data folder; to be backed up with it."""
SEALED: Final = "sealed://"
"""What a sealed address begins with: its host follows in clear, for the lists, then nonce and ciphertext."""
NONCE_BYTES: Final = 12


class AddressNotOpened(StateConflict):
    """The webhook's address was sealed by another secret, or altered since: enter it anew."""

    code = "address-not-opened"
    zh = "该 Webhook 的地址由另一密钥封存，或封存后被改动，无法解开。请重新填写地址。"


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
        return self._derived(named)

    def push_key(self) -> EllipticCurvePrivateKey:
        """Return the key that notices are pushed in the name of (RFC 8292): the same for as long as the secret is."""
        named = b"zhuanche push key 1"
        return key_from(self._derived(named, 48))

    def browser_key(self) -> bytes:
        """Return the key by which a browser is known again that somebody signed in from."""
        return self._derived(b"zhuanche browsers 1")

    def sealed(self, bureau_id: str, hook_id: UUID, address: str) -> str:
        """Return a webhook's address as it is kept: an address too, of which everybody may read the host alone."""
        host = urlsplit(address).hostname or ""
        host = f"[{host}]" if ":" in host else host
        nonce = secrets.token_bytes(NONCE_BYTES)
        locked = self._addresses.encrypt(nonce, address.encode(), _of_hook(bureau_id, hook_id, host))
        return f"{SEALED}{host}/{base64url(nonce + locked)}"

    def opened(self, bureau_id: str, hook_id: UUID, kept: str) -> str:
        """Return a webhook's address; one that an older release kept in clear is as it is.

        Raises:
            AddressNotOpened: it was sealed by another secret or for another webhook, or was altered.
        """
        if not kept.startswith(SEALED):
            return kept
        host, _, locked = kept.removeprefix(SEALED).partition("/")
        try:
            raw = from_base64url(locked)
            found = self._addresses.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _of_hook(bureau_id, hook_id, host))
        except (InvalidTag, ValueError) as fault:
            raise AddressNotOpened from fault
        return found.decode()

    @property
    def _addresses(self) -> AESGCM:
        return AESGCM(self._derived(b"zhuanche addresses 1"))

    def _derived(self, named: bytes, length: int = 32) -> bytes:
        return HKDF(algorithm=SHA256(), length=length, salt=None, info=named).derive(self._secret)

    @cached_property
    def _secret(self) -> bytes:
        return self.set_secret.encode() if self.set_secret is not None else _kept(self.folder / FILE)


def _of_hook(bureau_id: str, hook_id: UUID, host: str) -> bytes:
    """Return what a sealed address is bound to: copied to another webhook it does not open."""
    return bureau_id.encode() + b"\0" + hook_id.bytes + host.encode()


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
