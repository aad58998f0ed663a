"""What is seen of a request from outside: its id, and its count by route."""

from __future__ import annotations

import re
from uuid import uuid4

import httpx
import pytest

from tests.conftest import SignIn


async def metric(client: httpx.AsyncClient, line: str) -> float:
    """Return the value of a line of `/metrics`, 0 where it is not there yet."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    found = re.search(rf"^{re.escape(line)} (\S+)$", answer.text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def test_a_request_keeps_the_id_it_came_with_and_a_strange_one_is_replaced(anonymous: httpx.AsyncClient) -> None:
    """A proxy's id runs through; text that could forge a line of the log does not."""
    kept = await anonymous.get("/healthz", headers={"X-Request-Id": "abc123"})
    assert kept.headers["x-request-id"] == "abc123"
    replaced = await anonymous.get("/v1/session", headers={"X-Request-Id": 'a" b'})
    assert re.fullmatch(r"[0-9a-f]{16}", replaced.headers["x-request-id"])
    assert replaced.json()["request_id"] == replaced.headers["x-request-id"]


async def test_what_the_router_does_not_know_has_an_id_too(anonymous: httpx.AsyncClient) -> None:
    """Somebody who asks about a 404 can name it."""
    lost = await anonymous.get("/nothing/here")
    assert lost.status_code == 404
    assert lost.json()["request_id"] == lost.headers["x-request-id"] != ""


@pytest.mark.usefixtures("app")
async def test_requests_are_counted_by_route_and_status_never_by_path(
    anonymous: httpx.AsyncClient, signed_in: SignIn
) -> None:
    """An id in a path makes no new line."""
    dispatcher = await signed_in("dispatcher")
    lost = str(uuid4())
    before = await metric(anonymous, 'zhuanche_requests_total{method="any",route="none",status="404"}')
    assert (await dispatcher.get(f"/v1/complaints/{lost}")).status_code == 404
    await anonymous.get(f"/{lost}")
    text = (await anonymous.get("/metrics")).text
    assert lost not in text
    assert 'route="/v1/complaints/{complaint_id}",status="404"} 1.0' in text
    assert await metric(anonymous, 'zhuanche_requests_total{method="any",route="none",status="404"}') == before + 1


async def test_the_position_writer_and_the_months_ahead_are_told(anonymous: httpx.AsyncClient) -> None:
    """What an alarm needs: the queue, the last batch, its commit, and how far ahead fixes can be stored."""
    text = (await anonymous.get("/metrics")).text
    for name in (
        "zhuanche_ingest_waiting_fixes",
        "zhuanche_ingest_last_batch_fixes",
        "zhuanche_ingest_last_commit_seconds",
        'zhuanche_ingest_fixes_total{outcome="refused"}',
        "zhuanche_position_months_ahead",
    ):
        assert f"\n{name} " in text, name
