"""Sealed months and what came after them.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "month_seal",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("statement_sha256", sa.Text(), nullable=False),
        sa.Column("previous_sha256", sa.Text(), nullable=True),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("unaccounted_m", sa.BigInteger(), nullable=False),
        sa.Column("open_findings", sa.Integer(), nullable=False),
        sa.Column("sealed_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_month_seal_month_by_its_first_day")),
        sa.CheckConstraint(
            "statement_sha256 = encode(sha256(statement), 'hex')", name=op.f("ck_month_seal_sha256_of_statement")
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_month_seal_bureau_id_vehicle_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "sealed_by"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_month_seal_bureau_id_sealed_by"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_month_seal_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "vehicle_id", "month", name=op.f("pk_month_seal")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "seal_amendment",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("amendment_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("old", postgresql.JSONB(), nullable=False),
        sa.Column("new", postgresql.JSONB(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('use', 'unaccounted', 'finding', 'odometer', 'costs')", name=op.f("ck_seal_amendment_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id", "month"],
            ["month_seal.bureau_id", "month_seal.vehicle_id", "month_seal.month"],
            name=op.f("fk_seal_amendment_bureau_id_vehicle_id_month"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_seal_amendment_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "amendment_id", name=op.f("pk_seal_amendment")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(
        "ix_seal_amendment_month", "seal_amendment", ["bureau_id", "vehicle_id", "month", "noticed_at", "amendment_id"]
    )
    op.run_sql("seal")
    op.close_table("month_seal", append_only=True)
    op.close_table("seal_amendment", append_only=True)
    op.execute(
        "CREATE CONSTRAINT TRIGGER month_sealed AFTER INSERT ON month_seal DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION month_seal_holds()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER reading_of_use AFTER INSERT ON reading DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION reading_of_use_holds()"
    )
