"""A service that has not begun since it doubts the clock: whoever opens it reads why, and what to do at the machine."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.cli.waiting_page import COMMAND, WaitingPage
from api.clock import SteadyClock
from api.first_look import Look
from domain.clock import AWAY, Doubt
from tests.conftest import problem_code

AT = datetime(2027, 3, 8, 0, 30, tzinfo=UTC)


def waiting(doubt: Doubt = Doubt.LONG_AFTER) -> httpx.AsyncClient:
    """Return a client of a service that waits, long after its newest entry."""
    page = WaitingPage(Look(SteadyClock(lambda: AT), AT, AT - AWAY - timedelta(days=3), doubt, doubt))
    transport = httpx.ASGITransport(app=page)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://desk")


@pytest.mark.parametrize("doubt", Doubt)
async def test_whoever_opens_the_page_reads_in_both_languages_what_to_do(doubt: Doubt) -> None:
    """Nobody there is an administrator, and there may be no network: what to compare and what to type."""
    async with waiting(doubt) as http:
        answer = await http.get("/board", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    others = {Doubt.OTHERWISE: ("ZHUANCHE_TIME_SERVER",), Doubt.BEFORE_RELEASE: ()}
    helps = others.get(doubt, (COMMAND.replace('"', "&#34;"), "台账"))
    for told in (*doubt.value, "2027-03-08 08:30:00", "2027-01-19 08:30:00", "timedatectl set-time", *helps):
        assert told in answer.text
    assert ("--accept" in answer.text) == (doubt not in others), "it would be doubted again"
    assert re.search(r'http-equiv="refresh"', answer.text), "it becomes the page that was asked for by itself"


async def test_programs_are_told_in_their_own_form() -> None:
    """A supervisor finds it alive and not ready; a phone keeps what it has and comes again."""
    async with waiting() as http:
        assert (await http.get("/healthz")).status_code == 200
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "held")
        assert "45 天" in ready.json()["why"]["zh"]
        assert "45 days" in ready.json()["why"]["en"]
        sent = await http.post("/v1/positions", json={}, headers={"Accept-Language": "en"})
        assert (sent.status_code, problem_code(sent), sent.headers["retry-after"]) == (503, "clock-doubted", "2")
