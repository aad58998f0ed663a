"""Who a device token belongs to, from a cache that revocation empties.

A process listens on the channel `zhuanche_devices`; what changes a device, or who is aboard a trip, tells the bureau's
code there when it commits, and every process forgets what it kept of that bureau. While a process cannot listen it
keeps an entry for a second only.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import structlog
from sqlalchemy import text

from api.db.database import Database, Reader, UnitOfWork
from api.db.engine import LINE

CHANNEL: Final = "zhuanche_devices"
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: nothing that looks like something else."""
SECRET_LETTERS: Final = 16
"""80 bits: not guessed over a network, and short enough to type into a phone."""
TOKEN: Final = re.compile(rf"([0-9]{{6}})([{ALPHABET}]{{{SECRET_LETTERS}}})")
LIFE_S: Final = 30.0
"""How long an entry is kept while the process hears of changes."""
DEAF_LIFE_S: Final = 1.0
"""How long while it does not."""
MOST: Final = 50_000
"""Entries kept at once; then the cache begins anew."""
TRIPS_BACK: Final = timedelta(days=120)
"""Trips older than this no longer claim a phone's fixes that come late."""

_LOOKALIKES = str.maketrans({"o": "0", "i": "1", "l": "1", "-": "", " ": ""})

log = structlog.get_logger()

_DEVICE = text(
    "SELECT device_id, person_id, zone, strictness, EXISTS (SELECT 1 FROM tracking_acknowledgement t"
    " WHERE t.bureau_id = d.bureau_id AND t.bureau_id = :bureau_id AND t.person_id = d.person_id) AS acknowledged"
    " FROM device d WHERE bureau_id = :bureau_id AND token_sha256 = :digest AND revoked_at IS NULL"
    " AND (d.person_id IS NULL OR EXISTS (SELECT 1 FROM person p"
    " WHERE p.bureau_id = d.bureau_id AND p.bureau_id = :bureau_id AND p.person_id = d.person_id AND p.active))"
)
_ABOARD = text(
    "SELECT u.actual_from, u.actual_until FROM trip_crew c"
    " JOIN trip t ON t.bureau_id = c.bureau_id AND t.use_id = c.use_id AND t.crew_rev = c.rev"
    " JOIN vehicle_use u ON u.bureau_id = t.bureau_id AND u.use_id = t.use_id"
    " WHERE c.bureau_id = :bureau_id AND c.person_id = :person_id AND u.actual_from IS NOT NULL"
    " AND (u.actual_until IS NULL OR u.actual_until >= :since)"
)


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device whose token is good. A terminal's fixes always count; a phone's while its person is aboard a trip."""

    bureau_id: str
    device_id: UUID
    terminal: bool
    aboard: tuple[tuple[float, float], ...] = ()
    """From when until when, in seconds since 1970, the phone's person was on a trip; under way is until infinity."""
    zone: ZoneInfo | None = None
    """The zone its clock is set to, where that was entered."""
    strict: bool = True
    """Whether its frames must be whole to be read."""
    acknowledged: bool = True
    """Whether a phone's person has read what is tracked; a terminal has nobody to tell."""

    def counts(self, times: Sequence[float]) -> list[bool] | None:
        """Return which fixes count, by their times; None for all."""
        if self.terminal or not times:
            return None
        first, last = min(times), max(times)
        if any(from_s <= first and last <= until_s for from_s, until_s in self.aboard):
            return None
        return [any(from_s <= at <= until_s for from_s, until_s in self.aboard) for at in times]


