"""When the clock that the record goes by was set while the service ran.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clock_jump",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("jump_id", sa.Uuid(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_clock_jump_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_clock_jump_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "jump_id", name=op.f("pk_clock_jump")),
        info={"append_only": True, "fact": True},
    )
    op.close_table("clock_jump", append_only=True)
