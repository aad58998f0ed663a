"""A glance at what was just stored: which vehicles must be looked at, told from arrays in memory.

Every vehicle has a row in one array: where it stood, where and when it was last, how far it has come, and the limits of
its bureau. A batch is compared with the rows in a few operations on whole columns, so that thousands of fixes a second
that show nothing cost next to nothing. A glance may be wrong: it only says who is to be looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from api.watch.expected import Expected
from domain.findings.kinds import FindingKind
from domain.findings.moved import DRIVES_MPS, FIXES_LEAST
from domain.findings.road import GRAVE_STOP
from domain.findings.scene import EDGE, nearest_m
from domain.values import Point

_METRES: Final = 111_319.49
_EDGE_S: Final = EDGE.total_seconds()
_PACE_S: Final = 15.0
"""Speed and way are taken over so long at least."""
_STEP_M: Final = 20.0
"""What a receiver at rest wanders is no way."""
_STANDS_M: Final = 40.0
"""Within this a vehicle stands."""
_RESTED_S: Final = 3600.0
TURNS_MOST: Final = 20
"""So many fixes of a vehicle, the newest, are glanced at of what was gathered in a quarter of a second."""
_FAR_M: Final = 100.0
"""The circle within which a vehicle is surely inside the boundary is no smaller, lest each fix be asked."""

FIX: Final = np.dtype(
    [("row", np.int64), ("at_s", np.float64), ("lat", np.float64), ("lon", np.float64), ("speed", np.float64),
     ("mock", np.bool_), ("terminal", np.bool_)]
)  # fmt: skip
_ROW: Final = np.dtype(
    [
        *((name, np.float64) for name in (
            "use_from", "use_until", "way_limit_m", "anchor_lat", "anchor_lon", "last_s", "last_lat", "last_lon",
            "pace_s", "pace_lat", "pace_lon", "stay_s", "stay_lat", "stay_lon", "way_m", "safe_lat", "safe_lon",
            "safe_m", "moved_m", "stop_s", "near_m", "skew_s", "silence_s", "speed_mps",
            "apart_m", "apart_s", "apart_since_s",
        )),
        ("beyond", np.int64), ("bureau", np.int64), ("terminal_s", np.float64), ("stay_known", np.bool_),
    ]
)  # fmt: skip


class Sign(IntFlag):
    """What a glance takes for a sign that something does not add up."""

    MOVED = 1
    LEFT = 2
    STOPPED = 4
    LONG_WAY = 8
    OFF_DUTY = 16
    FAST = 32
    UNSEEN = 64
    MOCK = 128
    CLOCK = 256
    APART = 512


KINDS: Final = {
    Sign.MOVED: FindingKind.MOVED_WITHOUT_TRIP,
    Sign.LEFT: FindingKind.LEFT_JURISDICTION,
    Sign.STOPPED: FindingKind.OFF_PURPOSE_STOP,
    Sign.LONG_WAY: FindingKind.DETOUR,
    Sign.OFF_DUTY: FindingKind.OUTSIDE_DUTY_HOURS,
    Sign.FAST: FindingKind.SPEEDING,
    Sign.UNSEEN: FindingKind.UNOBSERVED_STRETCH,
    Sign.MOCK: FindingKind.MOCK_LOCATION,
    Sign.CLOCK: FindingKind.CLOCK_SKEW,
    Sign.APART: FindingKind.DEVICES_DISAGREE,
}
"""What each is a sign of."""


@dataclass(slots=True)
class Suspect:
    """A vehicle that must be looked at: for what, and from when until when the fixes lay that showed it."""

    bureau_id: str
    vehicle_id: UUID
    signs: int
    from_s: float
    until_s: float


class Glance:
    """The rows of every vehicle this process has heard of."""

    def __init__(self) -> None:
        """Know nobody."""
        self._rows = np.zeros(64, dtype=_ROW)
        self._of: dict[tuple[str, UUID], int] = {}
        self._who: list[tuple[str, UUID]] = []
        self._bureaus: list[Expected] = []
        self._bureau_no: dict[str, int] = {}
        self._off_duty = np.zeros(0, dtype=np.bool_)
        self._off_duty_minute = 0

    def expect(self, expected: Expected) -> list[tuple[UUID, float, float]]:
        """Take what is expected in a bureau from now on; return vehicle and times of each use that changed."""
        no = self._bureau_no.setdefault(expected.bureau_id, len(self._bureaus))
        known = no < len(self._bureaus)
        if known:
            self._bureaus[no] = expected
        else:
            self._bureaus.append(expected)
        self._off_duty_minute = 0
        changed = []
        for vehicle_id in expected.bases:
            number = self._row(expected.bureau_id, vehicle_id, no)
            row = self._rows[number]
            self._set_limits(row, expected)
            outing = expected.newest_outing(vehicle_id)
            times = (outing.from_s, outing.until_s) if outing else (np.inf, -np.inf)
            if times != (row["use_from"], row["use_until"]):
                if times[0] != row["use_from"]:
                    row["way_m"] = 0.0
                row["use_from"], row["use_until"] = times
                if known and outing:
                    changed.append((vehicle_id, *times))
            row["way_limit_m"] = expected.way_limit_m(outing) if outing else np.inf
            row["stay_known"] = False
        return changed

    def row_of(self, bureau_id: str, vehicle_id: UUID) -> int | None:
        """Return the row of a vehicle, or None for one that is not expected."""
        return self._of.get((bureau_id, vehicle_id))

    def last_s(self, row: int) -> float:
        """Return when the newest fix of a vehicle was made."""
        return float(self._rows["last_s"][row])

    def take(self, fixes: NDArray[np.void], received_s: float) -> list[Suspect]:
        """Glance at fixes (of dtype `FIX`), one or a few a vehicle, and return who must be looked at."""
        self._refresh_duty(received_s)
        # Of each vehicle the first fix, then the second, and so on: no row is written twice at once.
        fixes = fixes[np.lexsort((fixes["at_s"], fixes["row"]))]
        _, firsts, number, counts = np.unique(fixes["row"], return_index=True, return_inverse=True, return_counts=True)
        nth = np.arange(len(fixes)) - firsts[number] - np.maximum(counts - TURNS_MOST, 0)[number]
        found: dict[int, Suspect] = {}
        for turn in range(min(int(counts.max()), TURNS_MOST)):
            part = fixes[nth == turn]
            signs = self._signs(part, received_s)
            for i in np.flatnonzero(signs).tolist():
                self._suspect(found, int(part["row"][i]), int(signs[i]), float(part["at_s"][i]))
        return list(found.values())

    def _suspect(self, found: dict[int, Suspect], row: int, signs: int, at_s: float) -> None:
        known = found.get(row)
        if known is None:
            found[row] = Suspect(*self._who[row], signs, at_s, at_s)
        else:
            known.signs |= signs
            known.from_s, known.until_s = min(known.from_s, at_s), max(known.until_s, at_s)

    def _row(self, bureau_id: str, vehicle_id: UUID, bureau: int) -> int:
        number = self._of.get((bureau_id, vehicle_id))
        if number is None:
            number = len(self._who)
            if number == len(self._rows):
                self._rows = np.concatenate([self._rows, np.zeros(len(self._rows), dtype=_ROW)])
            self._of[bureau_id, vehicle_id] = number
            self._who.append((bureau_id, vehicle_id))
            row = self._rows[number]
            row["use_from"], row["use_until"] = np.inf, -np.inf
            row["bureau"] = bureau
            for name in ("anchor_lat", "last_s", "pace_s", "stay_s", "safe_lat", "apart_since_s"):
                row[name] = np.nan
            row["terminal_s"] = -np.inf
        return number

    @staticmethod
    def _set_limits(row: Any, expected: Expected) -> None:
        settings = expected.settings
        row["moved_m"] = settings["moved_without_trip_m"]
        row["stop_s"] = settings["off_purpose_stop_s"]
        row["near_m"] = settings["off_purpose_near_m"]
        row["skew_s"] = settings["clock_skew_s"]
        row["apart_m"] = settings["devices_apart_m"]
        row["apart_s"] = settings["devices_apart_s"]
        row["silence_s"] = settings["unobserved_after_s"]
        row["speed_mps"] = settings["overspeed_kmh"] / 3.6
        row["safe_lat"] = np.nan

    def _refresh_duty(self, now_s: float) -> None:
        minute = int(now_s // 60)
        if minute != self._off_duty_minute or len(self._off_duty) != len(self._bureaus):
            self._off_duty = np.array([bureau.off_duty(now_s) for bureau in self._bureaus], dtype=np.bool_)
            self._off_duty_minute = minute

    def _signs(self, fix: NDArray[np.void], received_s: float) -> NDArray[np.int64]:
        """Return the signs of fixes, one a vehicle, and bring the vehicles' rows up to date."""
        index = fix["row"]
        row = self._rows[index]
        signs = np.zeros(len(fix), dtype=np.int64)
        at_s = fix["at_s"]
        signs[fix["mock"]] |= Sign.MOCK
        signs[at_s > received_s + row["skew_s"]] |= Sign.CLOCK
        # A phone is no second witness while the terminal speaks, and none without a use.
        witness = fix["terminal"] | (at_s - row["terminal_s"] > row["silence_s"])
        row["terminal_s"] = np.where(fix["terminal"], at_s, row["terminal_s"])
        on_use = (at_s >= row["use_from"] - _EDGE_S) & (at_s <= row["use_until"] + _EDGE_S)
        fresh = witness & (np.isnan(row["last_s"]) | (at_s > row["last_s"]))
        signs |= _apart(row, fix, ~witness)
        signs |= _moved(row, fix, fresh & fix["terminal"], on_use)
        signs |= self._paces(row, fix, fresh, on_use)
        signs |= self._stays(row, fix, fresh, on_use)
        signs |= self._leaves(row, fix, fresh)
        for name in ("at_s", "lat", "lon"):
            column = {"at_s": "last_s", "lat": "last_lat", "lon": "last_lon"}[name]
            row[column] = np.where(fresh, fix[name], row[column])
        self._rows[index] = row
        return signs

    def _paces(
        self, row: NDArray[np.void], fix: NDArray[np.void], fresh: NDArray[np.bool_], on_use: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Take speed and way from place to place a quarter of a minute apart or more."""
        signs = np.zeros(len(fix), dtype=np.int64)
        step_m = _between_m(fix["lat"], fix["lon"], row["pace_lat"], row["pace_lon"])
        took_s = fix["at_s"] - row["pace_s"]
        paced = fresh & (took_s >= _PACE_S) & (step_m >= _STEP_M)
        seen = paced & on_use & (took_s <= row["silence_s"])
        row["way_m"] = np.where(paced & on_use, row["way_m"] + step_m, row["way_m"])
        signs[seen & (step_m > row["speed_mps"] * took_s)] |= Sign.FAST
        signs[paced & on_use & (took_s > row["silence_s"]) & (step_m > row["near_m"])] |= Sign.UNSEEN
        signs[seen & self._off_duty[row["bureau"]]] |= Sign.OFF_DUTY
        long_way = paced & on_use & (row["way_m"] > row["way_limit_m"])
        signs[long_way] |= Sign.LONG_WAY
        # The look counts exactly; where it found none, it is worth asking again a little farther on.
        row["way_limit_m"] = np.where(long_way, row["way_m"] * 1.02, row["way_limit_m"])
        again = fresh & (np.isnan(took_s) | (took_s >= _PACE_S))
        for column, name in (("pace_s", "at_s"), ("pace_lat", "lat"), ("pace_lon", "lon")):
            row[column] = np.where(again, fix[name], row[column])
        return signs

    def _stays(
        self, row: NDArray[np.void], fix: NDArray[np.void], fresh: NDArray[np.bool_], on_use: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Notice who stands for long on a use, and let who rests for an hour without one stand there from now on."""
        signs = np.zeros(len(fix), dtype=np.int64)
        off_m = _between_m(fix["lat"], fix["lon"], row["stay_lat"], row["stay_lon"])
        left = fresh & ~(off_m <= _STANDS_M)
        stood_s = fix["at_s"] - row["stay_s"]
        standing = fresh & ~left
        long = standing & on_use & (stood_s >= row["stop_s"]) & (row["way_limit_m"] < np.inf)
        for i in np.flatnonzero(long & ~row["stay_known"]).tolist():
            if self._meant(int(fix["row"][i]), Point(float(row["stay_lat"][i]), float(row["stay_lon"][i]))):
                row["stay_known"][i] = True
            else:
                signs[i] |= Sign.STOPPED
                # Said once; what it goes on to be is for the sweep, but that it turns red is for now.
                row["stay_known"][i] = stood_s[i] >= GRAVE_STOP * row["stop_s"][i]
        rested = standing & ~on_use & (stood_s >= _RESTED_S)
        row["anchor_lat"] = np.where(rested, row["stay_lat"], row["anchor_lat"])
        row["anchor_lon"] = np.where(rested, row["stay_lon"], row["anchor_lon"])
        for column, name in (("stay_s", "at_s"), ("stay_lat", "lat"), ("stay_lon", "lon")):
            row[column] = np.where(left, fix[name], row[column])
        row["stay_known"] &= ~left
        return signs

    def _meant(self, number: int, place: Point) -> bool:
        expected = self._bureaus[int(self._rows["bureau"][number])]
        vehicle_id = self._who[number][1]
        outing = expected.newest_outing(vehicle_id)
        of_outing = (*outing.sites, *expected.bases_on(outing)) if outing else ()
        places = (*of_outing, *expected.places)
        return nearest_m(place, places) <= expected.settings["off_purpose_near_m"]

    def _leaves(self, row: NDArray[np.void], fix: NDArray[np.void], fresh: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Notice who is beyond the boundary: asked of the line only for who left the circle that is surely inside."""
        signs = np.zeros(len(fix), dtype=np.int64)
        off_m = _between_m(fix["lat"], fix["lon"], row["safe_lat"], row["safe_lon"])
        for i in np.flatnonzero(fresh & ~(off_m <= row["safe_m"])).tolist():
            expected = self._bureaus[int(row["bureau"][i])]
            if expected.boundary is None:
                row["safe_lat"][i], row["safe_lon"][i], row["safe_m"][i] = fix["lat"][i], fix["lon"][i], np.inf
                continue
            inside_m = expected.boundary.inside_m(float(fix["lat"][i]), float(fix["lon"][i]))
            if inside_m < -expected.settings["site_tolerance_m"]:
                signs[i] |= Sign.LEFT
            row["safe_lat"][i], row["safe_lon"][i] = fix["lat"][i], fix["lon"][i]
            row["safe_m"][i] = max(inside_m, -1.0) if inside_m < _FAR_M else inside_m * 0.98
        return signs


def _moved(
    row: NDArray[np.void], fix: NDArray[np.void], told: NDArray[np.bool_], on_use: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Notice who is away from where they stood without a use."""
    signs = np.zeros(len(fix), dtype=np.int64)
    away_m = _between_m(fix["lat"], fix["lon"], row["anchor_lat"], row["anchor_lon"])
    anew = told & (on_use | np.isnan(row["anchor_lat"]))
    beyond = told & ~anew & (away_m > row["moved_m"])
    row["beyond"] = np.where(beyond, row["beyond"] + 1, np.where(told, 0, row["beyond"]))
    signs[beyond & ((row["beyond"] >= FIXES_LEAST) | (fix["speed"] >= DRIVES_MPS))] |= Sign.MOVED
    row["anchor_lat"] = np.where(anew, fix["lat"], row["anchor_lat"])
    row["anchor_lon"] = np.where(anew, fix["lon"], row["anchor_lon"])
    return signs


def _apart(row: NDArray[np.void], fix: NDArray[np.void], phone: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Notice a phone that is elsewhere than the terminal that speaks as well."""
    signs = np.zeros(len(fix), dtype=np.int64)
    far = phone & (_between_m(fix["lat"], fix["lon"], row["last_lat"], row["last_lon"]) > row["apart_m"])
    since_s = np.where(np.isnan(row["apart_since_s"]), fix["at_s"], row["apart_since_s"])
    row["apart_since_s"] = np.where(far, since_s, np.where(phone, np.nan, row["apart_since_s"]))
    signs[far & (fix["at_s"] - since_s >= row["apart_s"])] |= Sign.APART
    return signs


def _between_m(
    lat: NDArray[np.float64], lon: NDArray[np.float64], lat0: NDArray[np.float64], lon0: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return distances on the plane, NaN where there is nothing to measure from."""
    north_m: NDArray[np.float64] = (lat - lat0) * _METRES
    east_m = (lon - lon0) * np.cos(np.radians(lat)) * _METRES
    return np.hypot(north_m, east_m)


def fixes_of(rows: Iterable[int], columns: Sequence[Sequence[Any]]) -> NDArray[np.void]:
    """Return an array of `FIX` of columns in its order."""
    number = list(rows)
    fixes = np.empty(len(number), dtype=FIX)
    for name, column in zip(FIX.names or (), (number, *columns), strict=True):
        fixes[name] = column
    return fixes
