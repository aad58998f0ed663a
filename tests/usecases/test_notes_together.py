"""Attacks on notes recorded together: a fault of ours in one of them, and two processes that meet at the same jobs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

import api.usecases.record_note as recording
from api.db.database import Database
from api.db.ledger_entry import new_id
from api.usecases.record_note import NewNote, RecordedNote, SentNote, record_notes
from domain.complaint.words import VisitResult
from domain.visit.corroboration import Corroboration, NoteFacts
from tests.trips import a_complaint_job
from tests.world import World


def a_note(world: World, job_id: UUID, **changes: Any) -> SentNote:
    """Return an officer's note that finishes a job."""
    note: dict[str, Any] = {
        "body": b"{}",
        "note_id": new_id(),
        "job_id": job_id,
        "trip_id": None,
        "source": "phone",
        "result": VisitResult.DONE,
        "made_at": world.clock(),
        "sent_at": None,
        "position": None,
        "files": (),
        "corrects": None,
        "device": None,
        "device_prev": None,
        "signature": None,
    }
    return SentNote(world["officer"], NewNote(**note | changes))


async def test_a_fault_of_ours_in_one_note_is_told_to_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note that breaks the service is its sender's trouble; those that came with it are recorded."""
    poison = world.clock() - timedelta(days=1)
    judge = recording.corroborate

    def breaks(note: NoteFacts, settings: Any) -> Corroboration:
        if note.made_at == poison:
            raise ZeroDivisionError
        return judge(note, settings)

    monkeypatch.setattr(recording, "corroborate", breaks)
    job_id = await a_complaint_job(world)
    notes = [a_note(world, job_id), a_note(world, job_id, made_at=poison), a_note(world, job_id)]
    outcomes = await record_notes(world.database, world.bureau_id, notes)
    assert [type(outcome) for outcome in outcomes] == [RecordedNote, ZeroDivisionError, RecordedNote]


async def test_two_processes_that_finish_the_same_jobs_wait_in_line_and_never_for_one_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notes of the same jobs in two orders: no deadlock, which would cost both a second and one its work."""
    tries: list[int] = []
    attempt = Database._attempt

    async def counted(*args: Any) -> Any:
        tries.append(1)
        return await attempt(*args)

    jobs = sorted([await a_complaint_job(world), await a_complaint_job(world)])
    monkeypatch.setattr(Database, "_attempt", counted)
    async with world.database.engine.connect() as holding:
        await holding.execute(text(f"SET LOCAL zhuanche.bureau_id = '{world.bureau_id}'"))
        held = {"bureau_id": world.bureau_id, "job": jobs[1]}
        await holding.execute(text("SELECT 1 FROM job WHERE bureau_id = :bureau_id AND job_id = :job FOR UPDATE"), held)
        both = []
        for order in (jobs[::-1], jobs):
            notes = [a_note(world, job_id) for job_id in order]
            both.append(asyncio.create_task(record_notes(world.database, world.bureau_id, notes)))
            await asyncio.sleep(0.3)
        await holding.rollback()
    for outcomes in await asyncio.gather(*both):
        assert [type(outcome) for outcome in outcomes] == [RecordedNote, RecordedNote]
    assert len(tries) == 2, "neither was run again"
