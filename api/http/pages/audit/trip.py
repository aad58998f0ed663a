"""`/audit/trips/{trip_id}`: a trip as its track, its readings, its notes and its record show it, side by side."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.db.database import Actor, Database
from api.db.queries.findings import findings_page
from api.db.queries.ledger import entries_of
from api.db.queries.people import names_of
from api.db.queries.readings import readings_of_use
from api.db.queries.refusals import conflicts_page
from api.db.queries.signed_acts import WantedActs, acts_page
from api.db.queries.sites import boundary_text
from api.db.queries.trips import jobs_of_trip, trip_view
from api.db.queries.visit_notes import WantedNotes, note_conflicts, notes_page
from api.http.findings import finding_of
from api.http.note_wire import note_of
from api.http.pages.audit.desk import AUDIT, LOOKS_ON, PAGE, Asked
from api.http.pages.trip_record import brackets_of, timeline
from api.http.trip_measures import measured_trip
from api.web.tiles import Tiles
from domain.trip.life import UseState

MOST = 200
"""Notes, findings and conflicts of one trip that are shown."""


@get(f"{AUDIT}/trips/{{trip_id:uuid}}", guards=[LOOKS_ON], include_in_schema=False, name="audit.trip", opt=PAGE)
async def trip_page(
    *,
    asked: NamedDependency[Asked],
    trip_id: FromPath[UUID],
    tiles: NamedDependency[Tiles | None],
) -> Template:
    """Show everything on record of a trip."""
    async with asked.desk() as books:
        reader, w = books.reader, books.w
        trip = await trip_view(reader, trip_id)
        desk = await books.moved(trip.vehicle_id, trip.actual_from or trip.planned_from)
        names = await names_of(reader)
        jobs = await jobs_of_trip(reader, trip_id)
        measures = await measured_trip(reader, trip_id)
        notes = [note_of(row) for row in await notes_page(reader, WantedNotes(trip_id=trip_id), None, MOST)]
        findings = [
            finding_of(row, w.language, reader.now) for row in await findings_page(reader, None, MOST, use_id=trip_id)
        ]
        conflicts = await conflicts_page(reader, None, MOST, use_id=trip_id)
        readings = await readings_of_use(reader, trip_id)
        acts = await acts_page(reader, WantedActs(trip_id=trip_id), None, MOST)
        signed = brackets_of(acts)
        told = timeline(
            w,
            names,
            decisions=trip.decisions,
            readings=readings,
            notes=notes,
            findings=findings,
            conflicts=conflicts,
            acts=acts,
            signed=signed,
        )
        entries = await entries_of(reader, [one.fact_id for one in told if one.fact_id])
        others = await note_conflicts(reader, note_ids=[one.note_id for one in notes], limit=MOST)
    notes.reverse()
    return desk.page(
        "trip",
        tiles=tiles,
        trip=trip,
        state_of=lambda state: w.word(UseState(state)),
        jobs=jobs,
        names=names,
        measures=measures,
        most_m=max([measures.plan_m or 0, measures.reading_m or 0, *_seen(measures)]) or 1,
        notes=notes,
        findings=findings,
        conflicts=conflicts,
        signed=signed,
        forks=[one for one in acts if one.standing != "chain"],
        told=told,
        entries=entries,
        others=[(one, _written(bytes(one.body))) for one in others],
    )


def _written(body: bytes) -> list[str]:
    """Return what a note kept aside says was found and agreed; its bytes are whatever a phone sent."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    return [said[name] for name in ("found", "agreed") if isinstance(said, dict) and isinstance(said.get(name), str)]


def _seen(measures: Any) -> list[int]:
    return [one.length_m + one.unobserved_m for one in measures.devices]


@get(
    f"{AUDIT}/trips/{{trip_id:uuid}}/scene",
    guards=[LOOKS_ON],
    include_in_schema=False,
    name="audit.scene",
    media_type="application/json",
)
async def trip_scene(
    trip_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
) -> Response[bytes]:
    """Return what the map of a trip draws beside its track, WGS-84: the district, sites, stops and notes."""
    async with database.read(actor.bureau_id) as reader:
        await trip_view(reader, trip_id)
        jobs = await jobs_of_trip(reader, trip_id)
        measures = await measured_trip(reader, trip_id)
        notes = await notes_page(reader, WantedNotes(trip_id=trip_id), None, MOST)
        boundary = await boundary_text(reader)
    scene = {
        "boundary": msgspec.Raw((boundary or "null").encode()),
        "sites": [
            {"name": one.site_name, "number": one.number, "lat": one.lat, "lon": one.lon}
            for one in jobs
            if not one.dropped
        ],
        "stops": [
            {"lat": one.lat, "lon": one.lon, "from_at": one.from_at, "until_at": one.until_at}
            for device in measures.devices[:1]
            for one in device.stops
        ],
        "notes": [
            {"name": one.officer_name, "at": one.device_at, "lat": one.lat, "lon": one.lon}
            for one in notes
            if one.lat is not None
        ],
    }
    return Response(msgspec.json.encode(scene), headers={"Cache-Control": "no-store"})
