"""`/board/ask`: register a complaint and ask for the car, or ask for a job that waits, the rule answering all along."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from api.db.database import Actor, Database, Reader
from api.db.queries.board import dedicated_vehicles
from api.db.queries.jobs import read_job
from api.db.queries.slots import slots_for, slots_of
from api.db.queries.who_can_go import custodians_of, who_can_go
from api.http.pages.board import job_line
from api.http.pages.shell import language_of_page, page
from api.http.pages.written import Written, written_for
from api.http.trips import ASKS
from api.web.tiles import Tiles
from domain.calendar import Deadline
from domain.complaint.job import MEDIATION_KINDS, JobKind
from domain.complaint.words import Source
from domain.trip.slots import Wanted
from domain.use_rule.cures import Candidate
from domain.use_rule.facts import Seat
from domain.values import Datum, Window

OUTING: Final = timedelta(minutes=90)
"""What is proposed for a visit in the district whose site is not known yet: there, an hour, and back."""
TYPED: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$"


@get("/board/ask", guards=[ASKS], include_in_schema=False, name="pages.ask", opt={"page": True})
async def ask_page(
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    tiles: NamedDependency[Tiles | None],
    job: FromQuery[UUID | None] = None,
    vehicle: FromQuery[UUID | None] = None,
    from_typed: Annotated[str | None, QueryParameter(name="from", pattern=TYPED)] = None,
    until_typed: Annotated[str | None, QueryParameter(name="until", pattern=TYPED)] = None,
) -> Template:
    """Show the form with what can be known beforehand filled in: the vehicle, the next free window, who is on duty."""
    if actor.unit_id is None:
        raise AssertionError("a person belongs to a unit")
    async with database.read(actor.bureau_id) as reader:
        w = await written_for(reader, language_of_page(request))
        vehicles = await dedicated_vehicles(reader, actor.unit_id, w.today)
        known = {one.vehicle_id for one in vehicles}
        chosen = vehicle if vehicle in known else next(iter(known), None)
        window = _typed(from_typed, until_typed, w) or await _free(reader, chosen, job, w)
        line = None
        if job is not None:
            found, _ = await read_job(reader, job)
            line = job_line(found, None, w)
        people = await who_can_go(reader, actor.unit_id, window, window.start_at.astimezone(w.zone).date())
        crew = preset(people, actor.who, window, w)
        custodians = await custodians_of(reader, actor.unit_id)
    return page(
        request,
        "board/ask.html",
        actor,
        tiles=tiles,
        w=w,
        line=line,
        vehicles=vehicles,
        chosen=chosen,
        window=window,
        people=people,
        crew=crew,
        passes=lambda one: passes(one, window, w),
        custodians=custodians,
        sources=[one for one in Source if one is not Source.ON_THE_SPOT],
        kinds=[one for one in JobKind if one in MEDIATION_KINDS],
        datums=list(Datum),
        seats=Seat,
    )


def _typed(start: str | None, end: str | None, w: Written) -> Window | None:
    """Return the window that an address names, where it is one."""
    if start is None or end is None:
        return None
    try:
        start_at, end_at = (datetime.fromisoformat(one).replace(tzinfo=w.zone) for one in (start, end))
    except ValueError:
        return None
    return Window(start_at, end_at) if end_at > start_at else None


async def _free(reader: Reader, vehicle_id: UUID | None, job_id: UUID | None, w: Written) -> Window:
    """Return the next free outing: for a job as its slots have it, else for an ordinary visit; else from now on."""
    if vehicle_id is not None:
        slots: Sequence[Any]
        if job_id is not None:
            slots = await slots_of(reader, vehicle_id, job_id, 1)
        else:
            day = w.today + timedelta(days=30)
            wanted = Wanted(
                Window(reader.now, reader.now + timedelta(days=1)), OUTING, timedelta(0), Deadline(day, day, False)
            )
            slots = await slots_for(reader, vehicle_id, wanted, 1)
        if slots:
            outing: Window = slots[0].outing
            return outing
    return Window(reader.now, reader.now + OUTING)


def passes(one: Candidate, window: Window, w: Written) -> bool:
    """Tell whether somebody's paper for their seat stands on every day of a window."""
    paper = one.facts.licence if one.facts.seat is Seat.DRIVER else one.facts.examination
    first, last = (at.astimezone(w.zone).date() for at in (window.start_at, window.end_at))
    return paper is not None and paper.covers(first, last)


def preset(people: Sequence[Candidate], asker: UUID, window: Window, w: Written) -> dict[Seat, UUID | None]:
    """Return one officer and one driver, two people: who passes, is free and on duty, and who asks before others."""
    chosen: dict[Seat, UUID | None] = {}
    for seat in (Seat.DRIVER, Seat.OFFICER):
        able = [
            one
            for one in people
            if one.facts.seat is seat and passes(one, window, w) and one.facts.person_id not in chosen.values()
        ]
        able.sort(key=lambda one: (not one.free, not one.on_duty, one.facts.person_id != asker))
        chosen[seat] = able[0].facts.person_id if able else None
    return chosen
