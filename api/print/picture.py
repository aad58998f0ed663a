"""Whether a file is an image that may be set on paper: a PNG or JPEG of a size that a drawn signature has."""

from __future__ import annotations

import struct
from typing import Final

BYTES_MOST: Final = 512 * 1024
SIDE_MOST: Final = 4096
"""Pixels. A file of a few kilobytes can claim to be an image that fills all memory."""
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_NO_SIZE: Final = {0xC4, 0xC8, 0xCC}
"""JPEG markers among those of frames that carry no size: tables and a reserved one."""


def may_be_set(data: bytes) -> bool:
    """Tell whether the file is a PNG or JPEG within the limits; that its pixels are sound is not looked at."""
    size = None if len(data) > BYTES_MOST else _png_size(data) or _jpeg_size(data)
    return size is not None and all(0 < side <= SIDE_MOST for side in size)


def _png_size(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(_PNG) or data[12:16] != b"IHDR" or len(data) < 24:  # noqa: PLR2004 - up to the height
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return the size that the first frame header says; segments before it are passed over."""
    if not data.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - every marker begins so
        marker, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:  # noqa: PLR2004 - start of frame, of whatever kind
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + length
    return None
