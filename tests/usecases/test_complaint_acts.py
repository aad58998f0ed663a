"""Acts on a complaint: what is kept, what the row says, and that the one follows from the other."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from api.db.ledger_entry import new_id
from api.db.queries.calendar import calendar_of
from api.db.queries.complaints import (
    complaint_facts,
    complaint_row,
    facts_in,
    mediation_deadline,
    newest_first,
    pack_of,
)
from api.db.tables.complaints import Job
from api.usecases.act_on_complaint import MakeAct, act_on_complaint, correct_complaint, distribute_complaint
from api.usecases.add_unit import add_unit
from api.usecases.complaint_step import columns_of
from domain.complaint.act import OnlyIntakeDistributes
from domain.complaint.acts import (
    ACTS,
    Accept,
    Announce,
    Close,
    ReachAgreement,
    RecordConsent,
    Refuse,
    Resume,
    Settle,
    Suspend,
    TellTermination,
    Terminate,
    Withdraw,
    decide,
)
from domain.complaint.clue import FindClue, PassClue
from domain.complaint.power import ReturnToIntake
from domain.complaint.states import OPEN, Announcement, State, Told
from domain.complaint.words import AGREEMENTS, Outcome, Party, Source, SuspensionKind
from domain.errors import DomainError, NotFound
from tests.complaints import PARTICULARS, accepted_complaint, job_of, registered_complaint
from tests.world import World

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MEETING = Announcement(
    NOON + timedelta(days=1), "文献步行街 12 号店内", ("陈某",), (Told(Party.RESPONDENT, NOON, "电话"),)
)


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


async def test_acts_are_recorded_in_the_order_in_which_they_took_effect(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that began earlier but waited for the other's lock, or of a machine whose clock is behind, comes after it."""
    made_on_the_slow_machine = new_id()
    complaint_id = await accepted_complaint(world)
    world.clock.advance(seconds=-30)
    monkeypatch.setattr("api.usecases.complaint_step.new_id", lambda: made_on_the_slow_machine)
    act_id = await act_on_complaint(world.database, world["officer"], complaint_id, FindClue)
    async with world.database.read(world.bureau_id) as reader:
        row = await complaint_row(reader, complaint_id)
        acts = await newest_first(reader, complaint_id)
    assert row.act_id == acts[0].act_id == act_id


async def test_a_complaint_is_distributed_returned_and_distributed_again(world: World) -> None:
    """One centre, two levels: only the desk sends out, a station returns and never passes on."""
    database, admin = world.database, world["admin"]
    stations = [await add_unit(database, admin, name, "station") for name in ("霞林所", "龙桥所")]
    complaint_id = (await registered_complaint(world)).complaint_id
    await distribute_complaint(database, world["dispatcher"], complaint_id, stations[0])
    of_station = replace(world["officer"], unit_id=stations[0])
    with pytest.raises(OnlyIntakeDistributes):
        await distribute_complaint(database, of_station, complaint_id, stations[1])
    with pytest.raises(NotFound):
        await distribute_complaint(database, world["dispatcher"], complaint_id, uuid4())
    returned = partial(ReturnToIntake, reason="不属于本所管辖")
    await act_on_complaint(database, of_station, complaint_id, returned)
    async with database.read(world.bureau_id) as reader:
        row = await complaint_row(reader, complaint_id)
    assert (row.state, row.unit_id) == ("returned", world.desk_id)
    await distribute_complaint(database, world["dispatcher"], complaint_id, stations[1])
    async with database.read(world.bureau_id) as reader:
        row = await complaint_row(reader, complaint_id)
    assert (row.state, row.unit_id) == ("received", stations[1])


