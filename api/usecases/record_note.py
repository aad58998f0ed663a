"""Record a visit note 现场走访记录: the exact bytes received, what was read out of them, and what could be checked."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
from sqlmodel import select

from api.db.database import Actor, Database, UnitOfWork
from api.db.faults import Busy, DatabaseAway
from api.db.ledger_entry import EntryRows, degrees_e7, entry_rows, new_id
from api.db.queries.attachments import hold_files
from api.db.queries.positions import Encounter, fixes_near
from api.db.queries.settings import settings_of
from api.db.queries.visit_notes import NotedVisit, facts_of_notes, known_notes, note_receipts
from api.db.tables.notes import NoteAttachment, VisitNote, VisitNoteConflict
from api.gather import one_by_one
from api.usecases.add_job import JobNotOpen, finish_job
from domain.complaint.words import VisitResult
from domain.errors import DomainError, NotFound
from domain.ledger.leaf import DeviceChain
from domain.place.datum import to_wgs84
from domain.settings import BureauSettings
from domain.track.fixes import FIX, Fixes
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
class SentNote:
    """A note and who sent it; `entered_by` is another person, where one had to say which job it is of."""

    actor: Actor
    new: NewNote
    entered_by: UUID | None = None

    @property
    def sha256(self) -> str:
        """Return the hash of its bytes."""
        return hashlib.sha256(self.new.body).hexdigest()


@dataclass(frozen=True, slots=True)
class RecordedNote:
    """A note on record with what its answer tells, `again` when the same bytes were there before."""

    row: Any
    again: bool


@dataclass(frozen=True, slots=True)
class Clash:
    """Other bytes came under a note's id, and were kept aside."""

    conflict_id: UUID


async def record_notes(database: Database, bureau_id: str, sent: list[SentNote]) -> list[RecordedNote | Exception]:
    """Keep notes of a bureau for good, in one transaction; the same bytes again change nothing.

    They are kept however late they come and wherever they were made: what speaks against one stands beside it.
    Each has its own outcome, the fault where it is not recorded:
        NoteIdNotV7: its id is not one that its source makes.
        NoteIdUsed: other bytes have this id; these are kept aside as a conflict.
        NotFound: there is no such job or trip.
        CorrectedNoteMissing: the note it corrects is not here.
        CorrectsOtherJob: the note it corrects is of another job.
    """
    if len(sent) > 1 and not _apart(sent):
        return await one_by_one(partial(record_notes, database, bureau_id), sent)

    async def work(uow: UnitOfWork) -> list[RecordedNote | Clash | DomainError]:
        return await record_all(uow, sent)

    # Where the same id comes twice at once, the second try finds the first one's note.
    try:
        outcomes = await database.write(Actor(bureau_id), work)
    except (DatabaseAway, Busy):
        raise
    except Exception:
        # Whatever it was, it is one note's own: the others are not told of it.
        if len(sent) == 1:
            raise
        return await one_by_one(partial(record_notes, database, bureau_id), sent)
    return [
        NoteIdUsed(note_id=str(one.new.note_id), conflict_id=str(outcome.conflict_id))
        if isinstance(outcome, Clash)
        else outcome
        for one, outcome in zip(sent, outcomes, strict=True)
    ]


def _apart(sent: list[SentNote]) -> bool:
    """Tell whether no note comes with another of its id, or with the one that it corrects."""
    ids = {one.new.note_id for one in sent}
    return len(ids) == len(sent) and not any(one.new.corrects in ids for one in sent)


async def record_all(uow: UnitOfWork, sent: list[SentNote]) -> list[RecordedNote | Clash | DomainError]:
    """Write notes, no two of one id, into a transaction: what `record_notes` does, for who has more to write in it."""
    known = await known_notes(uow, [one.new.note_id for one in sent])
    fresh = [one for one in sent if one.new.note_id not in known]
    facts = await _facts(uow, fresh)
    vehicles = await _vehicles(uow, fresh, facts)
    settings = await settings_of(uow)
    rows: list[_Rows] = []
    outcomes: dict[UUID, Clash | DomainError] = {}
    finished: set[UUID] = set()
    # In one order everywhere, so that two processes sent the same notes never wait for one another.
    for one in sorted(sent, key=lambda each: each.new.note_id):
        new = one.new
        own = UnitOfWork(uow.session, one.actor, uow.now)
        try:
            checked_note_id(new.note_id, new.source)
            if new.note_id not in known:
                found = _found(new, facts[new.note_id])
                checked = _check(own, new, found, vehicles.get(new.note_id), settings)
                step = step_after(new.result, job_open=found.job_state == "open" and new.job_id not in finished)
                rows.append(await _rows(own, one, found, checked, step))
                if step is JobStep.FINISH:
                    finished.add(new.job_id)
            elif known[new.note_id] != one.sha256:
                outcomes[new.note_id] = Clash(await _keep_aside(own, new, one.sha256))
        except DomainError as fault:
            outcomes[new.note_id] = fault
    await _write(uow, rows)
    receipts = await note_receipts(uow, [one.new.note_id for one in sent])
    return [
        outcomes.get(one.new.note_id) or RecordedNote(receipts[one.new.note_id], again=one.new.note_id in known)
        for one in sent
    ]


