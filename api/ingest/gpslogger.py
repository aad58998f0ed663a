"""GPSLogger for Android with a custom URL: a query or a form with the names of its placeholders (docs/protocols.md).

Its speeds are `spd` in metres a second and `spd_kph`; what it does not know it sends as 0.0 or as nothing
(mendhak/gpslogger@32994bf, CustomUrlManager.java). At `/in/gpslogger` a `speed` is in metres a second, too: it stands
for `%SPD`. With automatic sending it sends the whole file again each hour; the natural key of a fix takes care of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.ingest.extras import add, kept, placed, tell, within
from api.ingest.fixes import Fix, Received
from api.ingest.osmand import value_of
from api.ingest.protocol import Protocol, Read, Reply, Sent, received
from api.ingest.times import Told, number, when

MPS_PER_KMH: Final = 1 / 3.6
SHAPE: Final = frozenset({"spd", "spd_kph", "acc", "prov", "timeoffset", "starttimestamp", "ischarging"})
"""Names that no other client uses."""
_OWN: Final = frozenset({
    "lat", "lon", "alt", "altitude", "acc", "accuracy", "dir", "bearing", "direction", "spd", "spd_kph", "speed",
    "timestamp", "time", "timeoffset", "date", "act",
})  # fmt: skip


def claims(sent: Sent) -> bool:
    """Return whether there are names that only this client uses, or the address says that it is this one."""
    if sent.is_json:
        return False
    return sent.door == "gpslogger" or not SHAPE.isdisjoint(sent.parameters)


def tokens(sent: Sent) -> Iterator[str]:
    """Yield the names that its documentation and other services use; any other parameter is looked at for all."""
    for name in ("id", "token", "key", "deviceid"):
        if name in sent.parameters:
            yield sent.parameters[name]


def decode(sent: Sent, read: Read) -> Received:
    """Return the fix of a request."""
    given = {name.lower(): value for name, value in sent.parameters.items()}
    found = received("gpslogger", sent, within(number(given.get("batt")), 0, 100))
    told = _when(given, read)
    extras = [(name, value_of(text)) for name, text in given.items() if name not in _OWN]
    if not given.get("lat") and not given.get("lon"):
        tell(found, "heartbeat", told, extras)
        return found
    at = placed(found, (number(given.get("lat")), number(given.get("lon"))), told, given, 0)
    if at is None:
        return found
    fix = Fix(
        fixed_at=at.told.at,
        lat=at.lat,
        lon=at.lon,
        accuracy_m=_known(given, ("acc", "accuracy"), 0, 1e6),
        altitude_m=_known(given, ("alt", "altitude"), -1e6, 1e6),
        speed_mps=_speed_mps(given),
        course_deg=_known(given, ("dir", "bearing", "direction"), 0, 360),
        attributes=kept(extras, _OWN, told),
    )
    add(found, 0, fix)
    return found


def _when(given: Mapping[str, str], read: Read) -> Told | None:
    """Return the time by the first of the client's names for it that is there."""
    for name in ("timestamp", "timeoffset", "time"):
        if given.get(name):
            return when(given[name], read.now, read.zone)
    return Told(read.now)


def _speed_mps(given: Mapping[str, Any]) -> float | None:
    """Return the speed; a zero is known only where the receiver of satellites says so."""
    for name in ("spd", "speed"):
        speed = within(number(given.get(name)), 0, 10_000)
        if speed is not None:
            break
    else:
        speed_kmh = within(number(given.get("spd_kph")), 0, 36_000)
        speed = None if speed_kmh is None else speed_kmh * MPS_PER_KMH
    return speed or (0.0 if speed == 0.0 and given.get("prov", "gps") == "gps" else None)


def _known(given: Mapping[str, str], names: tuple[str, ...], least: float, most: float) -> float | None:
    """Return a number; zero is what the client sends for what it does not know."""
    for name in names:
        if name in given:
            return within(number(given[name]), least, most) or None
    return None


PROTOCOL: Final = Protocol(name="gpslogger", claims=claims, tokens=tokens, decode=decode, reply=Reply())
