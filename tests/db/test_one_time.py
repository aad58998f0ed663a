"""Beijing time is that of every bureau, so that what a page sends as +08:00 is what the bureau's clock shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from api.db.queries.calendar import zone_of
from tests.conftest import Server, SignIn
from tests.db.any_row import insert, row_for
from tests.world import World, unused_code


def test_no_bureau_counts_its_days_by_another_zone(server: Server) -> None:
    """Not even the owner sets one up that its pages would send hours off."""
    with psycopg.connect(server.superuser) as connection:
        row = row_for(connection, "bureau", unused_code())
        insert(connection, "bureau", row)
        with pytest.raises(psycopg.errors.CheckViolation, match="one_time"):
            insert(connection, "bureau", row | {"bureau_id": unused_code(), "zone": "Asia/Urumqi"})


async def test_a_page_tells_the_offset_that_the_bureau_s_zone_has_on_every_day(signed_in: SignIn, world: World) -> None:
    """Times that are typed on a page are sent with it, in winter and in summer."""
    async with world.database.read(world.bureau_id) as reader:
        zone = await zone_of(reader)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    offsets = {(first + timedelta(days=day)).astimezone(zone).strftime("%z") for day in range(3 * 366)}
    page = (await (await signed_in("dispatcher")).get("/board")).text
    assert [f'data-offset="{one[:3]}:{one[3:]}"' in page for one in offsets] == [True]
