"""The demo bureau, loaded into a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from api.db.database import Database
from api.db.embedded import EmbeddedServer, throwaway
from api.db.migrate import migrate
from api.db.roles import INGEST, OWNER, SERVICE
from api.demo.bureau import BASE, BUREAU
from api.demo.drives import drive, farthest, wheel_metres
from api.demo.load import NotEmpty, load_demo
from api.settings import Settings
from domain.place.shipped import shipped_boundary
from domain.values import Point


@pytest.fixture(scope="module")
def empty() -> Iterator[EmbeddedServer]:
    """Return a migrated server without any bureau."""
    with throwaway() as server:
        migrate(server.dsn("postgres"))
        yield server


def test_the_shipped_drives_are_carried_over_into_the_district() -> None:
    """Offsets from the base are kept, so the drive is as long as it was and lies inside the boundary."""
    at = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    boundary = shipped_boundary(BUREAU)
    assert boundary is not None
    for name, km in (("morning_round", 49.6), ("outward_way", 14.15)):
        fixes = drive(name, BASE, at)
        assert fixes[0].at == at
        assert (fixes[0].lat, fixes[0].lon) == (BASE.lat, BASE.lon)
        assert wheel_metres(fixes) == pytest.approx(km * 1_000, rel=0.02)
        site = farthest(fixes, BASE)
        assert boundary.locate(Point(site.lat, site.lon), 0).distance_m == 0


async def test_the_demo_shows_a_closed_trip_and_one_under_way_and_is_loaded_once(
    empty: EmbeddedServer, tmp_path: Path
) -> None:
    """A newcomer sees the main job at once; loading again changes nothing."""
    now = datetime.now(UTC)
    settings = Settings(data=tmp_path)
    for loaded in (True, False):
        owner = Database(empty.dsn(OWNER), settings, role=OWNER)
        try:
            assert await load_demo(owner, empty.dsn(SERVICE), empty.dsn(INGEST), settings, now) is loaded
            async with owner.read(BUREAU) as reader:
                uses = await reader.execute(
                    text("SELECT state, actual_from FROM vehicle_use WHERE bureau_id = :b ORDER BY planned_from"),
                    {"b": BUREAU},
                )
                states = {row.state: row.actual_from for row in uses}
                fixes = await reader.execute(
                    text("SELECT count(*), min(fixed_at), max(fixed_at) FROM position WHERE bureau_id = :b"),
                    {"b": BUREAU},
                )
                count, first, last = fixes.one()
        finally:
            await owner.close()
        assert set(states) == {"closed", "departed"}
        assert now - states["departed"] == timedelta(minutes=20)
        assert first == states["closed"]
        assert last <= now
        assert count > 6_000


async def test_the_demo_is_never_loaded_over_a_real_bureau(owner: Database, world: object, tmp_path: Path) -> None:
    """Invented complaints must not stand among real ones."""
    del world
    with pytest.raises(NotEmpty):
        await load_demo(
            owner, "postgresql://nowhere/x", "postgresql://nowhere/x", Settings(data=tmp_path), datetime.now(UTC)
        )
