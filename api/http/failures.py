"""Who guesses, and who asks without an end, is slowed down: so much a minute, and no more.

Of wrong pass words and empty links so many from one address; what succeeds is not counted, so that a whole desk behind
one address signs in as it likes. Of requests so many of one session; those without one count by their address, so that
nobody who is not signed in takes anything from a colleague who is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final
from uuid import UUID

from litestar.connection import ASGIConnection

from api.errors import TooManyFailures, TooManyRequests
from api.source import source_of

MINUTE_S: Final = 60.0
REMEMBERED_MOST: Final = 100_000
"""Addresses or sessions remembered in a minute; beyond that all others share one count."""
OTHERS: Final = ""

Connection = ASGIConnection[Any, Any, Any, Any]


class Tally:
    """How often something happened this minute by whom, in this process."""

    def __init__(self, most: int) -> None:
        """Let it happen `most` times a minute to each."""
        self._most = most
        self._began = monotonic()
        self._by: Counter[str] = Counter()

    def is_full(self, who: str) -> bool:
        """Tell whether it happened to somebody as often as it may."""
        if monotonic() - self._began >= MINUTE_S:
            self._began = monotonic()
            self._by.clear()
        return self._by[self._name(who)] >= self._most

    def count(self, who: str) -> None:
        """Count it once more."""
        self._by[self._name(who)] += 1

    def _name(self, who: str) -> str:
        return who if who in self._by or len(self._by) < REMEMBERED_MOST else OTHERS


class Asked:
    """Requests of this minute by session, or by address without one: however many addresses, no session is missed."""

    def __init__(self, most: int) -> None:
        """Let each ask `most` times a minute."""
        self._of_sessions = Tally(most)
        self._of_addresses = Tally(most)

    def count(self, session_id: UUID | None, address: str) -> None:
        """Count a request. Raises `TooManyRequests`: there were too many before it."""
        if session_id is None:
            tally, who = self._of_addresses, source_of(address)
        else:
            tally, who = self._of_sessions, str(session_id)
        if tally.is_full(who):
            raise TooManyRequests
        tally.count(who)


class Failures:
    """Failures of this minute by address."""

    def __init__(self, most: int) -> None:
        """Let an address fail `most` times a minute."""
        self._tally = Tally(most)

    def check(self, connection: Connection, who: str | None = None) -> None:
        """Refuse who has failed too often. Raises `TooManyFailures`."""
        if self._tally.is_full(who or _address(connection)):
            raise TooManyFailures

    def count(self, connection: Connection, who: str | None = None) -> None:
        """Count a failure."""
        self._tally.count(who or _address(connection))

    @contextmanager
    def counted(self, connection: Connection, *faults: type[Exception], who: str | None = None) -> Iterator[None]:
        """Count it if the block fails by one of the faults. Raises `TooManyFailures` before the block.

        `who` is the name of somebody who has shown one: they are counted by it, not hindered by others of the address.
        """
        self.check(connection, who)
        try:
            yield
        except faults:
            self.count(connection, who)
            raise


def _address(connection: Connection) -> str:
    return source_of(connection.client.host) if connection.client else OTHERS
