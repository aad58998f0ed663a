"""Words about a finding: what stands, what waits anew and until when; and what attackers write past the use cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from api.db.database import Actor, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.answers import FindingAct
from api.usecases.act_on_finding import NotCustodianOfVehicle, Said, explain_finding, rule_on_finding
from api.usecases.add_unit import add_unit
from api.usecases.approve_trip import approve_trip
from api.usecases.change_role import RoleChange, change_role
from api.usecases.enter_vehicle import NewDedication, dedicate_vehicle
from api.usecases.raise_finding import raise_finding
from domain.findings.kinds import Colour, FindingKind
from domain.findings.life import AlreadyAccepted, NotExplained, OwnExplanation, Verb, What
from domain.values import Role
from tests.conftest import SignIn
from tests.db.attacks import attack
from tests.db.test_rule_agreement import asked, force
from tests.everyday import codes
from tests.http.test_findings import listed
from tests.trips import new_trip, requested_trip
from tests.usecases.test_look_at_vehicle import add
from tests.world import World

SAID = Said("车辆送修")


async def found(world: World) -> UUID:
    """Raise a yellow finding of the vehicle now, and return its id."""

    async def work(uow: UnitOfWork) -> UUID:
        return await raise_finding(
            uow, FindingKind.SPEEDING, vehicle_id=world.vehicle_id, use_id=None, subject_id=new_id(), evidence={}
        )

    return await world.database.write(Actor(world.bureau_id), work)


async def explained(world: World, finding_id: UUID) -> None:
    """Let the custodian explain it, a minute later."""
    world.clock.advance(minutes=1)
    await explain_finding(world.database, world["custodian"], finding_id, SAID)


async def ruled(world: World, finding_id: UUID, *, accept: bool) -> None:
    """Let the auditor accept or reject it, a minute later."""
    await said_by_auditor(world, finding_id, Verb.ACCEPT if accept else Verb.REJECT)


async def said_by_auditor(world: World, finding_id: UUID, ruling: Verb) -> None:
    """Let the auditor rule on it or ask back, a minute later."""
    world.clock.advance(minutes=1)
    await rule_on_finding(world.database, world["auditor"], finding_id, SAID, ruling=ruling)


async def refused(signed_in: SignIn, world: World) -> list[str]:
    """Ask for a trip, and return the reasons against it."""
    new = await new_trip(world)
    body = {
        "vehicle_id": str(new.vehicle_id),
        "job_ids": [str(job_id) for job_id in new.job_ids],
        "planned_from": new.planned_from.isoformat(),
        "planned_until": new.planned_until.isoformat(),
        "crew": [{"person_id": str(person_id), "seat": seat} for person_id, seat in new.crew],
    }
    answer = await (await signed_in("dispatcher")).post("/v1/trips", json=body)
    return [] if answer.status_code == 201 else codes(answer)


async def test_a_rejected_explanation_explains_nothing_and_the_term_runs_anew(world: World, signed_in: SignIn) -> None:
    """A custodian who writes a dot and is told no has seven days more, and then the vehicle stays at home."""
    finding_id = await found(world)
    await explained(world, finding_id)
    world.clock.advance(days=8)
    await ruled(world, finding_id, accept=False)
    assert await refused(signed_in, world) == []
    world.clock.advance(days=7)
    auditor = await signed_in("auditor")
    assert [await listed(auditor, overdue=True), await listed(auditor, explained=True)] == [[], []]
    world.clock.advance(seconds=1)
    (shown,) = await listed(auditor, overdue=True, explained=False)
    assert (shown["overdue"], shown["open"]) == (True, True)
    path = f"/v1/vehicles/{world.vehicle_id}/months/{shown['recorded_at'][:7]}/statement"
    (of_month,) = (await auditor.get(path)).json()["findings"]
    assert of_month["state"] == "rejected"
    assert datetime.fromisoformat(of_month["term_at"]) == datetime.fromisoformat(shown["term_at"])
    assert await refused(signed_in, world) == ["findings-overdue"]
    await explained(world, finding_id)
    assert await refused(signed_in, world) == []


async def test_what_got_graver_than_what_was_accepted_is_open_again(world: World, signed_in: SignIn) -> None:
    """Accepted as yellow while the phone kept the rest to itself: what it sends then is not accepted with it."""
    finding_id = await found(world)
    await explained(world, finding_id)
    await ruled(world, finding_id, accept=True)
    auditor = await signed_in("auditor")
    assert await listed(auditor, open=True) == []
    with pytest.raises(AlreadyAccepted):
        await explained(world, finding_id)
    await add(world, finding_id, 1, (What.GRAVER, Colour.RED), timedelta(minutes=1))
    world.clock.advance(minutes=2)
    (shown,) = await listed(auditor, open=True, explained=False)
    assert (shown["colour"], shown["overdue"]) == ("red", False)
    with pytest.raises(NotExplained):
        await ruled(world, finding_id, accept=True)
    world.clock.advance(days=7)
    assert await refused(signed_in, world) == ["findings-overdue"]
    await explained(world, finding_id)
    await ruled(world, finding_id, accept=True)
    assert await listed(await signed_in("auditor"), open=True) == []


async def test_rule_and_database_agree_on_what_waits_anew(world: World) -> None:
    """Rejected eight days ago, and nothing since: neither lets the vehicle go."""
    trip_id = await requested_trip(world)
    now = world.clock()
    world.clock.at = now - timedelta(days=9)
    finding_id = await found(world)
    await explained(world, finding_id)
    await ruled(world, finding_id, accept=False)
    world.clock.at = now

    assert await asked(approve_trip(world.database, world["custodian"], trip_id)) == {"findings-overdue"}
    assert await force(world, trip_id, "approved", world["custodian"]) == {"findings-overdue"}


async def test_the_unit_that_used_the_vehicle_then_explains(world: World) -> None:
    """The vehicle went to a station meanwhile, whose head knows nothing of it."""
    finding_id = await found(world)
    world.clock.advance(days=1)
    station = await add_unit(world.database, world["admin"], "霞林所", "station")
    order = NewDedication(
        vehicle_id=world.vehicle_id,
        unit_id=station,
        kind="dedicate",
        effective_on=world.clock().date(),
        document_no="莆城市监〔2026〕9号",
        reason="另行安排",
    )
    await dedicate_vehicle(world.database, world["admin"], order)
    with pytest.raises(NotCustodianOfVehicle):
        await explain_finding(world.database, replace(world["custodian"], unit_id=station), finding_id, SAID)
    await explain_finding(world.database, world["custodian"], finding_id, SAID)


async def test_nobody_rules_on_what_they_explained(world: World) -> None:
    """The custodian became auditor in the meantime."""
    finding_id = await found(world)
    await explained(world, finding_id)
    who = world["custodian"]
    for role, granted in ((Role.CUSTODIAN, False), (Role.AUDITOR, True)):
        world.clock.advance(seconds=1)
        new = RoleChange(person_id=who.who, role=role, granted=granted, reason="轮岗")
        await change_role(world.database, world["admin"], new)
    with pytest.raises(OwnExplanation):
        await rule_on_finding(
            world.database, replace(who, roles=frozenset({Role.AUDITOR})), finding_id, SAID, ruling=Verb.ACCEPT
        )
    await attack(world, lambda uow: said(uow, finding_id, "accept"), "custodian", held="own-explanation")


async def test_what_is_asked_back_waits_for_the_custodian_with_the_whole_term_anew(
    world: World, signed_in: SignIn
) -> None:
    """Neither accepted nor rejected: nothing is ruled on before the answer, and without one the car stays at home."""
    finding_id = await found(world)
    await explained(world, finding_id)
    world.clock.advance(days=8)
    auditor = await signed_in("auditor")
    question = {"verb": "ask", "text": "收据上的时间为何早于出车？"}
    asked_back = await auditor.post(f"/v1/findings/{finding_id}/rule", json=question)
    assert asked_back.status_code == 200, asked_back.text
    shown = asked_back.json()
    assert (shown["acts"][-1]["verb"], shown["acts"][-1]["text"]) == ("ask", question["text"])
    assert (shown["open"], shown["overdue"]) == (True, False)
    assert datetime.fromisoformat(shown["term_at"]) == world.clock() + timedelta(days=7)
    for ruling in (Verb.ACCEPT, Verb.REJECT, Verb.ASK):
        with pytest.raises(NotExplained):
            await said_by_auditor(world, finding_id, ruling)
    assert [one["finding_id"] for one in await listed(auditor, explained=False)] == [str(finding_id)]
    await attack(world, lambda uow: said(uow, finding_id, "ask"), "auditor", held="finding-act-out-of-turn")
    assert await refused(signed_in, world) == []
    world.clock.advance(days=7, seconds=1)
    assert await refused(signed_in, world) == ["findings-overdue"]
    await explained(world, finding_id)
    assert await refused(signed_in, world) == []
    await said_by_auditor(world, finding_id, Verb.ACCEPT)


async def said(uow: UnitOfWork, finding_id: UUID, verb: str, after: timedelta = timedelta(seconds=1)) -> None:
    """Write an act as one does who goes round the use cases."""
    entry_id = await uow.enter("attack", facts={"finding_id": finding_id})
    await uow.insert(
        FindingAct(
            bureau_id=uow.bureau_id,
            act_id=new_id(),
            finding_id=finding_id,
            verb=verb,
            text="x",
            actor_id=uow.actor.who,
            recorded_at=uow.now + after,
            entry_id=entry_id,
        )
    )


@pytest.mark.parametrize(
    ("who", "verb", "held"),
    [
        ("officer", "explain", "finding-act-by-another"),
        ("auditor", "explain", "finding-act-by-another"),
        ("admin", "accept", "finding-act-by-another"),
        ("custodian", "reject", "finding-act-by-another"),
        ("auditor", "accept", "finding-act-out-of-turn"),
        ("auditor", "reject", "finding-act-out-of-turn"),
        ("custodian", "ask", "finding-act-by-another"),
        ("auditor", "ask", "finding-act-out-of-turn"),
    ],
)
async def test_sql_says_nothing_of_a_finding_that_is_not_ones_to_say(
    world: World, who: str, verb: str, held: str
) -> None:
    """Nobody but the custodian explains, nobody but the auditor rules, and on nothing before it is explained."""
    finding_id = await found(world)
    await attack(world, lambda uow: said(uow, finding_id, verb), who, held=held)


async def test_sql_rules_once_and_on_nothing_that_was_cleared(world: World) -> None:
    """Neither a second ruling, nor a word from before the last one, nor one about what was none."""
    finding_id = await found(world)
    await explained(world, finding_id)
    late = timedelta(minutes=-5)
    await attack(world, lambda uow: said(uow, finding_id, "accept", late), "auditor", held="finding-act-out-of-turn")
    await ruled(world, finding_id, accept=True)
    for who, verb in (("auditor", "reject"), ("custodian", "explain")):
        await attack(world, lambda uow, verb=verb: said(uow, finding_id, verb), who, held="finding-act-out-of-turn")
    other = await found(world)
    await add(world, other, 1, (What.CLEARED, Colour.GREEN), timedelta(microseconds=1))
    await attack(world, lambda uow: said(uow, other, "explain"), "custodian", held="finding-act-out-of-turn")