async def _facts(uow: UnitOfWork, fresh: list[SentNote]) -> dict[UUID, Any]:
    visits = [NotedVisit(one.new.job_id, one.new.trip_id, one.actor.who, one.new.made_at) for one in fresh]
    found = await facts_of_notes(uow, visits) if visits else []
    return {one.new.note_id: row for one, row in zip(fresh, found, strict=True)}


def _found(new: NewNote, facts: Any) -> Any:
    if facts is None:
        raise NotFound("There is no such job.", job_id=str(new.job_id))
    if new.trip_id is not None and facts.use_id is None:
        raise NotFound("There is no such trip.", trip_id=str(new.trip_id))
    return facts


async def _vehicles(uow: UnitOfWork, fresh: list[SentNote], facts: dict[UUID, Any]) -> dict[UUID, Fixes]:
    """Return where the vehicle of each note's trip was about then."""
    met = {
        one.new.note_id: Encounter(found.vehicle_id, one.new.made_at, one.actor.who)
        for one in fresh
        if (found := facts[one.new.note_id]) is not None and found.actual_from is not None
    }
    near = await fixes_near(uow, list(met.values()), within_s=VEHICLE_WITHIN_S) if met else []
    return dict(zip(met, near, strict=True))


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


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is written of a note; `finishes` is the unit of work in which its job is done by it."""

    entry: EntryRows
    note: dict[str, Any]
    files: list[dict[str, Any]]
    finishes: UnitOfWork | None


async def _rows(uow: UnitOfWork, sent: SentNote, facts: Any, result: Corroboration, step: JobStep) -> _Rows:
    new, sha256 = sent.new, sent.sha256
    before, revision = await _corrected(uow, new)
    place = _wgs84(new.position)
    reasons = [doubt.value for doubt in result.doubts]
    entry = entry_rows(
        uow.bureau_id,
        "visit-note-recorded",
        now=uow.now,
        actor_id=sent.entered_by or uow.actor.who,
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
        }
        | ({"officer_id": uow.actor.who} if sent.entered_by else {}),
        person={"body_sha256": sha256},
        place=None if place is None else {"lat_e7": degrees_e7(place.lat), "lon_e7": degrees_e7(place.lon)},
        previous=before,
        revision=revision,
        device=new.device,
    )
    seen = new.position
    note = {
        "bureau_id": uow.bureau_id,
        "note_id": new.note_id,
        "job_id": new.job_id,
        "use_id": facts.use_id,
        "officer_id": uow.actor.who,
        "source": new.source,
        "body": new.body,
        "body_sha256": sha256,
        "result": new.result.value,
        "device_at": new.made_at,
        "datum": None if seen is None else seen.datum.value,
        "raw_lat": None if seen is None else seen.lat,
        "raw_lon": None if seen is None else seen.lon,
        "lat": None if place is None else place.lat,
        "lon": None if place is None else place.lon,
        "accuracy_m": None if seen is None else seen.accuracy_m,
        "corrects": new.corrects,
        "device_id": None if new.device is None else new.device.device_id,
        "device_seq": None if new.device is None else new.device.seq,
        "device_prev": new.device_prev,
        "signature": new.signature,
        "corroborated": result.corroborated,
        "reasons": reasons,
        "checks": _measures(result, step),
        "recorded_at": uow.now,
        "entry_id": entry.entry_id,
    }
    return _Rows(entry, note, _files(uow.bureau_id, new), uow if step is JobStep.FINISH else None)


async def _write(uow: UnitOfWork, rows: list[_Rows]) -> None:
    await uow.enter_together([one.entry for one in rows])
    await uow.insert_together(VisitNote, [one.note for one in rows])
    files = [file for one in rows for file in one.files]
    await hold_files(uow, [file["sha256"] for file in files])
    await uow.insert_together(NoteAttachment, files)
    for one in sorted(rows, key=lambda each: each.note["job_id"]):
        if one.finishes is not None:
            # Who finished or cancelled it in the meantime was first; the note stands all the same.
            with suppress(JobNotOpen):
                await finish_job(one.finishes, one.note["job_id"], f"visit-note {one.note['note_id']}")


def _wgs84(position: Located | None) -> Point | None:
    return None if position is None else to_wgs84(position.lat, position.lon, position.datum)


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


def _check(uow: UnitOfWork, new: NewNote, facts: Any, vehicle: Fixes | None, settings: BureauSettings) -> Corroboration:
    place, seen = _wgs84(new.position), new.position
    return corroborate(
        NoteFacts(
            made_at=new.made_at,
            received_at=uow.now,
            sent_at=new.sent_at,
            sighting=None if seen is None or place is None else Sighting(place, seen.accuracy_m, seen.mock),
            site=Point(facts.lat, facts.lon),
            outing=None
            if facts.actual_from is None
            else Outing(facts.actual_from, facts.actual_until, facts.carries_job, facts.officer_aboard),
            vehicle=np.empty(0, dtype=FIX) if vehicle is None else vehicle,
        ),
        settings,
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


def _files(bureau_id: str, new: NewNote) -> list[dict[str, Any]]:
    return [file_row(bureau_id, new.note_id, no, file) for no, file in enumerate(new.files, start=1)]


def file_row(bureau_id: str, note_id: UUID, no: int, file: NamedFile) -> dict[str, Any]:
    """Return the row of a note's file, of `note_attachment`."""
    return {
        "bureau_id": bureau_id,
        "note_id": note_id,
        "no": no,
        "sha256": file.sha256,
        "name": file.name,
        "role": file.role,
    }
