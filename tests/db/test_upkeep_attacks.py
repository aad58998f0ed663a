"""What someone writes of upkeep who holds the service's password: places, costs, dues, statements, seals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlmodel import SQLModel

from api.db.database import UnitOfWork
from api.db.faults import HeldByDatabase
from api.db.ledger_entry import new_id
from api.db.tables.upkeep import (
    CardLine,
    CardMatch,
    CardStatement,
    HolidaySeal,
    UpkeepPlace,
    UpkeepPlaceRetired,
    VehicleBase,
    VehicleCost,
    VehicleDue,
)
from api.db.tables.uses import UpkeepOrder, VehicleUse
from api.usecases.move_base import NewBase, move_base
from api.usecases.record_cost import NewCost, record_cost
from api.usecases.record_reading import NewReading, record_reading
from api.usecases.register_place import NewPlace, register_place, retire_place
from domain.upkeep.costs import CostKind
from domain.use_rule.upkeep import UpkeepKind
from tests.db.attacks import attack, decide
from tests.trips import START_M, closed_trip, requested_trip
from tests.world import INSIDE, World, add_vehicle


async def enter(uow: UnitOfWork, table: type[SQLModel], entry_id: UUID | None = None, **columns: Any) -> None:
    """Insert a row with a ledger entry of its own, as if the use case had."""
    of_fact = {"bureau_id": uow.bureau_id, "entry_id": entry_id or await uow.enter("attack", facts={})}
    if "actor_id" in table.model_fields:
        of_fact |= {"actor_id": uow.actor.who, "recorded_at": columns.pop("recorded_at", uow.now)}
    await uow.insert(table(**of_fact, **columns))


def cost(world: World, **other: Any) -> dict[str, Any]:
    """Return the columns of a toll just paid."""
    told = {"kind": "toll", "amount_fen": 1_500, "incurred_at": world.clock(), "vehicle_id": world.vehicle_id}
    empty = dict.fromkeys(("use_id", "reading_id", "corrects"))
    return {"cost_id": new_id()} | told | empty | other


async def ordered(uow: UnitOfWork, world: World, place_id: UUID | None, upkeep: str = "fuel") -> None:
    """Give an order to a place, row by row."""
    use_id, decision_id = new_id(), new_id()
    await uow.insert(
        VehicleUse(
            bureau_id=uow.bureau_id,
            use_id=use_id,
            vehicle_id=world.vehicle_id,
            kind="upkeep",
            state="approved",
            planned_from=uow.now + timedelta(hours=1),
            planned_until=uow.now + timedelta(hours=2),
            grace_s=1_800,
            decision_id=decision_id,
            created_at=uow.now,
        ),
        UpkeepOrder(
            bureau_id=uow.bureau_id,
            use_id=use_id,
            requester_id=uow.actor.who,
            driver_id=world["driver"].who,
            upkeep=upkeep,
            place="x",
            place_id=place_id,
            reason="x",
            after_use_id=None,
        ),
    )
    await decide(uow, use_id, "order", "approved", decision_id=decision_id)


@pytest.mark.parametrize("which", ["none", "retired", "of another kind"])
async def test_sql_orders_nothing_to_a_place_that_is_not_registered_for_it(world: World, which: str) -> None:
    """One that never was, one that is no longer, one for something else."""
    new = NewPlace(
        kinds=frozenset({UpkeepKind.FUEL}), name="加油站", address="x", place=INSIDE, document_no="莆财采〔2026〕3号"
    )
    place_id = await register_place(world.database, world["admin"], new)
    if which == "retired":
        await retire_place(world.database, world["admin"], place_id, "合同到期")
    named = new_id() if which == "none" else place_id

    async def work(uow: UnitOfWork) -> None:
        await ordered(uow, world, named, "wash" if which == "of another kind" else "fuel")

    await attack(world, work, "desk_chief", held="place-not-registered")


async def test_sql_orders_nothing_to_nowhere_without_a_reason(world: World) -> None:
    """The row itself must say which place, or why none."""

    async def work(uow: UnitOfWork) -> None:
        await ordered(uow, world, None)

    with pytest.raises(IntegrityError, match="place_or_reason"):
        await world.database.write(world["desk_chief"], work)


async def test_sql_retires_a_place_once(world: World) -> None:
    """A second retirement would say another reason."""
    new = NewPlace(kinds=frozenset({UpkeepKind.FUEL}), name="加油站", address="x", place=INSIDE, document_no="x")
    place_id = await register_place(world.database, world["admin"], new)
    await retire_place(world.database, world["admin"], place_id, "合同到期")

    async def work(uow: UnitOfWork) -> None:
        await enter(uow, UpkeepPlaceRetired, place_id=place_id, reason="另有原因")

    with pytest.raises(HeldByDatabase) as held:
        await world.database.write(world["admin"], work)
    assert "pk_upkeep_place_retired" in held.value.detail["detail"]


async def test_sql_books_no_cost_on_another_vehicle_s_use_or_on_one_that_never_left(world: World) -> None:
    """The other vehicle's account stays its own."""
    other, trip_id = await add_vehicle(world, "闽B66666"), await closed_trip(world)
    waiting = await requested_trip(world)
    for changed in ({"vehicle_id": other, "use_id": trip_id}, {"use_id": waiting}):

        async def work(uow: UnitOfWork, changed: dict[str, Any] = changed) -> None:
            await enter(uow, VehicleCost, **cost(world, **changed))

        await attack(world, work, held="cost-of-another-use")


