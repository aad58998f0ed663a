"""`/board`: one screen with the jobs by deadline, the vehicles' day and the map, each part of which is fetched anew."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from api.db.database import Actor, Database, Reader
from api.db.queries.bases import bases_of
from api.db.queries.board import carried, count_left, dedicated_vehicles, open_sites, uses_between
from api.db.queries.calendar import calendar_of
from api.db.queries.jobs import FoundJob, WantedJobs, list_jobs, read_job
from api.db.queries.settings import settings_of
from api.db.queries.sites import boundary_text
from api.db.queries.slots import slots_of
from api.db.queries.towns import towns_of
from api.db.queries.vehicles import last_fixes_of, vehicles_page
from api.http.access import Allow
from api.http.fields import day_or_none
from api.http.jobs import job_key
from api.http.pages.shell import language_of_page, page, page_headers
from api.http.pages.timeline import duty_bars, line_of
from api.http.pages.written import Written, written_for
from api.http.paging import After, cursor
from api.web.tiles import Tiles
from domain.complaint.job import JobKind
from domain.complaint.left import RED_DAYS, Urgency, days_left, urgency
from domain.complaint.states import State
from domain.duty import duty_hours
from domain.place.base import base_at
from domain.trip.life import UseState
from domain.use_rule.upkeep import UpkeepKind
from domain.values import Role

BOARD: Final = frozenset({Role.DISPATCHER, Role.OFFICER, Role.CUSTODIAN, Role.DESK_CHIEF})
"""Who plans and approves; an administrator keeps the registers only."""
JOBS_SHOWN: Final = 40
VEHICLES_SHOWN: Final = 60
SITES_SHOWN: Final = 600
SLOTS_SHOWN: Final = 9
"""As many as there are digits to take one by, of all vehicles that are dedicated to the desk."""
Within = Annotated[int | None, QueryParameter(ge=0, le=366, description="only jobs due within so many days")]
Day = Annotated[date | None, QueryParameter(description="the day of the vehicles' line; today without it")]


async def jobs_shown(
    reader: Reader, w: Written, within: int | None, after: str | None, most: int = JOBS_SHOWN
) -> dict[str, Any]:
    """Return what the list of jobs shows: a page of them, what is due first."""
    wanted = WantedJobs(state="open", due_within_days=within)
    found = await list_jobs(reader, wanted, w.today, most + 1, job_key(after))
    shown = found[:most]
    trips = await carried(reader, [one.job.job_id for one in shown])
    more = None
    if len(found) > most:
        last = shown[-1].job
        more = cursor(min(last.due_nominal_on, last.due_on).isoformat(), str(last.job_id))
    return {
        "left": await count_left(reader, w.today),
        "urgencies": list(Urgency),
        "red_days": RED_DAYS,
        "jobs": [job_line(one, trips.get(one.job.job_id), w) for one in shown],
        "more": more,
        "within": within,
        "first": after is None,
        "w": w,
    }


def job_line(found: FoundJob, trip: Any, w: Written) -> dict[str, Any]:
    """Return what is shown of a job: how urgent it is, in words too, and the trip that carries it."""
    job = found.job
    warn_on = min(job.due_nominal_on, job.due_on)
    return {
        "job": job,
        "number": found.complaint_number,
        "state": State(found.complaint_state),
        "kind": JobKind(job.kind),
        "urgency": urgency(warn_on, w.today),
        "left": days_left(warn_on, w.today, w.language),
        "warn_on": warn_on,
        "trip": trip,
        "trip_state": UseState(trip.state) if trip else None,
    }


async def day_shown(reader: Reader, w: Written, day: date | None) -> dict[str, Any]:
    """Return what the vehicles' line shows: every vehicle with its uses of the day, planned and as driven."""
    day = day or w.today
    zone = w.zone
    duty = duty_hours(await settings_of(reader))
    works = (await calendar_of(reader)).is_working_day(day)
    vehicles = await vehicles_page(reader, None, VEHICLES_SHOWN)
    midnight = datetime.combine(day, time(), zone)
    uses = await uses_between(
        reader, [one.vehicle_id for one in vehicles], midnight, datetime.combine(day + timedelta(days=1), time(), zone)
    )
    line = line_of(day, zone, duty, [use for each in uses.values() for use in each], reader.now)
    lanes = [
        {
            "vehicle": vehicle,
            "uses": [_bar(use, line, reader.now) for use in uses[vehicle.vehicle_id]],
            "out": any(use.state == UseState.DEPARTED for use in uses[vehicle.vehicle_id]),
        }
        for vehicle in vehicles
    ]
    return {
        "day": day,
        "lanes": lanes,
        "line": line,
        "hours": line.hours(zone),
        "duty": duty_bars(line, day, zone, duty) if works else [],
        "works": works,
        "now": line.at(reader.now) if line.window.start_at <= reader.now < line.window.end_at else None,
        "earlier": day - timedelta(days=1),
        "later": day + timedelta(days=1),
        "w": w,
    }


def _bar(use: Any, line: Any, now: datetime) -> dict[str, Any]:
    actual = None
    if use.actual_from is not None:
        actual = line.bar(use.actual_from, use.actual_until or max(now, use.actual_from))
    return {
        "use": use,
        "planned": line.bar(use.planned_from, use.planned_until),
        "actual": actual,
        "state": UseState(use.state),
        "upkeep": UpkeepKind(use.upkeep) if use.upkeep else None,
    }


