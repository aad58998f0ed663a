"""The vehicle file, upkeep with its places, costs and terms, cards and their statements, the holiday seal.

The functions are SQL in `migrations/upkeep`; what 0003 said of a use's faults is said anew there, with dues.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
upkeep_place upkeep_place_retired vehicle_card vehicle_due vehicle_cost card_statement card_line card_match
holiday_seal vehicle_document vehicle_base
""".split()

DEFERRED_TRIGGERS = (
    ("upkeep_place", "INSERT ON upkeep_order", "upkeep_place_holds"),
    ("vehicle_cost_rule", "INSERT ON vehicle_cost", "vehicle_cost_holds"),
    ("card_statement_sums", "INSERT ON card_statement", "card_statement_holds"),
    ("card_line_counted", "INSERT ON card_line", "card_statement_holds"),
    ("card_match_rule", "INSERT ON card_match", "card_match_holds"),
    ("holiday_seal_rule", "INSERT ON holiday_seal", "holiday_seal_holds"),
)


def upgrade() -> None:
    _order_names_its_place()
    _make_tables()
    for table in TABLES:
        op.close_table(table, append_only=True)
    op.run_sql("upkeep")
    for name, when, function in DEFERRED_TRIGGERS:
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {name} AFTER {when} DEFERRABLE INITIALLY DEFERRED"
            f" FOR EACH ROW EXECUTE FUNCTION {function}()"
        )


def _order_names_its_place() -> None:
    op.add_column("upkeep_order", sa.Column("place_id", sa.Uuid(), nullable=True))
    op.add_column(
        "upkeep_order", sa.Column("place_reason", sa.Text(), nullable=True, server_default="下单时尚未登记定点单位")
    )
    # The default was for the rows that were there.
    op.alter_column("upkeep_order", "place_reason", server_default=None)
    op.create_check_constraint(
        op.f("ck_upkeep_order_place_or_reason"),
        "upkeep_order",
        "place_id IS NOT NULL OR upkeep = 'tow' OR coalesce(btrim(place_reason), '') <> ''",
    )
    op.drop_constraint(op.f("ck_upkeep_order_upkeep_known"), "upkeep_order")
    op.create_check_constraint(
        op.f("ck_upkeep_order_upkeep_known"),
        "upkeep_order",
        "upkeep IN ('fuel', 'wash', 'repair', 'inspection', 'insurance', 'tyres', 'tow')",
    )


