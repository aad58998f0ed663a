"""When the record was restored from a backup.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "restore",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("restore_id", sa.Uuid(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("backup_sha256", sa.Text(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("last_entry_id", sa.Uuid(), nullable=True),
        sa.Column("leaves_sha256", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("schema_revision", sa.Text(), nullable=False),
        sa.Column("ledger_faults", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("backup_sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_restore_backup_sha256")),
        sa.CheckConstraint("entries >= 0 AND ledger_faults >= 0", name=op.f("ck_restore_entries")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_restore_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_restore_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "restore_id", name=op.f("pk_restore")),
        info={"append_only": True, "fact": True},
    )
    # The operator's act: the service reads it and cannot make it up.
    op.close_table("restore", append_only=True, inserts=False)
