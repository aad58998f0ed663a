"""What a person could is over as soon as it is taken: for requests, open streams and the tokens of their phones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from api.db.database import Database
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


async def role_taken(world: World) -> None:
    """Take the dispatcher's one role."""
    change = RoleChange(person_id=world["dispatcher"].who, role=Role.DISPATCHER, granted=False, reason=WHY)
    await change_role(world.database, world["admin"], change)


async def changed_elsewhere(world: World) -> None:
    """Let the dispatcher change the pass word in another session."""
    token = await token_of(world, "dispatcher")
    (actor,) = await actors_of_tokens(world.database, world.bureau_id, [token])
    assert actor is not None
    await change_password(world.database, actor, PASSWORD, "a quite other sentence", guesses=Guesses())


ENDS: dict[str, tuple[End, int, str]] = {
    "role taken": (role_taken, 403, "forbidden"),
    "account closed": (
        lambda world: deactivate_person(world.database, world["admin"], world["dispatcher"].who, WHY),
        401,
        "not-signed-in",
    ),
    "pass word reset": (
        lambda world: reset_password(world.database, world["admin"], world["dispatcher"].who, WHY),
        401,
        "not-signed-in",
    ),
    "pass word changed elsewhere": (changed_elsewhere, 401, "not-signed-in"),
    "sessions ended": (
        lambda world: revoke_sessions(world.database, world["admin"], world["dispatcher"].who),
        401,
        "not-signed-in",
    ),
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
    end, status, code = ENDS[how]
    token = await token_of(world, "dispatcher")
    signed_in = {"Authorization": f"Bearer {token}"}
    assert (await socket.get("/v1/complaints", headers=signed_in)).status_code == 200
    async with page(socket, token) as board:
        await end(world)
        await board.ends()
    for path in ("/v1/complaints", "/v1/live"):
        answer = await socket.get(path, headers=signed_in)
        assert (answer.status_code, problem_code(answer)) == (status, code), path


async def test_a_role_taken_of_several_leaves_the_others_and_the_page_open(
    world: World, socket: httpx.AsyncClient
) -> None:
    """A custodian who stays a driver reads on, and neither hears of what asks for approval nor approves."""
    who = world["custodian"].who

    async def change(role: Role, *, granted: bool) -> None:
        new = RoleChange(person_id=who, role=role, granted=granted, reason=WHY)
        await change_role(world.database, world["admin"], new)

    await change(Role.DRIVER, granted=True)
    token = await token_of(world, "custodian")
    signed_in = {"Authorization": f"Bearer {token}"}
    async with page(socket, token) as inbox:
        await change(Role.CUSTODIAN, granted=False)
        trip_id = await departed_trip(world)
        await inbox.hears("trip")
        assert "inbox" not in {event.name for event in inbox.events}
    refused = await socket.post(f"/v1/trips/{trip_id}/approve", headers=signed_in, json={})
    assert problem_code(refused) == "forbidden"
    assert (await socket.get("/v1/trips", headers=signed_in)).status_code == 200


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


async def test_the_list_of_jobs_on_a_phone_is_empty_once_its_person_is_no_officer(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """Names and addresses of sites are for officers, also by the token that Collect holds."""
    await a_complaint_job(world)
    _, token = await enrol(signed_in, person_id=world["officer"].who)
    at = f"/openrosa/{token}/media/{JOBS_FILE}"
    assert "文献步行街" in (await anonymous.get(at)).text
    change = RoleChange(person_id=world["officer"].who, role=Role.OFFICER, granted=False, reason=WHY)
    await change_role(world.database, world["admin"], change)
    told = await anonymous.get(at)
    assert (told.status_code, "文献步行街" in told.text) == (200, False)
