"""The old log of a vehicle, row by row: what was driven before its first reading in the books, entered as `paper`.

Such a row is no trip: no rule judged it, no permit stands behind it. It is what the paper says, kept with its source.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from domain.books.readings import MAX_ODOMETER_M
from domain.sheet.cells import date_of, fen_of, has_date, instant_of, thousandths_of
from domain.sheet.columns import Cell, Column, Headings, plain
from domain.sheet.problems import Problem, ProblemKind
from domain.sheet.rows import Row, rows_of, year_of

MOST_ML: Final = 1_000_000
"""A thousand litres in one row are no litres."""
MOST_FEN: Final = 100_000_000
LONGEST: Final = timedelta(days=31)
_DAY: Final = timedelta(days=1)

COLUMNS: Final = (
    Column("day", "日期", "date", ("用车日期", "出车日期", "年月日")),
    Column("started_at", "出车时间", "departure", ("出发时间", "起始时间", "开始时间", "离开时间"), needed=True),
    Column("ended_at", "收车时间", "return", ("返回时间", "回车时间", "结束时间", "归队时间", "还车时间")),
    Column(
        "from_m",
        "出车里程",
        "odometer out",
        ("起始里程", "起始公里", "出车公里数", "出车表数", "开始里程"),
        needed=True,
    ),
    Column(
        "until_m", "收车里程", "odometer in", ("终止里程", "返回里程", "终止公里", "回车公里数", "收车表数", "结束里程")
    ),
    Column("length_m", "行驶里程", "distance", ("行驶公里", "行驶公里数", "本次里程", "里程数")),
    Column("driver", "驾驶员", "driver", ("司机", "驾驶人")),
    Column("people", "用车人", "officers", ("随车人员", "乘车人", "使用人", "办案人员", "执法人员")),
    Column("purpose", "用车事由", "purpose", ("事由", "用途", "任务", "出车事由", "工作内容")),
    Column("places", "目的地", "destination", ("地点", "行驶路线", "起止地点", "到达地点", "路线")),
    Column("complaint_number", "投诉编号", "complaint number", ("工单编号", "登记编号", "投诉单号")),
    Column("approver", "审批人", "approved by", ("批准人", "派车人", "签批人")),
    Column("fuel_ml", "加油量", "litres", ("加油升数", "加油", "升数")),
    Column("cost_fen", "费用", "cost", ("金额", "加油金额", "过路费", "费用合计")),
    Column("plate", "车牌号", "plate", ("号牌", "车号", "车牌")),
    Column("remark", "备注", "remark", ("说明",)),
)
"""What a log of a vehicle may have; `until_m` may be told as `length_m`."""


class TripKey(NamedTuple):
    """What makes a row of the old log the same row again: when it began, and both odometers."""

    started_at: datetime
    from_m: int
    until_m: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperTrip:
    """A row of the old log."""

    row: int
    started_at: datetime
    ended_at: datetime | None
    from_m: int
    until_m: int
    driver: str = ""
    people: str = ""
    purpose: str = ""
    places: str = ""
    complaint_number: str = ""
    approver: str = ""
    fuel_ml: int | None = None
    cost_fen: int | None = None
    remark: str = ""

    @property
    def key(self) -> TripKey:
        """What it is known by."""
        return TripKey(self.started_at, self.from_m, self.until_m)


@dataclass(frozen=True, slots=True)
class ReadLog:
    """What a sheet says: the rows that can be taken over, by their beginning, and every problem by its row."""

    trips: tuple[PaperTrip, ...]
    problems: tuple[Problem, ...]


def read_log(
    rows: Sequence[Sequence[Cell]],
    headings: Headings,
    *,
    zone: str,
    plate: str,
    year: int | None = None,
    fill: Mapping[str, str] | None = None,
) -> ReadLog:
    """Read the old log of the vehicle of that plate; its times are of the zone.

    Args:
        rows: the sheet from its first row on.
        headings: which column means what.
        zone: the bureau's.
        plate: rows of other plates are left out.
        year: of days typed without one; else what a title above the headings says.
        fill: what a field holds whose cell is empty.
    """
    year = year or year_of(rows, headings)
    trips: list[PaperTrip] = []
    problems: list[Problem] = []
    for row in rows_of(rows, headings, fill or {}):
        other = row.text("plate")
        if other and plain(other) != plain(plate):
            row.wrong("plate", ProblemKind.OTHER_VEHICLE, other)
        else:
            trip = _read_row(row, ZoneInfo(zone), year)
            if trip is not None:
                trips.append(trip)
        problems += row.problems
    trips.sort(key=lambda one: (one.started_at, one.from_m, one.row))
    problems += _between(trips, headings)
    return ReadLog(tuple(trips), tuple(sorted(problems, key=lambda one: (one.row, one.column))))


def check_against_books(
    log: ReadLog, known: Collection[TripKey], books_begin_at: datetime | None
) -> tuple[list[PaperTrip], list[Problem]]:
    """Return the rows that are new, and what speaks against them.

    Args:
        log: what was read.
        known: rows taken over before.
        books_begin_at: the vehicle's first reading; from then on the books hold, and no paper.
    """
    fresh: list[PaperTrip] = []
    problems: list[Problem] = []
    for trip in log.trips:
        if trip.key in known:
            problems.append(Problem(trip.row, "", ProblemKind.KNOWN))
        elif books_begin_at is not None and (trip.ended_at or trip.started_at) > books_begin_at:
            problems.append(Problem(trip.row, "", ProblemKind.AFTER_HANDOVER, books_begin_at.isoformat()))
        else:
            fresh.append(trip)
    return fresh, problems


def _read_row(row: Row, zone: ZoneInfo, year: int | None) -> PaperTrip | None:
    started_at, ended_at = _times(row, zone, year)
    from_m = row.read("from_m", _metres, needed=True)
    until_m = _until(row, from_m)
    fuel_ml = row.read("fuel_ml", lambda cell: thousandths_of(cell, most=MOST_ML))
    cost_fen = row.read("cost_fen", lambda cell: fen_of(cell, most=MOST_FEN))
    texts = {
        name: row.text(name)
        for name in ("driver", "people", "purpose", "places", "complaint_number", "approver", "remark")
    }
    if from_m is not None and until_m is not None and until_m < from_m:
        row.wrong("until_m" if row.cell("until_m") is not None else "length_m", ProblemKind.GOES_BACK)
    if row.is_wrong or started_at is None or from_m is None or until_m is None:
        return None
    return PaperTrip(
        row=row.number,
        started_at=started_at,
        ended_at=ended_at,
        from_m=from_m,
        until_m=until_m,
        fuel_ml=fuel_ml,
        cost_fen=cost_fen,
        **texts,
    )


def _metres(cell: Cell) -> int:
    return thousandths_of(cell, most=MAX_ODOMETER_M)


def _until(row: Row, from_m: int | None) -> int | None:
    if row.cell("until_m") is not None or row.cell("length_m") is None:
        return row.read("until_m", _metres, needed=True)
    length_m = row.read("length_m", _metres)
    return None if length_m is None or from_m is None else from_m + length_m


def _times(row: Row, zone: ZoneInfo, year: int | None) -> tuple[datetime | None, datetime | None]:
    day = row.read("day", lambda cell: date_of(cell, year))
    started_at = row.read("started_at", lambda cell: instant_of(cell, zone, day=day, year=year), needed=True)
    if started_at is None:
        return None, None
    began_on = started_at.date()
    ended_at = row.read("ended_at", lambda cell: instant_of(cell, zone, day=began_on, year=year))
    if ended_at is not None and ended_at < started_at:
        if has_date(row.cell("ended_at")):
            row.wrong("ended_at", ProblemKind.ENDS_BEFORE)
        else:
            ended_at += _DAY
            row.wrong("ended_at", ProblemKind.NEXT_DAY)
    if ended_at is not None and ended_at - started_at > LONGEST:
        row.wrong("ended_at", ProblemKind.OUT_OF_RANGE)
    return started_at, ended_at


def _between(trips: Iterable[PaperTrip], headings: Headings) -> list[Problem]:
    """Return what does not fit between rows that follow one another in time."""
    found: list[Problem] = []
    seen: dict[TripKey, int] = {}
    before: PaperTrip | None = None
    for trip in trips:
        if trip.key in seen:
            found.append(Problem(trip.row, "", ProblemKind.TWICE, str(seen[trip.key])))
            continue
        seen[trip.key] = trip.row
        if before is not None:
            row = Row(trip.row, (), headings, {})
            if trip.from_m != before.until_m:
                row.wrong("from_m", ProblemKind.GAP, f"{(trip.from_m - before.until_m) / 1000:+g} km")
            if before.ended_at is not None and trip.started_at < before.ended_at:
                row.wrong("started_at", ProblemKind.OVERLAP, str(before.row))
            found += row.problems
        before = trip
    return found
