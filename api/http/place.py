"""A place as it travels: two numbers and the datum they are given in, declared and never guessed."""

from __future__ import annotations

from typing import Annotated

import msgspec

from domain.place.datum import to_wgs84
from domain.values import Datum, Point

Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90, examples=[25.4337])]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180, examples=[119.0010])]


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Degrees in a declared datum: in China an undeclared one is off by half a kilometre."""

    lat: Latitude
    lon: Longitude
    datum: Datum

    def point(self) -> Point:
        """Return the place in WGS-84. Raises `BadPlace`."""
        return to_wgs84(self.lat, self.lon, self.datum)
