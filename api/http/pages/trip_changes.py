"""What the page of a trip offers to change of it: who goes along, and which jobs it carries."""

from __future__ import annotations

from typing import Any, Final

from api.db.database import Reader
from api.db.queries.jobs import WantedJobs, list_jobs
from api.db.queries.who_can_go import who_can_go
from api.http.pages.board import job_line
from api.http.pages.written import Written
from api.http.trip_wire import TripView
from domain.trip.life import STEPS, UseState, UseVerb
from domain.values import Window

JOBS_OFFERED: Final = 40
"""Open jobs that may be added, what is due first."""


async def changes_shown(reader: Reader, trip: TripView, w: Written) -> dict[str, Any]:
    """Return who could go along and which open jobs could be added, where the trip's state lets them be changed."""
    state = UseState(trip.state)
    shown: dict[str, Any] = {
        "may_change_crew": (state, UseVerb.CHANGE_CREW) in STEPS,
        "may_add": (state, UseVerb.ADD_JOB) in STEPS,
        "may_drop": (state, UseVerb.DROP_JOB) in STEPS and sum(not job.dropped for job in trip.jobs) > 1,
        "people": (),
        "jobs_offered": [],
        "going": {(one.person_id, one.seat) for one in trip.crew},
    }
    if shown["may_change_crew"]:
        window = Window(trip.planned_from, trip.planned_until)
        on = trip.planned_from.astimezone(w.zone).date()
        shown["people"] = await who_can_go(reader, trip.requester_unit_id, window, on)
    if shown["may_add"]:
        carried = {job.job_id for job in trip.jobs if not job.dropped}
        found = await list_jobs(reader, WantedJobs(state="open"), w.today, JOBS_OFFERED + len(carried), None)
        free = [one for one in found if one.job.job_id not in carried]
        shown["jobs_offered"] = [job_line(one, None, w) for one in free[:JOBS_OFFERED]]
    return shown
