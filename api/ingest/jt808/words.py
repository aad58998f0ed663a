"""The standard's numbers: message ids, results, alarm bits, status bits."""

from __future__ import annotations

from typing import Final

TERMINAL_ANSWER: Final = 0x0001
HEARTBEAT: Final = 0x0002
SIGN_OFF: Final = 0x0003
ASK_TIME: Final = 0x0004
REGISTER: Final = 0x0100
AUTHENTICATE: Final = 0x0102
ATTRIBUTES: Final = 0x0107
ASK_TIME_VENDOR: Final = 0x0109
LOCATION: Final = 0x0200
LOCATED: Final = 0x0201
"""The answer to a query of the position."""
LOCATIONS_VENDOR: Final = 0x0210
WAYBILL: Final = 0x0701
DRIVER_CARD: Final = 0x0702
LOCATIONS: Final = 0x0704
MULTIMEDIA: Final = 0x0801
TRANSPARENT: Final = 0x0900

ANSWER: Final = 0x8001
ASK_PACKAGES: Final = 0x8003
TIME: Final = 0x8004
REGISTERED: Final = 0x8100
SET_PARAMETERS: Final = 0x8103
TIME_VENDOR: Final = 0x8109
LOCATE: Final = 0x8201
TEXT: Final = 0x8300

IDENTITY: Final = frozenset({REGISTER, AUTHENTICATE})
"""By which a terminal says who it is: read whatever its checksum, as nobody knows yet how strictly it is to be read."""
DROPPED: Final = frozenset({ATTRIBUTES, WAYBILL, MULTIMEDIA, TRANSPARENT})
"""Acknowledged, and of no use here: nothing of them is kept."""

OK: Final = 0
FAILED: Final = 1
BAD_MESSAGE: Final = 2
UNSUPPORTED: Final = 3

REGISTRATION_OK: Final = 0
VEHICLE_REGISTERED: Final = 1
NO_SUCH_VEHICLE: Final = 2
TERMINAL_REGISTERED: Final = 3
NO_SUCH_TERMINAL: Final = 4

REPORT_INTERVAL: Final = 0x0029
"""Parameter: seconds between two reports."""
ODOMETER: Final = 0x0080
"""Parameter: the vehicle's odometer in tenths of a kilometre."""

ALARMS: Final = {
    0: "sos",
    1: "overspeed",
    2: "fatigue",
    3: "danger",
    4: "gnss-fault",
    5: "antenna-cut",
    6: "antenna-short",
    7: "power-low",
    8: "power-cut",
    9: "display-fault",
    10: "voice-fault",
    11: "camera-fault",
    12: "card-reader-fault",
    13: "overspeed-warning",
    14: "fatigue-warning",
    18: "driven-too-long",
    19: "parked-too-long",
    20: "area",
    21: "route",
    22: "route-time",
    23: "route-left",
    24: "speed-sensor-fault",
    25: "fuel-abnormal",
    26: "stolen",
    27: "illegal-ignition",
    28: "tow",
    29: "collision",
    30: "rollover",
    31: "door",
}
"""Kinds of event by bit of the alarm flag (SmallChi/JT808@c9552b0f Enums/JT808Alarm.cs); 15 to 17 are reserved."""

STATUS_ACC: Final = 1 << 0
STATUS_POSITIONED: Final = 1 << 1
STATUS_SOUTH: Final = 1 << 2
STATUS_WEST: Final = 1 << 3
STATUS_ENCRYPTED: Final = 1 << 5
"""The coordinates went through the mapping authority's plug-in 保密插件: they are GCJ-02."""
