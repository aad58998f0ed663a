"""An act signed while there was a network, whose network went before it was sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests.conftest import SignIn
from tests.signing import departure, known_phone, send_act
from tests.trips import START_M, approved_trip
from tests.world import World


async def departed_as_told(
    signed_in: SignIn, world: World, late_s: int, ahead_s: int = 0
) -> tuple[datetime, datetime, str]:
    """Sign a departure as of now, send it so much later; return when it was signed, when it counts, and its source."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id: UUID = await approved_trip(world)
    world.clock.advance(hours=1)
    body = departure(world, START_M) | {"source": "online"}
    del body["stated_at"]
    ahead = timedelta(seconds=ahead_s)
    signed_at = world.clock()
    jws = phone.act("depart", body, trip_id, iat=int((signed_at + ahead).timestamp() * 1000))
    world.clock.advance(seconds=late_s)
    headers = {"Zhuanche-Sent-At": (world.clock() + ahead).isoformat()}
    answer = await send_act(officer, jws, **headers)
    assert answer.json()["outcome"] == "recorded", answer.text
    trip = (await officer.get(f"/v1/trips/{trip_id}")).json()
    step = next(one for one in trip["decisions"] if one["verb"] == "depart")
    return signed_at, datetime.fromisoformat(step["stated_at"]), step["source"]


@pytest.mark.parametrize("late_s", [61, 1500])
async def test_a_departure_that_waited_all_the_same_is_of_when_it_was_signed(
    signed_in: SignIn, world: World, late_s: int
) -> None:
    """What is signed cannot be changed any more: it happened then, and not when it arrives."""
    signed_at, counts_at, source = await departed_as_told(signed_in, world, late_s)
    assert (counts_at, source) == (signed_at, "offline")


async def test_a_departure_sent_at_once_is_of_its_arrival(signed_in: SignIn, world: World) -> None:
    """Up to a minute the server's clock tells when it was, also where the phone's is ten minutes ahead."""
    signed_at, counts_at, source = await departed_as_told(signed_in, world, 60, ahead_s=600)
    assert (counts_at, source) == (signed_at + timedelta(seconds=60), "online")
