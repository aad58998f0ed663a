"""Messages that come in several packages, put together again within bounds.

A package is known by its message's id and how many there are; the first one's serial is told by each. When a package
comes that is there already but of another first serial, the terminal has begun anew, and so do we. What is missing
is asked for a few times, then given up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

from api.ingest.jt808.message import Message

PACKAGES_MOST: Final = 255
"""Packages of one message: the request for missing ones counts them in one byte (2013)."""
UNFINISHED_MOST: Final = 8
"""Messages of one terminal that may be unfinished at once: of empty packages their bytes bound nothing."""
TERMINAL_BYTES: Final = 64 * 1024
"""What is kept of one terminal's unfinished messages: over a thousand locations."""
ALL_BYTES: Final = 32 * 1024 * 1024
"""What is kept of all of them together."""
WAIT_S: Final = 5.0
"""How long after the last package the missing ones are asked for."""
FINISHED_MOST: Final = 512
"""Packages of finished messages that are known again when they come twice."""
ASKS_MOST: Final = 3
"""How often they are."""


@dataclass(slots=True)
class Room:
    """What all terminals' unfinished messages take together."""

    most: int = ALL_BYTES
    taken: int = 0


@dataclass(slots=True)
class Missing:
    """Which packages of a message to ask for: 0x8003 names the first package's serial and the others' numbers."""

    first_serial: int
    indexes: list[int]


@dataclass(slots=True)
class _Unfinished:
    first: int
    waits_until: float
    parts: dict[int, Message] = field(default_factory=dict)
    asked: int = 0

    @property
    def size(self) -> int:
        return sum(len(part.body) for part in self.parts.values())


class Packages:
    """The unfinished messages of one terminal."""

    def __init__(self, room: Room) -> None:
        """Take from `room`, which all terminals share."""
        self._room = room
        self._unfinished: dict[tuple[int, int], _Unfinished] = {}
        self._taken = 0
        self._finished: dict[tuple[int, int, int, int, int], None] = {}
        self.given_up = 0
        """Messages that were begun and never became whole."""

    def add(self, part: Message, now_s: float) -> tuple[Message, list[int]] | None:
        """Add a package; return the whole message and every package's serial once all are there.

        Raises:
            ValueError: its numbers are impossible, or there is no room for it.
        """
        if not 1 <= part.index <= part.total <= PACKAGES_MOST:
            raise ValueError("package numbers")
        key, first = (part.id, part.total), (part.serial - part.index + 1) & 0xFFFF
        found = self._unfinished.get(key)
        if found is not None and found.first != first and part.index in found.parts:
            self._give_up(key)
            found = None
        if found is None or part.index not in found.parts:
            self._make_room(key, len(part.body))
            found = self._unfinished.setdefault(key, _Unfinished(first, 0.0))
            found.parts[part.index] = part
        found.waits_until = now_s + WAIT_S
        if len(found.parts) < part.total:
            return None
        self._forget(key)
        self._finished |= dict.fromkeys(map(_known, found.parts.values()))
        while len(self._finished) > FINISHED_MOST:
            del self._finished[next(iter(self._finished))]
        parts = [found.parts[index] for index in range(1, part.total + 1)]
        whole = msgspec.structs.replace(parts[0], body=b"".join(one.body for one in parts), total=0, index=0)
        return whole, [one.serial for one in parts]

    def is_finished(self, part: Message) -> bool:
        """Return whether this package, byte for byte, was part of a message that became whole."""
        return _known(part) in self._finished

    def forget_finished(self) -> None:
        """Take packages of finished messages for new ones again: what they became was not kept."""
        self._finished.clear()

    def due(self, now_s: float) -> list[Missing]:
        """Return what to ask for now; what was asked for often enough is given up."""
        asks: list[Missing] = []
        for key, one in list(self._unfinished.items()):
            if one.waits_until > now_s:
                continue
            if one.asked == ASKS_MOST:
                self._give_up(key)
                continue
            one.asked += 1
            one.waits_until = now_s + WAIT_S
            asks.append(Missing(one.first, [index for index in range(1, key[1] + 1) if index not in one.parts]))
        return asks

    def clear(self) -> None:
        """Forget all: the connection is at its end."""
        for key in list(self._unfinished):
            self._forget(key)

    def _make_room(self, key: tuple[int, int], size: int) -> None:
        others = [one for one in self._unfinished if one != key]
        while others and (self._taken + size > TERMINAL_BYTES or len(others) >= UNFINISHED_MOST):
            self._give_up(others.pop(0))
        if self._taken + size > TERMINAL_BYTES or self._room.taken + size > self._room.most:
            if key in self._unfinished:
                self._give_up(key)
            raise ValueError("no room")
        self._taken += size
        self._room.taken += size

    def _give_up(self, key: tuple[int, int]) -> None:
        self.given_up += 1
        self._forget(key)

    def _forget(self, key: tuple[int, int]) -> None:
        size = self._unfinished.pop(key).size
        self._taken -= size
        self._room.taken -= size


def _known(part: Message) -> tuple[int, int, int, int, int]:
    return part.id, part.total, part.index, part.serial, hash(part.body)
