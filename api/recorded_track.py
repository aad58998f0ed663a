"""Read a track that was recorded elsewhere, to send it again as a phone would: CSV or GPX.

The CSV is that of the RSK Twizy EV dataset: `Date` (month/day/year), `Time` (no zone, taken as UTC), `LAT`, `LON`,
`GpsSpeed` and `Speed` in km/h, the first from the GPS module, the second from the wheels. Nothing is corrected: a
place that cannot be is read as it stands, since a replay must show what the service makes of it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import ParseError, parse

_KMH_PER_MPS = 3.6
_CSV_COLUMNS = frozenset({"Date", "Time", "LAT", "LON"})


class UnreadableTrackError(ValueError):
    """The file is neither a CSV of the known columns nor a GPX with times."""


@dataclass(frozen=True, slots=True)
class RecordedFix:
    """One fix as recorded: `at` in UTC, degrees as they stand; `wheel_mps` is the car's own speed, if known."""

    at: datetime
    lat: float
    lon: float
    speed_mps: float | None = None
    wheel_mps: float | None = None


def read_track(path: Path) -> list[RecordedFix]:
    """Return the fixes of a .csv or .gpx file in the order of the file.

    Rows whose time or numbers cannot be read are left out. Raises `UnreadableTrackError` for another format or when
    no row at all can be read, OSError if the file cannot be opened.
    """
    readers = {".csv": _from_csv, ".gpx": _from_gpx}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UnreadableTrackError(f"{path.name}: a recorded track is a .csv or .gpx file")
    fixes = list(reader(path))
    if not fixes:
        raise UnreadableTrackError(f"{path.name}: no row with a readable time and place")
    return fixes


def _from_csv(path: Path) -> Iterator[RecordedFix]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            missing = _CSV_COLUMNS - set(rows.fieldnames or ())
            if missing:
                raise UnreadableTrackError(f"{path.name}: no column {', '.join(sorted(missing))}")
            for row in rows:
                at = _csv_instant(f"{row['Date']} {row['Time']}")
                lat, lon = _number(row["LAT"]), _number(row["LON"])
                if at is not None and lat is not None and lon is not None:
                    yield RecordedFix(at, lat, lon, _kmh(row.get("GpsSpeed")), _kmh(row.get("Speed")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableTrackError(f"{path.name}: {error}") from error


def _from_gpx(path: Path) -> Iterator[RecordedFix]:
    try:
        root = parse(path).getroot()
    except (ParseError, ValueError, LookupError) as error:
        # ValueError: entities, which defusedxml forbids; LookupError: an encoding that nobody knows.
        raise UnreadableTrackError(f"{path.name}: {error!r}") from error
    for point in root.iter() if root is not None else ():
        if _local_name(point) != "trkpt":
            continue
        told = {_local_name(child): child.text for child in point.iter()}
        at = _iso_instant(told.get("time"))
        lat, lon = _number(point.get("lat")), _number(point.get("lon"))
        if at is not None and lat is not None and lon is not None:
            yield RecordedFix(at, lat, lon, _number(told.get("speed")))


def _local_name(element: Element) -> str:
    """Return the name without its namespace: GPX 1.0 and 1.1 and vendors' extensions differ in that only."""
    return str(element.tag).rpartition("}")[2]


def _csv_instant(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _iso_instant(text: str | None) -> datetime | None:
    """Read a time in ISO 8601; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat((text or "").strip())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        read = float(text or "")
    except ValueError:
        return None
    return read if isfinite(read) else None


def _kmh(text: str | None) -> float | None:
    speed = _number(text)
    return None if speed is None else speed / _KMH_PER_MPS
