"""Pass words: hashed and checked by argon2 in threads of their own, so that no request waits for another's.

Nothing here touches the database: whoever checks a pass word holds no connection while the hash is computed.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final, ParamSpec, TypeVar

from pwdlib import PasswordHash

from api.db.faults import Busy
from api.source import Source
from domain.people import check_password

P = ParamSpec("P")
T = TypeVar("T")

THREADS: Final = 2
"""How many hashes are computed at a time; each takes 64 MiB and some 70 ms."""
MOST_WAITING: Final = 32
"""How many may be computed or wait; one more is answered `busy`."""
MOST_OF_STRANGERS: Final = 16
"""How many of them may be of sources that are not known: however many there are, they leave the others to who is."""
MOST_OF_ONE: Final = 8
"""How many of them may be of one source."""
TEMPORARY_BYTES: Final = 9
"""72 random bits, twelve characters: enough for a pass word that lives until the next sign-in."""

_hasher = PasswordHash.recommended()
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
OURSELVES: Final = Source("", known=True)
"""Of a new pass word, which only somebody asks for who is signed in."""


class Places:
    """Whose pass words are computed or wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[Source] = Counter()

    def take(self, source: Source) -> None:
        """Take a place. Raises `Busy`: there is none left, or none for this one."""
        with self._lock:
            taken, strangers = self._taken.total(), sum(n for one, n in self._taken.items() if not one.known)
            if taken >= MOST_WAITING or (not source.known and strangers >= MOST_OF_STRANGERS):
                raise Busy
            if self._taken[source] >= MOST_OF_ONE:
                raise Busy
            self._taken[source] += 1

    def give_back(self, source: Source) -> None:
        """Give a place back, from whichever thread."""
        with self._lock:
            self._taken[source] -= 1
            if not self._taken[source]:
                del self._taken[source]


_places = Places()


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())


async def hash_password(password: str, login: str, old: str | None = None) -> str:
    """Return the argon2id hash that is kept of a pass word which the rule allows.

    Raises:
        PasswordTooWeak: it is too short, is the login, or is the old one.
        Busy: too many pass words are being hashed or checked.
    """
    check_password(password, login, old)
    return await _in_thread(OURSELVES, _hasher.hash, password)


async def password_fits(password: str, password_hash: str | None, source: Source) -> bool:
    """Tell whether a pass word has this hash; without a hash it never does, at the same cost.

    Raises:
        Busy: too many pass words are being checked, of all or of this source.
    """
    fits = await _in_thread(source, _verify, password, password_hash)
    return fits and password_hash is not None


def temporary_password() -> str:
    """Return a pass word to be shown once and changed at the next sign-in."""
    return secrets.token_urlsafe(TEMPORARY_BYTES)


def _verify(password: str, password_hash: str | None) -> bool:
    return _hasher.verify(password, password_hash or _nobodys_hash())


async def _in_thread(source: Source, compute: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    _places.take(source)
    # The place is given back when the thread is done, also when the client has gone away meanwhile.
    computed = _threads.submit(compute, *args, **kwargs)
    computed.add_done_callback(lambda _: _places.give_back(source))
    return await asyncio.wrap_future(computed)
