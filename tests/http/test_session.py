"""Signing in, being known, signing out."""

from __future__ import annotations

import httpx

from api.usecases.change_role import RoleChange, change_role
from domain.values import Role
from tests.conftest import SignIn, problem_code
from tests.world import PASSWORD, World


async def test_a_person_signs_in_is_known_and_signs_out(world: World, anonymous: httpx.AsyncClient) -> None:
    """A session's token opens the door until it is given back."""
    opened = await anonymous.post(
        "/v1/session", json={"bureau_id": world.bureau_id, "login": "dispatcher", "password": PASSWORD}
    )
    assert opened.status_code == 201
    anonymous.cookies.clear()
    bearer = {"Authorization": f"Bearer {opened.json()['token']}"}
    me = await anonymous.get("/v1/session", headers=bearer)
    assert me.json()["roles"] == ["dispatcher"]
    assert (await anonymous.delete("/v1/session", headers=bearer)).status_code == 204
    gone = await anonymous.get("/v1/session", headers=bearer)
    assert (gone.status_code, problem_code(gone)) == (401, "not-signed-in")


async def test_people_of_a_test_are_signed_in_as_anybody_would_be(signed_in: SignIn) -> None:
    """What the tests use to become somebody gives the session that signing in gives."""
    client = await signed_in("dispatcher")
    assert (await client.get("/v1/session")).json()["roles"] == ["dispatcher"]


async def test_a_person_whose_last_role_was_withdrawn_can_still_sign_out(world: World, signed_in: SignIn) -> None:
    """Nothing else is open to them; a session that could not be ended would hold a shared phone for hours."""
    taken = RoleChange(person_id=world["officer"].who, role=Role.OFFICER, granted=False, reason="调离")
    await change_role(world.database, world["admin"], taken)
    officer = await signed_in("officer")
    assert problem_code(await officer.get("/v1/session")) == "forbidden"
    assert (await officer.delete("/v1/session")).status_code == 204
    assert problem_code(await officer.get("/v1/session")) == "not-signed-in"
