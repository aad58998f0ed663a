"""The clock of a simulated year: moved by the simulation, read by the service in a process of its own."""

from __future__ import annotations

import mmap
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from domain.track.fixes import to_instant, to_us
from tests.world import HeldClock

_MICROSECONDS: Final = struct.Struct("<q")


class FiledClock(HeldClock):
    """A held clock whose instant lies in a file that both processes map."""

    def __init__(self, file: Path, at: datetime | None = None) -> None:
        """Open the file, or make it with an instant."""
        if at is not None:
            file.write_bytes(_MICROSECONDS.pack(to_us(at)))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), _MICROSECONDS.size)

    @property
    def at(self) -> datetime:
        """The instant it is held at."""
        (instant_us,) = _MICROSECONDS.unpack(self._map[:])
        return to_instant(instant_us).astimezone(UTC)

    @at.setter
    def at(self, instant: datetime) -> None:
        self._map[:] = _MICROSECONDS.pack(to_us(instant))