def _make_tables() -> None:
    op.create_table(
        "upkeep_place",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "cardinality(kinds) > 0 AND kinds <@ ARRAY['fuel', 'wash', 'repair', 'inspection', 'insurance', 'tyres', 'tow']",
            name=op.f("ck_upkeep_place_kinds"),
        ),
        sa.CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name=op.f("ck_upkeep_place_place")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_upkeep_place_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_upkeep_place_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "place_id", name=op.f("pk_upkeep_place")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "upkeep_place_retired",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("btrim(reason) <> ''", name=op.f("ck_upkeep_place_retired_reason")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_upkeep_place_retired_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "place_id"],
            ["upkeep_place.bureau_id", "upkeep_place.place_id"],
            name=op.f("fk_upkeep_place_retired_bureau_id_place_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "place_id", name=op.f("pk_upkeep_place_retired")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "vehicle_card",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("card_no", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("card_no ~ '^[0-9A-Z]{4,30}$'", name=op.f("ck_vehicle_card_card_no")),
        sa.CheckConstraint("kind IN ('fuel', 'toll')", name=op.f("ck_vehicle_card_kind_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_vehicle_card_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_vehicle_card_bureau_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "card_id", name=op.f("pk_vehicle_card")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_vehicle_card_no", "vehicle_card", ["bureau_id", "card_no"], unique=False)
    op.create_table(
        "vehicle_due",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("due_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("done_m", sa.BigInteger(), nullable=True),
        sa.Column("segment", sa.Integer(), nullable=True),
        sa.Column("every_months", sa.Integer(), nullable=True),
        sa.Column("every_m", sa.BigInteger(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_m", sa.BigInteger(), nullable=True),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('service', 'tyres', 'brakes', 'other')", name=op.f("ck_vehicle_due_kind_known")),
        sa.CheckConstraint(
            "(every_m IS NULL) = (done_m IS NULL) AND (every_m IS NULL) = (segment IS NULL)",
            name=op.f("ck_vehicle_due_by_odometer"),
        ),
        sa.CheckConstraint("due_m IS NOT DISTINCT FROM done_m + every_m", name=op.f("ck_vehicle_due_due_m")),
        sa.CheckConstraint(
            "due_on IS NOT DISTINCT FROM (done_on + make_interval(months => every_months))::date",
            name=op.f("ck_vehicle_due_due_on"),
        ),
        sa.CheckConstraint(
            "coalesce(every_months BETWEEN 1 AND 120, every_m IS NOT NULL)"
            " AND coalesce(every_m BETWEEN 1000 AND 200000000, every_months IS NOT NULL)",
            name=op.f("ck_vehicle_due_again"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_vehicle_due_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_vehicle_due_bureau_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "due_id", name=op.f("pk_vehicle_due")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_vehicle_due_vehicle", "vehicle_due", ["bureau_id", "vehicle_id", "kind"], unique=False)
    op.create_table(
        "vehicle_cost",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("cost_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("fuel_ml", sa.BigInteger(), nullable=True),
        sa.Column("incurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("odometer_m", sa.BigInteger(), nullable=True),
        sa.Column("reading_id", sa.Uuid(), nullable=True),
        sa.Column("receipt_sha256", sa.Text(), nullable=True),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("card_no", sa.Text(), nullable=True),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(corrects IS NULL) = (coalesce(btrim(reason), '') = '')", name=op.f("ck_vehicle_cost_correction_says_why")
        ),
        sa.CheckConstraint(
            "(fuel_ml IS NOT NULL) = (kind = 'fuel' AND amount_fen > 0)", name=op.f("ck_vehicle_cost_litres")
        ),
        sa.CheckConstraint(
            "kind IN ('fuel', 'toll', 'parking', 'repair', 'insurance', 'inspection', 'tyres', 'wash', 'other')",
            name=op.f("ck_vehicle_cost_kind_known"),
        ),
        sa.CheckConstraint("receipt_sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_vehicle_cost_receipt")),
        sa.CheckConstraint(
            "amount_fen > 0 OR corrects IS NOT NULL", name=op.f("ck_vehicle_cost_nothing_is_a_correction")
        ),
        sa.CheckConstraint("amount_fen BETWEEN 0 AND 1000000000", name=op.f("ck_vehicle_cost_amount")),
        sa.CheckConstraint("fuel_ml BETWEEN 1 AND 500000", name=op.f("ck_vehicle_cost_fuel_ml")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "corrects"],
            ["vehicle_cost.bureau_id", "vehicle_cost.cost_id"],
            name=op.f("fk_vehicle_cost_bureau_id_corrects"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_vehicle_cost_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "reading_id"],
            ["reading.bureau_id", "reading.reading_id"],
            name=op.f("fk_vehicle_cost_bureau_id_reading_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"],
            ["vehicle_use.bureau_id", "vehicle_use.use_id"],
            name=op.f("fk_vehicle_cost_bureau_id_use_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_vehicle_cost_bureau_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "cost_id", name=op.f("pk_vehicle_cost")),
        sa.UniqueConstraint("bureau_id", "corrects", name=op.f("uq_vehicle_cost_bureau_id_corrects")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_vehicle_cost_use", "vehicle_cost", ["bureau_id", "use_id"], unique=False)
    op.create_index("ix_vehicle_cost_vehicle", "vehicle_cost", ["bureau_id", "vehicle_id", "incurred_at"], unique=False)
    op.create_table(
        "card_statement",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("file_sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_card_statement_file")),
        sa.CheckConstraint("kind IN ('fuel', 'toll')", name=op.f("ck_card_statement_kind_known")),
        sa.CheckConstraint("line_count > 0", name=op.f("ck_card_statement_lines")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_card_statement_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_card_statement_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "statement_id", name=op.f("pk_card_statement")),
        sa.UniqueConstraint("bureau_id", "file_sha256", name=op.f("uq_card_statement_bureau_id_file_sha256")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "card_line",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("card_no", sa.Text(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("fuel_ml", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount_fen BETWEEN -1000000000 AND 1000000000", name=op.f("ck_card_line_amount")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_card_line_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "statement_id"],
            ["card_statement.bureau_id", "card_statement.statement_id"],
            name=op.f("fk_card_line_bureau_id_statement_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "statement_id", "line_no", name=op.f("pk_card_line")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_card_line_card", "card_line", ["bureau_id", "card_no", "paid_at"], unique=False)
    op.create_table(
        "card_match",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("cost_id", sa.Uuid(), nullable=True),
        sa.Column("by_rule", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(verdict = 'matched') = (cost_id IS NOT NULL)", name=op.f("ck_card_match_matched_to")),
        sa.CheckConstraint("verdict = 'matched' OR btrim(reason) <> ''", name=op.f("ck_card_match_says_why")),
        sa.CheckConstraint("verdict IN ('matched', 'disputed', 'open')", name=op.f("ck_card_match_verdict_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "cost_id"],
            ["vehicle_cost.bureau_id", "vehicle_cost.cost_id"],
            name=op.f("fk_card_match_bureau_id_cost_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_card_match_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "statement_id", "line_no"],
            ["card_line.bureau_id", "card_line.statement_id", "card_line.line_no"],
            name=op.f("fk_card_match_bureau_id_statement_id_line_no"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "match_id", name=op.f("pk_card_match")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_card_match_cost", "card_match", ["bureau_id", "cost_id"], unique=False)
    op.create_index("ix_card_match_line", "card_match", ["bureau_id", "statement_id", "line_no"], unique=False)
    op.create_table(
        "holiday_seal",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("seal_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("reading_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("verb = 'seal' OR btrim(reason) <> ''", name=op.f("ck_holiday_seal_unsealing_says_why")),
        sa.CheckConstraint("verb IN ('seal', 'unseal')", name=op.f("ck_holiday_seal_verb_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_holiday_seal_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "reading_id"],
            ["reading.bureau_id", "reading.reading_id"],
            name=op.f("fk_holiday_seal_bureau_id_reading_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_holiday_seal_bureau_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "seal_id", name=op.f("pk_holiday_seal")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_holiday_seal_vehicle", "holiday_seal", ["bureau_id", "vehicle_id", "at"], unique=False)
    op.create_table(
        "vehicle_document",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('registration', 'driving-permit', 'dedication', 'inspection', 'insurance', 'card', 'repair', 'handover', 'other')",
            name=op.f("ck_vehicle_document_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_vehicle_document_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "sha256"],
            ["attachment.bureau_id", "attachment.sha256"],
            name=op.f("fk_vehicle_document_bureau_id_sha256"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_vehicle_document_bureau_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "document_id", name=op.f("pk_vehicle_document")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_vehicle_document_vehicle_id"), "vehicle_document", ["vehicle_id"], unique=False)
    op.create_table(
        "vehicle_base",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("base_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("effective_at >= recorded_at", name=op.f("ck_vehicle_base_not_backdated")),
        sa.CheckConstraint("btrim(reason) <> '' AND btrim(name) <> ''", name=op.f("ck_vehicle_base_says_why")),
        sa.CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name=op.f("ck_vehicle_base_place")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_vehicle_base_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_vehicle_base_bureau_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "base_id", name=op.f("pk_vehicle_base")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_vehicle_base_vehicle", "vehicle_base", ["bureau_id", "vehicle_id", "effective_at"], unique=False)
