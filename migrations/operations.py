"""What every migration does the same way: close a table of a bureau, and run the SQL that holds its promises.

Released migrations rest on it, so what an operation does never changes; a new way is a new operation.
"""

from __future__ import annotations

from pathlib import Path

from alembic.operations import MigrateOperation, Operations

BUREAU_IS_SET = "bureau_id = current_setting('zhuanche.bureau_id', true)"


@Operations.register_operation("close_table")
class CloseTable(MigrateOperation):
    """Let a table be seen by its own bureau only (P8), and be written as far as is said."""

    def __init__(
        self, table: str, *, append_only: bool = False, inserts: bool = True, updates: str = "", deletes: bool = False
    ) -> None:
        self.table, self.append_only = table, append_only
        self.granted = [
            *(["INSERT"] if inserts else []),
            *([f"UPDATE ({', '.join(updates.split())})"] if updates else []),
            *(["DELETE"] if deletes else []),
        ]

    @classmethod
    def close_table(
        cls,
        operations: Operations,
        table: str,
        *,
        append_only: bool = False,
        inserts: bool = True,
        updates: str = "",
        deletes: bool = False,
    ) -> None:
        """Close it.

        Args:
            operations: alembic's `op`.
            table: its name.
            append_only: no row is ever changed or deleted, by whomsoever (P6).
            inserts: the service may insert.
            updates: the columns, between blanks, that the service may change.
            deletes: the service may delete.
        """
        made = cls(table, append_only=append_only, inserts=inserts, updates=updates, deletes=deletes)
        operations.invoke(made)


@Operations.implementation_for(CloseTable)
def _close_table(operations: Operations, asked: CloseTable) -> None:
    table = asked.table
    operations.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    operations.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    operations.execute(f"CREATE POLICY one_bureau ON {table} USING ({BUREAU_IS_SET}) WITH CHECK ({BUREAU_IS_SET})")
    operations.execute(f"CREATE POLICY backup ON {table} FOR SELECT TO zhuanche_backup USING (true)")
    operations.execute(f"GRANT SELECT ON {table} TO zhuanche_backup, zhuanche_service, zhuanche_reader")
    for granted in asked.granted:
        operations.execute(f"GRANT {granted} ON {table} TO zhuanche_service")
    if asked.append_only:
        operations.execute(
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        operations.execute(
            f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


@Operations.register_operation("run_sql")
class RunSql(MigrateOperation):
    """Run the files of a folder of `migrations`, by name."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    @classmethod
    def run_sql(cls, operations: Operations, folder: str) -> None:
        """Run them, and pin the `search_path` of every function that is new or was replaced."""
        operations.invoke(cls(folder))


@Operations.implementation_for(RunSql)
def _run_sql(operations: Operations, asked: RunSql) -> None:
    for path in sorted((Path(__file__).parent / asked.folder).glob("*.sql")):
        operations.get_bind().exec_driver_sql(path.read_text("utf-8"), execution_options={"no_parameters": True})
    # A caller's search_path, or a temporary table of the same name, must not stand between a rule and its tables.
    operations.execute(
        "DO $$ DECLARE one regprocedure; BEGIN"
        " FOR one IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'"
        " AND proowner = current_user::regrole AND proconfig IS NULL"
        " LOOP EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', one); END LOOP; END $$"
    )
