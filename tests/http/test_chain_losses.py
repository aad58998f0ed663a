"""Acts that a phone lost before they were sent: told once by their person, answered for by the custodian."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.conftest import SignIn, problem_code
from tests.http.test_signed_acts import trip_ready
from tests.signing import KEYS, departure, known_phone, send_act, stop
from tests.trips import START_M
from tests.world import World


async def test_a_loss_is_told_by_its_person_and_answered_for_by_the_custodian(signed_in: SignIn, world: World) -> None:
    """Four signed, one here, one parked: two are lost; the first word stands, and all is a fact of the ledger."""
    officer, custodian, auditor = [await signed_in(who) for who in ("officer", "custodian", "auditor")]
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))
    phone.act("stop", stop(world, job_id), trip_id)
    await send_act(officer, phone.act("stop", stop(world, job_id, "leave"), trip_id))
    path = f"{KEYS}/{phone.key_id}/loss"
    assert problem_code(await custodian.post(f"{path}/answer", json={"reason": "x"})) == "no-such-loss"
    assert (await officer.post(path, json={"made": 4})).json() == {"made": 4, "lost": 2}
    assert (await officer.post(path, json={"made": 9})).json() == {"made": 4, "lost": 2}
    (key,) = (await auditor.get(KEYS)).json()["items"]
    assert (key["loss"]["made"], key["loss"]["lost"], key["loss"]["answered"]) == (4, 2, None)
    for _ in range(2):
        assert (await custodian.post(f"{path}/answer", json={"reason": "已按纸质补录"})).status_code == 200
    (key,) = (await auditor.get(KEYS)).json()["items"]
    assert key["loss"]["answered"]["reason"] == "已按纸质补录"
    assert key["loss"]["answered"]["by"] == str(world["custodian"].who)
    entries = text(
        "SELECT kind FROM ledger_payload WHERE bureau_id = :b AND kind LIKE 'chain-loss-%' ORDER BY entry_id"
    )
    async with world.database.read(world.bureau_id) as reader:
        told = list((await reader.execute(entries, {"b": world.bureau_id})).scalars())
    assert told == ["chain-loss-reported", "chain-loss-answered"]


async def test_nothing_lost_is_nothing_recorded(signed_in: SignIn, world: World) -> None:
    """The mark says two, and two are here."""
    officer, auditor = await signed_in("officer"), await signed_in("auditor")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))
    await send_act(officer, phone.act("stop", stop(world, job_id), trip_id))
    answer = await officer.post(f"{KEYS}/{phone.key_id}/loss", json={"made": 2})
    assert answer.json() == {"made": 2, "lost": 0}
    (key,) = (await auditor.get(KEYS)).json()["items"]
    assert key["loss"] is None


@pytest.mark.parametrize(
    ("who", "made", "code"),
    [("driver", 3, "not-your-key"), ("officer", 1_001, "seq-too-far"), ("officer", 0, "invalid-input")],
)
async def test_a_loss_is_no_word_of_another_s_phone_nor_any_number(
    signed_in: SignIn, world: World, who: str, made: int, code: str
) -> None:
    """Nobody tells that a colleague's phone lost something; a thousand beyond the last act is the most."""
    phone = await known_phone(world, await signed_in("officer"))
    client = await signed_in(who)
    assert problem_code(await client.post(f"{KEYS}/{phone.key_id}/loss", json={"made": made})) == code
    assert problem_code(await client.post(f"{KEYS}/{uuid4()}/loss", json={"made": 1})) == "not-found"
