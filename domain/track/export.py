"""A measured track for other programs: GeoJSON (RFC 7946) and GPX 1.1. Unobserved stretches stay visible."""

from __future__ import annotations

import re
from datetime import datetime
from html import escape
from typing import Any

from domain.track.fixes import Fixes, to_instant
from domain.track.length import Segment, Track, Unobserved

_DECIMALS = 7
"""A centimetre; more digits would pretend."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_geojson(track: Track) -> dict[str, Any]:
    """Return a FeatureCollection in order of time: what was observed, and between it what was not.

    `properties.kind` is "observed" (a LineString, or a Point for a single fix, with `length_m` and the `times` of its
    coordinates) or "unobserved" (the straight line between its ends, with `least_m` and `most_m`).
    """
    features: list[dict[str, Any]] = []
    for i, segment in enumerate(track.segments):
        if i:
            features.append(_gap(track.segments[i - 1], track.unobserved[i - 1], segment))
        features.append(_seen(segment))
    return {"type": "FeatureCollection", "features": features}


def to_gpx(track: Track, name: str = "") -> bytes:
    """Return a GPX 1.1 document, UTF-8: one `trkseg` a segment, the unobserved stretches told in `desc`."""
    unobserved = "\n".join(
        f"unobserved: {_stamp(gap.from_at)} to {_stamp(gap.to_at)}, {gap.least_m} to {gap.most_m} m"
        for gap in track.unobserved
    )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<gpx version="1.1" creator="zhuanche" xmlns="http://www.topografix.com/GPX/1/1">',
        "<trk>",
        *([f"<name>{_text(name)}</name>"] if name else []),
        *([f"<desc>{_text(unobserved)}</desc>"] if unobserved else []),
    ]
    for segment in track.segments:
        lines.append("<trkseg>")
        lines.extend(
            f'<trkpt lat="{lat:.{_DECIMALS}f}" lon="{lon:.{_DECIMALS}f}"><time>{_stamp(at)}</time></trkpt>'
            for at, lat, lon in _rows(segment.fixes)
        )
        lines.append("</trkseg>")
    lines += ["</trk>", "</gpx>", ""]
    return "\n".join(lines).encode()


def _seen(segment: Segment) -> dict[str, Any]:
    rows = _rows(segment.fixes)
    coordinates = [_position(lat, lon) for _, lat, lon in rows]
    single = len(coordinates) == 1
    return {
        "type": "Feature",
        "geometry": {
            "type": "Point" if single else "LineString",
            "coordinates": coordinates[0] if single else coordinates,
        },
        "properties": {
            "kind": "observed",
            "from_at": _stamp(rows[0][0]),
            "to_at": _stamp(rows[-1][0]),
            "length_m": segment.length_m,
            "times": [_stamp(at) for at, _, _ in rows],
        },
    }


def _gap(before: Segment, gap: Unobserved, after: Segment) -> dict[str, Any]:
    ends = [*_rows(before.fixes[-1:]), *_rows(after.fixes[:1])]
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [_position(lat, lon) for _, lat, lon in ends]},
        "properties": {
            "kind": "unobserved",
            "from_at": _stamp(gap.from_at),
            "to_at": _stamp(gap.to_at),
            "least_m": gap.least_m,
            "most_m": gap.most_m,
        },
    }


def _rows(fixes: Fixes) -> list[tuple[datetime, float, float]]:
    columns = (fixes[name].tolist() for name in ("at_us", "lat", "lon"))
    return [(to_instant(at_us), lat, lon) for at_us, lat, lon in zip(*columns, strict=True)]


def _position(lat: float, lon: float) -> list[float]:
    return [round(lon, _DECIMALS), round(lat, _DECIMALS)]


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _text(value: str) -> str:
    """Escape for XML 1.0, which has no place at all for control characters."""
    return escape(_NOT_XML.sub("", value))
