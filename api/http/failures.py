"""Who guesses, and who asks without an end, is slowed down: so much a minute, and no more.

Of wrong pass words and empty links so many from one address, each counted as it begins, so that a burst does not pass;
what succeeds is taken back, so that a whole desk behind one address signs in as it likes. Of requests so many of one
session; those without one count by their browser, where somebody signed in from it before, else by their address: so
nobody who is not signed in takes anything from a colleague who is, or who is about to be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

from litestar.connection import ASGIConnection

from api.errors import TooManyFailures, TooManyRequests
from api.source import source_of

MINUTE_S: Final = 60.0
REMEMBERED_MOST: Final = 100_000
"""Addresses, or sessions and browsers, remembered in a minute; beyond that all others share one count."""
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

    def take_back(self, who: str) -> None:
        """Count it once less; of what was counted just before the minute was over, another goes for it."""
        name = self._name(who)
        if self._by[name] > 1:
            self._by[name] -= 1
        else:
            self._by.pop(name, None)

    def _name(self, who: str) -> str:
        return who if who in self._by or len(self._by) < REMEMBERED_MOST else OTHERS


class Apart:
    """How often something happened this minute by whom: however many addresses there are, no one known is missed."""

    def __init__(self, most: int) -> None:
        """Let it happen `most` times a minute to each."""
        self._of_known = Tally(most)
        self._of_addresses = Tally(most)

    def of(self, known: str | None, address: str) -> tuple[Tally, str]:
        """Return where it is counted and by which name: that of who is known, else the address."""
        return (self._of_addresses, source_of(address)) if known is None else (self._of_known, known)


class Asked:
    """Requests of this minute."""

    def __init__(self, most: int) -> None:
        """Let each ask `most` times a minute."""
        self._apart = Apart(most)

    def count(self, known: str | None, address: str) -> None:
        """Count a request of a session or known browser, else of an address.

        Raises:
            TooManyRequests: there were too many before it.
        """
        tally, who = self._apart.of(known, address)
        if tally.is_full(who):
            raise TooManyRequests
        tally.count(who)


class Failures:
    """Failures of this minute."""

    def __init__(self, most: int) -> None:
        """Let an address fail `most` times a minute."""
        self._apart = Apart(most)

    @contextmanager
    def counted(self, connection: Connection, *faults: type[Exception], known: str | None = None) -> Iterator[None]:
        """Count the block unless it succeeds, or fails otherwise. Raises `TooManyFailures` before the block.

        `known` is the name of somebody who has shown one: they are counted by it, not hindered by others of the
        address. Who goes away before the answer has failed.
        """
        tally, who = self._apart.of(known, connection.client.host if connection.client else OTHERS)
        if tally.is_full(who):
            raise TooManyFailures
        tally.count(who)
        try:
            yield
        except faults:
            raise
        except Exception:
            tally.take_back(who)
            raise
        tally.take_back(who)
