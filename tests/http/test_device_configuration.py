"""A device is configured: its name, the zone of its clock, and the number a terminal says it is."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import text

from api.db.database import Database
from api.ingest.numbers import Numbered, holders
from api.usecases.configure_device import Configuration, NumberTaken, configure_device
from api.usecases.enrol_device import NewDevice, enrol_device
from tests.conftest import SignIn, problem_code
from tests.phones import drive, enrol, send
from tests.world import World, make_world


async def configured(signed_in: SignIn, device_id: UUID, **how: Any) -> httpx.Response:
    """Configure a device as the administrator."""
    admin = await signed_in("admin")
    return await admin.post(f"/v1/devices/{device_id}/configure", json={"name": "终端"} | how)


async def test_a_terminal_is_configured_and_the_list_says_how(signed_in: SignIn, world: World) -> None:
    """Zeros, spaces and dashes of a typed number do not matter; what is left out is unset; each time is a fact."""
    device_id, _ = await enrol(signed_in, vehicle_id=world.vehicle_id)
    number = f"{world.bureau_id}1391"
    answer = await configured(
        signed_in,
        device_id,
        name="北斗终端",
        zone="UTC",
        strictness="lenient",
        terminal_phone=f"00{number[:6]}-{number[6:]}",
        terminal_id="A1B2C3D",
    )
    assert answer.status_code == 204, answer.text
    chief = await signed_in("desk_chief")
    [listed] = (await chief.get("/v1/devices")).json()["items"]
    assert {key: listed[key] for key in ("name", "zone", "strictness", "terminal_phone", "terminal_id")} == {
        "name": "北斗终端",
        "zone": "UTC",
        "strictness": "lenient",
        "terminal_phone": number,
        "terminal_id": "A1B2C3D",
    }
    assert (await configured(signed_in, device_id)).status_code == 204
    [listed] = (await chief.get("/v1/devices")).json()["items"]
    assert (listed["zone"], listed["strictness"], listed["terminal_phone"]) == (None, "strict", None)
    async with world.database.read(world.bureau_id) as reader:
        acts = await reader.execute(
            text(
                "SELECT a.verb, a.detail, p.kind, p.facts, p.person FROM device_act a JOIN ledger_payload p"
                " ON p.bureau_id = a.bureau_id AND p.entry_id = a.entry_id WHERE a.bureau_id = :b ORDER BY a.act_id"
            ),
            {"b": world.bureau_id},
        )
        _, first, second = acts.all()
    assert (first.verb, first.kind) == ("configure", "device-configured") == (second.verb, second.kind)
    assert first.detail["terminal_phone"] == number
    assert number.encode() in bytes(first.facts)
    assert "北斗终端" in bytes(first.person).decode()
    assert "北斗终端" not in str(first.detail) + bytes(first.facts).decode()


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"terminal_phone": "0000"}, "bad-terminal-number"),
        ({"terminal_phone": "1" * 21}, "bad-terminal-number"),
        ({"terminal_phone": "１２３"}, "bad-terminal-number"),
        ({"terminal_phone": "12a"}, "bad-terminal-number"),
        ({"zone": "Asia/Putian"}, "no-such-zone"),
        ({"zone": "../../etc/passwd"}, "no-such-zone"),
        ({"strictness": "loose"}, "invalid-input"),
    ],
)
async def test_what_no_terminal_can_be_is_refused(
    signed_in: SignIn, world: World, how: dict[str, str], code: str
) -> None:
    """A number has digits, a zone is one of the world's."""
    device_id, _ = await enrol(signed_in, vehicle_id=world.vehicle_id)
    refused = await configured(signed_in, device_id, **how)
    assert (refused.status_code, problem_code(refused)) == (400, code)


async def test_a_phone_has_no_terminal_s_number_but_may_have_a_zone(signed_in: SignIn, world: World) -> None:
    """A person's phone stays one."""
    device_id, _ = await enrol(signed_in, person_id=world["officer"].person_id)
    for how in ({"terminal_phone": "13912345678"}, {"terminal_id": "X"}):
        refused = await configured(signed_in, device_id, **how)
        assert (refused.status_code, problem_code(refused)) == (400, "no-terminal")
    assert (await configured(signed_in, device_id, zone="Asia/Urumqi")).status_code == 204


async def test_a_number_belongs_to_one_terminal_in_service_of_all_bureaus(
    signed_in: SignIn, world: World, owner: Database, app: Litestar
) -> None:
    """Refused here and elsewhere while it is used; free again when its terminal is revoked."""
    number = f"{world.bureau_id}77"
    first, _ = await enrol(signed_in, vehicle_id=world.vehicle_id)
    second, _ = await enrol(signed_in, vehicle_id=world.vehicle_id)
    other = await make_world(owner, world.database, world.clock)
    theirs = await enrol_device(world.database, other["admin"], NewDevice(name="T", vehicle_id=other.vehicle_id))
    wanted = Configuration(name="T", terminal_phone="0" + number)
    ingest = app.state.door.ingest
    assert (await configured(signed_in, first, terminal_phone=number)).status_code == 204
    assert (await configured(signed_in, first, terminal_phone=number)).status_code == 204
    refused = await configured(signed_in, second, terminal_phone=number)
    assert (refused.status_code, problem_code(refused)) == (409, "number-taken")
    with pytest.raises(NumberTaken):
        await configure_device(world.database, ingest, other["admin"], theirs.device_id, wanted)
    assert await holders(ingest, number) == [Numbered(world.bureau_id, first)]
    admin = await signed_in("admin")
    await admin.post(f"/v1/devices/{first}/revoke", json={"reason": "报废"})
    await configure_device(world.database, ingest, other["admin"], theirs.device_id, wanted)
    assert await holders(ingest, number) == [Numbered(other.bureau_id, theirs.device_id)]


async def test_of_two_bureaus_that_enter_one_number_at_once_one_gets_it(
    world: World, owner: Database, app: Litestar
) -> None:
    """Neither sees the other's rows, and still only one has the number afterwards: ten rounds."""
    other = await make_world(owner, world.database, world.clock)
    both = [
        (one, await enrol_device(world.database, one["admin"], NewDevice(name="T", vehicle_id=one.vehicle_id)))
        for one in (world, other)
    ]
    for number in range(10):
        wanted = Configuration(name="T", terminal_phone=f"{world.bureau_id}{number:03}")
        done = await asyncio.gather(
            *(
                configure_device(world.database, app.state.door.ingest, one["admin"], made.device_id, wanted)
                for one, made in both
            ),
            return_exceptions=True,
        )
        assert sorted(type(one).__name__ for one in done) == ["NoneType", "NumberTaken"]


async def test_a_name_too_many_and_a_revoked_device_are_refused(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """What was let in no more is configured no more; what is configured goes on sending."""
    device_id, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    assert (await configured(signed_in, device_id, zone="Asia/Shanghai")).status_code == 204
    assert (await send(anonymous, token, drive(world.clock(), 1))).json()["stored"] == 1
    assert (await configured(signed_in, device_id, name="")).status_code == 400
    admin = await signed_in("admin")
    await admin.post(f"/v1/devices/{device_id}/revoke", json={"reason": "报废"})
    refused = await configured(signed_in, device_id)
    assert (refused.status_code, problem_code(refused)) == (409, "device-revoked")
