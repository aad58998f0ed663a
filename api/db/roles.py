"""The database roles: who owns, who serves, who only inserts fixes, who reads, who backs up.

Roles belong to a PostgreSQL cluster, not to a database. `ensure_roles` makes the missing ones when the migrating
user may; where it may not, the operator makes them beforehand (docs/install.md).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

OWNER: Final = "zhuanche_owner"
"""Owns the schema and runs migrations; forced row-level security binds it too."""
SERVICE: Final = "zhuanche_service"
"""Serves requests: owns nothing, sees one bureau a transaction."""
INGEST: Final = "zhuanche_ingest"
"""Writes positions of all bureaus in one batch: may insert fixes and nothing else."""
READER: Final = "zhuanche_reader"
"""Reads one bureau a transaction, for reporting."""
BACKUP: Final = "zhuanche_backup"
"""Reads every row of every bureau: `pg_dump --enable-row-security` runs as this role."""

ALL_ROLES: Final = (OWNER, SERVICE, INGEST, READER, BACKUP)


class RolesMissing(Exception):
    """Some database roles are missing and this user may not create roles."""


_MAY_ACT_AS_OWNER: Final = text(
    "SELECT pg_has_role(current_user, :owner,"
    " CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)"
)


def ensure_roles(connection: Connection) -> None:
    """Create the roles that are missing and let the migrating user act as the owner, and as those that it made.

    Raises:
        RolesMissing: a role is missing and the current user has no CREATEROLE.
    """
    have = set(connection.execute(text("SELECT rolname FROM pg_roles WHERE rolname LIKE 'zhuanche_%'")).scalars())
    missing = [role for role in ALL_ROLES if role not in have]
    may_create, is_super, owns_database, user = connection.execute(
        text(
            "SELECT rolcreaterole OR rolsuper, rolsuper, pg_has_role(current_user, datdba, 'USAGE'), rolname"
            " FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
        )
    ).one()
    if missing and not may_create:
        raise RolesMissing(
            f"The database roles {', '.join(missing)} are missing and {user} may not create roles: "
            "create them as docs/install.md shows, then migrate again."
        )
    for role in missing:
        connection.execute(text(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"))
        if not is_super:
            # Who makes a role administers it, and from PostgreSQL 16 on may not act as it without a grant.
            connection.execute(text(f'GRANT {role} TO "{user}"'))
    if not connection.execute(_MAY_ACT_AS_OWNER, {"owner": OWNER}).scalar():
        connection.execute(text(f'GRANT {OWNER} TO "{user}"'))
    database = connection.execute(text("SELECT current_database()")).scalar_one()
    may_make_schemas = connection.execute(
        text("SELECT has_database_privilege(:owner, current_database(), 'CREATE')"), {"owner": OWNER}
    ).scalar()
    if not may_make_schemas:
        connection.execute(text(f'GRANT CREATE ON DATABASE "{database}" TO {OWNER}'))
    if owns_database:
        connection.execute(text(f"GRANT CREATE, USAGE ON SCHEMA public TO {OWNER}"))
        # Nobody who serves needs a table of their own; the batching writer stages its fixes in one.
        connection.execute(text(f'REVOKE TEMPORARY ON DATABASE "{database}" FROM PUBLIC'))
        connection.execute(text(f'GRANT TEMPORARY ON DATABASE "{database}" TO {OWNER}, {INGEST}'))
