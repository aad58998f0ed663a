"""Acts on a complaint: what is kept, what the row says, and that the one follows from the other."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from api.db.queries.complaints import complaint_facts, complaint_row, newest_first
from api.db.tables.complaints import Job
from api.usecases.act_on_complaint import act_on_complaint
from domain.complaint.acts import Accept, RecordConsent
from domain.complaint.states import State
from domain.complaint.words import Party
from tests.complaints import accepted_complaint, job_of, registered_complaint
from tests.world import World


async def test_a_complaint_is_registered_with_a_number_and_its_term(world: World) -> None:
    """Seven working days from the day of receipt, and a number of the bureau's own series."""
    first = await registered_complaint(world)
    second = await registered_complaint(world)
    assert (first.number, second.number) == ("2026-000001", "2026-000002")
    async with world.database.read(world.bureau_id) as reader:
        row = await complaint_row(reader, first.complaint_id)
    assert (row.state, row.accept_due_on.isoformat(), row.accept_provisional) == ("received", "2026-12-02", False)


async def test_accepting_gives_the_term_of_mediation_to_the_complaint_and_its_jobs(world: World) -> None:
    """Sixty days from acceptance; a job added before carries it from then on."""
    registered = await registered_complaint(world)
    job_id = await job_of(world, registered.complaint_id)
    await act_on_complaint(world.database, world["officer"], registered.complaint_id, Accept)
    async with world.database.read(world.bureau_id) as reader:
        row = await complaint_row(reader, registered.complaint_id)
        job = await reader.get(Job, job_id)
    assert row.state == "accepted"
    assert row.mediate_nominal_on is not None
    assert row.mediate_nominal_on.isoformat() == "2027-01-22"
    assert job is not None
    assert (job.due_nominal_on, job.due_on) == (row.mediate_nominal_on, row.mediate_due_on)


async def test_both_consents_begin_mediation(world: World) -> None:
    """The row follows the facts that the acts keep."""
    complaint_id = await accepted_complaint(world)
    for party in Party:
        consent = partial(RecordConsent, party=party, given_at=world.clock() - timedelta(minutes=5), how="电话")
        await act_on_complaint(world.database, world["dispatcher"], complaint_id, consent)
    async with world.database.read(world.bureau_id) as reader:
        facts, _ = await complaint_facts(reader, complaint_id)
        acts = await newest_first(reader, complaint_id)
    assert facts.state is State.MEDIATING
    assert [act.verb for act in acts] == ["record-consent", "record-consent", "accept", "register"]
