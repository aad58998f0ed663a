"""Watches a certificate and its key, which somebody may renew while they are used."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

LOOK_S: Final = 60.0
"""How often who uses one looks."""


class CertificateWatch:
    """What was seen of them the last time."""

    def __init__(self, certificate: Path, key: Path | None) -> None:
        """Take what is there now as known; without a key of its own it stands in the certificate's file."""
        self._files = (certificate, key or certificate)
        self._seen = self._state()

    def is_new(self) -> bool:
        """Tell whether they are others than at the last look, and may be used.

        Raises:
            OSError: they cannot be read, or do not belong together; nothing is told of these again.
        """
        state = self._state()
        if state == self._seen:
            return False
        self._seen = state
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*self._files)
        return True

    def _state(self) -> tuple[tuple[int, int], ...] | None:
        """Return what tells one from the next; None while there is none."""
        try:
            found = [one.stat() for one in self._files]
        except OSError:
            return None
        return tuple((one.st_mtime_ns, one.st_ino) for one in found)
