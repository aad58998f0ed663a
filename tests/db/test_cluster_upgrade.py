"""A cluster goes on to the next release: what is distributed already is migrated, with its rows in place."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from api.cli.progress import Bar
from api.db.database import Database
from api.db.distribute import Distributed, distribute
from api.db.migrate import migrate
from api.db.roles import OWNER
from api.move.upgrade import upgrade
from api.settings import Settings
from api.usecases.place_town import NewTown, place_town
from tests.conftest import Server, keep_months
from tests.db.any_row import attempt, become, fill
from tests.db.catalogue import append_only_faults, tenancy_faults, tenant_tables
from tests.db.nodes import empty_cluster, unguarded_shards
from tests.db.test_migrations import rows_of
from tests.trips import closed_trip
from tests.world import INSIDE, HeldClock, make_world, unused_code


@pytest.fixture
def cluster(server: Server) -> Iterator[str]:
    """Return the URL of an empty database on the nodes of the run's cluster."""
    if not server.distributed:
        pytest.skip("asks a cluster")
    with empty_cluster(server.superuser) as url:
        yield url


def distributed(url: str) -> set[str]:
    """Return the tables of bureaus that are spread over the cluster."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT relname::text FROM pg_dist_partition JOIN pg_class c ON c.oid = logicalrelid"
            " WHERE partmethod = 'h' AND NOT relispartition"
        )
        return {name for (name,) in rows}


async def test_a_cluster_with_rows_goes_on_from_release_to_release(
    cluster: str, settings: Settings, clock: HeldClock
) -> None:
    """Every row stays, every new table is spread and guarded on every node, and work goes on."""
    migrate(cluster, "0010")
    distribute(cluster)
    keep_months(cluster)
    bureau_id = unused_code()
    fill(cluster, bureau_id)
    for revision in ("0013", "head"):
        before = rows_of(cluster)
        assert set(before.values()) == {1}
        if revision == "head":
            upgrade(cluster, cluster, None, Bar(None, "", None), print)
        else:
            migrate(cluster, revision)
        after = rows_of(cluster)
        assert before.items() <= after.items()
        assert distributed(cluster) == set(after)
        fill(cluster, bureau_id)
    assert distribute(cluster) == Distributed(by_bureau=(), reference=(), functions=())
    owner, service = Database(cluster, settings, clock, role=OWNER), Database(cluster, settings, clock)
    try:
        world = await make_world(owner, service, clock)
        await closed_trip(world)
        await place_town(service, world["admin"], NewTown(name="霞林街道", place=INSIDE, shown=True, reason="实地"))
    finally:
        await service.close()
        await owner.close()
    with psycopg.connect(cluster) as connection:
        assert tenancy_faults(connection) == []
        tables = tenant_tables(connection)
        assert [fault for table in tables for fault in unguarded_shards(connection, table)] == []
        assert append_only_faults(connection, "town_point") == []
        become(connection, OWNER, world.bureau_id)
        assert attempt(connection, "UPDATE town_point SET name = name") == "ZC006"
