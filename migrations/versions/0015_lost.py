"""Acts that a phone signed and lost before they were sent 手机丢失的操作: its word for it, and the custodian's.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chain_loss",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("step IN ('reported', 'answered')", name=op.f("ck_chain_loss_step_known")),
        sa.CheckConstraint("lost >= 1 AND lost <= made", name=op.f("ck_chain_loss_numbers")),
        sa.CheckConstraint("(step = 'answered') = (reason IS NOT NULL)", name=op.f("ck_chain_loss_reason")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "actor_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_chain_loss_bureau_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_chain_loss_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "key_id"],
            ["device_key.bureau_id", "device_key.key_id"],
            name=op.f("fk_chain_loss_bureau_id_key_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "key_id", "step", name=op.f("pk_chain_loss")),
        info={"append_only": True, "fact": True},
    )
    op.close_table("chain_loss", append_only=True)
    op.run_sql("lost")
    op.execute("CREATE TRIGGER loss_told AFTER INSERT ON chain_loss FOR EACH ROW EXECUTE FUNCTION chain_loss_holds()")
