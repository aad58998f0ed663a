"""What a person could is over as soon as it is taken: for requests, open streams and the tokens of their phones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from api.db.database import Actor, Database
from api.guesses import Guesses
from api.openrosa.form import JOBS_FILE
from api.usecases.change_account import deactivate_person, reactivate_person
from api.usecases.change_password import change_password, reset_password, revoke_sessions
from api.usecases.change_role import RoleChange, change_role
from api.usecases.sign_in import actors_of_tokens
from domain.values import Role
from tests.conftest import SignIn, problem_code, token_of
from tests.mandates import give
from tests.phones import drive, enrol, send
from tests.sse import page
from tests.trips import a_complaint_job, departed_trip
from tests.world import PASSWORD, HeldClock, World, make_world

WHY = "调离"
End = Callable[[World], Awaitable[object]]


async def change(world: World, role: Role, *, granted: bool, by: Actor | None = None, who: str = "dispatcher") -> None:
    """Give or take a role, by the administrator or whom it says."""
    new = RoleChange(person_id=world[who].who, role=role, granted=granted, reason=WHY)
    await change_role(world.database, by or world["admin"], new)


async def in_session(world: World, token: str) -> Actor:
    """Return who a session belongs to."""
    (actor,) = await actors_of_tokens(world.database, world.bureau_id, [token])
    assert actor is not None
    return actor


async def changed_elsewhere(world: World) -> None:
    """Let the dispatcher change the pass word in another session."""
    actor = await in_session(world, await token_of(world, "dispatcher"))
    await change_password(world.database, actor, PASSWORD, "a quite other sentence", guesses=Guesses())


async def own_role_elsewhere(world: World) -> None:
    """Let the dispatcher be given a role by themselves, in another session."""
    actor = await in_session(world, await token_of(world, "dispatcher"))
    await change(world, Role.DRIVER, granted=True, by=actor)


ENDS: dict[str, End] = {
    "only role taken": lambda world: change(world, Role.DISPATCHER, granted=False),
    "one role of two taken": lambda world: change(world, Role.OFFICER, granted=False),
    "role given": lambda world: change(world, Role.DRIVER, granted=True),
    "own role changed elsewhere": own_role_elsewhere,
    "account closed": lambda world: deactivate_person(world.database, world["admin"], world["dispatcher"].who, WHY),
    "pass word reset": lambda world: reset_password(world.database, world["admin"], world["dispatcher"].who, WHY),
    "pass word changed elsewhere": changed_elsewhere,
    "sessions ended": lambda world: revoke_sessions(world.database, world["admin"], world["dispatcher"].who),
}


@pytest.fixture
async def socket(port: int) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client over real sockets."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


@pytest.mark.parametrize("how", ENDS)
async def test_what_was_taken_is_over_at_the_next_request_and_on_the_open_stream(
    world: World, socket: httpx.AsyncClient, how: str
) -> None:
    """Neither a session that was open before nor the page that listens has it any more."""
    if how == "one role of two taken":
        await change(world, Role.OFFICER, granted=True)
    token = await token_of(world, "dispatcher")
    signed_in = {"Authorization": f"Bearer {token}"}
    assert (await socket.get("/v1/complaints", headers=signed_in)).status_code == 200
    async with page(socket, token) as board:
        await ENDS[how](world)
        await board.ends()
    for path in ("/v1/session", "/v1/complaints", "/v1/live"):
        answer = await socket.get(path, headers=signed_in)
        assert (answer.status_code, problem_code(answer)) == (401, "not-signed-in"), path


async def test_a_role_that_is_given_or_taken_ends_the_sessions_of_nobody_else(
    world: World, socket: httpx.AsyncClient
) -> None:
    """Neither the administrator who does it is signed out nor a colleague, and what is refused ends none."""
    tokens = [await token_of(world, who) for who in ("admin", "officer", "dispatcher")]

    async def open_still() -> list[int]:
        asked = [await socket.get("/v1/session", headers={"Authorization": f"Bearer {one}"}) for one in tokens]
        return [answer.status_code for answer in asked]

    roles = f"/v1/people/{world['dispatcher'].who}/roles"
    admin = {"Authorization": f"Bearer {tokens[0]}"}
    given = {"role": "dispatcher", "granted": True, "reason": WHY}
    assert problem_code(await socket.post(roles, headers=admin, json=given)) == "role-held"
    assert await open_still() == [200, 200, 200]
    taken = await socket.post(roles, headers=admin, json=given | {"granted": False})
    assert taken.status_code == 201, taken.text
    assert await open_still() == [200, 200, 401]
    token = await token_of(world, "dispatcher")
    alone = await socket.get("/v1/complaints", headers={"Authorization": f"Bearer {token}"})
    assert problem_code(alone) == "forbidden", "who signs in anew has what is left"


async def test_who_lays_down_a_role_of_their_own_goes_on_in_that_session_without_it(
    world: World, socket: httpx.AsyncClient
) -> None:
    """An administrator who headed the unit reads on, and neither hears of what asks for approval nor approves."""
    await change(world, Role.ADMIN, granted=True, who="custodian")
    token = await token_of(world, "custodian")
    signed_in = {"Authorization": f"Bearer {token}"}
    other = await token_of(world, "custodian")
    async with page(socket, token) as inbox:
        own = await in_session(world, token)
        await change(world, Role.CUSTODIAN, granted=False, by=own, who="custodian")
        trip_id = await departed_trip(world)
        await inbox.hears("trip")
        assert "inbox" not in {event.name for event in inbox.events}
    refused = await socket.post(f"/v1/trips/{trip_id}/approve", headers=signed_in, json={})
    assert problem_code(refused) == "forbidden"
    assert (await socket.get("/v1/trips", headers=signed_in)).status_code == 200
    ended = await socket.get("/v1/session", headers={"Authorization": f"Bearer {other}"})
    assert problem_code(ended) == "not-signed-in", "their other sessions end"


async def test_a_mandate_opens_no_stream_at_all(
    owner: Database, database: Database, clock: HeldClock, world: World, socket: httpx.AsyncClient
) -> None:
    """So none is left open when it ends; requests are refused from that moment on."""
    visited = await make_world(owner, database, clock)
    await give(visited, world)
    signed_in = {"Authorization": f"Bearer {await token_of(world, 'auditor')}", "X-Bureau": visited.bureau_id}
    assert (await socket.get("/v1/vehicles", headers=signed_in)).status_code == 200
    assert problem_code(await socket.get("/v1/live", headers=signed_in)) == "mandate-reads-only"
    clock.advance(days=3)
    signed_in["Authorization"] = f"Bearer {await token_of(world, 'auditor')}"
    assert problem_code(await socket.get("/v1/vehicles", headers=signed_in)) == "no-mandate"


async def test_the_phone_of_a_closed_account_opens_nothing_until_it_is_opened_again(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """Positions are refused from the moment on, whatever a process remembered of the token."""
    _, token = await enrol(signed_in, person_id=world["driver"].who)
    fixes = drive(world.clock(), 2)
    assert (await send(anonymous, token, fixes)).status_code == 200
    await deactivate_person(world.database, world["admin"], world["driver"].who, WHY)
    for _ in range(100):
        refused = await send(anonymous, token, fixes)
        if refused.status_code != 200:
            break
    assert (refused.status_code, problem_code(refused)) == (401, "unknown-device")
    await reactivate_person(world.database, world["admin"], world["driver"].who, "回岗")
    assert (await send(anonymous, token, fixes)).status_code == 200


async def test_the_phone_of_who_lost_every_role_still_says_where_the_vehicle_is_and_opens_nothing(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """A role taken on the way leaves no gap in the trip's positions; no form is offered, no job shown."""
    await departed_trip(world)
    _, token = await enrol(signed_in, person_id=world["officer"].who)
    await change(world, Role.OFFICER, granted=False, who="officer")
    sent = await send(anonymous, token, drive(world.clock(), 2))
    assert (sent.status_code, sent.json()["stored"]) == (200, 2), sent.text
    forms = await anonymous.get(f"/openrosa/{token}/formList")
    assert (forms.status_code, "<xform>" in forms.text) == (200, False)


async def test_the_list_of_jobs_on_a_phone_is_empty_once_its_person_is_no_officer(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """Names and addresses of sites are for officers, also by the token that Collect holds."""
    await a_complaint_job(world)
    _, token = await enrol(signed_in, person_id=world["officer"].who)
    at = f"/openrosa/{token}/media/{JOBS_FILE}"
    assert "文献步行街" in (await anonymous.get(at)).text
    await change(world, Role.OFFICER, granted=False, who="officer")
    told = await anonymous.get(at)
    assert (told.status_code, "文献步行街" in told.text) == (200, False)
