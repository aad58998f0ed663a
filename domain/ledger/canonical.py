"""One value, one spelling: the canonical JSON that the ledger hashes.

The values are a subset of JSON: text, whole numbers below 2^53, true, false, null, arrays, and objects with ASCII
keys. On this subset the fast encoder writes exactly what RFC 8785 (JSON Canonicalization Scheme) asks for; outside
it, encoders disagree about floats, large numbers and the order of keys, so everything else is refused. Degrees go in
as counts of 1e-7, distances as metres, money as fen. The bytes are stored and hashed as they are, never written anew
to check them.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec

from domain.errors import DomainError

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"
"""A value of the subset."""

MAX_INTEGER: Final = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly (RFC 8785 §3.2.2.3, RFC 7493 §2.2)."""
MAX_DEPTH: Final = 32
"""Arrays and objects inside one another; no fact of ours needs ten."""

# Without order="sorted" the encoder would keep the order in which keys were put in.
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


class NotCanonical(DomainError):
    """The ledger takes text, whole numbers below 2^53, true, false, null, lists, and objects with ASCII keys only."""

    code = "not-canonical"
    zh = "账本只接受文本、绝对值小于 2^53 的整数、真、假、空、列表，以及以 ASCII 为键的对象。"


def canonical(value: Json) -> bytes:
    """Return the one RFC 8785 spelling of `value`.

    Raises:
        NotCanonical: some part of it is outside the subset; `detail` says where and why.
    """
    _check(value, "$", 0)
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError as fault:
        raise NotCanonical(at="$", why="half of a surrogate pair is not text") from fault


def parse(data: bytes) -> Json:
    """Return the value that `data` spells.

    Raises:
        NotCanonical: it is not JSON, or not in its canonical spelling.
    """
    try:
        value: Json = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
        raise NotCanonical(at="$", why="not JSON") from fault
    if canonical(value) != data:
        raise NotCanonical(at="$", why="not the canonical spelling")
    return value


def _check(value: Any, at: str, depth: int) -> None:
    """Refuse what is outside the subset. Exact types: a subclass could be written in another way than it reads."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise NotCanonical(at=at, why="a whole number of 2^53 or more")
    elif kind is not list and kind is not dict:
        raise NotCanonical(at=at, why=f"a {kind.__name__}")
    elif depth == MAX_DEPTH:
        raise NotCanonical(at=at, why=f"nested deeper than {MAX_DEPTH}")
    elif kind is list:
        for place, item in enumerate(value):
            _check(item, f"{at}[{place}]", depth + 1)
    else:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                raise NotCanonical(at=at, why="a key that is not ASCII text")
            _check(item, f"{at}.{key}", depth + 1)
