"""Tianditu 天地图, the state's public map, as a geopy geocoder. Its answers are CGCS2000.

`/geocoder?ds={"keyWord":…}&tk=…`: `status` "0" with one `location` (`lon`, `lat`, `score`, `keyWord`), "404" when it
knows no such place, anything else a fault; a refused key is told by a `code` without a `status`.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from geopy.exc import GeocoderAuthenticationFailure, GeocoderParseError, GeocoderServiceError
from geopy.geocoders.base import DEFAULT_SENTINEL, Geocoder
from geopy.location import Location

from domain.place.datum import BadPlace, checked_place

API: Final = "https://api.tianditu.gov.cn/geocoder"


class Tianditu(Geocoder):  # type: ignore[misc]  # geopy ships no types
    """Geocoder on Tianditu's web service.

    Args:
        api_key: a server key (tk).
        api: address of the service, or of one that stands in for it.
        timeout: seconds to wait for an answer.
        adapter_factory: geopy's HTTP adapter.
    """

    def __init__(
        self, api_key: str, *, api: str = API, timeout: Any = DEFAULT_SENTINEL, adapter_factory: Any = None
    ) -> None:
        super().__init__(timeout=timeout, adapter_factory=adapter_factory)
        self.api_key = api_key
        self.api = api

    def geocode(self, query: str, *, exactly_one: bool = True, timeout: Any = DEFAULT_SENTINEL) -> Any:
        """Return the location of an address, a list with `exactly_one` False, or None."""
        params = {"ds": json.dumps({"keyWord": query}, ensure_ascii=False), "tk": self.api_key}
        callback = partial(self._parse, exactly_one=exactly_one)
        return self._call_geocoder(f"{self.api}?{urlencode(params)}", callback, timeout=timeout)

    def _parse(self, page: Any, *, exactly_one: bool) -> Any:
        if not isinstance(page, dict):
            raise GeocoderParseError("not an object")
        status = str(page.get("status", ""))
        if not status and "code" in page:
            raise GeocoderAuthenticationFailure(f"{page.get('msg', '')} ({page['code']})")
        if status == "404":
            return None
        if status != "0":
            raise GeocoderServiceError(f"{page.get('msg', '')} ({status})")
        where = page.get("location")
        if not where:
            return None
        try:
            place = checked_place(float(where["lat"]), float(where["lon"]))
            found = Location(str(where.get("keyWord", "")), place, page)
        except (KeyError, TypeError, ValueError, AttributeError, BadPlace) as fault:
            raise GeocoderParseError(f"unexpected location: {type(fault).__name__}") from fault
        return found if exactly_one else [found]
