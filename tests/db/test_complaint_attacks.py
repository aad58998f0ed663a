"""The life of a complaint once more in the database: what someone tries who goes round the use cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.complaints import Complaint, Job
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.add_job import cancel_job
from domain.complaint import acts
from domain.complaint.act import Act
from domain.complaint.packs import packs
from domain.complaint.states import Announcement, ComplaintFacts, State, Told
from domain.complaint.words import AGREEMENTS, Outcome, Party, SuspensionKind
from domain.errors import DomainError
from tests.complaints import accepted_complaint, job_of, registered_complaint
from tests.db.attacks import act, attack
from tests.world import World


async def _acts_of(world: World, complaint_id: UUID) -> dict[str, UUID]:
    sql = text("SELECT verb, act_id FROM complaint_act WHERE bureau_id = :b AND complaint_id = :c")
    async with world.database.read(world.bureau_id) as reader:
        rows = await reader.execute(sql, {"b": world.bureau_id, "c": complaint_id})
        return {row.verb: row.act_id for row in rows}


async def test_a_withdrawn_complaint_is_not_open_again_by_an_act_it_had_before(world: World) -> None:
    """P1: the state comes from the newest act, and no earlier one is ground for anything."""
    complaint_id = await accepted_complaint(world)
    world.clock.advance(minutes=1)
    await act_on_complaint(world.database, world["dispatcher"], complaint_id, acts.Withdraw)
    accepted = (await _acts_of(world, complaint_id))["accept"]

    async def work(uow: UnitOfWork) -> None:
        await uow.update(Complaint, complaint_id, state="accepted", act_id=accepted)

    await attack(world, work, held="no-act")


@pytest.mark.parametrize("verb", ["accept", "resume", "distribute", "correct"])
async def test_no_ended_complaint_opens_again(world: World, verb: str) -> None:
    """P1: withdrawn is withdrawn, whatever act is written."""
    complaint_id = await accepted_complaint(world)
    world.clock.advance(minutes=1)
    await act_on_complaint(world.database, world["dispatcher"], complaint_id, acts.Withdraw)
    world.clock.advance(minutes=1)

    async def work(uow: UnitOfWork) -> None:
        act_id = await act(uow, complaint_id, verb, ("withdrawn", "accepted"))
        await uow.update(Complaint, complaint_id, state="accepted", act_id=act_id)

    await attack(world, work, held="complaint-state-conflict")


async def test_no_act_is_slipped_in_between_two_others(world: World) -> None:
    """P1: a departure told of later is judged by the acts of its time, so none is made up for then."""
    complaint_id = (await registered_complaint(world)).complaint_id
    between = world.clock.advance(minutes=1)
    world.clock.advance(minutes=1)
    await act_on_complaint(world.database, world["dispatcher"], complaint_id, acts.Withdraw)

    async def work(uow: UnitOfWork) -> None:
        await act(uow, complaint_id, "accept", ("received", "accepted"), recorded_at=between)

    await attack(world, work, held="complaint-state-conflict")


async def test_no_act_stands_beside_its_complaint(world: World) -> None:
    """P1: an act that leaves the complaint as it was is no act."""
    complaint_id = await accepted_complaint(world)
    world.clock.advance(minutes=1)

    async def work(uow: UnitOfWork) -> None:
        await act(uow, complaint_id, "withdraw", ("accepted", "withdrawn"))

    await attack(world, work, held="no-act")


async def test_a_suspension_is_not_another_without_an_act(world: World) -> None:
    """P1: while recusal is decided nobody visits; calling it testing would let them."""
    complaint_id = await accepted_complaint(world)
    world.clock.advance(minutes=1)

    def recusal(*, on: date) -> Act:
        return acts.Suspend(on=on, kind=SuspensionKind.RECUSAL)

    await act_on_complaint(world.database, world["dispatcher"], complaint_id, recusal)
    world.clock.advance(minutes=1)

    async def by_itself(uow: UnitOfWork) -> None:
        after = {"state": "suspended", "suspension": "recusal"}
        act_id = await act(uow, complaint_id, "correct", ("suspended", "suspended"), detail={"after": after})
        await uow.update(Complaint, complaint_id, suspension="testing", act_id=act_id)

    await attack(world, by_itself, held="no-act")

    async def by_a_correction(uow: UnitOfWork) -> None:
        after = {"state": "suspended", "suspension": "testing"}
        act_id = await act(uow, complaint_id, "correct", ("suspended", "suspended"), detail={"after": after})
        await uow.update(Complaint, complaint_id, suspension="testing", act_id=act_id)

    await attack(world, by_a_correction, held="complaint-state-conflict")


async def test_a_job_is_done_or_cancelled_by_its_newest_act_alone(world: World) -> None:
    """P1: what says that a visit is over names the act that says so."""
    job_id = await job_of(world, await accepted_complaint(world))

    async def done(uow: UnitOfWork) -> None:
        await uow.update(Job, job_id, state="done", decision_id=new_id())

    await attack(world, done, held="no-act")
    await cancel_job(world.database, world["dispatcher"], job_id, "电话中已解决")

    async def reopened(uow: UnitOfWork) -> None:
        await uow.update(Job, job_id, decision_id=None)

    await attack(world, reopened, held="no-act")


_ON = date(2026, 11, 23)
_AT = datetime(2026, 11, 23, 1, tzinfo=UTC)
_BOTH = tuple(Told(party, _AT, "电话") for party in Party)


def _every_act() -> list[Act]:
    """Return one of every act, or as many as lead to different states."""
    pack = packs()[-1]
    return [
        acts.Accept(on=_ON),
        acts.Refuse(on=_ON, ground=pack.refusals[0].code),
        *(acts.RecordConsent(on=_ON, party=party, given_at=_AT, how="电话") for party in Party),
        acts.Announce(on=_ON, announcement=Announcement(_AT, "店内", ("某",), _BOTH)),
        *(acts.Suspend(on=_ON, kind=kind) for kind in SuspensionKind),
        acts.Resume(on=_ON, result="合格"),
        *(acts.ReachAgreement(on=_ON, outcome=outcome) for outcome in AGREEMENTS),
        acts.Settle(on=_ON),
        acts.Withdraw(on=_ON),
        *(acts.Terminate(on=_ON, ground=ground.code) for ground in pack.terminations),
        acts.TellTermination(on=_ON, told=_BOTH),
        acts.FindClue(on=_ON),
        acts.ExtendClueCheck(on=_ON, approved_by="局长", reason="案情复杂"),
        acts.PassClue(on=_ON),
        *(acts.Close(on=_ON, outcome=outcome) for outcome in Outcome),
        acts.ReturnToIntake(on=_ON, reason="无管辖权"),
        acts.Distribute(on=_ON, by_intake=True),
        acts.DisputePower(on=_ON, with_whom="邻区局", reason="均主张管辖"),
        acts.SettlePower(on=_ON, result="由本局处理"),
        acts.Merge(on=_ON, into=uuid4(), into_state=State.ACCEPTED),
        acts.Correct(on=_ON, reason="笔误"),
    ]


def _moves_of_the_domain() -> set[tuple[str, str, str]]:
    """Return every verb with the states it leads from and to, found by doing every act to whatever acts lead to."""
    pack, waiting = packs()[-1], [ComplaintFacts(uuid4(), _ON)]
    known, found = set(waiting), set()
    while waiting:
        facts = waiting.pop()
        for one in _every_act():
            try:
                after = acts.decide(facts, one, pack)
            except DomainError:
                continue
            found.add((one.verb, str(facts.state), str(after.state)))
            after = replace(after, stood_still=(), merged_into=None, announcement=None, ground=None)
            if after not in known:
                known.add(after)
                waiting.append(after)
    return found


async def test_the_database_knows_what_each_act_makes_of_a_complaint(world: World) -> None:
    """Every verb by every pair of states, as the domain has it."""
    moves = _moves_of_the_domain()
    assert {verb for verb, _, _ in moves} == {one.verb for one in acts.ACTS}
    sql = text(
        "SELECT v, b, a, act_moves(v, b, a) AS leads FROM unnest(CAST(:verbs AS text[])) v,"
        " unnest(CAST(:states AS text[])) b, unnest(CAST(:states AS text[])) a"
    )
    asked = {"verbs": sorted({one.verb for one in acts.ACTS}), "states": [str(state) for state in State]}
    async with world.database.read(world.bureau_id) as reader:
        rows = list(await reader.execute(sql, asked))
    held = {(row.v, row.b, row.a) for row in rows if row.leads}
    moved = {move for move in moves if move[1] != move[2]}
    assert {move for move in held if move[1] != move[2]} == moved
    assert moves <= held
    assert len(moved) > 25
