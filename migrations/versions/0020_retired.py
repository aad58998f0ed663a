"""Months of positions that were retired: what each bureau had of them, and the hash over it.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retired_month",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("fix_count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_retired_month_month_by_its_first_day")),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_retired_month_sha256")),
        sa.CheckConstraint("fix_count > 0 AND first_at <= last_at", name=op.f("ck_retired_month_fixes")),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_retired_month_bureau_id")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_retired_month_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "month", name=op.f("pk_retired_month")),
        info={"append_only": True, "fact": True},
    )
    op.run_sql("retired")
    # The owner's act: who serves may read it, and no more.
    op.close_table("retired_month", append_only=True, inserts=False)
    op.execute(
        "CREATE CONSTRAINT TRIGGER month_retired AFTER INSERT ON retired_month DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION retired_month_holds()"
    )
