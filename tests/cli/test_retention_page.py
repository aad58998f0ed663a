"""docs/retention.md, followed word by word on a bureau of 2021."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from api.db.database import Database
from api.settings import Settings
from tests.cli.follow import blocks_of, follow
from tests.conftest import Server, SignIn
from tests.erased import over_and_sealed
from tests.retired import may_may_go
from tests.world import HeldClock, World

pytestmark = pytest.mark.one_server


async def test_a_month_is_retired_as_the_page_says(
    *, server: Server, owner: Database, database: Database, clock: HeldClock, project: Path, tmp_path: Path
) -> None:
    """Looked at, done, and not there the second time."""
    blocks = [block for block in blocks_of(project / "docs" / "retention.md") if block.mark == "retire"]
    async with may_may_go(server, owner, database, clock) as (world, _, _):
        follow(blocks, tmp_path / "home", {"350302": world.bureau_id}, database_url=server.superuser)


async def test_personal_data_is_erased_as_the_page_says(
    *, server: Server, world: World, signed_in: SignIn, anonymous: httpx.AsyncClient, project: Path, settings: Settings
) -> None:
    """Restricted, erased with its files, and nothing is left for the store."""
    case = await over_and_sealed(world, signed_in, anonymous)
    page = project / "docs" / "retention.md"
    blocks = [block for block in blocks_of(page) if block.mark == "erase"]
    instead = {"350302": case.world.bureau_id, "2026-000001": case.number}
    follow(blocks, settings.data / "home", instead, database_url=server.superuser, data=settings.data)
