"""A message: its header in the forms of 2011, 2013 and 2019, its body, and what is wrong with its frame.

```
2011, 2013   id u16 | attributes u16 | phone BCD[6] | serial u16 [| total u16 | index u16]
2019         id u16 | attributes u16 | version u8 | phone BCD[10] | serial u16 [| total u16 | index u16]
attributes   bits 0-9 length of the body, 10-12 encryption, 13 sub-package, 14 the header of 2019
```
"""

from __future__ import annotations

from struct import Struct
from typing import Final

import msgspec

from api.ingest.jt808.frames import checksum, unescaped

LENGTH_BITS: Final = 0x03FF
ENCRYPTION_BITS: Final = 0x1C00
SUB_PACKAGE: Final = 0x2000
VERSIONED: Final = 0x4000
CHECKSUM_FAULT: Final = "bad-checksum"
LENGTH_FAULT: Final = "bad-length"
ESCAPE_FAULT: Final = "bad-escape"

_HEADER_2013: Final = Struct(">HH6sH")
_HEADER_2019: Final = Struct(">HHB10sH")
_PACKAGE: Final = Struct(">HH")
_IMEI_DIGITS: Final = 14


class BadFrame(Exception):
    """What stands between two delimiters is no message: too short for its header."""


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message, or one package of one sent in several."""

    id: int
    phone: bytes
    """As sent, six bytes or (2019) ten: an answer repeats it."""
    serial: int
    body: bytes
    versioned: bool = False
    """Whether the header is that of 2019."""
    encrypted: bool = False
    total: int = 0
    """How many packages the message has; 0 where it is whole."""
    index: int = 0
    """Which of them this is, from 1."""
    faults: tuple[str, ...] = ()
    """What is wrong with the frame, though it could be read: a strict device's such message does not count."""


def read_message(piece: bytes) -> Message:
    """Read what stands between two delimiters.

    Raises:
        BadFrame: it is too short to be a message.
    """
    faults: list[str] = []
    raw = unescaped(piece)
    if raw is None:
        faults.append(ESCAPE_FAULT)
        raw = piece
    versioned = len(raw) > _HEADER_2013.size and bool(raw[2] & (VERSIONED >> 8))
    header = _HEADER_2019 if versioned else _HEADER_2013
    if len(raw) <= header.size:
        raise BadFrame
    if versioned:
        message_id, attributes, _, phone, serial = header.unpack_from(raw)
    else:
        message_id, attributes, phone, serial = header.unpack_from(raw)
    begins, total, index = header.size, 0, 0
    if attributes & SUB_PACKAGE:
        begins += _PACKAGE.size
        if len(raw) <= begins:
            raise BadFrame
        total, index = _PACKAGE.unpack_from(raw, header.size)
    if checksum(raw):  # the sum over all and itself is nothing
        faults.append(CHECKSUM_FAULT)
    body = raw[begins:-1]
    if len(body) != attributes & LENGTH_BITS:
        faults.append(LENGTH_FAULT)
    return Message(
        id=message_id,
        phone=phone,
        serial=serial,
        body=body,
        versioned=versioned,
        encrypted=bool(attributes & ENCRYPTION_BITS),
        total=total,
        index=index,
        faults=tuple(faults),
    )


def phone_of(sent: bytes) -> str:
    """Return a terminal's number as digits without leading zeros.

    Some terminals pack the first 14 digits of their IMEI as one number into the six bytes instead of digits: then the
    IMEI is returned, with its check digit (so does Traccar, `Jt808ProtocolDecoder.decodeId`).
    """
    digits = sent.hex()
    if digits.isdigit():
        return digits.lstrip("0")
    number = str(int.from_bytes(sent, "big"))
    return f"{number}{_luhn(number)}" if len(number) == _IMEI_DIGITS else number


def _luhn(digits: str) -> int:
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    return -sum(value // 10 + value % 10 for value in doubled) % 10
