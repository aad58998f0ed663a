"""Lots over HTTP: the auditor draws the month's call-backs, and sees who acts together."""

from __future__ import annotations

import asyncio
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from api.db.database import UnitOfWork
from api.db.faults import HeldByDatabase
from api.db.ledger_entry import new_id
from api.db.tables.ledger import LedgerPayload
from api.db.tables.lots import CallBack, LotDraw, MonthSeed
from api.db.tables.uses import TripJob
from domain.lots import commitment, draw
from tests.conftest import SignIn, problem_code
from tests.lots import next_month, trips_of_a_day
from tests.world import World

SALT = {"salt": "07 12 19 23 30"}


async def drawn_month(world: World, signed_in: SignIn, trips: int = 4) -> tuple[str, dict[str, Any], list[UUID]]:
    """Let a month with so many trips be over and drawn; return the month, its lots, and its trips."""
    ids = await trips_of_a_day(world, trips)
    month = f"{next_month(world):%Y-%m}"
    answer = await (await signed_in("auditor")).post(f"/v1/lots/{month}/draw", json=SALT)
    assert answer.status_code == 201, answer.text
    return month, answer.json(), ids


async def test_the_auditor_draws_and_anybody_draws_the_same(world: World, signed_in: SignIn) -> None:
    """The seed was in the ledger by its SHA-256 before the first departure, and is told after the draw, not before."""
    ids = await trips_of_a_day(world, 4)
    month = f"{next_month(world):%Y-%m}"
    auditor = await signed_in("auditor")
    before = (await auditor.get(f"/v1/lots/{month}")).json()
    assert (before["seed"], before["drawn"]) == (None, None)
    lots = (await auditor.post(f"/v1/lots/{month}/draw", json=SALT)).json()
    seed = bytes.fromhex(lots["seed"])
    assert sha256(seed).hexdigest() == before["seed_sha256"] == lots["seed_sha256"]
    expected = draw(seed, SALT["salt"], ids, percent=10, least=3)
    assert (lots["population"], lots["drawn"]) == (4, [str(one) for one in expected])
    async with world.database.read(world.bureau_id) as reader:
        rows = await reader.all(select(LedgerPayload).where(LedgerPayload.bureau_id == world.bureau_id))
    order = [row.kind for row in sorted(rows, key=lambda row: row.entry_id)]
    assert order.index("seed-fixed") < order.index("lots-drawn")
    fixed = next(row for row in rows if row.kind == "seed-fixed")
    assert commitment(seed).encode() in (fixed.facts or b"")
    assert lots["seed"].encode() not in (fixed.facts or b"") + (fixed.person or b"")


async def test_a_month_is_drawn_once_and_only_when_it_is_over(world: World, signed_in: SignIn) -> None:
    """A second draw would be a choice; ten at once draw one."""
    await trips_of_a_day(world, 1)
    auditor = await signed_in("auditor")
    this = f"{world.clock():%Y-%m}"
    assert problem_code(await auditor.post(f"/v1/lots/{this}/draw", json=SALT)) == "draw-too-early"
    month = f"{next_month(world):%Y-%m}"
    auditor = await signed_in("auditor")
    answers = await asyncio.gather(*(auditor.post(f"/v1/lots/{month}/draw", json={"salt": str(n)}) for n in range(10)))
    assert sorted(one.status_code for one in answers) == [201, *[409] * 9]
    assert problem_code(await auditor.post("/v1/lots/2020-01/draw", json=SALT)) == "no-seed"
    assert problem_code(await auditor.post("/v1/lots/2020-13/draw", json=SALT)) == "bad-period"
    for role in ("dispatcher", "custodian", "desk_chief", "admin"):
        client = await signed_in(role)
        assert (await client.get("/v1/lots")).status_code == 403
        assert (await client.post(f"/v1/lots/{month}/draw", json=SALT)).status_code == 403


async def complaint_of(world: World, trip_id: UUID) -> UUID:
    """Return the complaint a trip carried."""
    async with world.database.read(world.bureau_id) as reader:
        found = await reader.one(
            select(TripJob.complaint_id).where(TripJob.bureau_id == world.bureau_id, TripJob.use_id == trip_id)
        )
    assert found is not None
    return found


async def test_what_the_consumer_said_is_kept_and_only_of_drawn_trips(world: World, signed_in: SignIn) -> None:
    """Who was not reached is called again; a trip that was not drawn, or another's complaint, is refused."""
    month, lots, ids = await drawn_month(world, signed_in)
    auditor = await signed_in("auditor")
    trip_id = UUID(lots["drawn"][0])
    said = {
        "trip_id": str(trip_id),
        "complaint_id": str(await complaint_of(world, trip_id)),
        "result": "unreached",
        "called_at": world.clock().isoformat(),
    }
    path = f"/v1/lots/{month}/call-backs"
    assert (await auditor.post(path, json=said)).status_code == 201
    assert (await auditor.post(path, json=said | {"result": "denied", "remark": "没有人来过"})).status_code == 201
    shown = (await auditor.get(f"/v1/lots/{month}")).json()["call_backs"]
    assert [(one["result"], one["remark"]) for one in shown] == [("unreached", ""), ("denied", "没有人来过")]
    (spared,) = set(ids) - {UUID(one) for one in lots["drawn"]}
    other = said | {"trip_id": str(spared), "complaint_id": str(await complaint_of(world, spared))}
    assert problem_code(await auditor.post(path, json=other)) == "not-drawn"
    swapped = said | {"complaint_id": other["complaint_id"]}
    assert problem_code(await auditor.post(path, json=swapped)) == "not-drawn"
    later = said | {"called_at": world.clock().replace(year=2027).isoformat()}
    assert problem_code(await auditor.post(path, json=later)) == "act-in-future"