async def test_sql_corrects_no_cost_into_another_vehicle_s_account(world: World) -> None:
    """A correction stands where the wrong cost stood; and each is corrected once."""
    other = await add_vehicle(world, "闽B66666")
    new = NewCost(vehicle_id=world.vehicle_id, kind=CostKind.TOLL, amount_fen=1_500, incurred_at=world.clock())
    wrong = await record_cost(world.database, world["dispatcher"], new)
    world.clock.advance(seconds=1)

    async def elsewhere(uow: UnitOfWork) -> None:
        await enter(uow, VehicleCost, **cost(world, vehicle_id=other, corrects=wrong, reason="x"))

    await attack(world, elsewhere, held="cost-correction-unfounded")

    async def in_another_month(uow: UnitOfWork) -> None:
        moved = world.clock() - timedelta(days=40)
        await enter(uow, VehicleCost, **cost(world, incurred_at=moved, corrects=wrong, reason="x"))

    await attack(world, in_another_month, held="cost-correction-unfounded")

    async def twice(uow: UnitOfWork) -> None:
        for _ in range(2):
            await enter(uow, VehicleCost, **cost(world, corrects=wrong, reason="x"))

    with pytest.raises(HeldByDatabase) as held:
        await world.database.write(world["dispatcher"], twice)
    assert "uq_vehicle_cost_bureau_id_corrects" in held.value.detail["detail"]


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        ({"amount_fen": 0}, "nothing_is_a_correction"),
        ({"amount_fen": -1}, "amount"),
        ({"fuel_ml": 40_000}, "litres"),
        ({"kind": "fuel"}, "litres"),
        ({"kind": "banquet"}, "kind_known"),
        ({"reason": "x"}, "correction_says_why"),
        ({"receipt_sha256": "x"}, "receipt"),
    ],
)
async def test_sql_enters_no_cost_that_cannot_be(world: World, changed: dict[str, Any], constraint: str) -> None:
    """Nothing for nothing, litres of a toll, fuel without litres, a kind that is none."""

    async def work(uow: UnitOfWork) -> None:
        await enter(uow, VehicleCost, **cost(world, **changed))

    with pytest.raises(IntegrityError, match=f"ck_vehicle_cost_{constraint}"):
        await world.database.write(world["dispatcher"], work)


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        ({"due_on": None}, "due_on"),
        ({"due_on_days": 400}, "due_on"),
        ({"every_months": None, "due_on": None}, "again"),
        ({"every_m": 5_000_000, "done_m": 0, "segment": 0, "due_m": 9_000_000}, "due_m"),
        ({"every_m": 5_000_000, "due_m": 9_000_000}, "by_odometer"),
    ],
)
async def test_sql_puts_no_due_off(world: World, changed: dict[str, Any], constraint: str) -> None:
    """A due follows from what was done and how often it is due: nobody writes another day or kilometre."""
    done = world.clock().date().replace(day=1)
    columns: dict[str, Any] = {"due_id": new_id(), "vehicle_id": world.vehicle_id, "kind": "service"}
    columns |= {"done_on": done, "every_months": 12, "due_on": done.replace(year=done.year + 1), "segment": None}
    columns |= {"document_no": "x"} | {name: value for name, value in changed.items() if name != "due_on_days"}
    if "due_on_days" in changed:
        columns["due_on"] = done + timedelta(days=changed["due_on_days"])

    async def work(uow: UnitOfWork) -> None:
        await enter(uow, VehicleDue, **columns)

    with pytest.raises(IntegrityError, match=f"ck_vehicle_due_{constraint}"):
        await world.database.write(world["admin"], work)


