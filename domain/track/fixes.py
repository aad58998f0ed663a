"""Arrays of fixes, the form in which tracks are cleaned and measured.

A fix is one row of `FIX`: `at_us` fix time in microseconds since 1970 (UTC), `lat` and `lon` in WGS-84 degrees,
`speed_mps` as the device told it (NaN: not told), `valid` whether the device had a fix at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

FIX = np.dtype(
    [("at_us", np.int64), ("lat", np.float64), ("lon", np.float64), ("speed_mps", np.float64), ("valid", np.bool_)],
)

Fixes = NDArray[np.void]
"""A one-dimensional array of dtype `FIX`."""

AHEAD_MOST = timedelta(hours=24)
"""How far ahead of ours a device's clock may be: what is farther ahead never counts."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(at: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970, exactly."""
    return (at - EPOCH) // _MICROSECOND


def to_instant(at_us: int) -> datetime:
    """Return the instant, in UTC, that `to_us` counted."""
    return EPOCH + int(at_us) * _MICROSECOND


def as_fixes(
    at: Sequence[datetime],
    lat: Sequence[float],
    lon: Sequence[float],
    speed_mps: Sequence[float | None] | None = None,
    valid: Sequence[bool] | None = None,
) -> Fixes:
    """Make an array of fixes out of columns of equal length; speed may be unknown, `valid` is True unless told.

    Raises ValueError if the columns differ in length.
    """
    fixes = np.empty(len(at), dtype=FIX)
    columns = {
        "at_us": [to_us(instant) for instant in at],
        "lat": lat,
        "lon": lon,
        "speed_mps": [np.nan if v is None else v for v in speed_mps] if speed_mps else [np.nan] * len(at),
        "valid": [True] * len(at) if valid is None else valid,
    }
    for name, column in columns.items():
        if len(column) != len(at):
            raise ValueError(f"{len(column)} values of {name} for {len(at)} fixes")
        fixes[name] = column
    return fixes
