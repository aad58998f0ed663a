"""The backup of docs/operations.md brings back every row of every bureau."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from api.db.cluster import installed_tree
from api.db.migrate import migrate
from api.db.roles import BACKUP
from tests.conftest import Server
from tests.trips import closed_trip
from tests.world import World


def rows_by_table(url: str) -> dict[str, int]:
    """Return how many rows each table holds, seen by the superuser."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        ).fetchall()
        counted: dict[str, int] = {}
        for (name,) in tables:
            row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
            counted[name] = row[0] if row else 0
    return counted


def run(*command: str | Path) -> None:
    """Run a program of PostgreSQL to its good end."""
    subprocess.run(command, check=True)


async def test_a_backup_by_the_backup_role_restores_every_row(server: Server, world: World, tmp_path: Path) -> None:
    """Row-level security is forced, and nothing is missing all the same."""
    if server.distributed:
        pytest.skip("a cluster is backed up by its own tools")
    await closed_trip(world)
    programs, dump = installed_tree() / "bin", tmp_path / "zhuanche.dump"
    options = (f"--role={BACKUP}", "--enable-row-security", "--format=custom", f"--file={dump}")
    run(programs / "pg_dump", *options, server.superuser)
    name = f"restored_{secrets.token_hex(4)}"
    with psycopg.connect(server.superuser, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    restored = server.superuser.replace("/zhuanche?", f"/{name}?")
    try:
        run(programs / "pg_restore", "--exit-on-error", f"--dbname={restored}", dump)
        migrate(restored)
        before = rows_by_table(server.superuser)
        assert before["vehicle_use"] > 0
        assert rows_by_table(restored) == before
    finally:
        with psycopg.connect(server.superuser, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
