"""An outside auditor reads another bureau under a dated mandate, and each look is a fact there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import text
from sqlmodel import select

from api.db.database import Actor, Database, UnitOfWork
from api.db.tables.ledger import LedgerOutbox, LedgerPayload
from api.db.tables.people import AuditMandate
from api.http.access import by_device_token, public
from api.usecases.change_account import deactivate_person
from api.usecases.change_password import reset_password
from api.usecases.delegate_approval import AlreadyEnded
from api.usecases.give_mandate import end_mandate
from api.usecases.visit_bureau import visit_bureau
from domain.people import TERM_MOST, MandateReadsOnly, NoMandate
from domain.values import Role
from tests.complaints import registered_complaint
from tests.conftest import SignIn, problem_code, token_of
from tests.house.rights import YES, routes, written
from tests.house.test_rights import refused, try_route
from tests.mandates import give, looks
from tests.world import HeldClock, World, make_world, unused_code

WHY = {"reason": "审计已结束"}


@pytest.fixture
async def visited(owner: Database, database: Database, clock: HeldClock) -> World:
    """Return another bureau, which gives mandates; `world` is the auditor's home."""
    return await make_world(owner, database, clock)


@pytest.fixture
async def outside(visited: World, signed_in: SignIn) -> httpx.AsyncClient:
    """Return the auditor of `world`, who asks for the other bureau."""
    client = await signed_in("auditor")
    client.headers["X-Bureau"] = visited.bureau_id
    return client


