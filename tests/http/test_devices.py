"""Devices: enrolled with a token shown once, rotated, revoked at once."""

from __future__ import annotations

import hashlib

import httpx
from sqlalchemy import text

from api.db.tables.devices import Device
from api.usecases.enrol_device import revoke_device
from tests.conftest import SignIn, problem_code
from tests.phones import drive, enrol, rows, send
from tests.world import World, make_world


async def test_a_token_is_shown_once_and_kept_as_a_digest_alone(signed_in: SignIn, world: World) -> None:
    """A repeated request gets the same device without the token, and no table holds it."""
    admin = await signed_in("admin")
    asked = {"name": "车载终端", "vehicle_id": str(world.vehicle_id)}
    first = (await admin.post("/v1/devices", json=asked, headers={"Idempotency-Key": "one"})).json()
    again = (await admin.post("/v1/devices", json=asked, headers={"Idempotency-Key": "one"})).json()
    assert again == {"device_id": first["device_id"], "token": None, "link": None}
    typed = first["token"].replace("-", "")
    assert typed.startswith(world.bureau_id)
    async with world.database.read(world.bureau_id) as reader:
        device = (await reader.execute(text("SELECT * FROM device WHERE bureau_id = :b"), {"b": world.bureau_id})).one()
        kept = (await reader.execute(text("SELECT answer FROM idempotency_key"))).scalars().all()
    assert device.token_sha256 == hashlib.sha256(typed.encode()).digest()
    assert not any(first["token"] in answer for answer in kept)
    [listed] = (await admin.get("/v1/devices")).json()["items"]
    assert (listed["name"], listed["vehicle_id"], listed["revoked_at"]) == ("车载终端", str(world.vehicle_id), None)
    assert "token" not in listed


async def test_a_revoked_or_rotated_token_opens_nothing_at_once(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """The cache that knew the token a moment ago does not know it any more."""
    device_id, old = await enrol(signed_in, vehicle_id=world.vehicle_id)
    admin = await signed_in("admin")
    assert (await send(anonymous, old, drive(world.clock(), 1))).status_code == 200
    new = (await admin.post(f"/v1/devices/{device_id}/rotate")).json()["token"]
    refused = await send(anonymous, old, drive(world.clock(), 2))
    assert (refused.status_code, problem_code(refused)) == (401, "unknown-device")
    assert (await send(anonymous, new, drive(world.clock(), 2))).json()["stored"] == 1
    assert (await admin.post(f"/v1/devices/{device_id}/revoke", json={"reason": "手机遗失"})).status_code == 204
    refused = await send(anonymous, new, drive(world.clock(), 3))
    assert (refused.status_code, problem_code(refused)) == (401, "unknown-device")
    assert len(await rows(world)) == 2
    for verb, body in (("rotate", None), ("revoke", {"reason": "again"})):
        over = await admin.post(f"/v1/devices/{device_id}/{verb}", json=body)
        assert (over.status_code, problem_code(over)) == (409, "device-revoked")


async def test_each_step_in_a_device_s_life_is_a_fact(signed_in: SignIn, world: World) -> None:
    """Enrolling a second device to send good news leaves a trace, and so does all that follows."""
    device_id, _ = await enrol(signed_in, vehicle_id=world.vehicle_id)
    admin = await signed_in("admin")
    await admin.post(f"/v1/devices/{device_id}/rotate")
    await admin.post(f"/v1/devices/{device_id}/revoke", json={"reason": "更换"})
    async with world.database.read(world.bureau_id) as reader:
        found = await reader.execute(
            text(
                "SELECT p.kind FROM device_act a JOIN ledger_payload p ON p.bureau_id = a.bureau_id"
                " AND p.entry_id = a.entry_id WHERE a.bureau_id = :b ORDER BY p.entry_id"
            ),
            {"b": world.bureau_id},
        )
    assert found.scalars().all() == ["device-enrolled", "device-token-rotated", "device-revoked"]


async def test_a_lost_phone_is_revoked_though_the_clock_was_set_back(signed_in: SignIn, world: World) -> None:
    """Enrolled by one machine and revoked by another, whose clock is behind: it is let in no more."""
    device_id, _ = await enrol(signed_in, vehicle_id=world.vehicle_id)
    world.clock.advance(seconds=-30)
    await revoke_device(world.database, world["admin"], device_id, "遗失")
    async with world.database.read(world.bureau_id) as reader:
        device = await reader.get(Device, device_id)
    assert device is not None
    assert device.revoked_at is not None


async def test_a_device_has_exactly_one_owner_of_this_bureau(signed_in: SignIn, world: World) -> None:
    """Neither, both, and somebody else's are refused."""
    admin = await signed_in("admin")
    vehicle, person = str(world.vehicle_id), str(world["officer"].person_id)
    for owners in ({}, {"vehicle_id": vehicle, "person_id": person}):
        refused = await admin.post("/v1/devices", json={"name": "x"} | owners)
        assert (refused.status_code, problem_code(refused)) == (400, "one-owner")
    elsewhere = str(world.desk_id)
    for owner in ({"vehicle_id": elsewhere}, {"person_id": elsewhere}):
        refused = await admin.post("/v1/devices", json={"name": "x"} | owner)
        assert (refused.status_code, problem_code(refused)) == (404, "not-found")


async def test_another_bureau_s_device_is_as_unknown_as_none(
    signed_in: SignIn, world: World, owner: object, anonymous: httpx.AsyncClient
) -> None:
    """Neither by id nor by a token that names the wrong bureau."""
    device_id, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    other = await make_world(owner, world.database, world.clock)  # type: ignore[arg-type]
    forged = other.bureau_id + token[6:]
    refused = await send(anonymous, forged, drive(world.clock(), 1))
    assert (refused.status_code, problem_code(refused)) == (401, "unknown-device")
    await send(anonymous, token, drive(world.clock(), 1))
    assert await rows(other) == []
    answer = await anonymous.post(
        "/v1/session", json={"bureau_id": other.bureau_id, "login": "admin", "password": "a good long sentence"}
    )
    theirs = {"Authorization": f"Bearer {answer.json()['token']}"}
    lost = await anonymous.post(f"/v1/devices/{device_id}/revoke", json={"reason": "mine"}, headers=theirs)
    assert (lost.status_code, problem_code(lost)) == (404, "not-found")
    assert (await anonymous.get("/v1/devices", headers=theirs)).json() == {"items": [], "next": None}


async def test_devices_are_listed_in_pages(signed_in: SignIn, world: World) -> None:
    """Each page says where the next one begins, and the last says that it is the last."""
    made = [str((await enrol(signed_in, vehicle_id=world.vehicle_id))[0]) for _ in range(3)]
    admin = await signed_in("auditor")
    first = (await admin.get("/v1/devices", params={"limit": 2})).json()
    second = (await admin.get("/v1/devices", params={"limit": 2, "after": first["next"]})).json()
    assert [item["device_id"] for item in first["items"] + second["items"]] == made
    assert second["next"] is None
    assert problem_code(await admin.get("/v1/devices", params={"after": "WyJ4Il0"})) == "bad-cursor"