async def test_the_database_lets_nobody_choose_the_lots(world: World) -> None:
    """By SQL as the service, neither other trips, nor fewer, nor another seed, nor a call-back of another trip."""
    ids = await trips_of_a_day(world, 4)
    month = next_month(world)
    async with world.database.read(world.bureau_id) as reader:
        seed = await reader.get(MonthSeed, month)
    assert seed is not None
    true = draw(seed.seed, "s", ids, percent=10, least=3)
    salts = (str(number) for number in range(100))
    other_salt = next(salt for salt in salts if draw(seed.seed, salt, ids, percent=10, least=3) != true)
    lies: list[dict[str, Any]] = [
        {"drawn": list(true[::-1])},
        {"drawn": list(true[:2])},
        {"drawn": [*true, next(iter(set(ids) - set(true)))]},
        {"population": 3},
        {"salt": other_salt},
        {"least": 1},
        {"percent": 60, "drawn": list(true)},
        {"percent": 5, "least": 1, "drawn": list(true[:1])},
        {"actor_id": world["custodian"].who},
    ]

    def row(uow: UnitOfWork, entry_id: UUID, **changed: Any) -> LotDraw:
        told = {"salt": "s", "percent": 10, "least": 3, "population": 4, "drawn": list(true)}
        told |= {"actor_id": world["auditor"].who} | changed
        common = {"bureau_id": uow.bureau_id, "month": month, "recorded_at": uow.now, "entry_id": entry_id}
        return LotDraw(**common, **told)

    for lie in lies:

        async def forge(uow: UnitOfWork, lie: dict[str, Any] = lie) -> None:
            await uow.insert(row(uow, await uow.enter("lots-drawn", facts={}), **lie))

        with pytest.raises(HeldByDatabase):
            await world.database.write(world["auditor"], forge)

    async def honest(uow: UnitOfWork) -> None:
        await uow.insert(row(uow, await uow.enter("lots-drawn", facts={})))

    await world.database.write(world["auditor"], honest)

    spared = next(iter(set(ids) - set(true)))

    async def called(uow: UnitOfWork, trip_id: UUID, who: str) -> None:
        entry_id = await uow.enter("called-back", facts={})
        await uow.insert(
            CallBack(
                bureau_id=uow.bureau_id,
                call_back_id=new_id(),
                month=month,
                use_id=trip_id,
                complaint_id=await complaint_of(world, trip_id),
                result="confirmed",
                remark="",
                called_at=uow.now,
                actor_id=world[who].who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )

    for trip_id, who in ((spared, "auditor"), (true[0], "custodian")):
        with pytest.raises(HeldByDatabase):
            await world.database.write(world[who], partial(called, trip_id=trip_id, who=who))
    await world.database.write(world["auditor"], partial(called, trip_id=true[0], who="auditor"))


async def test_how_many_are_drawn_was_settled_when_the_month_was_over(world: World, signed_in: SignIn) -> None:
    """Who sees that the draw is near lowers the share: it counts for the month to come."""
    await trips_of_a_day(world, 4)
    month = f"{next_month(world):%Y-%m}"
    chief, auditor = await signed_in("desk_chief"), await signed_in("auditor")
    for name, value in (("lots_least", 1), ("lots_percent", 5)):
        changed = await chief.put(f"/v1/settings/{name}", json={"value": value, "reason": "精简"})
        assert changed.status_code in (200, 204), changed.text
    lots = (await auditor.post(f"/v1/lots/{month}/draw", json=SALT)).json()
    assert (lots["percent"], lots["least"], len(lots["drawn"])) == (10, 3, 3)


async def test_the_auditor_sees_who_acts_together_once_there_are_enough(world: World, signed_in: SignIn) -> None:
    """Below the bureau's least number nothing is shown; nobody else sees it at all."""
    await trips_of_a_day(world, 5)
    auditor, chief = await signed_in("auditor"), await signed_in("desk_chief")
    asked = {"from_month": f"{world.clock():%Y-%m}", "until_month": f"{world.clock():%Y-%m}"}
    few = (await auditor.get("/v1/statistics/pairs", params=asked)).json()
    assert (few["trips"], few["pairs"]) == (5, [])
    changed = await chief.put("/v1/settings/pairs_least", json={"value": 5, "reason": "小单位"})
    assert changed.status_code in (200, 204), changed.text
    pairs = (await auditor.get("/v1/statistics/pairs", params=asked)).json()["pairs"]
    together = {(one["kind"], one["one_id"], one["other_id"]): (one["together"], one["of"]) for one in pairs}
    approver, driver = str(world["custodian"].who), str(world["driver"].who)
    assert together["approver-driver", approver, driver] == (5, 5)
    assert (await chief.get("/v1/statistics/pairs", params=asked)).status_code == 403


async def test_no_lots_of_another_bureau_are_seen(world: World, signed_in: SignIn) -> None:
    """A month without a seed here is not there, whatever others have."""
    auditor = await signed_in("auditor")
    assert (await auditor.get("/v1/lots")).json() == []
    assert problem_code(await auditor.get("/v1/lots/2026-10")) == "not-found"
    missing = {"trip_id": str(uuid4()), "complaint_id": str(uuid4()), "result": "confirmed"}
    answer = await auditor.post("/v1/lots/2026-10/call-backs", json=missing | {"called_at": world.clock().isoformat()})
    assert problem_code(answer) == "not-drawn"
