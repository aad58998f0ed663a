"""`/v1/places`: where an address lies, from earlier jobs, the district's towns and villages, and a geocoder."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.db.database import Actor
from api.geocode.lookup import FoundPlace, Places
from api.http.access import READERS, Allow
from api.http.fields import WITHOUT_NUL
from domain.place.shipped import find_divisions
from domain.values import Datum

SAID = {
    "answered": "",
    "away": "地图服务暂时没有应答，请在地图上选点或稍后再试。The geocoder did not answer; pick the place or try later.",
    "refused": "地图服务拒绝了本系统的密钥，请联系管理员。The geocoder refused our key; tell the administrator.",
    "quota": "地图服务的调用额度已用完。The geocoder's quota is used up.",
}
"""What people are told of each outcome."""


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """A place: `lat` and `lon` in WGS-84, and the numbers of its source in `datum`, which a job takes as they are."""

    source: str
    name: str
    address: str
    raw_lat: float
    raw_lon: float
    datum: Datum
    lat: float
    lon: float


class DivisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A town or village that the words name: it completes an address and has no coordinates."""

    code: str
    name: str
    parent_code: str


class GeocoderView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the geocoder that was asked: `answered`, `away`, `refused` or `quota`."""

    name: str
    outcome: str
    said: str


class PlacesView(msgspec.Struct, frozen=True, kw_only=True):
    """Places, the likeliest first; `geocoder` is null when none was asked."""

    places: list[PlaceView]
    divisions: list[DivisionView]
    geocoder: GeocoderView | None


@get("/v1/places", guards=[Allow(READERS)], summary="Look an address up", name="place.find", tags=["places"])
async def find_places(
    *,
    actor: NamedDependency[Actor],
    places: NamedDependency[Places],
    q: Annotated[str, QueryParameter(min_length=1, max_length=100, pattern=WITHOUT_NUL)],
    more: Annotated[bool, QueryParameter(description="ask the geocoder even where remembered sites fit")] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=50)] = 10,
) -> PlacesView:
    """Return remembered sites, and what the geocoder knows where they hold nothing."""
    found = await places.find(actor.bureau_id, q, limit, more=more)
    geocoder = None
    if found.geocoder is not None and found.outcome is not None:
        geocoder = GeocoderView(name=found.geocoder, outcome=found.outcome, said=SAID[found.outcome])
    divisions = find_divisions(actor.bureau_id, q, limit)
    return PlacesView(
        places=[_view(one) for one in found.places],
        divisions=[DivisionView(code=one.code, name=one.name, parent_code=one.parent_code) for one in divisions],
        geocoder=geocoder,
    )


def _view(found: FoundPlace) -> PlaceView:
    return PlaceView(
        source=found.source,
        name=found.name,
        address=found.address,
        raw_lat=found.lat,
        raw_lon=found.lon,
        datum=found.datum,
        lat=found.wgs84.lat,
        lon=found.wgs84.lon,
    )
