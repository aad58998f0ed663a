"""`/v1/field/day`: what a phone takes along, and takes anew only where something changed."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from api.db.database import Actor, Database, Reader
from api.db.queries.calendar import zone_of
from api.db.queries.field_day import (
    bureau_of,
    day_of,
    jobs_of_day,
    permits_of,
    photographed,
    trips_of_day,
)
from api.db.queries.my_devices import acknowledgements_of, devices_of
from api.db.queries.people import names_of
from api.db.queries.readings import last_reading
from api.db.queries.restores import restores
from api.db.queries.signed_acts import Receipt, keys_page, newest_receipt
from api.db.queries.sites import drawn_boundary_in
from api.db.tables.vehicles import Vehicle
from api.http.access import Allow
from api.http.complaints import CASE_READERS
from api.http.device_keys import key_view, receipt_view
from api.http.field_wire import (
    FieldComplaint,
    FieldDay,
    FieldDevice,
    FieldJob,
    FieldPerson,
    FieldRestore,
    FieldSite,
    FieldTrip,
    FieldVehicle,
    LastReading,
    PartyView,
    Permit,
)
from api.http.my_devices import notice_now
from api.http.trip_wire import TripView, trip_of
from domain.complaint.job import JobKind
from domain.complaint.words import Party
from domain.signing.jws import digest_of
from domain.tracking_notice import VERSION
from domain.values import Role

RECEIPT_HEADER: Final = "Zhuanche-Receipt"
KEYS_MOST: Final = 20
KEPT_FOR: Final = timedelta(days=30)
"""How long a phone keeps what was answered (`outbox.js`)."""


@get(
    "/v1/field/day",
    guards=[Allow(Role.OFFICER, Role.DRIVER)],
    name="field.day",
    tags=["field"],
    summary="What a phone takes along",
    responses={
        304: ResponseSpec(data_container=None, description="Nothing changed but the time", generate_examples=False)
    },
)
async def field_day(
    request: Request[Any, Any, Any], actor: NamedDependency[Actor], database: NamedDependency[Database]
) -> Response[FieldDay | None]:
    """Return today and tomorrow of whoever is signed in; with `If-None-Match`, 304 where nothing changed.

    Either way the header `Zhuanche-Receipt` holds the newest ledger entry as `entry leaf`, for the `srv` of what is
    signed next.
    """
    async with database.read(actor.bureau_id) as reader:
        day = await _day(reader, actor)
    tag = _tag(day)
    headers = {"ETag": tag}
    if day.receipt is not None:
        headers[RECEIPT_HEADER] = f"{day.receipt.entry} {day.receipt.leaf}"
    if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(None, status_code=304, headers=headers)
    return Response(day, headers=headers)


def _tag(day: FieldDay) -> str:
    """Return the day's ETag: of all that does not change by itself."""
    lasting = msgspec.structs.replace(day, now=day.day_from, receipt=None)
    return f'"{hashlib.sha256(msgspec.json.encode(lasting)).hexdigest()[:32]}"'


async def _day(reader: Reader, actor: Actor) -> FieldDay:
    zone = await zone_of(reader)
    day, bureau = day_of(reader.now, zone), await bureau_of(reader)
    receipt = await newest_receipt(reader)
    read = {row.notice for row in await acknowledgements_of(reader, actor.who)}
    devices = await devices_of(reader, actor.who)
    trips = [trip_of(row, {}) for row in await trips_of_day(reader, actor.who, day)]
    return FieldDay(
        now=reader.now,
        receipt=None if receipt is None else receipt_view(receipt),
        day_from=day.begins_at,
        until=day.until,
        bureau_id=actor.bureau_id,
        bureau_name=bureau.name,
        zone=zone.key,
        person=FieldPerson(
            person_id=actor.who,
            name=actor.name,
            unit_id=actor.unit_id,
            roles=sorted(role.value for role in actor.roles),
        ),
        devices=[FieldDevice(device_id=row.device_id, name=row.name, revoked_at=row.revoked_at) for row in devices],
        keys=[key_view(row) for row in await keys_page(reader, None, KEYS_MOST, person_id=actor.who)],
        notice=notice_now(),
        notice_read=VERSION in read,
        trips=await _trips(reader, trips, cases=bool(actor.roles & CASE_READERS)),
        restores=[
            FieldRestore(restore_id=row.restore_id, taken_at=row.taken_at, restored_at=row.recorded_at)
            for row in await restores(reader, after=reader.now - KEPT_FOR)
        ],
        boundary=drawn_boundary_in(bureau.boundary),
    )