class BoardController(Controller):
    """The dispatcher's screen and its parts."""

    path = "/board"
    include_in_schema = False

    @get(guards=[Allow(BOARD, Role.ADMIN)], name="pages.board", opt={"page": True})
    async def board(
        self,
        *,
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        tiles: NamedDependency[Tiles | None],
        day: Day = None,
        within: Within = None,
        trip: Annotated[UUID | None, QueryParameter(description="what a notice is about")] = None,
        finding: Annotated[UUID | None, QueryParameter(description="what a notice is about")] = None,
        job: Annotated[UUID | None, QueryParameter(description="what a notice is about")] = None,
    ) -> Template | Redirect:
        """Show the screen; who comes by a notice, or keeps the registers only, is sent on."""
        way = _way(actor, trip=trip, finding=finding, job=job)
        if way:
            return Redirect(way, status_code=303, headers=page_headers())
        async with database.read(actor.bureau_id) as reader:
            w = await written_for(reader, language_of_page(request))
            shown = await jobs_shown(reader, w, within, None) | await day_shown(reader, w, day_or_none(day))
        return page(
            request,
            "board/board.html",
            actor,
            tiles=tiles,
            **shown,
        )

    @get("/jobs", guards=[Allow(BOARD)], name="pages.board_jobs")
    async def jobs(
        self,
        *,
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        within: Within = None,
        after: After = None,
        most: Annotated[int, QueryParameter(name="shown", ge=1, le=400)] = JOBS_SHOWN,
    ) -> Template:
        """Return a page of the list of jobs."""
        async with database.read(actor.bureau_id) as reader:
            w = await written_for(reader, language_of_page(request))
            shown = await jobs_shown(reader, w, within, after, most)
        return page(
            request,
            "board/jobs.html" if after is None else "board/job_lines.html",
            actor,
            **shown,
        )

    @get("/day", guards=[Allow(BOARD)], name="pages.board_day")
    async def day(
        self,
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        day: Day = None,
    ) -> Template:
        """Return the vehicles' line of a day."""
        async with database.read(actor.bureau_id) as reader:
            w = await written_for(reader, language_of_page(request))
            shown = await day_shown(reader, w, day_or_none(day))
        return page(request, "board/day.html", actor, **shown)

    @get("/jobs/{job_id:uuid}", guards=[Allow(BOARD)], name="pages.board_job", opt={"page": True})
    async def job(
        self,
        job_id: FromPath[UUID],
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> Template:
        """Show a job with the next free slots of each vehicle, numbered for the keyboard."""
        async with database.read(actor.bureau_id) as reader:
            w = await written_for(reader, language_of_page(request))
            found, acts = await read_job(reader, job_id)
            trips = await carried(reader, [job_id])
            slots = [
                (vehicle, slot)
                for vehicle in (await dedicated_vehicles(reader, actor.unit_id, w.today) if actor.unit_id else ())
                for slot in await slots_of(reader, vehicle.vehicle_id, job_id, 3)
            ]
        slots.sort(key=lambda one: (not one[1].in_job_window, one[1].outing.start_at))
        del slots[SLOTS_SHOWN:]
        return page(
            request,
            "board/job.html",
            actor,
            part="board/job_part.html",
            w=w,
            acts=acts,
            slots=slots,
            line=job_line(found, trips.get(job_id), w),
        )

    @get("/map", guards=[Allow(BOARD)], name="pages.board_map")
    async def map(
        self, request: Request[Any, Any, Any], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> Response[bytes]:
        """Return what the map draws, WGS-84: the district's line, its towns, the sites of open jobs, the vehicles."""
        async with database.read(actor.bureau_id) as reader:
            w = await written_for(reader, language_of_page(request))
            drawn = {
                "boundary": msgspec.Raw(await boundary_text(reader) or "null"),
                "towns": [
                    {"name": one.name, "lat": one.lat, "lon": one.lon} for one in await towns_of(reader) if one.shown
                ],
                "sites": [_site(row, w) for row in await open_sites(reader, SITES_SHOWN)],
                "vehicles": await _vehicles(reader),
            }
        return Response(
            msgspec.json.encode(drawn), media_type="application/json", headers={"Cache-Control": "no-store"}
        )


def _way(actor: Actor, *, trip: UUID | None, finding: UUID | None, job: UUID | None) -> str:
    """Return where somebody is sent on to, empty where nowhere."""
    if not actor.roles & BOARD:
        return "/board/admin"
    if trip is not None:
        return f"/board/trips/{trip}"
    if finding is not None:
        return f"/board/inbox#finding-{finding}"
    return f"/board/jobs/{job}" if job is not None else ""


def _site(row: Any, w: Written) -> dict[str, Any]:
    how = urgency(row.warn_on, w.today)
    return {
        "job_id": row.job_id,
        "name": row.site_name,
        "lat": row.lat,
        "lon": row.lon,
        "colour": how.colour,
        "sign": how.sign,
        "left": days_left(row.warn_on, w.today, w.language),
    }


async def _vehicles(reader: Reader) -> list[dict[str, Any]]:
    """Return each vehicle where it last was, or at its base where nothing is known of it since yesterday."""
    vehicles = await vehicles_page(reader, None, VEHICLES_SHOWN)
    ids = [one.vehicle_id for one in vehicles]
    bases, fixes = await bases_of(reader, ids), await last_fixes_of(reader, ids)
    drawn = []
    for vehicle in vehicles:
        fix = fixes.get(vehicle.vehicle_id)
        place = base_at(bases[vehicle.vehicle_id], reader.now).place
        drawn.append(
            {
                "vehicle_id": vehicle.vehicle_id,
                "plate": vehicle.plate,
                "lat": fix.lat if fix else place.lat,
                "lon": fix.lon if fix else place.lon,
                "at": fix.fixed_at if fix else None,
            }
        )
    return drawn
