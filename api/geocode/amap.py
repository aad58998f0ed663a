"""AMap 高德 as a geopy geocoder. Its answers are GCJ-02.

Web service `v3/geocode/geo`: `status` "1" with `geocodes`, each with `location` as "longitude,latitude"; `status` "0"
with an `infocode` that says why not.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from geopy.exc import (
    GeocoderAuthenticationFailure,
    GeocoderParseError,
    GeocoderQueryError,
    GeocoderQuotaExceeded,
    GeocoderServiceError,
)
from geopy.geocoders.base import DEFAULT_SENTINEL, Geocoder
from geopy.location import Location

from domain.place.datum import BadPlace, checked_place

API: Final = "https://restapi.amap.com/v3/geocode/geo"

_NO_KEY: Final = frozenset({"10001", "10002", "10005", "10006", "10007", "10008", "10009", "10012", "10013", "10026"})
_QUOTA: Final = frozenset(
    {"10003", "10004", "10010", "10014", "10015", "10019", "10020", "10021", "10029", "10044", "10045"}
)
_QUERY: Final = frozenset({"20000", "20001", "20011", "20012"})
_NOTHING: Final = frozenset({"30001"})
"""ENGINE_RESPONSE_DATA_ERROR: what AMap answers to an address it can make nothing of."""


class AMap(Geocoder):  # type: ignore[misc]  # geopy ships no types
    """Geocoder on AMap's web service.

    Args:
        api_key: a key for web services.
        api: address of the service, or of one that stands in for it.
        city: adcode of the city to look in; everywhere without one.
        timeout: seconds to wait for an answer.
        adapter_factory: geopy's HTTP adapter.
    """

    def __init__(
        self,
        api_key: str,
        *,
        api: str = API,
        city: str = "",
        timeout: Any = DEFAULT_SENTINEL,
        adapter_factory: Any = None,
    ) -> None:
        super().__init__(timeout=timeout, adapter_factory=adapter_factory)
        self.api_key = api_key
        self.api = api
        self.city = city

    def geocode(self, query: str, *, exactly_one: bool = True, timeout: Any = DEFAULT_SENTINEL) -> Any:
        """Return the location of an address, a list with `exactly_one` False, or None."""
        params = {"key": self.api_key, "address": query, "output": "JSON"} | ({"city": self.city} if self.city else {})
        callback = partial(self._parse, exactly_one=exactly_one)
        return self._call_geocoder(f"{self.api}?{urlencode(params)}", callback, timeout=timeout)

    def _parse(self, page: Any, *, exactly_one: bool) -> Any:
        if not isinstance(page, dict):
            raise GeocoderParseError("not an object")
        if str(page.get("status")) != "1":
            code = str(page.get("infocode", ""))
            if code in _NOTHING:
                return None
            raise _fault(code)(f"{page.get('info', '')} ({code})")
        try:
            found = [self._location(one) for one in page.get("geocodes") or []]
        except (KeyError, TypeError, ValueError, AttributeError, BadPlace) as fault:
            raise GeocoderParseError(f"unexpected geocode: {type(fault).__name__}") from fault
        if not found:
            return None
        return found[0] if exactly_one else found

    @staticmethod
    def _location(one: dict[str, Any]) -> Location:
        lon, lat = one["location"].split(",")
        return Location(str(one.get("formatted_address", "")), checked_place(float(lat), float(lon)), one)


def _fault(code: str) -> type[GeocoderServiceError]:
    if code in _NO_KEY:
        return GeocoderAuthenticationFailure  # type: ignore[no-any-return]  # geopy ships no types
    if code in _QUOTA:
        return GeocoderQuotaExceeded  # type: ignore[no-any-return]  # the same
    if code in _QUERY:
        return GeocoderQueryError  # type: ignore[no-any-return]  # the same
    return GeocoderServiceError  # type: ignore[no-any-return]  # the same
