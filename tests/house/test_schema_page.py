"""docs/schema.md says of every table what a row is and what becomes of it."""

from __future__ import annotations

import psycopg

from api.db.roles import SERVICE
from api.db.tables import metadata
from tests.conftest import Server
from tests.db.catalogue import tables
from tests.house.schema import COMMAND, OTHERWISE, PURGED, expected, rows_by_table, written


def test_every_table_of_the_database_has_its_row_and_no_other(server: Server) -> None:
    """A table that nobody described does not come in."""
    with psycopg.connect(server.superuser) as connection:
        there = set(tables(connection)) - {"alembic_version"}
    assert there == set(metadata.tables) == set(rows_by_table())
    assert written() == expected(), f"docs/schema.md: run `{COMMAND}` and look at what changed"


def test_every_table_says_what_a_row_is() -> None:
    """One sentence at least, that stands in its class."""
    for line in expected()[2:]:
        name, says = [cell.strip() for cell in line.strip("|").split("|")][:2]
        assert says.endswith("."), f"{name} needs a docstring"


def test_what_the_page_calls_purged_is_what_the_service_may_delete(server: Server) -> None:
    """Nothing goes without being told, and nothing is told to go that stays."""
    with psycopg.connect(server.superuser) as connection:
        deleted = {
            name
            for name in tables(connection)
            if connection.execute("SELECT has_table_privilege(%s, %s, 'DELETE')", (SERVICE, name)).fetchone() == (True,)
        }
    reference = {name for name, table in metadata.tables.items() if table.info.get("reference")}
    assert deleted - reference == set(PURGED)
    assert set(OTHERWISE) <= set(metadata.tables) - set(PURGED)
