"""What is to be erased and was not yet is named: what came late, and what is kept though its time is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias

import httpx
import pytest

from api.db.database import Database
from api.db.queries.to_erase import LONG, came_late, kept_too_long
from domain.erasure import Step
from tests.conftest import SignIn
from tests.notes import note_body, send_note
from tests.signing import known_phone, send_act
from tests.usecases.test_erase_person_data import own
from tests.usecases.test_erase_shared import Visited, take, visited
from tests.world import World

__all__ = ("own",)
Comes: TypeAlias = Callable[[Visited, httpx.AsyncClient], Awaitable[None]]


async def late(world: World) -> tuple[str, ...]:
    """Return about which complaints something came late."""
    async with world.database.read(world.bureau_id) as reader:
        return await came_late(reader)


async def a_note(one: Visited, officer: httpx.AsyncClient) -> None:
    """Send a note that its phone had kept."""
    answer = await send_note(officer, note_body(one.job_id, one.world.clock()))
    assert answer.status_code == 201, answer.text


async def another_text(one: Visited, officer: httpx.AsyncClient) -> None:
    """Send other bytes under the number of a note."""
    note = note_body(one.job_id, one.world.clock(), found="另一文本") | {"note_id": one.note_id}
    assert (await send_note(officer, note)).status_code == 409


async def an_act_that_waits(one: Visited, officer: httpx.AsyncClient) -> None:
    """Sign a note that waits for the act before it."""
    phone = await known_phone(one.world, officer)
    phone.act("another-job", {})
    answer = await send_act(officer, phone.act("note", note_body(one.job_id, one.world.clock())))
    assert answer.json()["outcome"] == "parked", answer.text


@pytest.mark.parametrize("comes", [a_note, another_text, an_act_that_waits])
@pytest.mark.parametrize("steps", [[Step.RESTRICTED], [Step.RESTRICTED, Step.ERASED]], ids=["restricted", "erased"])
async def test_what_comes_after_it_was_taken_out_is_named_until_the_step_is_taken_again(
    world: World,
    own: Database,
    signed_in: SignIn,
    comes: Callable[[Visited, httpx.AsyncClient], Awaitable[None]],
    steps: list[Step],
) -> None:
    """By the complaint's number, and never by what it says."""
    officer = await signed_in("officer")
    one = await visited(world, officer)
    for step in steps:
        await take(own, one, step)
        world.clock.advance(seconds=1)
    assert await late(world) == ()
    await comes(one, officer)
    world.clock.advance(seconds=1)
    assert await late(world) == (one.number,)
    for step in ([Step.LIFTED] if steps[-1] is Step.RESTRICTED else []) + steps:
        await take(own, one, step)
    assert await late(world) == ()


async def test_what_is_kept_over_its_time_is_counted_and_after_three_months_named(
    world: World, own: Database, signed_in: SignIn
) -> None:
    """Three years after the last act, not a moment before; what was erased is kept no more."""
    one = await visited(world, await signed_in("officer"))

    async def kept() -> tuple[int, tuple[str, ...]]:
        async with world.database.read(world.bureau_id) as reader:
            return await kept_too_long(reader)

    ended_at = world.clock()
    world.clock.at = ended_at.replace(year=2029)
    assert await kept() == (0, ())
    world.clock.advance(seconds=1)
    assert await kept() == (1, ())
    world.clock.at = ended_at.replace(year=2029) + LONG + timedelta(seconds=1)
    assert await kept() == (1, (one.number,))
    for step in (Step.RESTRICTED, Step.ERASED):
        await take(own, one, step)
    assert await kept() == (0, ())
