"""A day at the desk that leaves an auditor something: a doubtful trip, a late one, upkeep, metres of nobody."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import httpx
import pytest

from api.db.database import Actor, RecordedRefusal, UnitOfWork
from api.usecases.act_on_finding import Said, explain_finding
from api.usecases.approve_trip import approve_trip
from api.usecases.change_trip import NewCrew, change_crew
from api.usecases.depart_trip import Departure, depart_trip
from api.usecases.field_act import Report
from api.usecases.raise_finding import raise_finding
from api.usecases.record_reading import NewCorrection, NewReading, correct_reading, record_reading
from api.usecases.request_loan import NewLoan, request_loan
from api.usecases.request_trip import request_trip
from api.usecases.return_trip import Return, close_trip, return_trip
from api.usecases.use_step import Source
from domain.books.readings import Obtained
from domain.findings.kinds import FindingKind
from domain.values import Point
from tests.conftest import SignIn
from tests.log import many_orders
from tests.notes import note_body, send_note
from tests.print.pictures import png
from tests.tracks import enrolled, told
from tests.trips import IN_ORDER, a_complaint_job, crew_of, dashboard, departed_trip, new_trip
from tests.world import INSIDE, World

MARKET = Point(25.4520, 119.0120)
"""The site of the doubtful trip, two kilometres and a half from the base."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What happened: the doubtful trip and its finding, the trip entered late, the wrong reading's correction."""

    doubtful: UUID
    finding_id: UUID
    late: UUID
    note_id: UUID


def way(start: datetime, *places: Point, step_s: int = 10, mps: float = 9.0) -> list[tuple[datetime, Point]]:
    """Return fixes along straight ways between places, with a stay of ten minutes at each one after the first."""
    found, at = [(start, places[0])], start
    for one, other in pairwise(places):
        metres = ((one.lat - other.lat) ** 2 + ((one.lon - other.lon) * 0.903) ** 2) ** 0.5 * 111_000
        steps = max(1, round(metres / (mps * step_s)))
        for no in range(1, steps + 1):
            at += timedelta(seconds=step_s)
            part = no / steps
            found.append((at, Point(one.lat + (other.lat - one.lat) * part, one.lon + (other.lon - one.lon) * part)))
        for _ in range(10):
            at += timedelta(minutes=1)
            found.append((at, other))
    return found


async def a_day(world: World, signed_in: SignIn) -> Audited:
    """Let it happen; the clock stands at the end of it."""
    doubtful, note_id = await _doubtful_trip(world, await signed_in("officer"))
    washed_at = world.clock() + timedelta(minutes=20)
    await many_orders(world, world.vehicle_id, washed_at, 1, from_m=dashboard(world).odometer_m)
    dashboard(world, 4_000)
    world.clock.advance(hours=3)
    late = await _late_trip(world)
    await _spot_reading(world)
    await _refused(world)
    return Audited(doubtful, await _found(world, doubtful), late, note_id)


async def _doubtful_trip(world: World, officer: httpx.AsyncClient) -> tuple[UUID, UUID]:
    terminal = await enrolled(world)
    job_id = await a_complaint_job(world, place=MARKET)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    began = world.clock()
    tea_house = Point(25.4700, 118.9800)
    fixes = way(began, INSIDE, MARKET, tea_house, INSIDE)
    # Nobody saw how it got from the market to the tea house.
    seen = [one for one in fixes if not began + timedelta(minutes=18) < one[0] < began + timedelta(minutes=23)]
    await told(world, terminal, seen)
    at_site = next(at for at, place in fixes if place == MARKET) + timedelta(minutes=3)
    world.clock.at = at_site + timedelta(minutes=2)
    photo = png(320, 160)
    sha256 = hashlib.sha256(photo).hexdigest()
    assert (await officer.put(f"/v1/attachments/{sha256}", content=photo)).status_code == 201
    note = note_body(
        job_id,
        at_site,
        MARKET,
        trip_id=trip_id,
        files=[{"sha256": sha256, "name": "店面照片.png", "role": "photo"}],
        signatures=[
            {"how": "signed", "party": "complainant", "name": "林某", "sha256": sha256},
            {"how": "refused", "party": "respondent", "name": "陈某", "reason": "不同意", "witness": "市场管理员 黄某"},
        ],
    )
    assert (await send_note(officer, note)).status_code == 201
    world.clock.at = fixes[-1][0] + timedelta(minutes=1)
    await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 14_000)))
    await close_trip(world.database, world["dispatcher"], trip_id)
    return trip_id, UUID(note["note_id"])


async def _late_trip(world: World) -> UUID:
    new = await new_trip(world, job_ids=(await a_complaint_job(world),))
    trip_id = await request_trip(world.database, world["dispatcher"], new)
    changed = NewCrew(crew=crew_of(world, "second_officer"), passengers=(), reason="李某请假")
    await change_crew(world.database, world["dispatcher"], trip_id, changed)
    await approve_trip(world.database, world["custodian"], trip_id)
    left, back = new.planned_from, new.planned_from + timedelta(hours=1)
    world.clock.at = back + timedelta(hours=2)
    said = Report(source=Source.OFFLINE, stated_at=left)
    shown = dashboard(world)
    await depart_trip(world.database, world["driver"], trip_id, Departure(check=IN_ORDER, dashboard=shown, report=said))
    returned = Return(dashboard=dashboard(world, 6_000), report=Report(source=Source.OFFLINE, stated_at=back))
    await return_trip(world.database, world["driver"], trip_id, returned)
    return trip_id


async def _spot_reading(world: World) -> None:
    world.clock.advance(hours=1)
    wrong = NewReading(
        vehicle_id=world.vehicle_id,
        odometer_m=dashboard(world, 3_000).odometer_m + 90_000,
        read_at=world.clock(),
        occasion="spot",
        obtained=Obtained.THIRD_PARTY,
    )
    reading_id = await record_reading(world.database, world["auditor"], wrong)
    world.clock.advance(minutes=5)
    right = NewCorrection(
        corrects=reading_id,
        odometer_m=dashboard(world).odometer_m,
        reason="看错一位数字",
        obtained=Obtained.THIRD_PARTY,
    )
    await correct_reading(world.database, world["auditor"], right)


async def _refused(world: World) -> None:
    loan = NewLoan(vehicle_id=world.vehicle_id, borrower="某某科", reason="接待来宾")
    with pytest.raises(RecordedRefusal):
        await request_loan(world.database, world["officer"], loan)
    with pytest.raises(RecordedRefusal):
        await request_trip(world.database, world["dispatcher"], await new_trip(world, job_ids=()))


async def _found(world: World, trip_id: UUID) -> UUID:
    async def work(uow: UnitOfWork) -> UUID:
        return await raise_finding(
            uow,
            FindingKind.DETOUR,
            vehicle_id=world.vehicle_id,
            use_id=trip_id,
            subject_id=trip_id,
            evidence={"length_m": 13_600, "should_m": 7_100, "over_percent": 92},
        )

    finding_id = await world.database.write(Actor(world.bureau_id), work)
    world.clock.advance(hours=2)
    await explain_finding(world.database, world["custodian"], finding_id, Said("途中绕行，去取样品。"))
    world.clock.advance(minutes=5)
    return finding_id
