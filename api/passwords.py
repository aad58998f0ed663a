"""Pass words: hashed and checked by argon2 in threads of their own, so that no request waits for another's.

Nothing here touches the database: whoever checks a pass word holds no connection while the hash is computed.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final, ParamSpec, TypeVar

from pwdlib import PasswordHash

from api.db.faults import Busy
from domain.people import check_password

P = ParamSpec("P")
T = TypeVar("T")

THREADS: Final = 2
"""How many hashes are computed at a time; each takes 64 MiB and some 70 ms."""
MOST_WAITING: Final = 32
"""How many may be computed or wait; one more is answered `busy`."""
TEMPORARY_BYTES: Final = 9
"""72 random bits, twelve characters: enough for a pass word that lives until the next sign-in."""

_hasher = PasswordHash.recommended()
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
_room = threading.BoundedSemaphore(MOST_WAITING)


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
    return await _in_thread(_hasher.hash, password)


async def password_fits(password: str, password_hash: str | None) -> bool:
    """Tell whether a pass word has this hash; without a hash it never does, at the same cost.

    Raises:
        Busy: too many pass words are being checked.
    """
    fits = await _in_thread(_verify, password, password_hash)
    return fits and password_hash is not None


def temporary_password() -> str:
    """Return a pass word to be shown once and changed at the next sign-in."""
    return secrets.token_urlsafe(TEMPORARY_BYTES)


def _verify(password: str, password_hash: str | None) -> bool:
    return _hasher.verify(password, password_hash or _nobodys_hash())


async def _in_thread(compute: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    if not _room.acquire(blocking=False):
        raise Busy
    # The room is given back when the thread is done, also when the client has gone away meanwhile.
    computed = _threads.submit(compute, *args, **kwargs)
    computed.add_done_callback(lambda _: _room.release())
    return await asyncio.wrap_future(computed)
