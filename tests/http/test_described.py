"""The whole OpenAPI document tried out by schemathesis, as every role, as a device and as nobody."""

from __future__ import annotations

from functools import partial

import httpx
import pytest

from domain.values import Role
from tests.conftest import SignIn, token_of
from tests.described import Walker, let_there_be_some_of_all, operations, what_is_there
from tests.world import World

PARTS = 4
"""The document is tried out in so many tests, which may run side by side."""


@pytest.mark.parametrize("part", range(PARTS))
async def test_whatever_the_document_allows_or_forbids_is_answered_as_it_says(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient, part: int, pytestconfig: pytest.Config
) -> None:
    """No fault of the service, no status, type or body that a client's author could not have known."""

    async def nobody() -> None:
        return None

    async def device() -> str:
        return phone

    phone = await let_there_be_some_of_all(world, signed_in)
    everybody = {str(role): partial(token_of, world, role) for role in Role}
    walker = Walker(anonymous, everybody | {"nobody": nobody, "device": device})
    document = (await anonymous.get("/schema/openapi.json")).json()
    for operation in list(operations(document))[part::PARTS]:
        await walker.try_out(operation, await what_is_there(world), pytestconfig.getoption("--cases"))
    there = await what_is_there(world)
    assert all(there.values()), there
    assert not walker.faults, f"{len(walker.faults)} faults\n" + "\n\n".join(walker.faults)