async def _trips(reader: Reader, trips: list[TripView], *, cases: bool) -> list[FieldTrip]:
    carried = [job.job_id for trip in trips for job in trip.jobs if not job.dropped]
    jobs = await jobs_of_day(reader, carried)
    photos = await photographed(reader, [trip.trip_id for trip in trips])
    permits = await _permits(reader, trips)
    vehicles = {vehicle_id: await _vehicle(reader, vehicle_id) for vehicle_id in {trip.vehicle_id for trip in trips}}
    return [
        FieldTrip(
            trip_id=trip.trip_id,
            state=trip.state,
            planned_from=trip.planned_from,
            planned_until=trip.planned_until,
            grace_s=trip.grace_s,
            departed_at=trip.departed_at,
            returned_at=trip.returned_at,
            order=trip.order,
            permit=permits.get(trip.trip_id),
            crew=trip.crew,
            passengers=trip.passengers,
            vehicle=vehicles[trip.vehicle_id],
            photo_wanted_until=trip.photo_wanted_until,
            photo_arrived=trip.trip_id in photos,
            jobs=[_job(jobs[job.job_id], under_way=job.under_way, cases=cases) for job in trip.jobs if not job.dropped],
            stops=trip.stops,
        )
        for trip in trips
    ]


def _job(row: Any, *, under_way: bool, cases: bool) -> FieldJob:
    parties = [(Party.COMPLAINANT, row.complainant_name), (Party.RESPONDENT, row.respondent_name)]
    return FieldJob(
        job_id=row.job_id,
        complaint_id=row.complaint_id,
        kind=JobKind(row.kind),
        state=row.state,
        under_way=under_way,
        site=FieldSite(name=row.site_name, address=row.site_address, lat=row.lat, lon=row.lon),
        window_from=row.window_from,
        window_until=row.window_until,
        due_on=row.due_on,
        warn_on=min(row.due_nominal_on, row.due_on),
        provisional=row.due_provisional,
        complaint=FieldComplaint(
            number=row.number,
            state=row.complaint_state,
            claim=row.claim,
            facts=row.facts,
            parties=[PartyView(side=side.value, name=name) for side, name in parties],
        )
        if cases
        else None,
    )


async def _permits(reader: Reader, trips: list[TripView]) -> dict[UUID, Permit]:
    """Return the permit by which each trip may go: the last one that the rule gave before its departure."""
    given = {}
    for trip in trips:
        before = [one for one in trip.decisions if one.outcome == "permit" and one.verb != "depart"]
        if before and trip.approved_at is not None:
            given[trip.trip_id] = (trip, before[-1])
    entries = await permits_of(reader, [decision.decision_id for _, decision in given.values()])
    names = await names_of(reader, [trip.approver_id for trip, _ in given.values()])
    permits = {}
    for trip_id, (trip, decision) in given.items():
        entry, grace = entries[decision.decision_id], timedelta(seconds=trip.grace_s)
        permits[trip_id] = Permit(
            decision_id=decision.decision_id,
            approver_id=trip.approver_id,
            approver_name=names.get(trip.approver_id) if trip.approver_id else None,
            approved_at=trip.approved_at or decision.recorded_at,
            spoken=trip.spoken_at is not None and trip.confirmed_at is None,
            marks=decision.marks,
            depart_from=trip.planned_from - grace,
            depart_until=trip.planned_until + grace,
            receipt=receipt_view(Receipt(entry.entry_id, digest_of(bytes(entry.leaf)), entry.recorded_at)),
        )
    return permits


async def _vehicle(reader: Reader, vehicle_id: UUID) -> FieldVehicle:
    vehicle = await reader.get(Vehicle, vehicle_id)
    if vehicle is None:
        raise LookupError("a trip has a vehicle on file")
    last = await last_reading(reader, vehicle_id)
    return FieldVehicle(
        vehicle_id=vehicle_id,
        plate=vehicle.plate,
        name=vehicle.name,
        resolution_m=vehicle.resolution_m,
        last_reading=None if last is None else LastReading(odometer_m=last.odometer_m, read_at=last.read_at),
    )