def new_device_token(bureau_id: str) -> tuple[str, bytes]:
    """Return a token to type into a device, and the SHA-256 that is kept of it."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LETTERS))
    groups = [letters[i : i + 4] for i in range(0, SECRET_LETTERS, 4)]
    return "-".join([bureau_id, *groups]), hashlib.sha256(f"{bureau_id}{letters}".encode()).digest()


def bureau_and_digest(token: str) -> tuple[str, bytes] | None:
    """Return the bureau a token names and what the database keeps of it, or None for what is no token.

    Case, dashes, spaces and look-alikes do not matter: tokens are typed.
    """
    typed = token.strip().lower().translate(_LOOKALIKES)
    named = TOKEN.fullmatch(typed)
    return (named[1], hashlib.sha256(typed.encode()).digest()) if named else None


async def tell_devices(uow: UnitOfWork) -> None:
    """Let every process look up this bureau's devices and trips anew once this work is committed."""
    await uow.execute(text("SELECT pg_notify(:channel, :bureau_id)"), {"channel": CHANNEL, "bureau_id": uow.bureau_id})


class Devices:
    """The devices a process knows by token."""

    def __init__(self, database: Database, url: str) -> None:
        """Look up in `database`; listen on a connection of its own to `url`."""
        self._database = database
        self._url = url
        self._known: dict[str, tuple[KnownDevice, float]] = {}
        self._heard = 0
        """Counts what was forgotten, so that a look-up begun before is not kept after."""
        self._listening = False
        self._task: asyncio.Task[None] | None = None
        self.on_change: list[Callable[[str | None], None]] = []
        """Called with a bureau, or None for any, when a device or a trip of it may be another than it was."""

    def known(self, token: str) -> KnownDevice | None:
        """Return the device of a token if it is in the cache."""
        entry = self._known.get(token)
        return entry[0] if entry is not None and entry[1] > monotonic() else None

    async def of_token(self, token: str) -> KnownDevice | None:
        """Return the device of a token, or None for an unknown or revoked one."""
        device = self.known(token)
        if device is not None:
            return device
        named = bureau_and_digest(token)
        if named is None:
            return None
        heard = self._heard
        async with self._database.read(named[0]) as reader:
            device = await _look_up(reader, named[1])
        # Who has not been told yet is asked about each time: what they send is taken as soon as they are.
        if device is not None and device.acknowledged and heard == self._heard:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[token] = (device, monotonic() + (LIFE_S if self._listening else DEAF_LIFE_S))
        return device

    def forget(self, bureau_id: str | None = None) -> None:
        """Forget what is kept of a bureau, or of all."""
        self._heard += 1
        self._known = {
            token: entry for token, entry in self._known.items() if bureau_id and entry[0].bureau_id != bureau_id
        }
        for told in self.on_change:
            told(bureau_id)

    async def start(self) -> None:
        """Begin to listen."""
        listening = asyncio.Event()
        self._task = asyncio.create_task(self._listen(listening))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listening.wait(), 5)

    async def stop(self) -> None:
        """End listening."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self, listening: asyncio.Event) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, connect_timeout=5, application_name="zhuanche devices", **LINE
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._listening = True
                    self.forget()
                    listening.set()
                    async for notice in connection.notifies():
                        self.forget(notice.payload)
            except Exception as fault:  # noqa: BLE001 - or it would be deaf for good, and not know it
                log.warning("devices-deaf", kind=type(fault).__name__)
            self._listening = False
            self.forget()
            await asyncio.sleep(DEAF_LIFE_S)


async def _look_up(reader: Reader, digest: bytes) -> KnownDevice | None:
    asked = {"bureau_id": reader.bureau_id, "digest": digest}
    row = (await reader.execute(_DEVICE, asked)).one_or_none()
    if row is None:
        return None
    zone = ZoneInfo(row.zone) if row.zone else None
    if row.person_id is None:
        return KnownDevice(reader.bureau_id, row.device_id, terminal=True, zone=zone, strict=row.strictness == "strict")
    trips = await reader.execute(
        _ABOARD, {"bureau_id": reader.bureau_id, "person_id": row.person_id, "since": reader.now - TRIPS_BACK}
    )
    aboard = tuple((trip.actual_from.timestamp(), _end_s(trip.actual_until)) for trip in trips)
    return KnownDevice(
        reader.bureau_id, row.device_id, terminal=False, aboard=aboard, zone=zone, acknowledged=row.acknowledged
    )


def _end_s(until: datetime | None) -> float:
    return float("inf") if until is None else until.timestamp()
