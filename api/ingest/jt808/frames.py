"""Frames in a stream of bytes: split at 0x7E, unescape, check the sum. Nothing here knows what a message means.

A frame is `7E | header | body | checksum | 7E`; within it 7E is sent as `7D 02` and 7D as `7D 01`. Two frames may
share the 7E between them or send it twice. Whatever goes wrong, the next 7E begins anew.
"""

from __future__ import annotations

import re
from functools import reduce
from operator import xor
from typing import Final

DELIMITER: Final = b"\x7e"
HEADER_MOST: Final = 21
BODY_MOST: Final = 1023
"""What the ten bits of the length can say."""
FRAME_MOST: Final = 2 * (HEADER_MOST + BODY_MOST + 1)
"""Bytes of a frame on the wire: each may be escaped."""

_BAD_ESCAPE: Final = re.compile(rb"\x7d(?![\x01\x02])")


class Frames:
    """Takes a stream piece by piece and returns whole frames; keeps at most one unfinished frame."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._begun = False
        self.junk_bytes = 0
        """Bytes before the first 0x7E, and of pieces too long for a frame."""

    def feed(self, data: bytes) -> list[bytes]:
        """Return what stands between delimiters by now, as sent (escaped), empty pieces left out."""
        if not self._begun:
            before, delimiter, data = data.partition(DELIMITER)
            self.junk_bytes += len(before)
            if not delimiter:
                return []
            self._begun = True
        *pieces, last = data.split(DELIMITER)
        if pieces and self._rest:
            pieces[0] = bytes(self._rest) + pieces[0]
            self._rest.clear()
        self._rest += last
        if len(self._rest) > FRAME_MOST:
            # It cannot end well any more: what follows up to the next delimiter is no frame either.
            self.junk_bytes += len(self._rest)
            self._rest.clear()
            self._begun = False
        whole = [piece for piece in pieces if 0 < len(piece) <= FRAME_MOST]
        self.junk_bytes += sum(len(piece) for piece in pieces if len(piece) > FRAME_MOST)
        return whole


def unescaped(piece: bytes) -> bytes | None:
    """Return a frame's bytes as meant, or None where 7D is followed by neither 01 nor 02."""
    if b"\x7d" not in piece:
        return piece
    if _BAD_ESCAPE.search(piece):
        return None
    return piece.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")


def escaped(raw: bytes) -> bytes:
    """Return a whole frame for the wire: checksum appended, escaped, between delimiters."""
    summed = raw + bytes((checksum(raw),))
    return DELIMITER + summed.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + DELIMITER


def checksum(raw: bytes) -> int:
    """Return the exclusive or over header and body."""
    return reduce(xor, raw, 0)
