"""What comes in broken is answered with a problem that helps, and leaves nothing behind."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.conftest import SignIn, problem_code
from tests.objects import UPKEEP_PLACE
from tests.world import World

JSON = {"Content-Type": "application/json"}
COMPLAINT: dict[str, Any] = {
    "complainant": {"name": "林某", "telephone": "13800000001", "address": "霞林街道"},
    "respondent": {"name": "某店", "address": "文献步行街"},
    "claim": "退款",
    "facts": "褪色",
    "source": "counter",
}
JOB: dict[str, Any] = {
    "complaint_id": "01932b3c-7d5e-7a10-8c4f-0a1b2c3d4e5f",
    "kind": "mediation",
    "site": {"lat": 25.4, "lon": 119.0, "datum": "WGS-84", "name": "店", "address": "街"},
    "window": {"start_at": "2026-11-23T09:30:00+08:00", "end_at": "2026-11-23T11:30:00+08:00"},
}

FIX = {"datum": "WGS-84", "fixes": [{"fixed_at": "2026-11-23T09:00:00+08:00", "lat": 25.4, "lon": 119.0}]}
NO_DATUM = {name: value for name, value in JOB["site"].items() if name != "datum"}


def changed(body: dict[str, Any], **fields: Any) -> bytes:
    """Return the body's JSON with fields put in."""
    return json.dumps(body | fields).encode()


BROKEN = {
    "an unknown field": ("/v1/complaints", changed(COMPLAINT, colour="red"), JSON, 400, "invalid-input"),
    "a wrong type": ("/v1/complaints", changed(COMPLAINT, claim=7), JSON, 400, "invalid-input"),
    "a missing field": ("/v1/complaints", b"{}", JSON, 400, "invalid-input"),
    "latitude of 91": ("/v1/jobs", changed(JOB, site=JOB["site"] | {"lat": 91}), JSON, 400, "invalid-input"),
    "latitude NaN": ("/v1/jobs", changed(JOB, site=JOB["site"] | {"lat": float("nan")}), JSON, 400, "unparseable"),
    "no datum": ("/v1/jobs", changed(JOB, site=NO_DATUM), JSON, 400, "invalid-input"),
    "an unknown datum": ("/v1/jobs", changed(JOB, site=JOB["site"] | {"datum": "Mars"}), JSON, 400, "invalid-input"),
    "JSON a hundred thousand deep": ("/v1/complaints", b"[" * 100_000, JSON, 400, "unparseable"),
    "bytes that are no UTF-8": ("/v1/complaints", b'{"claim": "\xff\xfe"}', JSON, 400, "unparseable"),
    "nothing at all": ("/v1/complaints", b"", JSON, 400, None),
    "half a body": ("/v1/complaints", b'{"claim": "a', JSON, 400, "unparseable"),
    "XML": ("/v1/complaints", b"<a/>", {"Content-Type": "application/xml"}, 415, "wrong-media-type"),
    "a time long past": ("/v1/complaints", changed(COMPLAINT, received_at="0001-01-01T00:00:00Z"), JSON, 400, None),
    "a time to come": ("/v1/complaints", changed(COMPLAINT, received_at="2226-01-01T00:00:00Z"), JSON, 400, None),
    "a time without a zone": ("/v1/complaints", changed(COMPLAINT, received_at="2026-11-01T00:00:00"), JSON, 400, None),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_request_gets_a_problem_that_helps_and_leaves_nothing(
    world: World, signed_in: SignIn, kind: str
) -> None:
    """Never a 500, never silence, nothing half-written."""
    path, body, headers, status, code = BROKEN[kind]
    dispatcher = await signed_in("dispatcher")
    count = text("SELECT count(*) FROM ledger_outbox WHERE bureau_id = :b")
    async with world.database.read(world.bureau_id) as reader:
        before = (await reader.execute(count, {"b": world.bureau_id})).scalar()
    answer = await dispatcher.post(path, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    told = problem_code(answer)
    assert code is None or told == code, answer.text
    assert len(answer.json()["detail"]) > 10
    async with world.database.read(world.bureau_id) as reader:
        assert (await reader.execute(count, {"b": world.bureau_id})).scalar() == before


@pytest.mark.parametrize(
    "token", ["", "x", "350302.nobody", "999999." + "A" * 43], ids=["none", "short", "odd", "unknown"]
)
async def test_a_device_that_nobody_enrolled_is_told_so(anonymous: httpx.AsyncClient, token: str) -> None:
    """An unknown phone is refused, with the status that clients take as such."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await anonymous.post("/v1/positions", json=FIX, headers=headers)
    assert answer.status_code == 401
    assert problem_code(answer)


async def test_an_address_or_a_method_that_is_not_there_is_a_problem_too(signed_in: SignIn) -> None:
    """A typing mistake in an address is told as such."""
    client = await signed_in("dispatcher")
    assert problem_code(await client.get("/v1/nothing")) == "no-such-address"
    assert problem_code(await client.get("/v1/trips/not-an-id")) == "no-such-address"
    no = await client.delete("/v1/complaints")
    assert (problem_code(no), set(no.headers["allow"].split(", "))) == (
        "method-not-allowed",
        {"GET", "OPTIONS", "POST"},
    )


async def test_a_field_that_bears_the_name_of_a_part_of_the_service_is_bad_input_all_the_same(
    signed_in: SignIn,
) -> None:
    """An address that is too long is the sender's fault, though handlers are handed something of that name."""
    admin = await signed_in("admin")
    answer = await admin.post("/v1/upkeep-places", json=UPKEEP_PLACE | {"address": "长" * 3400})
    assert (answer.status_code, problem_code(answer)) == (400, "invalid-input")
    assert answer.json()["faults"] == [{"at": "address", "what": "Expected `str` of length <= 200"}]