async def statement(uow: UnitOfWork, lines: int = 1, **changed: Any) -> UUID:
    """Write a statement of toll lines over 15 yuan each, row by row; return its id."""
    statement_id, entry_id = new_id(), await uow.enter("attack", facts={})
    told: dict[str, Any] = {"kind": "toll", "file_sha256": new_id().hex * 2, "columns": {}, "line_count": lines}
    told |= {"total_fen": 1_500 * lines, "from_at": uow.now, "until_at": uow.now} | changed
    await enter(uow, CardStatement, entry_id, statement_id=statement_id, **told)
    for number in range(1, lines + 1):
        line = {"card_no": "1000", "paid_at": uow.now, "amount_fen": 1_500, "place": ""}
        await enter(uow, CardLine, entry_id, statement_id=statement_id, line_no=number, **line)
    return statement_id


@pytest.mark.parametrize("changed", [{"total_fen": 1}, {"line_count": 3}])
async def test_sql_makes_no_statement_of_other_sums_than_its_lines(world: World, changed: dict[str, Any]) -> None:
    """Nor adds a line later."""

    async def work(uow: UnitOfWork) -> None:
        await statement(uow, 2, **changed)

    await attack(world, work, held="statement-sums-differ")


async def test_sql_adds_no_line_to_a_statement_afterwards(world: World) -> None:
    """What was imported is what the file said."""
    made: list[UUID] = []

    async def first(uow: UnitOfWork) -> None:
        made.append(await statement(uow))

    await world.database.write(world["dispatcher"], first)

    async def later(uow: UnitOfWork) -> None:
        line = {"card_no": "1000", "paid_at": uow.now, "amount_fen": 1_500, "place": ""}
        await enter(uow, CardLine, statement_id=made[0], line_no=9, **line)

    await attack(world, later, held="statement-sums-differ")


async def test_sql_matches_one_cost_with_one_line_of_its_kind(world: World) -> None:
    """Not with two lines, not fuel with a toll, not what was corrected."""
    toll = NewCost(vehicle_id=world.vehicle_id, kind=CostKind.TOLL, amount_fen=1_500, incurred_at=world.clock())
    cost_id = await record_cost(world.database, world["dispatcher"], toll)
    wash = NewCost(vehicle_id=world.vehicle_id, kind=CostKind.WASH, amount_fen=1_500, incurred_at=world.clock())
    other = await record_cost(world.database, world["dispatcher"], wash)

    async def match(uow: UnitOfWork, statement_id: UUID, line_no: int, cost_id: UUID) -> None:
        said = {"verdict": "matched", "cost_id": cost_id, "by_rule": True, "reason": ""}
        await enter(uow, CardMatch, match_id=new_id(), statement_id=statement_id, line_no=line_no, **said)

    async def twice(uow: UnitOfWork) -> None:
        statement_id = await statement(uow, 2)
        await match(uow, statement_id, 1, cost_id)
        await match(uow, statement_id, 2, cost_id)

    await attack(world, twice, held="cost-matched-already")

    async def unlike(uow: UnitOfWork) -> None:
        await match(uow, await statement(uow), 1, other)

    await attack(world, unlike, held="cost-does-not-fit")
    world.clock.advance(seconds=1)

    async def corrected(uow: UnitOfWork) -> None:
        await enter(uow, VehicleCost, **cost(world, incurred_at=toll.incurred_at, corrects=cost_id, reason="x"))
        await match(uow, await statement(uow), 1, cost_id)

    await attack(world, corrected, held="cost-does-not-fit")


