"""Lots 抽签: which trips are called back, and at which departures a photo of the odometer is asked for.

The month's seed is made and its SHA-256 entered in the ledger before the month's first departure, and the seed is
kept from everybody until the draw. So nobody foresees a lot, and afterwards everybody can draw it again. The auditor
names a salt at the draw: who knew the seed all the same (whoever can read the database's disk) could not foresee it
either.

    photo of a departure:  SHA-256("photo" ‖ seed ‖ trip id), first four bytes as a number, modulo 100 < share
    call-backs of a month: the trips with the smallest SHA-256("lot" ‖ seed ‖ salt ‖ trip id)

Trip ids are the 16 bytes of the UUID, the salt is UTF-8.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from typing import Final
from uuid import UUID

from domain.values import Named

SEED_BYTES: Final = 32
_HUNDRED: Final = 100


class CallBackResult(Named):
    """What the consumer said when they were called back."""

    CONFIRMED = "confirmed", "属实", "confirmed"
    DENIED = "denied", "不属实", "denied"
    UNREACHED = "unreached", "未联系上", "not reached"


def commitment(seed: bytes) -> str:
    """Return what is entered beforehand: the SHA-256 of the seed, hexadecimal."""
    return sha256(seed).hexdigest()


def asks_photo(seed: bytes, trip_id: UUID, share_percent: int) -> bool:
    """Tell whether the departure of a trip is one at which a photo of the odometer is asked for."""
    digest = sha256(b"photo" + seed + trip_id.bytes).digest()
    return int.from_bytes(digest[:4], "big") % _HUNDRED < share_percent


def how_many(trips: int, *, percent: int, least: int) -> int:
    """Return how many of so many trips are drawn: a share, rounded up, at least some, at most all."""
    share = -(-trips * percent // _HUNDRED)
    return min(trips, max(least, share))


def draw(seed: bytes, salt: str, trips: Collection[UUID], *, percent: int, least: int) -> tuple[UUID, ...]:
    """Return the trips drawn, in the order of their lots, however the trips are given."""
    ranked = sorted(set(trips), key=lambda trip_id: sha256(b"lot" + seed + salt.encode() + trip_id.bytes).digest())
    return tuple(ranked[: how_many(len(ranked), percent=percent, least=least)])
