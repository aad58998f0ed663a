"""One location report: the body of 0x0200, which 0x0201, 0x0704 and 0x0210 carry too.

```
alarm u32 | status u32 | latitude u32 | longitude u32 (1e-6°) | altitude u16 m | speed u16 0.1 km/h | course u16 °
| time BCD[6] | then items: id u8, length u8, data
```
What the vendors put into items is not kept where it tells of Wi-Fi stations or cells; the items' last one may be cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from struct import Struct
from typing import Final

import msgspec

from api.ingest.fixes import ATTRIBUTE_BYTES, EARLIEST_AT, Attributes, Fix, Mileage
from api.ingest.jt808 import words
from api.ingest.jt808.fields import Short, instant
from api.ingest.times import TIME_REPAIR, Repair, mended
from domain.track.fixes import AHEAD_MOST
from domain.values import Datum

FIXED_BYTES: Final = 28
METRES_PER_TENTH_KM: Final = 100
ODOMETER_MOST_M: Final = 9_999_999_000
MPS_PER_TENTH_KMH: Final = 1 / 36
DEGREES_E6: Final = 1_000_000
ITEM_BYTES: Final = 64
"""A longer item of a vendor's own is not kept."""

MILEAGE: Final = 0x01
STATIONS: Final = frozenset({0x54, 0xE1, 0xEB, 0xEC, 0xF0, 0xF3})
"""Items in which vendors list Wi-Fi stations, cells or SIM cards: never kept (privacy)."""
NUMBERS: Final = {
    0x02: (2, "fuel_l", 10),
    0x03: (2, "recorder_kmh", 10),
    0x04: (2, "alarm_event", 1),
    0x25: (4, "signals", 1),
    0x2A: (2, "io", 1),
    0x2B: (4, "analog", 1),
    0x30: (1, "signal", 1),
    0x31: (1, "satellites", 1),
    0x61: (2, "power_v", 100),
}
"""Items that are one number: bytes, name and what it is divided by."""

_FIXED: Final = Struct(">IIIIHHH6s")
_NEGATIVE: Final = 0x8000
_NEAR_NOTHING: Final = 0xC000


class Location(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one report says."""

    at: datetime | None
    """By the terminal's clock; None where that is no time."""
    alarms: int
    """The alarm flag."""
    acc: bool
    """Whether the ignition is on."""
    datum: Datum
    fix: Fix | None
    """None where the receiver has no place, or the report is faulty."""
    mileage: Mileage | None
    fault: str | None
    """Why a report with a place can never count: `bad-time` or `bad-place`."""


def read_location(body: bytes, zone: tzinfo | None, now: datetime) -> Location:
    """Read a body of 0x0200; `zone` is that of the terminal's clock where it is not GMT+8. Raises `Short`."""
    if len(body) < FIXED_BYTES:
        raise Short
    alarms, status, lat_e6, lon_e6, altitude, speed, course, bcd = _FIXED.unpack_from(body)
    at = instant(bcd, zone)
    positioned = bool(status & words.STATUS_POSITIONED) and (lat_e6 or lon_e6) != 0
    attributes, mileage_m = _items(body, status, alarms)
    if at is not None:
        told = mended(at, now)
        at, repair = told.at, told.repair or (Repair.DEVICE_ZONE if zone is not None else None)
        if repair is not None:
            attributes[TIME_REPAIR] = repair.value
    fault, fix = None, None
    if at is None:
        fault = "bad-time"
    elif positioned and (lat_e6 > 90 * DEGREES_E6 or lon_e6 > 180 * DEGREES_E6):
        fault = "bad-place"
    elif positioned:
        fix = Fix(
            fixed_at=at,
            lat=(-lat_e6 if status & words.STATUS_SOUTH else lat_e6) / DEGREES_E6,
            lon=(-lon_e6 if status & words.STATUS_WEST else lon_e6) / DEGREES_E6,
            altitude_m=_altitude_m(altitude),
            speed_mps=speed * MPS_PER_TENTH_KMH,
            course_deg=course if course <= 360 else None,  # noqa: PLR2004 - degrees
            attributes=attributes,
        )
    counts = at is not None and EARLIEST_AT <= at <= now + AHEAD_MOST
    return Location(
        at=at,
        alarms=alarms,
        acc=bool(status & words.STATUS_ACC),
        datum=Datum.GCJ02 if status & words.STATUS_ENCRYPTED else Datum.WGS84,
        fix=fix,
        mileage=Mileage(at=at, odometer_m=mileage_m) if counts and at and mileage_m is not None else None,
        fault=fault,
    )


def _altitude_m(sent: int) -> float:
    """Return metres: below the sea some terminals send a sign bit and the amount, others the two's complement."""
    if sent < _NEGATIVE:
        return sent
    return sent - 0x10000 if sent >= _NEAR_NOTHING else -(sent - _NEGATIVE)


def _items(body: bytes, status: int, alarms: int) -> tuple[Attributes, int | None]:
    attributes: Attributes = {"acc": bool(status & words.STATUS_ACC), "status": f"{status:08x}"}
    if alarms:
        attributes["alarm"] = f"{alarms:08x}"
    mileage_m: int | None = None
    room = ATTRIBUTE_BYTES // 2
    for item, data in _walk(body):
        number = NUMBERS.get(item)
        if item == MILEAGE and len(data) == 4:  # noqa: PLR2004 - u32
            metres = int.from_bytes(data, "big") * METRES_PER_TENTH_KM
            mileage_m = metres if metres <= ODOMETER_MOST_M else None
        elif number is not None and len(data) == number[0]:
            whole = int.from_bytes(data, "big")
            attributes[number[1]] = whole / number[2] if number[2] > 1 else whole
        elif item not in STATIONS and len(data) <= ITEM_BYTES:
            room -= 2 * len(data) + 16
            if room < 0:
                break
            attributes[f"item_{item:02x}"] = data.hex()
    return attributes, mileage_m


def _walk(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Return the items as far as they can be told apart."""
    at = FIXED_BYTES
    while at + 2 <= len(body):
        ends = at + 2 + body[at + 1]
        if ends > len(body):
            return
        yield body[at], body[at + 2 : ends]
        at = ends
