"""An act signed while there was a network, whose network went before it was sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests.conftest import SignIn
from tests.signing import departure, known_phone, send_act
from tests.trips import START_M, a_complaint_job, approved_trip
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


@pytest.mark.parametrize("late_s", [2, 1500])
async def test_a_departure_that_waited_all_the_same_is_of_when_it_was_signed(
    signed_in: SignIn, world: World, late_s: int
) -> None:
    """What is signed cannot be changed any more: it happened then, and not when it arrives."""
    signed_at, counts_at, source = await departed_as_told(signed_in, world, late_s)
    assert (counts_at, source) == (signed_at, "offline")


async def test_a_departure_sent_at_once_is_of_its_arrival(signed_in: SignIn, world: World) -> None:
    """Up to a second the server's clock tells when it was, also where the phone's is ten minutes ahead."""
    signed_at, counts_at, source = await departed_as_told(signed_in, world, 1, ahead_s=600)
    assert (counts_at, source) == (signed_at + timedelta(seconds=1), "online")


@pytest.mark.parametrize("off", [timedelta(minutes=20), timedelta(hours=-3), timedelta(days=-20_000)])
async def test_what_a_phone_with_a_wrong_clock_did_offline_is_of_when_it_was_done(
    signed_in: SignIn, world: World, off: timedelta
) -> None:
    """Its officer cannot set right what is signed: the clock's fault is taken out, told beside, and loses nothing."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id: UUID = await approved_trip(world)
    world.clock.advance(hours=1)
    departed_at = world.clock()
    said = departure(world, START_M) | {"stated_at": (departed_at + off).isoformat()}
    jws = phone.act("depart", said, trip_id, iat=int((departed_at + off).timestamp() * 1000))
    world.clock.advance(seconds=10)
    answer = await send_act(officer, jws, **{"Zhuanche-Sent-At": (world.clock() + off).isoformat()})
    assert answer.json()["outcome"] == "recorded", answer.text
    auditor = await signed_in("auditor")
    (kept,) = (await auditor.get("/v1/signed-acts", params={"trip_id": str(trip_id)})).json()["items"]
    assert "skewed" in kept["clock_doubts"]
    trip = (await officer.get(f"/v1/trips/{trip_id}")).json()
    (step,) = [one for one in trip["decisions"] if one["verb"] == "depart"]
    assert datetime.fromisoformat(step["stated_at"]) == departed_at
    assert step["source"] == "offline"


async def test_what_was_done_before_it_was_signed_is_of_when_it_was_done(signed_in: SignIn, world: World) -> None:
    """A receipt proves when an act was signed, and nothing of what it tells: the car left before."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id: UUID = await approved_trip(world)
    world.clock.advance(hours=1)
    departed_at = world.clock()
    world.clock.advance(minutes=10)
    await a_complaint_job(world)
    entry, leaf = (await officer.get("/v1/field/day")).headers["Zhuanche-Receipt"].split()
    phone.srv = {"entry": entry, "leaf": leaf}
    said = departure(world, START_M) | {"stated_at": departed_at.isoformat()}
    answer = await send_act(officer, phone.act("depart", said, trip_id))
    assert answer.json()["outcome"] == "recorded", answer.text
    trip = (await officer.get(f"/v1/trips/{trip_id}")).json()
    (step,) = [one for one in trip["decisions"] if one["verb"] == "depart"]
    assert datetime.fromisoformat(step["stated_at"]) == departed_at
