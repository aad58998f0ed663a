"""When a month of positions may be retired 定位点到期销毁, and a file that nothing names 无人引用的附件.

A month goes when its time is over, and every statement about it is sealed.

Positions are stored by the month of their time in UTC, books are kept by the month of the bureau's zone. So the fixes
of one stored month belong to two months of the books, and both must be sealed: nothing retires before its statement
exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.calendar import month_of, next_month
from domain.errors import NotFound, StateConflict
from domain.values import Named

FIRST_MONTH: Final = date(2020, 1, 1)
"""No positions are kept of earlier months."""


class NoSuchMonth(NotFound):
    """No positions of this month are kept here: it was retired, or never begun."""

    code = "no-such-month"
    zh = "没有保存该月的定位点：已销毁，或从未开始。"


class MonthKept(StateConflict):
    """Positions of this month must be kept still: for their time, a seal, a use under way, or held fixes."""

    code = "month-kept"
    zh = "该月定位点仍须保存：期限未满、相关月份未封账、有车辆出车未归或有暂存定位点待认领。"


class PositionsRetired(StateConflict):
    """The positions of this trip were retired when their time was over; what they measured is kept with the trip."""

    code = "positions-retired"
    zh = "该次出车的定位点已到期销毁；其测得的里程仍保存在出车记录中。"


class FileRetired(StateConflict):
    """Nothing named this file, and it was deleted when its time was over: send it again if it is still wanted."""

    code = "file-retired"
    zh = "该文件无任何记录引用，已到期删除；如仍需要，请重新上传。"


class FileStep(Named):
    """What became of a file that nothing named."""

    RETIRED = "retired", "到期删除", "deleted after its time"
    AGAIN = "kept-again", "重新上传", "sent again"


def unclaimed_before(keep_days: int, now: datetime) -> datetime:
    """Return the instant before which a file must have come, for the last time, to go if nothing names it."""
    return now - timedelta(days=keep_days)


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a bureau has of a month of positions, and what may stand against retiring it."""

    keep_months: int
    zone: ZoneInfo
    unsealed: Sequence[str]
    """Plates of vehicles read by the month's end whose statement of `last_book_month` is not sealed."""
    out: int
    """Uses that began by the month's end and are under way still."""
    held: int
    """Fixes of the month that wait for a trip to claim them."""


def span_of(month: date) -> tuple[datetime, datetime]:
    """Return from when until when the fixes of a stored month were fixed, the end left out."""
    return (
        datetime(month.year, month.month, 1, tzinfo=UTC),
        datetime.combine(next_month(month), datetime.min.time(), UTC),
    )


def last_book_month(month: date, zone: ZoneInfo) -> date:
    """Return the last month of the books that fixes of a stored month are in."""
    return month_of(span_of(month)[1] - timedelta(microseconds=1), zone)


def kept_until(month: date, keep_months: int) -> datetime:
    """Return the instant at which the time of a stored month is over: so many months after its end."""
    end = month.year * 12 + month.month + keep_months
    return datetime(end // 12, end % 12 + 1, 1, tzinfo=UTC)


def why_kept(month: date, keeping: Keeping, now: datetime) -> tuple[str, ...]:
    """Return what speaks against retiring a stored month in a bureau, a few words each; empty when nothing does."""
    why = []
    until = kept_until(month, keeping.keep_months)
    if now < until:
        why.append(f"kept until {until.date()} by keep_positions_months")
    if keeping.unsealed:
        books = last_book_month(month, keeping.zone)
        why.append(f"{books:%Y-%m} is not sealed of {', '.join(sorted(keeping.unsealed))}")
    if keeping.out:
        why.append(f"{keeping.out} still out since then")
    if keeping.held:
        why.append(f"{keeping.held} held fixes wait for a trip")
    return tuple(why)
