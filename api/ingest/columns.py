"""Fixes of a whole batch as the rows of a binary COPY, column by column.

Every value of a row but the attributes has a fixed width, so a numpy array of such rows is the COPY stream itself;
rows with attributes are cut out and get theirs appended. Unknown numbers travel as NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from api.ingest.fixes import Fix, attributes_json
from domain.place.datum import to_wgs84
from domain.values import Datum

SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
EPOCH_2000_US: Final = 946_684_800_000_000
"""PostgreSQL counts microseconds since 2000."""
_E7: Final = 10_000_000
_JSONB_VERSION: Final = b"\x01"
_NULL: Final = -1

_COLUMNS: Final = (
    ("device_id", "V16", 16),
    ("fixed_at", ">i8", 8),
    ("lat_e7", ">i4", 4),
    ("lon_e7", ">i4", 4),
    ("source_seq", ">i8", 8),
    ("received_at", ">i8", 8),
    ("datum", "", 0),
    ("raw_lat", ">f8", 8),
    ("raw_lon", ">f8", 8),
    ("accuracy_m", ">f4", 4),
    ("altitude_m", ">f4", 4),
    ("speed_mps", ">f4", 4),
    ("course_deg", ">f4", 4),
    ("fixed", "?", 1),
    ("mock", "?", 1),
    ("request_no", ">i4", 4),
    ("counts", "?", 1),
)


def _row(datum: Datum) -> np.dtype[Any]:
    """Return a row as COPY takes it: the count of columns, then each value after its length."""
    parts: list[tuple[str, str]] = [("columns", ">i2"), ("bureau_id_bytes", ">i4"), ("bureau_id", "S6")]
    for name, kind, _ in _COLUMNS:
        parts += [(f"{name}_bytes", ">i4"), (name, kind or f"S{len(datum.value)}")]
    return np.dtype([*parts, ("attributes_bytes", ">i4")])


def _frame(datum: Datum) -> NDArray[np.void]:
    """Return one row that holds what is the same in all rows of a datum."""
    frame = np.zeros(1, dtype=_row(datum))
    frame["columns"] = len(_COLUMNS) + 2
    frame["bureau_id_bytes"] = 6
    for name, _, width in _COLUMNS:
        frame[f"{name}_bytes"] = width or len(datum.value)
    frame["datum"] = datum.value.encode()
    frame["attributes_bytes"] = _NULL
    return frame


_FRAMES: Final = {datum: _frame(datum) for datum in Datum}


class Waiting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The fixes of one request: whose, in which datum, when (seconds since 1970), and which of them count."""

    bureau_id: str
    device_id: UUID
    datum: Datum
    fixes: Sequence[Fix]
    times: Sequence[float]
    counts: Sequence[bool] | None
    """None: all."""

    @property
    def counting(self) -> int:
        """Return how many count."""
        return len(self.fixes) if self.counts is None else sum(self.counts)


def copy_stream(batch: Sequence[Waiting], received_at_us: int) -> bytes:
    """Return the stream of a COPY of the batch; `request_no` is a request's place in the batch."""
    by_datum: dict[Datum, list[tuple[int, Waiting]]] = {}
    for number, waiting in enumerate(batch):
        if waiting.fixes:
            by_datum.setdefault(waiting.datum, []).append((number, waiting))
    parts: list[bytes | memoryview] = [SIGNATURE]
    for datum, numbered in by_datum.items():
        parts += _rows(datum, numbered, received_at_us)
    return b"".join([*parts, TRAILER])


def _rows(datum: Datum, numbered: list[tuple[int, Waiting]], received_at_us: int) -> list[bytes | memoryview]:
    sizes = [len(waiting.fixes) for _, waiting in numbered]
    fixes = [fix for _, waiting in numbered for fix in waiting.fixes]
    rows = np.repeat(_FRAMES[datum], len(fixes))
    rows["bureau_id"] = np.repeat(np.array([w.bureau_id.encode() for _, w in numbered], dtype="S6"), sizes)
    devices = b"".join([w.device_id.bytes for _, w in numbered])
    rows["device_id"] = np.repeat(np.frombuffer(devices, dtype="V16"), sizes)
    rows["request_no"] = np.repeat(np.array([number for number, _ in numbered]), sizes)
    rows["counts"] = [
        counts for _, w in numbered for counts in (w.counts if w.counts is not None else [True] * len(w.fixes))
    ]
    at_s = np.array([at for _, w in numbered for at in w.times])
    rows["fixed_at"] = np.rint(at_s * 1e6).astype(np.int64) - EPOCH_2000_US
    rows["received_at"] = received_at_us - EPOCH_2000_US
    lat = np.array([fix.lat for fix in fixes])
    lon = np.array([fix.lon for fix in fixes])
    rows["raw_lat"], rows["raw_lon"] = lat, lon
    if datum not in (Datum.WGS84, Datum.CGCS2000):
        places = [to_wgs84(fix.lat, fix.lon, datum) for fix in fixes]
        lat, lon = np.array([p.lat for p in places]), np.array([p.lon for p in places])
    rows["lat_e7"] = np.rint(lat * _E7)
    rows["lon_e7"] = np.rint(lon * _E7)
    rows["source_seq"] = [fix.seq for fix in fixes]
    rows["accuracy_m"] = np.array([fix.accuracy_m for fix in fixes], dtype=np.float64)
    rows["altitude_m"] = np.array([fix.altitude_m for fix in fixes], dtype=np.float64)
    rows["speed_mps"] = np.array([fix.speed_mps for fix in fixes], dtype=np.float64)
    rows["course_deg"] = np.array([fix.course_deg for fix in fixes], dtype=np.float64)
    rows["fixed"] = [fix.fixed for fix in fixes]
    rows["mock"] = [fix.mock for fix in fixes]
    return _with_attributes(rows, fixes)


def _with_attributes(rows: NDArray[np.void], fixes: Sequence[Fix]) -> list[bytes | memoryview]:
    if not any(fix.attributes for fix in fixes):
        return [rows.tobytes()]
    encoded = [attributes_json(fix.attributes) for fix in fixes]
    rows["attributes_bytes"] = [len(one) + len(_JSONB_VERSION) if one else _NULL for one in encoded]
    whole, size = memoryview(rows.tobytes()), rows.itemsize
    parts: list[bytes | memoryview] = []
    done = 0
    for i, attributes in enumerate(encoded, start=1):
        if attributes:
            parts += (whole[done : i * size], _JSONB_VERSION, attributes)
            done = i * size
    return [*parts, whole[done:]]
