"""Wrong pass words: whoever guesses is stopped, and nobody else with them.

Counted by account and by where they come from: a browser that this account was signed in from before, which it proves
by a cookie, else the address. So nobody who types a colleague's login wrongly stops that colleague, neither from
another address nor, where a desk shares one, from another browser. In memory, a process for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from api.source import Source

TRIES: Final = 5
"""So many wrong pass words in a row stop where they come from."""
STOPPED: Final = timedelta(minutes=10)
"""For so long, and so long a wrong one counts."""
SWEPT_AT: Final = 10_000
"""So many remembered are looked through for what is over. Each cost the check of a pass word, of which a process does
no more than some thirty a second, so those of ten minutes are a bounded number."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose pass word is tried, whether there is such an account or not."""

    bureau_id: str
    login: str
    password_hash: str | None = None
    """What is kept of the pass word that is tried at: whoever is given another begins anew."""


class Guesses:
    """Wrong pass words of late, and those that are being checked: of many at once no more are let through."""

    def __init__(self) -> None:
        self._wrong: dict[tuple[Account, str], tuple[int, datetime]] = {}

    def begin(self, account: Account, source: Source, now: datetime) -> int | None:
        """Count a pass word as wrong before it is checked; return its number, or None where no more is let through."""
        tries = self._tries(account, source, now)
        if tries >= TRIES:
            return None
        if len(self._wrong) >= SWEPT_AT:
            self._wrong = {key: one for key, one in self._wrong.items() if one[1] > now - STOPPED}
        self._wrong[account, source.name] = (tries + 1, now)
        return tries + 1

    def take_back(self, account: Account, source: Source) -> None:
        """Count one less: it was not checked, or nothing was told of it."""
        tries, last = self._wrong.pop((account, source.name), (0, None))
        if last is not None and tries > 1:
            self._wrong[account, source.name] = (tries - 1, last)

    def right(self, account: Account, source: Source) -> None:
        """Forget the slips of who knows it after all."""
        self._wrong.pop((account, source.name), None)

    def _tries(self, account: Account, source: Source, now: datetime) -> int:
        tries, last = self._wrong.get((account, source.name), (0, now))
        # One of the future is of a clock that was set back rightly since.
        return tries if now - STOPPED < last <= now else 0
