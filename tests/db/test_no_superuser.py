"""A server of one's own need not be entered as its superuser: who may make roles and owns a database has enough."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from api.backup.read import check_backup
from api.backup.restore import Into, restore
from api.backup.write import Wanted, write_backup
from api.cli.connections import Connections, check_schema
from api.db.embedded import throwaway
from api.db.migrate import migrate
from api.db.roles import BACKUP, INGEST, SERVICE
from api.files import FileStore
from api.settings import Settings
from tests.backup.conftest import Quiet

pytestmark = pytest.mark.one_server


def test_who_may_make_roles_and_owns_the_database_migrates_backs_up_and_restores(tmp_path: Path) -> None:
    """Since PostgreSQL 16 who makes a role may not act as it by that alone, and a schema is not everybody's."""
    with throwaway() as server:
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            connection.execute("CREATE ROLE operator LOGIN CREATEROLE")
            for name in ("one", "two"):
                connection.execute(f"CREATE DATABASE {name} OWNER operator")
        one, two = (server.dsn("operator", name) for name in ("one", "two"))
        migrate(one)
        for role in (SERVICE, INGEST, BACKUP):
            with psycopg.connect(one, options=f"-c role={role}") as connection:
                connection.execute("SELECT 1")
        settings = Settings(data=tmp_path / "data")
        files = FileStore.of(settings)
        written = write_backup(Wanted(one, settings, files, {}, tmp_path / "to"), Quiet())
        restore(check_backup(written.path, None), None, Into(two, settings, files), Quiet())
        check_schema(Connections(two, two, two))
