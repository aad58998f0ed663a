"""What the product ships about districts: their line, and the names of their towns and villages.

Sources, licences and changes are stated in `data/LICENCES.md` and in the files themselves.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from domain.place.boundary import Boundary
from domain.values import Datum

_CODE = re.compile(r"[0-9]{6}")
_KIND = re.compile(r"(街道|社区居委会|村委会|居委会|社区|镇|乡)$")


@dataclass(frozen=True, slots=True)
class Division:
    """A town (乡镇街道, 9 digits) or a village or community (村居, 12 digits) by its statistical code.

    It completes an address. It has no coordinates, so it never places a site.
    """

    code: str
    name: str
    parent_code: str


def shipped_boundary(code: str) -> Boundary | None:
    """Return the WGS-84 boundary of the district with that GB/T 2260 code, or None if none is shipped.

    The line of 350302 is good to about 100 m: use it with a tolerance, or enter a better one.
    """
    # The code is checked before the cache, so that what people type cannot fill it.
    return _boundary(code) if _CODE.fullmatch(code) and _shipped(f"{code}.geojson") else None


def shipped_geometry(code: str) -> tuple[dict[str, Any], Datum] | None:
    """Return the same boundary as it is shipped, a GeoJSON geometry and its datum, or None if none is."""
    if not (_CODE.fullmatch(code) and _shipped(f"{code}.geojson")):
        return None
    feature = _read(f"{code}.geojson")
    return feature["geometry"], Datum(feature["properties"]["datum"])


def divisions(code: str) -> tuple[Division, ...]:
    """Return the towns of the district, each followed by its villages; empty if none are shipped."""
    return _divisions(code) if _CODE.fullmatch(code) and _shipped(f"{code}_divisions.json") else ()


def find_divisions(code: str, words: str, limit: int) -> tuple[Division, ...]:
    """Return up to `limit` towns and villages whose name the words hold, or whose name holds the words.

    An address names its town; what people type first is a part of a name. Longer matches come first.
    """
    wanted = words.strip()
    if not wanted:
        return ()
    named = [one for one in divisions(code) if one.name in wanted or _stem(one.name) in wanted or wanted in one.name]
    return tuple(sorted(named, key=lambda one: (-len(_stem(one.name)), one.code))[:limit])


def _stem(name: str) -> str:
    """Return a name without the words for what it is, which addresses leave out; at least two signs stay."""
    stem = _KIND.sub("", name)
    return stem if len(stem) > 1 else name


@cache
def _boundary(code: str) -> Boundary:
    feature = _read(f"{code}.geojson")
    return Boundary.from_geojson(feature["geometry"], Datum(feature["properties"]["datum"]))


@cache
def _divisions(code: str) -> tuple[Division, ...]:
    found: list[Division] = []
    for town in _read(f"{code}_divisions.json")["towns"]:
        found.append(Division(town["code"], town["name"], code))
        found.extend(Division(village["code"], village["name"], town["code"]) for village in town["villages"])
    return tuple(found)


def _shipped(name: str) -> bool:
    return files("domain.place").joinpath("data", name).is_file()


def _read(name: str) -> Any:
    return json.loads(files("domain.place").joinpath("data", name).read_text(encoding="utf-8"))
