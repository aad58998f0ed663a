"""Signing in, being known, signing out."""

from __future__ import annotations

import httpx

from tests.conftest import SignIn, problem_code
from tests.world import PASSWORD, HeldClock, World


async def test_a_person_signs_in_is_known_and_signs_out(signed_in: SignIn) -> None:
    """A session's token opens the door until it is given back."""
    client = await signed_in("dispatcher")
    me = await client.get("/v1/session")
    assert me.json()["roles"] == ["dispatcher"]
    assert (await client.delete("/v1/session")).status_code == 204
    gone = await client.get("/v1/session")
    assert (gone.status_code, problem_code(gone)) == (401, "not-signed-in")


async def test_five_wrong_pass_words_lock_the_account_for_ten_minutes(
    world: World, anonymous: httpx.AsyncClient, clock: HeldClock
) -> None:
    """Guessing is stopped, and the lock opens by itself."""
    asked = {"bureau_id": world.bureau_id, "login": "officer", "password": "wrong"}
    for _ in range(5):
        assert problem_code(await anonymous.post("/v1/session", json=asked)) == "wrong-credentials"
    right = asked | {"password": PASSWORD}
    assert (await anonymous.post("/v1/session", json=right)).status_code == 401
    clock.advance(minutes=10, seconds=1)
    assert (await anonymous.post("/v1/session", json=right)).status_code == 201
