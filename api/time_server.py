"""What time it is, asked of a time server: one packet each way (SNTP, RFC 4330), within two seconds or not at all."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from domain.clock import TOLERATED

PATIENCE_S: Final = 2.0
NTP_PORT: Final = 123
_PACKET: Final = struct.Struct("!BBbb11I")
_CLIENT: Final = 0x23
"""Version 4, mode 3: a client."""
_SERVER_MODE: Final = 4
_UNSYNCHRONISED: Final = 3
"""As a leap indicator: the server's own clock was never set."""
_EPOCH_S: Final = 2_208_988_800
"""From 1900, where NTP counts from, to 1970."""
_STRATUM_MOST: Final = 15
_ERA_S: Final = 1 << 32


class NoTime(Exception):
    """The time server did not answer, or does not know the time itself; the text says how, in a word."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a time server told."""

    at: datetime
    ahead: timedelta
    """How far its clock was ahead of this machine's then."""
    since_s: float
    """When it was told, by a clock that nobody sets."""

    def now(self) -> datetime:
        """Return its time now, whatever this machine's clock was set to since."""
        return self.at + timedelta(seconds=time.monotonic() - self.since_s)


def address_of(server: str) -> tuple[str, int]:
    """Return name and port of `name`, `name:port`, an IPv6 address, or one in brackets with a port."""
    name, colon, port = server.rpartition(":")
    if not colon or (":" in name and not name.startswith("[")):
        name, port = server, str(NTP_PORT)
    if name.startswith("[") and not name.endswith("]"):
        name, port = server, str(NTP_PORT)
    return name.strip("[]"), int(port)


def ask_time(server: str) -> Told:
    """Return what a time server tells (`name` or `name:port`).

    Raises:
        NoTime: nobody answered in time, or not as a time server does that knows the time.
    """
    sent = secrets.randbits(64)
    packet = _PACKET.pack(_CLIENT, 0, 0, 0, *([0] * 9), sent >> 32, sent & 0xFFFFFFFF)
    try:
        name, port = address_of(server)
        family, kind, _, _, address = socket.getaddrinfo(name, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as asked:
            asked.settimeout(PATIENCE_S)
            asked.connect(address)  # so that nobody else's packets are heard
            began, began_s = time.time(), time.monotonic()
            asked.send(packet)
            answer = asked.recv(512)
            half_s = (time.monotonic() - began_s) / 2
    except (OSError, ValueError) as fault:
        raise NoTime(type(fault).__name__) from fault
    if len(answer) < _PACKET.size:
        raise NoTime("short")
    first, stratum, _, _, *words = _PACKET.unpack(answer[: _PACKET.size])
    if (
        first >> 6 == _UNSYNCHRONISED
        or first & 7 != _SERVER_MODE
        or not 1 <= stratum <= _STRATUM_MOST
        or (words[5] << 32 | words[6]) != sent
    ):
        raise NoTime("not-a-time-server")
    told_s = (_seconds(words[7], words[8], began) + _seconds(words[9], words[10], began)) / 2
    at = datetime.fromtimestamp(told_s, UTC)
    return Told(at, at - datetime.fromtimestamp(began + half_s, UTC), began_s + half_s)


def _seconds(whole: int, part: int, near_s: float) -> float:
    """Return seconds since 1970, in the era of NTP (they begin anew in 2036) that is nearest to now."""
    seconds = whole - _EPOCH_S + part / _ERA_S
    return seconds + round((near_s - seconds) / _ERA_S) * _ERA_S


async def ask_time_aside(servers: str) -> Told | None:
    """Return what time servers (between commas) tell, asked in threads, or None where that is not known.

    An answer is not signed, and whoever is on the way can make one up: of several servers those that answer must
    agree, or none of them is believed.
    """

    async def told_by(server: str) -> Told | None:
        try:
            async with asyncio.timeout(2 * PATIENCE_S):
                return await asyncio.to_thread(ask_time, server)
        except (NoTime, TimeoutError):
            return None

    asked = await asyncio.gather(*(told_by(one.strip()) for one in servers.split(",") if one.strip()))
    told = [one for one in asked if one is not None]
    times = [one.now() for one in told]
    if not told or max(times) - min(times) > TOLERATED:
        return None
    return told[0]
