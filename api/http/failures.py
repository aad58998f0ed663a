"""Who guesses is slowed down: so many wrong pass words and empty links a minute from one address, and no more.

What succeeds is not counted: a whole desk behind one address signs in as it likes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

from litestar.connection import ASGIConnection

from api.errors import TooManyFailures

MINUTE_S: Final = 60.0
ADDRESSES_MOST: Final = 100_000
"""Addresses remembered in a minute; beyond that all others share one count."""
OTHERS: Final = ""

Connection = ASGIConnection[Any, Any, Any, Any]


class Failures:
    """Failures of this minute by address, of this process."""

    def __init__(self, most: int) -> None:
        """Let an address fail `most` times a minute."""
        self._most = most
        self._began = monotonic()
        self._by_address: Counter[str] = Counter()

    def check(self, connection: Connection) -> None:
        """Refuse who has failed too often. Raises `TooManyFailures`."""
        if monotonic() - self._began >= MINUTE_S:
            self._began = monotonic()
            self._by_address.clear()
        if self._by_address[self._address(connection)] >= self._most:
            raise TooManyFailures

    def count(self, connection: Connection) -> None:
        """Count a failure."""
        self._by_address[self._address(connection)] += 1

    @contextmanager
    def counted(self, connection: Connection, *faults: type[Exception]) -> Iterator[None]:
        """Count it if the block fails by one of the faults. Raises `TooManyFailures` before the block."""
        self.check(connection)
        try:
            yield
        except faults:
            self.count(connection)
            raise

    def _address(self, connection: Connection) -> str:
        host = connection.client.host if connection.client else OTHERS
        known = host in self._by_address or len(self._by_address) < ADDRESSES_MOST
        return host if known else OTHERS
