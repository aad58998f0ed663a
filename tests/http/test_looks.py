"""What an auditor reads is recorded 查阅留痕, for the heads of the bureau, and holds nothing of any consumer."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from api.db.database import Database, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.tables.people import Look
from tests.complaints import registered_complaint
from tests.conftest import SignIn, problem_code
from tests.trips import departed_trip
from tests.world import HeldClock, World, make_world


async def looks(client: httpx.AsyncClient, **asked: Any) -> list[dict[str, Any]]:
    """Return the looks that a list gives, page by page."""
    found: list[dict[str, Any]] = []
    asked["limit"] = 2
    while True:
        page = (await client.get("/v1/looks", params=asked)).json()
        found += page["items"]
        if page["next"] is None:
            return found
        asked["after"] = page["next"]


async def test_who_heads_the_bureau_sees_what_the_auditor_looked_at_and_when(world: World, signed_in: SignIn) -> None:
    """A trip, its track, the log of a month, and what is not there: each by its address, the newest first."""
    trip_id, nothing = await departed_trip(world), uuid4()
    auditor = await signed_in("auditor")
    began = world.clock()
    log = f"/v1/vehicles/{world.vehicle_id}/log"
    await auditor.get(f"/v1/trips/{trip_id}")
    await auditor.get(f"/v1/trips/{trip_id}/track.geojson")
    world.clock.advance(minutes=1)
    await auditor.get(log, params={"month": "2026-11", "format": "csv"})
    await auditor.get("/v1/lots/2026-11")
    assert problem_code(await auditor.get(f"/v1/visit-notes/{nothing}")) == "not-found"
    expected = [
        f"GET /v1/visit-notes/{nothing}",
        "GET /v1/lots/2026-11",
        f"GET {log}?month=2026-11",
        f"GET /v1/trips/{trip_id}/track.geojson",
        f"GET /v1/trips/{trip_id}",
    ]
    for who in ("custodian", "desk_chief"):
        seen = await looks(await signed_in(who))
        assert [one["route"] for one in seen] == expected
        assert {(one["person_id"], one["name"]) for one in seen} == {(str(world["auditor"].who), "auditor 某")}
        assert datetime.fromisoformat(seen[-1]["recorded_at"]) == began
    for who in ("officer", "driver", "dispatcher", "admin"):
        assert problem_code(await (await signed_in(who)).get("/v1/looks")) == "forbidden"


async def test_the_same_address_again_a_moment_later_is_the_same_look(world: World, signed_in: SignIn) -> None:
    """A page turned back to is no second look; a quarter of an hour later it is one, and another's is their own."""
    trip_id = await departed_trip(world)
    auditor, head = await signed_in("auditor"), await signed_in("desk_chief")
    for minutes in (0, 5, 9):
        world.clock.advance(minutes=minutes)
        await auditor.get(f"/v1/trips/{trip_id}")
    assert len(await looks(head)) == 1
    world.clock.advance(minutes=1)
    await auditor.get(f"/v1/trips/{trip_id}")
    assert len(await looks(head)) == 2


async def test_after_a_clock_was_set_back_rightly_looks_are_recorded_at_once(world: World, signed_in: SignIn) -> None:
    """What was looked at in a future that was none is no moment ago."""
    trip_id = await departed_trip(world)
    auditor, head = await signed_in("auditor"), await signed_in("desk_chief")
    await auditor.get(f"/v1/trips/{trip_id}")
    world.clock.advance(hours=-1)
    for _ in range(2):
        await auditor.get(f"/v1/trips/{trip_id}")
    assert len(await looks(head)) == 2


async def test_a_look_says_nothing_of_what_was_searched_for(world: World, signed_in: SignIn) -> None:
    """Words of a search, and what is typed in the place of a month or an id, may be somebody's name or number."""
    await registered_complaint(world)
    auditor = await signed_in("auditor")
    await auditor.get("/v1/complaints", params={"q": "林女士", "telephone": "13800000001", "月": "林女士"})
    await auditor.get("/v1/settings/13800000001/changes")
    await auditor.get("/v1/findings", params={"month": "林女士", "vehicle_id": "13800000001"})
    await auditor.get("/v1/lots/林女士")
    assert [one["route"] for one in await looks(await signed_in("custodian"))] == [
        "GET /v1/lots/{month}",
        "GET /v1/findings",
        "GET /v1/settings/{name}/changes",
        "GET /v1/complaints",
    ]


async def test_only_what_auditors_read_of_the_bureau_is_recorded(world: World, signed_in: SignIn) -> None:
    """Neither what others read, nor an auditor's own account, nor what an auditor is refused or does."""
    trip_id = await departed_trip(world)
    auditor = await signed_in("auditor")
    await auditor.get("/v1/session")
    await auditor.post(f"/v1/trips/{trip_id}/approve", json={})
    assert (await auditor.get("/v1/looks")).json()["items"] == []
    for who in ("officer", "custodian", "desk_chief", "admin"):
        await (await signed_in(who)).get(f"/v1/trips/{trip_id}")
    assert await looks(await signed_in("custodian")) == []


async def test_an_auditor_sees_the_own_looks_and_nobody_elses(
    world: World, signed_in: SignIn, owner: Database, database: Database, clock: HeldClock
) -> None:
    """Asking for another's changes nothing; another bureau's are its own."""
    auditor = await signed_in("auditor")
    await auditor.get("/v1/vehicles")
    other = await make_world(owner, database, clock)
    for asked in ({}, {"person_id": str(world["custodian"].who)}, {"person_id": str(other["auditor"].who)}):
        assert [one["route"] for one in await looks(auditor, **asked)] == ["GET /v1/vehicles"]
    head = await signed_in("custodian")
    assert len(await looks(head, person_id=str(world["auditor"].who))) == 1
    assert await looks(head, person_id=str(other["auditor"].who)) == []
    async with database.read(other.bureau_id) as reader:
        assert (await reader.execute(text("SELECT count(*) FROM look"))).scalar_one() == 0


async def test_a_look_names_an_address_and_holds_no_other_words(world: World) -> None:
    """The database refuses what is typed into its place, whoever writes it."""

    async def words(uow: UnitOfWork) -> None:
        entry_id = await uow.enter("attack", facts={})
        await uow.insert(
            Look(
                bureau_id=uow.bureau_id,
                look_id=new_id(),
                person_id=uow.actor.who,
                route="GET /v1/complaints 林女士",
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )

    with pytest.raises(IntegrityError, match="ck_look_route"):
        await world.database.write(world["auditor"], words)
