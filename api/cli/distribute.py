"""`zhuanche distribute`: spread the tables over a Citus cluster by bureau."""

from __future__ import annotations

from api.cli.connections import NoDatabase, check_schema, named
from api.db.distribute import distribute as distribute_schema
from api.settings import load_settings


def distribute() -> None:
    """Distribute the schema by bureau on a Citus cluster; run again, it changes nothing."""
    connections = named(load_settings())
    if connections is None:
        raise NoDatabase("The embedded database is one server: set ZHUANCHE_DATABASE_URL to a Citus coordinator.")
    check_schema(connections)
    distribute_schema(connections.owner_url)
