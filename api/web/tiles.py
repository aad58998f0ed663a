"""The tile server that a bureau may set as the ground of its maps: the only thing a page ever loads from elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from api.settings import Settings, SettingsError
from domain.values import Datum

TIANDITU: Final = (
    "https://t0.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={{key}}"
)
"""Tianditu 天地图 as WMTS: the drawn map (vec) and its writing (cva), both CGCS2000."""
ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?=/)")
"""Scheme and host of a tile server, both spelt out: the pages' policy names it and no other."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """A tile server: its layers from the bottom up, the datum they are drawn in, whom the map is owed to."""

    layers: tuple[str, ...]
    origin: str
    datum: Datum
    owed_to: str

    @property
    def told(self) -> str:
        """What a page's map is told, as JSON."""
        return msgspec.json.encode({"layers": self.layers, "datum": self.datum, "owed_to": self.owed_to}).decode()


def tiles_of(settings: Settings) -> Tiles | None:
    """Return the tile server that is set, or None.

    Raises:
        SettingsError: a key is missing, or the host is not spelt out.
    """
    key = settings.tiles_key or ""
    if settings.tiles == "none":
        return None
    if settings.tiles == "tianditu":
        if not key:
            raise SettingsError("ZHUANCHE_TILES is tianditu, which asks for ZHUANCHE_TILES_KEY.")
        layers = tuple(TIANDITU.format(layer=layer) for layer in ("vec", "cva"))
        return _tiles(layers, key, Datum.WGS84, "天地图 Tianditu")
    return _tiles((settings.tiles,), key, Datum(settings.tiles_datum), "")


def _tiles(layers: tuple[str, ...], key: str, datum: Datum, owed_to: str) -> Tiles:
    origin = ORIGIN.match(layers[0])
    if origin is None:
        raise SettingsError("ZHUANCHE_TILES begins with https:// and the tile server's host, spelt out.")
    return Tiles(tuple(layer.replace("{key}", key) for layer in layers), origin[0], datum, owed_to)
