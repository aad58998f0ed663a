"""Lots: the month's seed, the draw of call-backs, what consumers said, and photos of the odometer that were asked for.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "month_seed",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("seed_sha256", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "length(seed) = 32 AND seed_sha256 = encode(sha256(seed), 'hex')", name=op.f("ck_month_seed_seed")
        ),
        sa.CheckConstraint("month = date_trunc('month', month::timestamp)::date", name=op.f("ck_month_seed_month")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_month_seed_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_month_seed_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "month", name=op.f("pk_month_seed")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "lot_draw",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("drawn", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "actor_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_lot_draw_bureau_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_lot_draw_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "month"],
            ["month_seed.bureau_id", "month_seed.month"],
            name=op.f("fk_lot_draw_bureau_id_month"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "month", name=op.f("pk_lot_draw")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "call_back",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("call_back_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("result IN ('confirmed', 'denied', 'unreached')", name=op.f("ck_call_back_result_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "actor_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_call_back_bureau_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "complaint_id"],
            ["complaint.bureau_id", "complaint.complaint_id"],
            name=op.f("fk_call_back_bureau_id_complaint_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_call_back_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "month"], ["lot_draw.bureau_id", "lot_draw.month"], name=op.f("fk_call_back_bureau_id_month")
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"], ["trip.bureau_id", "trip.use_id"], name=op.f("fk_call_back_bureau_id_use_id")
        ),
        sa.PrimaryKeyConstraint("bureau_id", "call_back_id", name=op.f("pk_call_back")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_call_back_complaint", "call_back", ["bureau_id", "complaint_id"], unique=False)
    op.create_index("ix_call_back_month", "call_back", ["bureau_id", "month"], unique=False)
    op.create_table(
        "photo_request",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("reading_id", sa.Uuid(), nullable=False),
        sa.Column("wanted_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("wanted_until > recorded_at", name=op.f("ck_photo_request_term")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_photo_request_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "reading_id"],
            ["reading.bureau_id", "reading.reading_id"],
            name=op.f("fk_photo_request_bureau_id_reading_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"], ["trip.bureau_id", "trip.use_id"], name=op.f("fk_photo_request_bureau_id_use_id")
        ),
        sa.PrimaryKeyConstraint("bureau_id", "use_id", name=op.f("pk_photo_request")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_photo_request_wanted", "photo_request", ["bureau_id", "wanted_until"], unique=False)
    op.create_table(
        "reading_photo",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("reading_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "actor_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_reading_photo_bureau_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_reading_photo_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "reading_id"],
            ["reading.bureau_id", "reading.reading_id"],
            name=op.f("fk_reading_photo_bureau_id_reading_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "sha256"],
            ["attachment.bureau_id", "attachment.sha256"],
            name=op.f("fk_reading_photo_bureau_id_sha256"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "reading_id", "sha256", name=op.f("pk_reading_photo")),
        info={"append_only": True, "fact": True},
    )
    for table in ("month_seed", "lot_draw", "call_back", "photo_request", "reading_photo"):
        op.close_table(table, append_only=True)
    # A seed is told by nobody before its draw: what reads for reports sees that there is one, not which.
    op.execute("REVOKE SELECT ON month_seed FROM zhuanche_reader")
    op.execute("GRANT SELECT (bureau_id, month, seed_sha256, recorded_at, entry_id) ON month_seed TO zhuanche_reader")
    op.run_sql("lots")
    op.execute("CREATE TRIGGER lots_are_drawn AFTER INSERT ON lot_draw FOR EACH ROW EXECUTE FUNCTION lot_draw_holds()")
    op.execute(
        "CREATE TRIGGER drawn_is_called AFTER INSERT ON call_back FOR EACH ROW EXECUTE FUNCTION call_back_holds()"
    )
