"""The working-day calendar as the notices entered so far have it, and a bureau's own day."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlmodel import col, select

from api.db.database import Reader
from api.db.tables.bureau import Bureau, CalendarDay, CalendarNotice
from domain.calendar import BadNotice, Calendar, Notice
from domain.calendar import CalendarDay as Day


async def calendar_of(reader: Reader) -> Calendar:
    """Return the calendar of every notice entered."""
    years = await reader.all(select(CalendarNotice.year))
    days = await reader.all(select(CalendarDay))
    return Calendar(tuple(Day(row.day, row.working, row.name) for row in days), frozenset(years))


async def calendar_with(reader: Reader, notice: Notice) -> Calendar:
    """Return the calendar as it would be with a notice, in the place of the one of its year.

    Raises `BadNotice` where the notice of another year names one of its days too.
    """
    years = await reader.all(select(CalendarNotice.year))
    others = await reader.all(select(CalendarDay).where(CalendarDay.year != notice.year))
    for day in sorted({row.day for row in others} & {one.day for one in notice.days}):
        raise BadNotice(year=notice.year, day=day.isoformat(), fault="the notice of another year names that day too")
    kept = tuple(Day(row.day, row.working, row.name) for row in others)
    return Calendar((*kept, *notice.days), frozenset(years) | {notice.year})


async def zone_of(reader: Reader) -> ZoneInfo:
    """Return the zone in which the reader's bureau counts its days."""
    return ZoneInfo(await reader.one(select(Bureau.zone).where(Bureau.bureau_id == reader.bureau_id)))


async def notices_of(reader: Reader) -> list[tuple[CalendarNotice, list[CalendarDay]]]:
    """Return every notice entered with its days, in order."""
    days = await reader.all(select(CalendarDay).order_by(col(CalendarDay.day)))
    notices = await reader.all(select(CalendarNotice).order_by(col(CalendarNotice.year)))
    return [(notice, [one for one in days if one.year == notice.year]) for notice in notices]
