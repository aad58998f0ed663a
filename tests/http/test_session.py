"""Signing in, being known, signing out."""

from __future__ import annotations

import httpx

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