async def test_the_ledger_holds_no_name_in_its_facts(world: World) -> None:
    """Names, telephones, addresses, reasons and how people were told stand in the groups that can be erased."""
    complaint_id = await accepted_complaint(world, source_number="PT-1", source=Source.HOTLINE_12345)
    await job_of(world, complaint_id)
    consent = partial(RecordConsent, party=Party.RESPONDENT, given_at=world.clock(), how="电话 13900000002")
    for make in (consent, partial(Announce, announcement=MEETING), partial(Terminate, ground="121-23-2")):
        await act_on_complaint(world.database, world["officer"], complaint_id, make)
    told = partial(TellTermination, told=(Told(Party.RESPONDENT, world.clock(), "电话 13900000002"),))
    await act_on_complaint(world.database, world["officer"], complaint_id, told)
    changed = replace(PARTICULARS, complainant_name="林木")
    await correct_complaint(world.database, world["officer"], complaint_id, changed, "林某写错了")
    async with world.database.read(world.bureau_id) as reader:
        rows = (
            await reader.execute(
                text(
                    "SELECT kind, convert_from(facts, 'UTF8') AS facts, convert_from(person, 'UTF8') AS person"
                    " FROM ledger_payload WHERE bureau_id = :b AND (kind LIKE 'complaint-%' OR kind LIKE 'job-%')"
                ),
                {"b": world.bureau_id},
            )
        ).all()
    kinds = {row.kind for row in rows}
    assert {"complaint-register", "complaint-announce", "complaint-correct", "job-added"} <= kinds
    secrets = ("林", "13800000001", "13900000002", "霞林", "文献", "陈某", "398 元", "褪色", "服装店")
    for row in rows:
        assert not [secret for secret in secrets if secret in row.facts], row.kind
    assert any("陈某" in (row.person or "") for row in rows)
    assert any("林木" in (row.person or "") for row in rows)


BY_VERB = {kind.verb: kind for kind in ACTS}
LATER = st.integers(0, 40)
TOLD = tuple(Told(party, NOON, "电话") for party in Party)
MAKERS = st.sampled_from(
    [
        Accept, Settle, Withdraw, FindClue, PassClue,
        partial(Refuse, ground="121-16-1"),
        partial(Terminate, ground="121-23-2"), partial(Terminate, ground="121-23-5"),
        *(partial(RecordConsent, party=party, given_at=NOON, how="当面") for party in Party),
        *(partial(Suspend, kind=kind) for kind in SuspensionKind), partial(Resume, result="合格"),
        partial(Announce, announcement=MEETING), partial(TellTermination, told=TOLD),
        *(partial(ReachAgreement, outcome=outcome) for outcome in AGREEMENTS),
        *(partial(Close, outcome=outcome) for outcome in Outcome),
        partial(ReturnToIntake, reason="无权处理"),
    ]
)  # fmt: skip


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(walk=st.lists(st.tuples(LATER, MAKERS), max_size=14))
async def test_replaying_the_acts_of_a_complaint_gives_its_row(world: World, walk: list[tuple[int, MakeAct]]) -> None:
    """Whatever was done, the domain makes the same facts of the stored acts again, and the row says what they say."""
    start = world.clock.at
    complaint_id = (await registered_complaint(world)).complaint_id
    for days, make in walk:
        world.clock.advance(days=days)
        with suppress(DomainError):
            await act_on_complaint(world.database, world["officer"], complaint_id, make)
    world.clock.at = start
    async with world.database.read(world.bureau_id) as reader:
        row = await complaint_row(reader, complaint_id)
        acts = (await newest_first(reader, complaint_id))[::-1]
        pack, calendar = await pack_of(reader, row.pack), await calendar_of(reader)
    facts = facts_in(acts[0].detail)
    for stored in acts[1:]:
        assert stored.from_state == facts.state
        facts = decide(facts, msgspec.convert(stored.detail["act"], BY_VERB[stored.verb]), pack)
        term = mediation_deadline(facts, pack, calendar) if facts.state in OPEN else None
        facts = replace(facts, mediate_due_on=term.due_on) if term else facts
        assert facts == facts_in(stored.detail)
        assert stored.to_state == facts.state
    assert {name: getattr(row, name) for name in columns_of(facts)} == columns_of(facts)
    assert row.mediate_due_on == facts.mediate_due_on
    assert row.act_id == acts[-1].act_id
