"""What was driven before the books began, taken over from paper and spreadsheets.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "history_import",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('log', 'complaints')", name=op.f("ck_history_import_kind_known")),
        sa.CheckConstraint("(kind = 'log') = (vehicle_id IS NOT NULL)", name=op.f("ck_history_import_log_of_vehicle")),
        sa.CheckConstraint("rows > 0", name=op.f("ck_history_import_has_rows")),
        sa.CheckConstraint("file_sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_history_import_sha256")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_history_import_bureau_id_vehicle_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "actor_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_history_import_bureau_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_history_import_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "import_id", name=op.f("pk_history_import")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "paper_trip",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("paper_trip_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("from_m", sa.BigInteger(), nullable=False),
        sa.Column("until_m", sa.BigInteger(), nullable=False),
        sa.Column("driver", sa.Text(), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
        sa.Column("complaint_number", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("fuel_ml", sa.BigInteger(), nullable=True),
        sa.Column("cost_fen", sa.BigInteger(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("from_m >= 0 AND until_m >= from_m", name=op.f("ck_paper_trip_odometer")),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_paper_trip_times")),
        sa.CheckConstraint("fuel_ml >= 0 AND cost_fen >= 0", name=op.f("ck_paper_trip_amounts")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "import_id"],
            ["history_import.bureau_id", "history_import.import_id"],
            name=op.f("fk_paper_trip_bureau_id_import_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_paper_trip_bureau_id_vehicle_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_paper_trip_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "paper_trip_id", name=op.f("pk_paper_trip")),
        sa.UniqueConstraint(
            "bureau_id",
            "vehicle_id",
            "started_at",
            "from_m",
            "until_m",
            name=op.f("uq_paper_trip_bureau_id_vehicle_id_started_at_from_m_until_m"),
        ),
        info={"append_only": True, "fact": True},
    )
    op.close_table("history_import", append_only=True)
    op.close_table("paper_trip", append_only=True)
    op.run_sql("history")
    op.execute(
        "CREATE TRIGGER before_the_books AFTER INSERT ON paper_trip"
        " FOR EACH ROW EXECUTE FUNCTION paper_is_before_the_books()"
    )