async def test_sql_seals_nothing_twice_back_in_time_or_without_its_reading(world: World) -> None:
    """Each seal rests on a reading of that instant, and comes after the one before."""
    seen = NewReading(vehicle_id=world.vehicle_id, odometer_m=START_M, read_at=world.clock(), occasion="spot")
    reading_id = await record_reading(world.database, world["driver"], seen)
    at = world.clock()

    async def seal(uow: UnitOfWork, **changed: Any) -> None:
        told: dict[str, Any] = {"vehicle_id": world.vehicle_id, "verb": "seal", "at": at, "place": "x", "reason": ""}
        await enter(uow, HolidaySeal, seal_id=new_id(), **(told | {"reading_id": reading_id} | changed))

    async def unread(uow: UnitOfWork) -> None:
        await seal(uow, at=at - timedelta(minutes=1))

    await attack(world, unread, "custodian", held="seal-without-reading")

    async def ahead(uow: UnitOfWork) -> None:
        await seal(uow, at=at + timedelta(hours=1))

    await attack(world, ahead, "custodian", held="seal-out-of-turn")
    await world.database.write(world["custodian"], seal)
    world.clock.advance(minutes=1)
    await attack(world, seal, "custodian", held="seal-out-of-turn")


async def test_sql_registers_no_place_for_what_is_no_upkeep(world: World) -> None:
    """A restaurant is no workshop."""

    async def work(uow: UnitOfWork) -> None:
        told = {"kinds": ["banquet"], "name": "x", "address": "x", "lat": 25.0, "lon": 119.0, "document_no": "x"}
        await enter(uow, UpkeepPlace, place_id=new_id(), **told)

    with pytest.raises(IntegrityError, match="ck_upkeep_place_kinds"):
        await world.database.write(world["admin"], work)


async def test_sql_moves_no_base_back_in_time(world: World) -> None:
    """A night away does not become one at home: neither by a row dated back, nor by one that says no why."""

    async def move(uow: UnitOfWork, **changed: Any) -> None:
        told: dict[str, Any] = {"vehicle_id": world.vehicle_id, "name": "x", "lat": 25.0, "lon": 119.0, "reason": "x"}
        await enter(uow, VehicleBase, base_id=new_id(), **(told | {"effective_at": uow.now} | changed))

    async def back(uow: UnitOfWork) -> None:
        await move(uow, effective_at=uow.now - timedelta(seconds=1))

    async def unexplained(uow: UnitOfWork) -> None:
        await move(uow, reason=" ")

    for work, held in ((back, "ck_vehicle_base_not_backdated"), (unexplained, "ck_vehicle_base_says_why")):
        with pytest.raises(IntegrityError, match=held):
            await world.database.write(world["admin"], work)
    await world.database.write(world["admin"], move)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE vehicle_base SET lat = 26 WHERE bureau_id = :bureau_id",
        "DELETE FROM vehicle_base WHERE bureau_id = :bureau_id",
        "UPDATE vehicle SET base_lat = 26 WHERE bureau_id = :bureau_id",
    ],
)
async def test_sql_changes_no_base_that_was_entered(world: World, change: str) -> None:
    """Neither a move nor the base that the vehicle's file was opened with: the service's role may not."""
    await move_base(
        world.database,
        world["admin"],
        NewBase(vehicle_id=world.vehicle_id, name="东区停车场", place=INSIDE, reason="施工"),
    )

    async def work(uow: UnitOfWork) -> None:
        await uow.execute(text(change), {"bureau_id": world.bureau_id})

    with pytest.raises(ProgrammingError, match="permission denied"):
        await world.database.write(world["admin"], work)
