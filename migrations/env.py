"""Alembic's entry: runs as the owner role, one transaction a revision, with a lock time-out.

On a distributed schema (Citus) each revision distributes what it made before it is done.
"""

import runpy
from pathlib import Path
from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, text

from api.db.distribute import prepare, spread_new
from api.db.migrate import MIGRATION_LOCK
from api.db.roles import OWNER
from api.db.tables import metadata

# The folder is no package: as part of an installed `api` it lies elsewhere than in a checkout.
runpy.run_path(str(Path(__file__).with_name("operations.py")))


def render_item(kind: str, item: Any, _: AutogenContext) -> str | bool:
    """Write plain SQLAlchemy types, so that an old migration depends on neither SQLModel nor our tables."""
    if kind == "type" and type(item).__module__.startswith("sqlmodel."):
        return "sa.Text()"
    return False


def include_name(name: str | None, kind: str, _: Any) -> bool:
    """Leave the monthly partitions out of the comparison: a job makes them."""
    return not (kind == "table" and name is not None and name.startswith("position_y"))


def run(connection: Connection) -> None:
    """Upgrade on this connection."""
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.execute(text(f"SET ROLE {OWNER}"))
    connection.execute(text("SET lock_timeout = '10s'"))
    prepare(connection)
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_item=render_item,
        include_name=include_name,
        transaction_per_migration=True,
        on_version_apply=lambda ctx, **_: spread_new(ctx.connection),
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
    connection.commit()


with context.config.attributes["engine"].connect() as _connection:
    run(_connection)
