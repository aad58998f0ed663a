"""Complaints and jobs for tests, made by the use cases themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from api.usecases.add_job import NewJob, Site, add_job
from api.usecases.register_complaint import NewComplaint, RegisteredComplaint, register_complaint
from domain.complaint.job import JobKind
from domain.complaint.particulars import Particulars
from domain.complaint.words import Source
from domain.values import Datum, Point, Window
from tests.world import INSIDE, World

PARTICULARS = Particulars(
    complainant_name="林某",
    complainant_telephone="13800000001",
    complainant_address="莆田市城厢区霞林街道某小区 3 号楼",
    respondent_name="城厢区某服装店",
    respondent_address="莆田市城厢区文献步行街 12 号",
    claim="退货并退还货款 398 元",
    facts="所购外套洗涤一次后严重褪色，商家拒绝退货。",
)


def new_complaint(**changes: object) -> NewComplaint:
    """Return an ordinary complaint, with those fields of it or of its particulars changed."""
    of_particulars = {name: value for name, value in changes.items() if hasattr(PARTICULARS, name)}
    rest = {name: value for name, value in changes.items() if name not in of_particulars}
    particulars = replace(PARTICULARS, **of_particulars)  # type: ignore[arg-type]  # a test names real fields
    return replace(NewComplaint(particulars=particulars, source=Source.COUNTER), **rest)  # type: ignore[arg-type]


async def registered_complaint(world: World, who: str = "dispatcher", **changes: object) -> RegisteredComplaint:
    """Register a complaint that is not accepted yet."""
    return await register_complaint(world.database, world[who], new_complaint(**changes))


async def accepted_complaint(world: World, who: str = "dispatcher", **changes: object) -> UUID:
    """Register a complaint that is accepted in the same act, and return its id."""
    return (await registered_complaint(world, who, accept=True, **changes)).complaint_id


def new_job(complaint_id: UUID, at: datetime, place: Point = INSIDE, **changes: object) -> NewJob:
    """Return an ordinary mediation of an hour, wanted within three hours from `at`."""
    job = NewJob(
        complaint_id=complaint_id,
        kind=JobKind.MEDIATION,
        site=Site(
            name="文献步行街 12 号店", address="文献步行街 12 号", lat=place.lat, lon=place.lon, datum=Datum.WGS84
        ),
        window=Window(at, at + timedelta(hours=3)),
    )
    return replace(job, **changes)  # type: ignore[arg-type]  # a test names real fields


async def job_of(
    world: World, complaint_id: UUID, place: Point = INSIDE, who: str = "dispatcher", **changes: object
) -> UUID:
    """Add an ordinary job to a complaint, wanted from now on, and return its id."""
    return await add_job(world.database, world[who], new_job(complaint_id, world.clock(), place, **changes))
