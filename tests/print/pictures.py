"""Small images as a phone draws them."""

from __future__ import annotations

import struct
import zlib


def png(width: int, height: int, claims: tuple[int, int] | None = None) -> bytes:
    """Return a grey PNG with a stroke across it; `claims` is a size that its header says instead."""
    stroke = bytes(0 if x % 7 else 255 for x in range(width))
    blank = b"\xff" * width
    rows = b"".join(b"\0" + (stroke if abs(y - height // 2) < 3 else blank) for y in range(height))
    header = struct.pack(">IIBBBBB", *(claims or (width, height)), 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def jpeg_head(width: int, height: int) -> bytes:
    """Return the head of a JPEG: an application segment, a table, and the frame header with the size."""
    return (
        b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
        b"\xff\xc4\x00\x04\x00\x00"
        b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0"
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
