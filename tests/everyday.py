"""What the tests of everyday cases send and look at: departures, returns, refusals' codes, findings."""

from __future__ import annotations

from uuid import UUID

import httpx
from sqlmodel import select

from api.db.tables.answers import Finding
from api.usecases.act_on_complaint import act_on_complaint
from domain.complaint.acts import Withdraw
from tests.conftest import problem_code
from tests.world import World

START_M = 52_000_000


DEPART = {
    "check": {"tyres": True, "lights": True, "fuel": True, "papers": True},
    "reading": {"odometer_m": START_M},
}


RETURN = {"reading": {"odometer_m": START_M + 12_000}}


SHEET = "ab" * 32


def codes(answer: httpx.Response) -> list[str]:
    """Return the reasons of a refusal, after checking that it is one."""
    assert (answer.status_code, problem_code(answer)) == (409, "refused"), answer.text
    return [reason["code"] for reason in answer.json()["reasons"]]


async def findings_of(world: World) -> list[Finding]:
    """Return every finding of the bureau."""
    async with world.database.read(world.bureau_id) as reader:
        return list(await reader.all(select(Finding).where(Finding.bureau_id == world.bureau_id)))


async def withdraw(world: World, complaint_id: UUID) -> None:
    """Let the complainant withdraw."""
    await act_on_complaint(world.database, world["dispatcher"], complaint_id, Withdraw)
