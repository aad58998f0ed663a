"""`/v1/calendar`: the working days and holidays that terms are counted by, each with its notice."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency

from api.db.database import Actor, Database
from api.db.queries.calendar import calendar_of, notices_of, zone_of
from api.http.access import READERS, Allow


class CalendarDayView(msgspec.Struct, frozen=True, kw_only=True):
    """A holiday, or (`working`) a weekend day worked in exchange."""

    day: date
    working: bool
    name: str


class NoticeView(msgspec.Struct, frozen=True, kw_only=True):
    """The notice of one year, where its days were taken over from, and who entered it when."""

    year: int
    title: str
    link: str
    source: str
    entered_by: str
    entered_at: datetime
    days: list[CalendarDayView]


class CalendarView(msgspec.Struct, frozen=True, kw_only=True):
    """Every notice entered; a term that rests on `provisional_from` or a later day may still move."""

    provisional_from: date
    notices: list[NoticeView]


@get("/v1/calendar", guards=[Allow(READERS)], summary="Read the calendar", name="calendar.read", tags=["calendar"])
async def read_calendar(actor: NamedDependency[Actor], database: NamedDependency[Database]) -> CalendarView:
    """Return the notices that working days and holidays come from, the oldest year first."""
    async with database.read(actor.bureau_id) as reader:
        notices = await notices_of(reader)
        calendar = await calendar_of(reader)
        today = reader.now.astimezone(await zone_of(reader)).date()
    views = [
        NoticeView(
            year=notice.year,
            title=notice.title,
            link=notice.link,
            source=notice.source,
            entered_by=notice.entered_by,
            entered_at=notice.entered_at,
            days=[CalendarDayView(day=one.day, working=one.working, name=one.name) for one in days],
        )
        for notice, days in notices
    ]
    return CalendarView(provisional_from=calendar.provisional_from(today), notices=views)
