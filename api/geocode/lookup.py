"""Look an address up: every source answers in one shape, each place with the datum its numbers are in."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import structlog
from geopy.adapters import URLLibAdapter
from geopy.exc import (
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
    GeocoderQuotaExceeded,
    GeopyError,
)
from geopy.geocoders import options
from sqlalchemy import func, or_
from sqlmodel import col, select

from api.db.database import Database
from api.db.tables.complaints import RememberedPlace
from api.geocode.amap import API as AMAP_API
from api.geocode.amap import AMap
from api.geocode.nominatim import API as NOMINATIM_API
from api.geocode.nominatim import Nominatim
from api.geocode.tianditu import API as TIANDITU_API
from api.geocode.tianditu import Tianditu
from api.settings import Settings, SettingsError
from domain.place.datum import to_wgs84
from domain.values import Datum, Point

log = structlog.get_logger()

options.default_adapter_factory = URLLibAdapter
"""Where `requests` is installed geopy would ask by it, and three times in a row."""

TURNS: Final = 2
"""How many time-outs a question may take: its turn among others, looking up the name, and the answer."""
_THREADS: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="geocoder")
"""Of their own: whoever waits for a name server that is away holds up no file and no pass word."""
CITY_DIGITS: Final = 4
"""The first digits of a district's code name its city."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlace:
    """A place with the numbers as its source gave them, their datum, and the same place in WGS-84."""

    source: str
    name: str
    address: str
    lat: float
    lon: float
    datum: Datum
    wgs84: Point


class LookupAway(Exception):
    """A source of places did not answer: `reason` is `away`, `refused` (the key) or `quota`."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class Lookup(Protocol):
    """A source of places."""

    source: str

    async def find(self, bureau_id: str, words: str, limit: int) -> list[FoundPlace]:
        """Return up to `limit` places for those words, the likeliest first; none is an empty list.

        Raises:
            LookupAway: the source did not answer.
        """


class Remembered:
    """The sites that jobs of the bureau led to before."""

    source = "remembered"

    def __init__(self, database: Database) -> None:
        self.database = database

    async def find(self, bureau_id: str, words: str, limit: int) -> list[FoundPlace]:
        """Return the places whose name, address or credit code holds the words, the last used first."""
        wanted = words.strip().lower()
        if not wanted:
            return []
        row = RememberedPlace
        statement = (
            select(row)
            .where(
                row.bureau_id == bureau_id,
                or_(
                    func.strpos(func.lower(row.name), wanted) > 0,
                    func.strpos(func.lower(row.address), wanted) > 0,
                    func.lower(row.credit_code) == wanted,
                ),
            )
            .order_by(col(row.last_used_at).desc(), col(row.place_id))
            .limit(limit)
        )
        async with self.database.read(bureau_id) as reader:
            rows = await reader.all(statement)
        return [
            FoundPlace(
                source=self.source,
                name=one.name,
                address=one.address,
                lat=one.raw_lat,
                lon=one.raw_lon,
                datum=Datum(one.datum),
                wgs84=Point(one.lat, one.lon),
            )
            for one in rows
        ]


class Geocoded:
    """A geopy geocoder, asked in a thread, whose numbers are in a datum of its own."""

    def __init__(self, source: str, geocoder: Any, datum: Datum, timeout_s: float) -> None:
        self.source = source
        self.geocoder = geocoder
        self.datum = datum
        self.timeout_s = timeout_s

    async def find(self, bureau_id: str, words: str, limit: int) -> list[FoundPlace]:
        """Return what the geocoder makes of the words."""
        del bureau_id
        wanted = words.strip()
        if not wanted:
            return []
        ask = partial(self.geocoder.geocode, wanted, exactly_one=False, timeout=self.timeout_s)
        try:
            async with asyncio.timeout(TURNS * self.timeout_s):
                answered = await asyncio.get_running_loop().run_in_executor(_THREADS, ask)
        except (GeocoderAuthenticationFailure, GeocoderInsufficientPrivileges) as fault:
            raise self._away("refused", fault) from fault
        except GeocoderQuotaExceeded as fault:
            raise self._away("quota", fault) from fault
        except (GeopyError, OSError) as fault:
            raise self._away("away", fault) from fault
        return [self._found(wanted, one) for one in (answered or [])[:limit]]

    def _away(self, reason: str, fault: Exception) -> LookupAway:
        log.warning("geocoder did not answer", source=self.source, reason=reason, kind=type(fault).__name__)
        return LookupAway(self.source, reason)

    def _found(self, words: str, location: Any) -> FoundPlace:
        return FoundPlace(
            source=self.source,
            name=words,
            address=str(location.address),
            lat=location.latitude,
            lon=location.longitude,
            datum=self.datum,
            wgs84=to_wgs84(location.latitude, location.longitude, self.datum),
        )


class GeocodedInCity:
    """AMap, told the city of the bureau that asks, so that a street's name finds the street near by."""

    source = "amap"

    def __init__(self, key: str, api: str, timeout_s: float) -> None:
        self.key = key
        self.api = api
        self.timeout_s = timeout_s

    async def find(self, bureau_id: str, words: str, limit: int) -> list[FoundPlace]:
        """Return what AMap makes of the words in the bureau's city."""
        city = bureau_id[:CITY_DIGITS].ljust(len(bureau_id), "0")
        inner = Geocoded(self.source, AMap(self.key, api=self.api, city=city), Datum.GCJ02, self.timeout_s)
        return await inner.find(bureau_id, words, limit)


def geocoder_of(settings: Settings) -> Lookup | None:
    """Return the geocoder that the settings name, or None.

    Raises:
        SettingsError: it needs a key.
    """
    name, key, timeout_s = settings.geocoder, settings.geocoder_key, settings.geocoder_timeout_s
    if name == "none":
        return None
    if name == "nominatim":
        return Geocoded(name, Nominatim(api=settings.geocoder_url or NOMINATIM_API), Datum.WGS84, timeout_s)
    if not key:
        raise SettingsError(f"ZHUANCHE_GEOCODER={name} needs ZHUANCHE_GEOCODER_KEY.")
    if name == "amap":
        return GeocodedInCity(key, settings.geocoder_url or AMAP_API, timeout_s)
    tianditu = Tianditu(key, api=settings.geocoder_url or TIANDITU_API)
    return Geocoded(name, tianditu, Datum.CGCS2000, timeout_s)


@dataclass(frozen=True, slots=True)
class PlacesAnswer:
    """Places found, and what became of the geocoder: None when it was not asked, or `answered`, or why it did not."""

    places: list[FoundPlace]
    geocoder: str | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Places:
    """Remembered sites first; the geocoder is asked when they hold nothing, or when more is wanted."""

    remembered: Lookup
    geocoder: Lookup | None

    async def find(self, bureau_id: str, words: str, limit: int, *, more: bool) -> PlacesAnswer:
        """Return what is found; a geocoder that is away costs nothing but its own answers."""
        found = await self.remembered.find(bureau_id, words, limit)
        if self.geocoder is None or (found and not more) or len(found) >= limit:
            return PlacesAnswer(found, None, None)
        try:
            answered = await self.geocoder.find(bureau_id, words, limit - len(found))
        except LookupAway as fault:
            return PlacesAnswer(found, fault.source, fault.reason)
        return PlacesAnswer(found + answered, self.geocoder.source, "answered")
