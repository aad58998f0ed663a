"""OpenStreetMap's Nominatim, by geopy, asked for this country only. Its answers are WGS-84.

`/search?q=…&format=json`: a list of places with `lat`, `lon` and `display_name`, empty for what it does not know. Its
public service wants the application's name in User-Agent and answers 403 to who overdoes it.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from geopy.exc import GeocoderParseError
from geopy.geocoders import Nominatim as GeopyNominatim
from geopy.geocoders.base import DEFAULT_SENTINEL

from domain.place.datum import BadPlace, checked_place

API: Final = "https://nominatim.openstreetmap.org"


class Nominatim(GeopyNominatim):  # type: ignore[misc]  # geopy ships no types
    """Geocoder on a Nominatim service.

    Args:
        api: address of the service; its `/search` is asked.
        timeout: seconds to wait for an answer.
    """

    def __init__(self, *, api: str = API, timeout: Any = DEFAULT_SENTINEL) -> None:
        super().__init__(user_agent=f"zhuanche/{version('zhuanche')}", timeout=timeout)
        self.api = f"{api.rstrip('/')}{self.geocode_path}"

    def geocode(self, query: str, *, exactly_one: bool = True, timeout: Any = DEFAULT_SENTINEL) -> Any:
        """Return the location of an address, a list with `exactly_one` False, or None."""
        return super().geocode(query, exactly_one=exactly_one, timeout=timeout, country_codes="cn", language="zh")

    def _parse_json(self, places: Any, exactly_one: bool) -> Any:  # noqa: FBT001 - geopy's own signature
        try:
            for place in places:
                # geopy would put a place without numbers on the equator.
                checked_place(float(place["lat"]), float(place["lon"]))
            return super()._parse_json(places, exactly_one=exactly_one)
        except (KeyError, TypeError, ValueError, AttributeError, BadPlace) as fault:
            raise GeocoderParseError(f"unexpected place: {type(fault).__name__}") from fault
