"""Files that nothing names: retired after a time that is a setting, and kept again when they are sent again.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachment_step",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("step IN ('retired', 'kept-again')", name=op.f("ck_attachment_step_step_known")),
        sa.CheckConstraint("no >= 1", name=op.f("ck_attachment_step_no")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "sha256"],
            ["attachment.bureau_id", "attachment.sha256"],
            name=op.f("fk_attachment_step_bureau_id_sha256"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_attachment_step_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "sha256", "no", name=op.f("pk_attachment_step")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "file_to_drop",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "sha256"],
            ["attachment.bureau_id", "attachment.sha256"],
            name=op.f("fk_file_to_drop_bureau_id_sha256"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "sha256", name=op.f("pk_file_to_drop")),
    )
    op.run_sql("unclaimed")
    op.close_table("attachment_step", append_only=True)
    op.close_table("file_to_drop", deletes=True)
    op.execute(
        "CREATE TRIGGER attachment_step_holds AFTER INSERT ON attachment_step"
        " FOR EACH ROW EXECUTE FUNCTION attachment_step_holds()"
    )
