"""Record a visit note 现场走访记录: the exact bytes received, what was read out of them, and what could be checked."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlmodel import select

from api.db.database import Actor, Database, UnitOfWork
from api.db.ledger_entry import degrees_e7, new_id
from api.db.queries.positions import fixes_near
from api.db.queries.settings import settings_of
from api.db.queries.visit_notes import note_facts
from api.db.tables.notes import NoteAttachment, VisitNote, VisitNoteConflict
from api.usecases.add_job import JobNotOpen, finish_job
from domain.complaint.words import VisitResult
from domain.ledger.leaf import DeviceChain
from domain.place.datum import to_wgs84
from domain.track.fixes import FIX
from domain.values import Datum, Point
from domain.visit.corroboration import VEHICLE_WITHIN_S, Corroboration, NoteFacts, Outing, Sighting, corroborate
from domain.visit.note import (
    CorrectedNoteMissing,
    CorrectsOtherJob,
    JobStep,
    NoteIdUsed,
    checked_note_id,
    step_after,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A position as the device gave it, in its declared datum."""

    lat: float
    lon: float
    datum: Datum
    accuracy_m: float | None
    mock: bool


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a note names, whether or not it has arrived."""

    sha256: str
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNote:
    """A note as it came: its bytes, and what the columns need of them."""

    body: bytes
    note_id: UUID
    job_id: UUID
    trip_id: UUID | None
    source: str
    result: VisitResult
    made_at: datetime
    sent_at: datetime | None
    position: Located | None
    files: tuple[NamedFile, ...]
    corrects: UUID | None
    device: DeviceChain | None
    device_prev: str | None
    signature: str | None


@dataclass(frozen=True, slots=True)
class RecordedNote:
    """A note on record, `again` when the same bytes were there before."""

    note_id: UUID
    again: bool


@dataclass(frozen=True, slots=True)
class _Clash:
    conflict_id: UUID


async def record_note(database: Database, actor: Actor, new: NewNote) -> RecordedNote:
    """Keep a note for good; the same bytes again change nothing.

    It is kept however late it comes and wherever it was made: what speaks against it stands beside it.

    Raises:
        NoteIdNotV7: its id is not a UUIDv7.
        NoteIdUsed: other bytes have this id; these are kept aside as a conflict.
        NotFound: there is no such job or trip.
        CorrectedNoteMissing: the note it corrects is not here.
        CorrectsOtherJob: the note it corrects is of another job.
    """
    checked_note_id(new.note_id)
    sha256 = hashlib.sha256(new.body).hexdigest()

    async def work(uow: UnitOfWork) -> RecordedNote | _Clash:
        known = await _known_sha256(uow, new.note_id)
        if known == sha256:
            return RecordedNote(new.note_id, again=True)
        if known is not None:
            return _Clash(await _keep_aside(uow, new, sha256))
        return await _record(uow, new, sha256)

    # Where the same id comes twice at once, the second try finds the first one's note.
    outcome = await database.write(actor, work)
    if isinstance(outcome, _Clash):
        raise NoteIdUsed(note_id=str(new.note_id), conflict_id=str(outcome.conflict_id))
    return outcome


async def _known_sha256(uow: UnitOfWork, note_id: UUID) -> str | None:
    found: str | None = await uow.one(
        select(VisitNote.body_sha256).where(VisitNote.bureau_id == uow.bureau_id, VisitNote.note_id == note_id)
    )
    return found


async def _keep_aside(uow: UnitOfWork, new: NewNote, sha256: str) -> UUID:
    kept: UUID | None = await uow.one(
        select(VisitNoteConflict.conflict_id).where(
            VisitNoteConflict.bureau_id == uow.bureau_id,
            VisitNoteConflict.note_id == new.note_id,
            VisitNoteConflict.body_sha256 == sha256,
        )
    )
    if kept is not None:
        return kept
    conflict_id = new_id()
    entry_id = await uow.enter(
        "visit-note-conflict",
        facts={"conflict_id": conflict_id, "note_id": new.note_id},
        person={"body_sha256": sha256},
        device=new.device,
    )
    await uow.insert(
        VisitNoteConflict(
            bureau_id=uow.bureau_id,
            conflict_id=conflict_id,
            note_id=new.note_id,
            body=new.body,
            body_sha256=sha256,
            actor_id=uow.actor.person_id,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
    return conflict_id


async def _record(uow: UnitOfWork, new: NewNote, sha256: str) -> RecordedNote:
    facts = await note_facts(uow, job_id=new.job_id, trip_id=new.trip_id, officer_id=uow.actor.who, made_at=new.made_at)
    before, revision = await _corrected(uow, new)
    seen = new.position
    place = None if seen is None else to_wgs84(seen.lat, seen.lon, seen.datum)
    result = await _check(uow, new, facts, place)
    reasons = [doubt.value for doubt in result.doubts]
    step = step_after(new.result, job_open=facts.job_state == "open")
    entry_id = await uow.enter(
        "visit-note-recorded",
        facts={
            "note_id": new.note_id,
            "job_id": new.job_id,
            "trip_id": facts.use_id,
            "source": new.source,
            "result": new.result,
            "device_at": new.made_at,
            "corrects": new.corrects,
            "files": [file.sha256 for file in new.files],
            "reasons": reasons,
        },
        person={"body_sha256": sha256},
        place=None if place is None else {"lat_e7": degrees_e7(place.lat), "lon_e7": degrees_e7(place.lon)},
        previous=before,
        revision=revision,
        device=new.device,
    )
    await uow.insert(
        VisitNote(
            bureau_id=uow.bureau_id,
            note_id=new.note_id,
            job_id=new.job_id,
            use_id=facts.use_id,
            officer_id=uow.actor.who,
            source=new.source,
            body=new.body,
            body_sha256=sha256,
            result=new.result.value,
            device_at=new.made_at,
            datum=None if seen is None else seen.datum.value,
            raw_lat=None if seen is None else seen.lat,
            raw_lon=None if seen is None else seen.lon,
            lat=None if place is None else place.lat,
            lon=None if place is None else place.lon,
            accuracy_m=None if seen is None else seen.accuracy_m,
            corrects=new.corrects,
            device_id=None if new.device is None else new.device.device_id,
            device_seq=None if new.device is None else new.device.seq,
            device_prev=new.device_prev,
            signature=new.signature,
            corroborated=result.corroborated,
            reasons=reasons,
            checks=_measures(result, step),
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
    await _name_files(uow, new)
    if step is JobStep.FINISH:
        # Who finished or cancelled it in the meantime was first; the note stands all the same.
        with suppress(JobNotOpen):
            await finish_job(uow, new.job_id, f"visit-note {new.note_id}")
    return RecordedNote(new.note_id, again=False)


async def _corrected(uow: UnitOfWork, new: NewNote) -> tuple[UUID | None, int]:
    """Return the ledger entry of the note that this one corrects and the revision this one is."""
    if new.corrects is None:
        return None, 1
    corrected = await uow.get(VisitNote, new.corrects)
    if corrected is None:
        raise CorrectedNoteMissing(corrects=str(new.corrects))
    if corrected.job_id != new.job_id:
        raise CorrectsOtherJob(corrects=str(new.corrects))
    revision, earlier = 2, corrected.corrects
    while earlier is not None:
        revision += 1
        earlier = await uow.one(
            select(VisitNote.corrects).where(VisitNote.bureau_id == uow.bureau_id, VisitNote.note_id == earlier)
        )
    return corrected.entry_id, revision


async def _check(uow: UnitOfWork, new: NewNote, facts: Any, place: Point | None) -> Corroboration:
    seen = new.position
    outing = None
    vehicle = np.empty(0, dtype=FIX)
    if facts.actual_from is not None:
        outing = Outing(facts.actual_from, facts.actual_until, facts.carries_job, facts.officer_aboard)
        vehicle = await fixes_near(
            uow, facts.vehicle_id, new.made_at, within_s=VEHICLE_WITHIN_S, not_of=uow.actor.person_id
        )
    return corroborate(
        NoteFacts(
            made_at=new.made_at,
            received_at=uow.now,
            sent_at=new.sent_at,
            sighting=None if seen is None or place is None else Sighting(place, seen.accuracy_m, seen.mock),
            site=Point(facts.lat, facts.lon),
            outing=outing,
            vehicle=vehicle,
        ),
        await settings_of(uow),
    )


def _measures(result: Corroboration, step: JobStep) -> dict[str, Any]:
    return {
        "job_step": step.value,
        "distance_m": result.distance_m,
        "vehicle_distance_m": result.vehicle_distance_m,
        "vehicle_fixes": result.vehicle_fixes,
        "skew_s": result.skew_s,
        "late_s": result.late_s,
    }


async def _name_files(uow: UnitOfWork, new: NewNote) -> None:
    await uow.insert(
        *(
            NoteAttachment(
                bureau_id=uow.bureau_id, note_id=new.note_id, no=no, sha256=file.sha256, name=file.name, role=file.role
            )
            for no, file in enumerate(new.files, start=1)
        )
    )
