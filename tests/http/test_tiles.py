"""The one thing that pages may load from elsewhere: tiles, from the host that the process was told and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import Settings, SettingsError, load_settings
from api.web.tiles import tiles_of
from domain.values import Datum


def told(**given: str) -> Settings:
    """Return settings with these of a tile server."""
    return Settings(data=Path("unused"), **given)  # type: ignore[arg-type]  # a test names real fields


def test_without_a_tile_server_nothing_is_loaded_from_elsewhere() -> None:
    """The district's own boundary is the map."""
    assert tiles_of(told()) is None


def test_tianditu_takes_a_key_and_is_drawn_as_it_is() -> None:
    """CGCS2000 needs no shift; the key stands in the address and the origin is one host."""
    tiles = tiles_of(told(tiles="tianditu", tiles_key="k1"))
    assert tiles is not None
    assert (tiles.origin, tiles.datum) == ("https://t0.tianditu.gov.cn", Datum.WGS84)
    assert [("vec_w" in layer, "cva_w" in layer) for layer in tiles.layers] == [(True, False), (False, True)]
    assert all(layer.endswith("&TILEROW={y}&TILECOL={x}&tk=k1") for layer in tiles.layers)


def test_any_server_is_taken_with_the_datum_that_its_tiles_are_drawn_in() -> None:
    """GCJ-02 is shifted to by the map, of which the server tells it."""
    tiles = tiles_of(told(tiles="https://tiles.example.org:8443/{z}/{x}/{y}.png?k={key}", tiles_datum="GCJ-02"))
    assert tiles is not None
    assert tiles.origin == "https://tiles.example.org:8443"
    assert '"datum":"GCJ-02"' in tiles.told
    assert "{key}" not in tiles.layers[0]


@pytest.mark.parametrize(
    "given",
    [
        {"tiles": "tianditu"},
        {"tiles": "https://tiles.example.org/{z}/{x}.png"},
        {"tiles": "https://{s}.example.org/{z}/{x}/{y}.png"},
        {"tiles": "//tiles.example.org/{z}/{x}/{y}.png"},
        {"tiles": "https://tiles.example.org; script-src *//{z}/{x}/{y}"},
        {"tiles": "https://tiles.example.org/{z}/{x}/{y}.png", "tiles_datum": "BD-09"},
    ],
)
def test_what_the_policy_of_a_page_could_not_name_is_refused_at_the_start(given: dict[str, str]) -> None:
    """A key that is missing, an address without its places, a host that is not spelt out, a grid that is another."""
    with pytest.raises(SettingsError, match="ZHUANCHE_TILES"):
        tiles_of(load_settings({f"ZHUANCHE_{name.upper()}": value for name, value in given.items()}))