@pytest.fixture
async def inside(app: Litestar, visited: World) -> AsyncIterator[SignIn]:
    """Return a function that signs a person of the visited bureau in."""
    clients: list[httpx.AsyncClient] = []

    async def client_of(who: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
        client = httpx.AsyncClient(transport=transport, base_url="http://desk")
        clients.append(client)
        client.headers["Authorization"] = f"Bearer {await token_of(visited, who)}"
        return client

    yield client_of
    for client in clients:
        await client.aclose()


def mandate(home: World, **other: Any) -> dict[str, Any]:
    """Return the body of a mandate for the auditor of a bureau, from now on for three days."""
    return {
        "home_bureau_id": home.bureau_id,
        "home_person_id": str(home["auditor"].who),
        "auditor_name": "外部审计员",
        "document_no": "莆审〔2026〕12号",
        "valid_until": (home.clock() + timedelta(days=3)).isoformat(),
    } | other


async def test_an_outside_auditor_reads_what_the_bureau_has_and_only_for_the_time_of_the_mandate(
    world: World, visited: World, outside: httpx.AsyncClient, inside: SignIn
) -> None:
    """Given by the administrator over HTTP, read with X-Bureau, over after three days."""
    complaint = (await registered_complaint(visited)).complaint_id
    admin = await inside("admin")
    given = await admin.post("/v1/mandates", json=mandate(world))
    assert given.status_code == 201, given.text
    found = await outside.get(f"/v1/complaints/{complaint}")
    assert found.status_code == 200, found.text
    assert found.json()["complaint_id"] == str(complaint)
    vehicles = (await outside.get("/v1/vehicles")).json()["items"]
    assert [one["vehicle_id"] for one in vehicles] == [str(visited.vehicle_id)]
    del outside.headers["X-Bureau"]
    assert [one["vehicle_id"] for one in (await outside.get("/v1/vehicles")).json()["items"]] == [str(world.vehicle_id)]
    assert problem_code(await outside.get(f"/v1/complaints/{complaint}")) == "not-found"
    outside.headers["X-Bureau"] = visited.bureau_id
    world.clock.advance(days=3)
    outside.headers["Authorization"] = f"Bearer {await token_of(world, 'auditor')}"
    assert problem_code(await outside.get("/v1/vehicles")) == "no-mandate"


async def test_each_look_is_listed_for_the_bureau_with_what_was_looked_at_and_not_what_was_searched_for(
    world: World, visited: World, outside: httpx.AsyncClient, inside: SignIn
) -> None:
    """Also a look at what is not there; the words of a search may be somebody's name."""
    complaint, nothing = (await registered_complaint(visited)).complaint_id, uuid4()
    given = await give(visited, world)
    await outside.get("/v1/complaints", params={"q": "林女士", "telephone": "13800000001"})
    await outside.get(f"/v1/complaints/{complaint}")
    visited.clock.advance(minutes=1)
    assert problem_code(await outside.get(f"/v1/jobs/{nothing}")) == "not-found"
    await outside.get("/v1/settings/13800000001/changes")
    for who in ("custodian", "auditor", "admin", "desk_chief"):
        client = await inside(who)
        page = (await client.get(f"/v1/mandates/{given}/accesses", params={"limit": 3})).json()
        rest = (await client.get(f"/v1/mandates/{given}/accesses", params={"after": page["next"]})).json()
        assert [one["route"] for one in page["items"] + rest["items"]] == [
            "GET /v1/settings/{name}/changes",
            f"GET /v1/jobs/{nothing}",
            f"GET /v1/complaints/{complaint}",
            "GET /v1/complaints",
        ]
        assert {one["mandate_id"] for one in page["items"]} == {str(given)}
    at = [datetime.fromisoformat(one["recorded_at"]) for one in page["items"]]
    assert at[0] == visited.clock()
    assert at[2] == visited.clock() - timedelta(minutes=1)


async def test_every_mandate_end_and_look_has_its_ledger_entry_and_every_entry_its_row(
    world: World, visited: World, outside: httpx.AsyncClient
) -> None:
    """Both ways, in the visited bureau; the auditor's name is in the part that can be erased, and in no leaf."""
    given = await give(visited, world)
    assert (await outside.get("/v1/trips")).status_code == 200
    ended = await end_mandate(visited.database, visited["admin"], given, "审计已结束")
    async with visited.database.read(visited.bureau_id) as reader:
        mandates = await reader.all(select(AuditMandate).where(AuditMandate.bureau_id == visited.bureau_id))
        payloads = {
            one.kind: one
            for one in await reader.all(
                select(LedgerPayload).where(
                    LedgerPayload.bureau_id == visited.bureau_id,
                    LedgerPayload.kind.startswith("mandate-"),  # type: ignore[attr-defined]
                )
            )
        }
        leaves = {
            one.entry_id: one.leaf
            for one in await reader.all(select(LedgerOutbox).where(LedgerOutbox.bureau_id == visited.bureau_id))
        }
    [look] = await looks(visited)
    assert {one.mandate_id: one.entry_id for one in mandates} == {
        given: payloads["mandate-given"].entry_id,
        ended: payloads["mandate-ended"].entry_id,
    }
    assert payloads["mandate-access"].entry_id == look.entry_id
    facts = json.loads(payloads["mandate-access"].facts or b"")
    assert facts == {"access_id": str(look.access_id), "mandate_id": str(given), "route": "GET /v1/trips"}
    assert "外部审计员".encode() in (payloads["mandate-given"].person or b"")
    for payload in payloads.values():
        assert "外部审计员".encode() not in (payload.facts or b"") + leaves[payload.entry_id]
    assert str(world["auditor"].who).encode() in leaves[look.entry_id]
    async with world.database.read(world.bureau_id) as reader:
        at_home = await reader.all(
            select(LedgerPayload.kind).where(
                LedgerPayload.bureau_id == world.bureau_id,
                LedgerPayload.kind.startswith("mandate-"),  # type: ignore[attr-defined]
            )
        )
    assert at_home == []


async def no_mandate_body(client: httpx.AsyncClient, bureau_id: str | bytes) -> dict[str, Any]:
    """Return the whole refusal but its request id."""
    answer = await client.get("/v1/vehicles", headers=[("X-Bureau", bureau_id)])  # type: ignore[list-item]
    assert answer.status_code == 403, answer.text
    body: dict[str, Any] = answer.json()
    body.pop("request_id")
    return body


@pytest.mark.parametrize(
    "why", ["none", "expired", "ended", "not yet", "for another person", "for another bureau", "of another bureau"]
)
async def test_without_a_mandate_that_holds_the_answer_is_that_of_a_bureau_that_does_not_exist(
    owner: Database, world: World, visited: World, outside: httpx.AsyncClient, why: str
) -> None:
    """Whatever is wrong with the mandate, and whatever stands in the header, nothing is told and nothing recorded."""
    if why == "expired":
        await give(visited, world)
        world.clock.advance(days=3)
        outside.headers["Authorization"] = f"Bearer {await token_of(world, 'auditor')}"
    if why == "ended":
        await end_mandate(visited.database, visited["admin"], await give(visited, world), "审计已结束")
    if why == "not yet":
        await give(visited, world, begins=timedelta(seconds=1))
    if why == "for another person":
        await give(visited, world, who="custodian")
    if why in ("for another bureau", "of another bureau"):
        third = await make_world(owner, world.database, world.clock)
        third.people["auditor"] = Actor(third.bureau_id, world["auditor"].who)
        await (give(visited, third) if why == "for another bureau" else give(third, world))
    body = await no_mandate_body(outside, visited.bureau_id)
    assert body["code"] == "no-mandate"
    for other in (
        unused_code(),
        "1",
        "x" * 200,
        "350302; DROP TABLE person",
        "３５０３０２".encode(),
    ):
        assert await no_mandate_body(outside, other) == body
    assert await looks(visited) == []


async def test_only_an_auditor_reads_under_a_mandate(world: World, visited: World, signed_in: SignIn) -> None:
    """A mandate for somebody who is no auditor at home opens nothing, until and unless they are one."""
    for who in ("officer", "driver", "dispatcher", "custodian", "desk_chief", "admin"):
        await give(visited, world, who=who)
        client = await signed_in(who)
        assert (await no_mandate_body(client, visited.bureau_id))["code"] == "no-mandate", who
    assert await looks(visited) == []


@pytest.mark.parametrize("how", ["account closed", "pass word reset"])
async def test_the_mandate_of_an_auditor_whose_account_is_not_in_order_opens_nothing(
    world: World, visited: World, outside: httpx.AsyncClient, how: str
) -> None:
    """The home bureau answers for its auditor."""
    await give(visited, world)
    if how == "account closed":
        await deactivate_person(world.database, world["admin"], world["auditor"].who, "离职")
        assert problem_code(await outside.get("/v1/vehicles")) == "not-signed-in"
    else:
        await reset_password(world.database, world["admin"], world["auditor"].who, "forgotten")
        outside.headers["Authorization"] = f"Bearer {await token_of(world, 'auditor')}"
        assert problem_code(await outside.get("/v1/vehicles")) == "password-change-required"
    assert await looks(visited) == []


async def test_under_a_mandate_every_route_answers_as_the_table_says_and_none_that_writes(
    app: Litestar, world: World, visited: World, outside: httpx.AsyncClient
) -> None:
    """The walk: what the table does not let a mandate do is refused before the bureau is even looked for."""
    await give(visited, world)
    table, wrong, opened = written(), [], 0
    async with visited.database.read(visited.bureau_id) as reader:
        before = await reader.all(select(LedgerOutbox.entry_id).where(LedgerOutbox.bureau_id == visited.bureau_id))
    for route in routes(app):
        if public in route.guards or by_device_token in route.guards:
            continue
        cell = table[route.key][-1]
        answer = await try_route(outside, route, None)
        if refused(answer) == (cell == YES) or (cell != YES and problem_code(answer) != "mandate-reads-only"):
            wrong.append(f"{route.key}: table says {cell}, answer is {answer.status_code} {answer.text}")
        if cell != YES:
            outside.headers["X-Bureau"] = unused_code()
            assert (await try_route(outside, route, None)).json()["code"] == "mandate-reads-only"
            outside.headers["X-Bureau"] = visited.bureau_id
        opened += cell == YES
    assert not wrong, "\n".join(wrong)
    assert opened > 30
    async with visited.database.read(visited.bureau_id) as reader:
        after = await reader.all(select(LedgerOutbox.entry_id).where(LedgerOutbox.bureau_id == visited.bureau_id))
    assert set(after) - set(before) == {one.entry_id for one in await looks(visited)}
    assert len(await looks(visited)) == opened


async def test_naming_ones_own_bureau_is_acting_at_home(world: World, signed_in: SignIn) -> None:
    """A client may always send the header."""
    chief = await signed_in("desk_chief")
    chief.headers["X-Bureau"] = world.bureau_id
    assert (await chief.get("/v1/session")).status_code == 200
    assert problem_code(await chief.post("/v1/complaints", json={})) == "invalid-input"


async def test_a_mandate_shows_only_what_an_auditor_may_see_and_never_the_open_sessions_of_the_bureau(
    world: World, visited: World, outside: httpx.AsyncClient
) -> None:
    """One's own account stays at home; the address of another's is none."""
    await give(visited, world)
    for address in ("/v1/session", "/v1/sessions"):
        assert problem_code(await outside.get(address)) == "mandate-reads-only"
    people = (await outside.get("/v1/people")).json()["items"]
    assert {one["person_id"] for one in people} >= {str(visited["officer"].who)}
    assert str(world["officer"].who) not in {one["person_id"] for one in people}


TERMS = (
    (timedelta(seconds=-1), timedelta(days=1), 400),
    (timedelta(0), timedelta(days=1), 201),
    (timedelta(days=1), timedelta(days=1), 400),
    (timedelta(0), TERM_MOST, 201),
    (timedelta(0), TERM_MOST + timedelta(seconds=1), 400),
)


async def test_a_mandate_begins_now_or_later_and_lasts_a_year_at_most(world: World, inside: SignIn) -> None:
    """What was read before is not made good afterwards."""
    admin, now = await inside("admin"), world.clock()
    for begins, ends, status in TERMS:
        term = {"valid_from": (now + begins).isoformat(), "valid_until": (now + ends).isoformat()}
        answer = await admin.post("/v1/mandates", json=mandate(world) | term)
        assert answer.status_code == status, (begins, ends, answer.text)
        if status == 400:
            assert problem_code(answer) == "bad-validity"


WRONG: tuple[dict[str, Any], ...] = (
    {"home_bureau_id": "35030"},
    {"home_bureau_id": "莆田市"},
    {"home_person_id": "somebody"},
    {"document_no": " "},
    {"document_no": "号" * 101},
    {"auditor_name": ""},
    {"valid_until": "2026-12-31T18:00:00"},
    {"roles": ["admin"]},
    {"bureau_id": "350302"},
)


async def test_a_mandate_without_its_document_or_its_auditor_is_refused(world: World, inside: SignIn) -> None:
    """Every field has its form, and none is known that says more."""
    admin = await inside("admin")
    for wrong in WRONG:
        answer = await admin.post("/v1/mandates", json=mandate(world) | wrong)
        assert (answer.status_code, problem_code(answer)) == (400, "invalid-input"), wrong
    assert (await admin.get("/v1/mandates")).json()["items"] == []


async def test_a_bureau_gives_no_mandate_to_its_own_people(world: World, visited: World, inside: SignIn) -> None:
    """Its own auditor needs none."""
    admin = await inside("admin")
    own = mandate(world) | {"home_bureau_id": visited.bureau_id}
    assert problem_code(await admin.post("/v1/mandates", json=own)) == "bad-mandate"


async def test_a_mandate_ended_early_opens_nothing_any_more_and_both_stay_in_the_list(
    world: World, visited: World, outside: httpx.AsyncClient, inside: SignIn
) -> None:
    """Ended once, with a reason, by the bureau that gave it and no other."""
    given = await give(visited, world)
    assert (await outside.get("/v1/vehicles")).status_code == 200
    admin = await inside("admin")
    at = f"/v1/mandates/{given}/end"
    ended = await admin.post(at, json=WHY, headers={"Idempotency-Key": "end"})
    assert ended.status_code == 201, ended.text
    assert (await admin.post(at, json=WHY, headers={"Idempotency-Key": "end"})).json() == ended.json()
    assert problem_code(await outside.get("/v1/vehicles")) == "no-mandate"
    assert problem_code(await admin.post(at, json=WHY)) == "already-ended"
    assert problem_code(await admin.post(f"/v1/mandates/{ended.json()['id']}/end", json=WHY)) == "not-found"
    assert problem_code(await admin.get(f"/v1/mandates/{ended.json()['id']}/accesses")) == "not-found"
    listed = (await admin.get("/v1/mandates")).json()["items"]
    assert [(one["ends"], one["reason"]) for one in listed] == [(str(given), WHY["reason"]), (None, None)]
    assert {one["document_no"] for one in listed} == {"莆审〔2026〕12号"}
    assert len((await admin.get(f"/v1/mandates/{given}/accesses")).json()["items"]) == 1


async def test_a_mandate_that_is_over_cannot_be_ended(world: World, visited: World, inside: SignIn) -> None:
    """There is nothing left to end."""
    given = await give(visited, world)
    visited.clock.advance(days=3)
    admin = await inside("admin")
    assert problem_code(await admin.post(f"/v1/mandates/{given}/end", json=WHY)) == "already-ended"


async def test_another_bureau_neither_sees_nor_ends_a_mandate(world: World, visited: World, signed_in: SignIn) -> None:
    """Not even the auditor's own: what it was given elsewhere is not its to list."""
    given = await give(visited, world)
    admin = await signed_in("admin")
    assert (await admin.get("/v1/mandates")).json()["items"] == []
    assert problem_code(await admin.get(f"/v1/mandates/{given}/accesses")) == "not-found"
    assert problem_code(await admin.post(f"/v1/mandates/{given}/end", json=WHY)) == "not-found"


async def test_a_route_that_forgot_is_refused_by_the_database(world: World, visited: World) -> None:
    """Whoever acts under a mandate gets READ ONLY transactions alone, for every kind of write."""
    await give(visited, world)
    visitor = await visit_bureau(visited.database, world["auditor"], visited.bureau_id, "GET /v1/vehicles")
    assert visitor.roles == {Role.AUDITOR}
    writes = (
        "INSERT INTO remembered_place SELECT * FROM remembered_place WHERE bureau_id = :bureau_id",
        "UPDATE person SET failed_tries = 1 WHERE bureau_id = :bureau_id",
        "DELETE FROM sign_in_session WHERE bureau_id = :bureau_id",
        "SELECT person_id FROM person WHERE bureau_id = :bureau_id FOR UPDATE",
    )
    for write in writes:

        async def work(uow: UnitOfWork, write: str = write) -> None:
            here = {"bureau_id": visited.bureau_id}
            people = text("SELECT count(*) FROM person WHERE bureau_id = :bureau_id")
            assert (await uow.execute(people, here)).scalar_one() > 0
            await uow.execute(text(write), here)

        with pytest.raises(MandateReadsOnly):
            await visited.database.write(visitor, work)

    async def work_as_fact(uow: UnitOfWork) -> None:
        await uow.enter("mandate-given", facts={})

    with pytest.raises(MandateReadsOnly):
        await visited.database.write(visitor, work_as_fact)
    async with visited.database.read(visited.bureau_id) as reader:
        [(failed,)] = await reader.execute(text("SELECT max(failed_tries) FROM person"))
    assert failed == 0


async def test_two_who_end_a_mandate_at_once_end_it_once(world: World, visited: World) -> None:
    """The second finds it ended."""
    given = await give(visited, world)
    ends = [end_mandate(visited.database, visited["admin"], given, f"once {n}") for n in range(8)]
    outcomes = await asyncio.gather(*ends, return_exceptions=True)
    assert len([one for one in outcomes if isinstance(one, UUID)]) == 1
    assert len([one for one in outcomes if isinstance(one, AlreadyEnded)]) == 7
    with pytest.raises(NoMandate):
        await visit_bureau(visited.database, world["auditor"], visited.bureau_id, "GET /v1/vehicles")
