"""Tables: what the classes of api.db.tables describe.

Revision ID: 0001
Revises: nothing, the first
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Asked only where it is missing: on a cluster the statement would run on every node, where the owner may not.
    if not op.get_bind().scalar(sa.text("SELECT 1 FROM pg_extension WHERE extname = 'btree_gist'")):
        op.execute("CREATE EXTENSION btree_gist")
    op.create_table(
        "bureau",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("boundary", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("boundary_source", sa.Text(), nullable=True),
        sa.Column("origin_lat", sa.Float(), nullable=False),
        sa.Column("origin_lon", sa.Float(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("bureau_id ~ '^[0-9]{6}$'", name=op.f("ck_bureau_code")),
        sa.PrimaryKeyConstraint("bureau_id", name=op.f("pk_bureau")),
    )
    op.create_table(
        "bureau_directory",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("bureau_id", name=op.f("pk_bureau_directory")),
        info={"reference": True},
    )
    op.create_table(
        "calendar_notice",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_notice")),
        info={"reference": True},
    )
    op.create_table(
        "position",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("fixed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat_e7", sa.Integer(), nullable=False),
        sa.Column("lon_e7", sa.Integer(), nullable=False),
        sa.Column("source_seq", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("datum", sa.Text(), nullable=False),
        sa.Column("raw_lat", sa.Float(), nullable=False),
        sa.Column("raw_lon", sa.Float(), nullable=False),
        sa.Column("accuracy_m", sa.REAL(), nullable=True),
        sa.Column("altitude_m", sa.REAL(), nullable=True),
        sa.Column("speed_mps", sa.REAL(), nullable=True),
        sa.Column("course_deg", sa.REAL(), nullable=True),
        sa.Column("fixed", sa.Boolean(), nullable=False),
        sa.Column("mock", sa.Boolean(), nullable=False),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("request_no", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "bureau_id", "device_id", "fixed_at", "lat_e7", "lon_e7", "source_seq", name=op.f("pk_position")
        ),
        info={"append_only": True},
        postgresql_partition_by="RANGE (fixed_at)",
    )
    op.create_index("ix_position_received", "position", ["received_at"], unique=False, postgresql_using="brin")
    op.create_table(
        "position_aside",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("aside_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bureau_id", "aside_id", name=op.f("pk_position_aside")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_position_aside_device_id"), "position_aside", ["device_id"], unique=False)
    op.create_table(
        "position_held",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("fixed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat_e7", sa.Integer(), nullable=False),
        sa.Column("lon_e7", sa.Integer(), nullable=False),
        sa.Column("source_seq", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("datum", sa.Text(), nullable=False),
        sa.Column("raw_lat", sa.Float(), nullable=False),
        sa.Column("raw_lon", sa.Float(), nullable=False),
        sa.Column("accuracy_m", sa.REAL(), nullable=True),
        sa.Column("altitude_m", sa.REAL(), nullable=True),
        sa.Column("speed_mps", sa.REAL(), nullable=True),
        sa.Column("course_deg", sa.REAL(), nullable=True),
        sa.Column("fixed", sa.Boolean(), nullable=False),
        sa.Column("mock", sa.Boolean(), nullable=False),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("request_no", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "bureau_id", "device_id", "fixed_at", "lat_e7", "lon_e7", "source_seq", name=op.f("pk_position_held")
        ),
    )
    op.create_index("ix_position_held_received", "position_held", ["bureau_id", "received_at"], unique=False)
    op.create_table(
        "boundary_part",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("part_no", sa.Integer(), nullable=False),
        sa.Column("outline", sa.Text(), nullable=False),
        sa.CheckConstraint("outline::polygon IS NOT NULL", name=op.f("ck_boundary_part_outline")),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_boundary_part_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "part_no", name=op.f("pk_boundary_part")),
    )
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["year"], ["calendar_notice.year"], name=op.f("fk_calendar_day_year")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
        info={"reference": True},
    )
    op.create_table(
        "complaint_counter",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_complaint_counter_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "year", name=op.f("pk_complaint_counter")),
    )
    op.create_table(
        "dispatch_order_counter",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_dispatch_order_counter_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "year", name=op.f("pk_dispatch_order_counter")),
    )
    op.create_table(
        "ledger_payload",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("facts_salt", sa.LargeBinary(), nullable=True),
        sa.Column("person", sa.LargeBinary(), nullable=True),
        sa.Column("person_salt", sa.LargeBinary(), nullable=True),
        sa.Column("place", sa.LargeBinary(), nullable=True),
        sa.Column("place_salt", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_ledger_payload_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "entry_id", name=op.f("pk_ledger_payload")),
        info={"append_only": True},
    )
    op.create_table(
        "remembered_place",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("credit_code", sa.Text(), nullable=True),
        sa.Column("datum", sa.Text(), nullable=False),
        sa.Column("raw_lat", sa.Float(), nullable=False),
        sa.Column("raw_lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_remembered_place_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "place_id", name=op.f("pk_remembered_place")),
    )
    op.create_index(
        "ix_remembered_place_name",
        "remembered_place",
        ["bureau_id", "name"],
        unique=False,
        postgresql_ops={"name": "text_pattern_ops"},
    )
    op.create_table(
        "attachment",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_attachment_sha256")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_attachment_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_attachment_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "sha256", name=op.f("pk_attachment")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "audit_mandate",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("mandate_id", sa.Uuid(), nullable=False),
        sa.Column("home_bureau_id", sa.Text(), nullable=False),
        sa.Column("home_person_id", sa.Uuid(), nullable=False),
        sa.Column("auditor_name", sa.Text(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(ends IS NULL) = (reason IS NULL)", name=op.f("ck_audit_mandate_end_has_reason")),
        sa.CheckConstraint("ends IS NOT NULL OR valid_from >= recorded_at", name=op.f("ck_audit_mandate_not_backwards")),
        sa.CheckConstraint("home_bureau_id <> bureau_id", name=op.f("ck_audit_mandate_outside")),
        sa.CheckConstraint(
            "valid_until > valid_from AND valid_until - valid_from <= interval '366 days'",
            name=op.f("ck_audit_mandate_window"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_audit_mandate_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_audit_mandate_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "mandate_id", name=op.f("pk_audit_mandate")),
        sa.UniqueConstraint("bureau_id", "ends", name=op.f("uq_audit_mandate_bureau_id_ends")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "ledger_outbox",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_ledger_outbox_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "entry_id", name=op.f("pk_ledger_outbox")),
        info={"append_only": True},
    )
    op.create_table(
        "unit",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('desk', 'station', 'department')", name=op.f("ck_unit_kind_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_unit_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_unit_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "unit_id", name=op.f("pk_unit")),
        info={"fact": True},
    )
    op.create_table(
        "vehicle",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("plate", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("vin", sa.Text(), nullable=True),
        sa.Column("base_name", sa.Text(), nullable=False),
        sa.Column("base_lat", sa.Float(), nullable=False),
        sa.Column("base_lon", sa.Float(), nullable=False),
        sa.Column("resolution_m", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_vehicle_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_vehicle_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "vehicle_id", name=op.f("pk_vehicle")),
        sa.UniqueConstraint("bureau_id", "plate", name=op.f("uq_vehicle_bureau_id_plate")),
        info={"fact": True},
    )
    op.create_table(
        "dedication_order",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('dedicate', 'release')", name=op.f("ck_dedication_order_kind_known")),
        sa.CheckConstraint("length(document_no) > 0", name=op.f("ck_dedication_order_document")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_dedication_order_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "unit_id"],
            ["unit.bureau_id", "unit.unit_id"],
            name=op.f("fk_dedication_order_bureau_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_dedication_order_bureau_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "order_id", name=op.f("pk_dedication_order")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_dedication_order_vehicle_id"), "dedication_order", ["vehicle_id"], unique=False)
    op.create_table(
        "mandate_access",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("access_id", sa.Uuid(), nullable=False),
        sa.Column("mandate_id", sa.Uuid(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_mandate_access_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "mandate_id"],
            ["audit_mandate.bureau_id", "audit_mandate.mandate_id"],
            name=op.f("fk_mandate_access_bureau_id_mandate_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "access_id", name=op.f("pk_mandate_access")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_mandate_access_mandate_id"), "mandate_access", ["mandate_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("failed_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "unit_id"], ["unit.bureau_id", "unit.unit_id"], name=op.f("fk_person_bureau_id_unit_id")
        ),
        sa.PrimaryKeyConstraint("bureau_id", "person_id", name=op.f("pk_person")),
        sa.UniqueConstraint("bureau_id", "login", name=op.f("uq_person_bureau_id_login")),
        info={"acts": "person_act"},
    )
    op.create_table(
        "vehicle_paper",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('inspection', 'insurance')", name=op.f("ck_vehicle_paper_kind_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_vehicle_paper_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_vehicle_paper_bureau_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "paper_id", name=op.f("pk_vehicle_paper")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_vehicle_paper_vehicle_id"), "vehicle_paper", ["vehicle_id"], unique=False)
    op.create_table(
        "vehicle_use",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("planned_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("grace_s", sa.Integer(), nullable=False),
        sa.Column("actual_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actual_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("bureau_id"), "="),
            (sa.column("vehicle_id"), "="),
            (sa.text("tstzrange(actual_from, actual_until)"), "&&"),
            where=sa.text("actual_from IS NOT NULL"),
            using="gist",
            name="ex_vehicle_use_actual",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("bureau_id"), "="),
            (sa.column("vehicle_id"), "="),
            (sa.text("tstzrange(planned_from, planned_until)"), "&&"),
            where=sa.text("state IN ('approved', 'departed')"),
            using="gist",
            name="ex_vehicle_use_planned",
        ),
        sa.CheckConstraint(
            "(actual_from IS NOT NULL) = (state IN ('departed', 'returned', 'closed')) AND (actual_until IS NOT NULL) = (state IN ('returned', 'closed'))",
            name=op.f("ck_vehicle_use_actual_times_fit_state"),
        ),
        sa.CheckConstraint(
            "kind <> 'trip' OR actual_from IS NULL OR actual_from BETWEEN planned_from - make_interval(secs => grace_s) AND planned_until + make_interval(secs => grace_s)",
            name=op.f("ck_vehicle_use_departed_in_window"),
        ),
        sa.CheckConstraint("kind IN ('trip', 'upkeep')", name=op.f("ck_vehicle_use_kind_known")),
        sa.CheckConstraint(
            "state IN ('requested', 'refused', 'approved', 'departed', 'returned', 'closed', 'cancelled', 'expired')",
            name=op.f("ck_vehicle_use_state_known"),
        ),
        sa.CheckConstraint("actual_until >= actual_from", name=op.f("ck_vehicle_use_actual_window")),
        sa.CheckConstraint("grace_s BETWEEN 0 AND 7200", name=op.f("ck_vehicle_use_grace")),
        sa.CheckConstraint("planned_until > planned_from", name=op.f("ck_vehicle_use_planned_window")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_vehicle_use_bureau_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "use_id", name=op.f("pk_vehicle_use")),
        sa.UniqueConstraint("bureau_id", "use_id", "kind", name=op.f("uq_vehicle_use_bureau_id_use_id_kind")),
    )
    op.create_index(
        "ix_vehicle_use_vehicle_planned", "vehicle_use", ["bureau_id", "vehicle_id", "planned_from"], unique=False
    )
    op.create_table(
        "accident_report",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("injured", sa.Boolean(), nullable=False),
        sa.Column("third_party", sa.Boolean(), nullable=False),
        sa.Column("police_no", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('breakdown', 'accident')", name=op.f("ck_accident_report_kind_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_accident_report_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"],
            ["vehicle_use.bureau_id", "vehicle_use.use_id"],
            name=op.f("fk_accident_report_bureau_id_use_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "report_id", name=op.f("pk_accident_report")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_accident_report_use_id"), "accident_report", ["use_id"], unique=False)
    op.create_table(
        "complaint",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_number", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_via", sa.Text(), nullable=False),
        sa.Column("registered_by", sa.Uuid(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("suspension", sa.Text(), nullable=True),
        sa.Column("suspended_on", sa.Date(), nullable=True),
        sa.Column("suspended_days", sa.Integer(), nullable=False),
        sa.Column("particulars_rev", sa.Integer(), nullable=False),
        sa.Column("accept_nominal_on", sa.Date(), nullable=False),
        sa.Column("accept_due_on", sa.Date(), nullable=False),
        sa.Column("accept_provisional", sa.Boolean(), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("mediate_nominal_on", sa.Date(), nullable=True),
        sa.Column("mediate_due_on", sa.Date(), nullable=True),
        sa.Column("mediate_provisional", sa.Boolean(), nullable=True),
        sa.Column("complainant_consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("respondent_consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "source IN ('counter', 'telephone', 'letter', 'platform-12315', 'hotline-12345', 'on-the-spot', 'other')",
            name=op.f("ck_complaint_source_known"),
        ),
        sa.CheckConstraint(
            "state IN ('received', 'accepted', 'refused', 'mediating', 'suspended', 'mediated', 'settled', 'withdrawn', 'terminated', 'closed', 'returned', 'merged')",
            name=op.f("ck_complaint_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "merged_into"],
            ["complaint.bureau_id", "complaint.complaint_id"],
            name=op.f("fk_complaint_bureau_id_merged_into"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "registered_by"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_complaint_bureau_id_registered_by"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "unit_id"], ["unit.bureau_id", "unit.unit_id"], name=op.f("fk_complaint_bureau_id_unit_id")
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_complaint_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "complaint_id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("bureau_id", "number", name=op.f("uq_complaint_bureau_id_number")),
        sa.UniqueConstraint(
            "bureau_id", "source", "source_number", name=op.f("uq_complaint_bureau_id_source_source_number")
        ),
        info={"acts": "complaint_act"},
    )
    op.create_index("ix_complaint_state", "complaint", ["bureau_id", "state", "received_at"], unique=False)
    op.create_table(
        "decision",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("complaint_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("marks", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("outcome IN ('permit', 'refusal', 'done')", name=op.f("ck_decision_outcome_known")),
        sa.CheckConstraint(
            "source IN ('online', 'offline', 'spoken', 'paper', 'system')", name=op.f("ck_decision_source_known")
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_decision_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"],
            ["vehicle_use.bureau_id", "vehicle_use.use_id"],
            name=op.f("fk_decision_bureau_id_use_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "decision_id", name=op.f("pk_decision")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_decision_use", "decision", ["bureau_id", "use_id", "recorded_at"], unique=False)
    op.create_table(
        "delegation",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("delegation_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("from_person_id", sa.Uuid(), nullable=False),
        sa.Column("to_person_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ends", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("from_person_id <> to_person_id", name=op.f("ck_delegation_not_self")),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_delegation_window")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_delegation_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "from_person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_delegation_bureau_id_from_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "to_person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_delegation_bureau_id_to_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "unit_id"], ["unit.bureau_id", "unit.unit_id"], name=op.f("fk_delegation_bureau_id_unit_id")
        ),
        sa.PrimaryKeyConstraint("bureau_id", "delegation_id", name=op.f("pk_delegation")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_delegation_to_person_id"), "delegation", ["to_person_id"], unique=False)
    op.create_table(
        "device",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("vehicle_id", sa.Uuid(), nullable=True),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(person_id IS NULL) <> (vehicle_id IS NULL)", name=op.f("ck_device_one_owner")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_device_bureau_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_device_bureau_id_vehicle_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_device_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "device_id", name=op.f("pk_device")),
        sa.UniqueConstraint("bureau_id", "token_sha256", name=op.f("uq_device_bureau_id_token_sha256")),
        info={"acts": "device_act"},
    )
    op.create_table(
        "driving_licence",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("licence_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("vehicle_class", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("ck_driving_licence_window")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_driving_licence_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_driving_licence_bureau_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "licence_id", name=op.f("pk_driving_licence")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_driving_licence_person_id"), "driving_licence", ["person_id"], unique=False)
    op.create_table(
        "duty_shift",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdraws", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("end_at > start_at", name=op.f("ck_duty_shift_window")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_duty_shift_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_duty_shift_bureau_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "shift_id", name=op.f("pk_duty_shift")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_duty_shift_person_id"), "duty_shift", ["person_id"], unique=False)
    op.create_table(
        "examination",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("examination_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("examiner", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_examination_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_examination_bureau_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "examination_id", name=op.f("pk_examination")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_examination_person_id"), "examination", ["person_id"], unique=False)
    op.create_table(
        "field_conflict",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("conflict_id", sa.Uuid(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "verb IN ('depart', 'return', 'arrive', 'leave', 'break-down')", name=op.f("ck_field_conflict_verb_known")
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_field_conflict_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"],
            ["vehicle_use.bureau_id", "vehicle_use.use_id"],
            name=op.f("fk_field_conflict_bureau_id_use_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "conflict_id", name=op.f("pk_field_conflict")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_field_conflict_use_id"), "field_conflict", ["use_id"], unique=False)
    op.create_table(
        "finding",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("term_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("colour IN ('yellow', 'red')", name=op.f("ck_finding_colour_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_finding_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"],
            ["vehicle_use.bureau_id", "vehicle_use.use_id"],
            name=op.f("fk_finding_bureau_id_use_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_finding_bureau_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "finding_id", name=op.f("pk_finding")),
        sa.UniqueConstraint("bureau_id", "kind", "subject_id", name=op.f("uq_finding_bureau_id_kind_subject_id")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_finding_vehicle_id"), "finding", ["vehicle_id"], unique=False)
    op.create_table(
        "idempotency_key",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_idempotency_key_bureau_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "person_id", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "person_act",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "verb IN ('enter', 'move-unit', 'change-password', 'reset-password', 'lock', 'deactivate', 'reactivate',"
            " 'revoke-sessions')",
            name=op.f("ck_person_act_verb_known"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_person_act_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_person_act_bureau_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "act_id", name=op.f("pk_person_act")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_person_act_person_id"), "person_act", ["person_id"], unique=False)
    op.create_table(
        "reading",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("reading_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("odometer_m", sa.BigInteger(), nullable=False),
        sa.Column("resolution_m", sa.Integer(), nullable=False),
        sa.Column("obtained", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("photo_sha256", sa.Text(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=True),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(corrects IS NULL) = (occasion <> 'correction')", name=op.f("ck_reading_correction_says_why")
        ),
        sa.CheckConstraint(
            "obtained IN ('typed', 'photo', 'terminal', 'paper', 'third-party')", name=op.f("ck_reading_obtained_known")
        ),
        sa.CheckConstraint(
            "occasion IN ('handover', 'departure', 'return', 'spot', 'workshop', 'fuel', 'breakdown', 'correction', 'new-odometer')",
            name=op.f("ck_reading_occasion_known"),
        ),
        sa.CheckConstraint(
            "odometer_m BETWEEN 0 AND 9999999000 AND resolution_m BETWEEN 1 AND 10000",
            name=op.f("ck_reading_values"),
        ),
        sa.CheckConstraint(
            "occasion NOT IN ('correction', 'new-odometer') OR coalesce(btrim(reason), '') <> ''",
            name=op.f("ck_reading_reason"),
        ),
        sa.CheckConstraint(
            "segment >= 0 AND (segment > 0 OR occasion <> 'new-odometer')",
            name=op.f("ck_reading_new_odometer_is_next"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "corrects"],
            ["reading.bureau_id", "reading.reading_id"],
            name=op.f("fk_reading_bureau_id_corrects"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_reading_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"],
            ["vehicle_use.bureau_id", "vehicle_use.use_id"],
            name=op.f("fk_reading_bureau_id_use_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_reading_bureau_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "reading_id", name=op.f("pk_reading")),
        sa.UniqueConstraint("bureau_id", "corrects", name=op.f("uq_reading_bureau_id_corrects")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_reading_vehicle_read_at", "reading", ["bureau_id", "vehicle_id", "read_at"], unique=False)
    op.create_index(
        "ix_reading_vehicle_odometer", "reading", ["bureau_id", "vehicle_id", "segment", "odometer_m"], unique=False
    )
    op.create_index(
        "uq_reading_new_odometer",
        "reading",
        ["bureau_id", "vehicle_id", "segment"],
        unique=True,
        postgresql_where=sa.text("occasion = 'new-odometer'"),
    )
    op.create_table(
        "refusal",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("refusal_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=True),
        sa.Column("vehicle_id", sa.Uuid(), nullable=True),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('request', 'approval', 'departure', 'under-way', 'crew', 'close', 'borrow')",
            name=op.f("ck_refusal_stage_known"),
        ),
        sa.CheckConstraint("cardinality(reasons) > 0", name=op.f("ck_refusal_has_reasons")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_refusal_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "requester_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_refusal_bureau_id_requester_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"],
            ["vehicle_use.bureau_id", "vehicle_use.use_id"],
            name=op.f("fk_refusal_bureau_id_use_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "vehicle_id"],
            ["vehicle.bureau_id", "vehicle.vehicle_id"],
            name=op.f("fk_refusal_bureau_id_vehicle_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_refusal_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "refusal_id", name=op.f("pk_refusal")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_refusal_recorded", "refusal", ["bureau_id", "recorded_at"], unique=False)
    op.create_table(
        "role_grant",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "role IN ('officer', 'driver', 'dispatcher', 'custodian', 'desk_chief', 'auditor', 'admin')",
            name=op.f("ck_role_grant_role_known"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_role_grant_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_role_grant_bureau_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "grant_id", name=op.f("pk_role_grant")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_role_grant_person_id"), "role_grant", ["person_id"], unique=False)
    op.create_table(
        "safety_check",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("tyres", sa.Boolean(), nullable=False),
        sa.Column("lights", sa.Boolean(), nullable=False),
        sa.Column("fuel", sa.Boolean(), nullable=False),
        sa.Column("papers", sa.Boolean(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_safety_check_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"],
            ["vehicle_use.bureau_id", "vehicle_use.use_id"],
            name=op.f("fk_safety_check_bureau_id_use_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "check_id", name=op.f("pk_safety_check")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_safety_check_use_id"), "safety_check", ["use_id"], unique=False)
    op.create_table(
        "setting_change",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("old_value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("new_value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "actor_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_setting_change_bureau_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_setting_change_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_setting_change_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "change_id", name=op.f("pk_setting_change")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_setting_change_name"), "setting_change", ["name"], unique=False)
    op.create_table(
        "sign_in_session",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_sign_in_session_bureau_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "token_sha256", name=op.f("pk_sign_in_session")),
        sa.UniqueConstraint("bureau_id", "session_id", name=op.f("uq_sign_in_session_bureau_id_session_id")),
    )
    op.create_index(op.f("ix_sign_in_session_person_id"), "sign_in_session", ["person_id"], unique=False)
    op.create_table(
        "site_decision",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("site_decision_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("radius_m", sa.Integer(), nullable=False),
        sa.Column("inside", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_site_decision_reason")),
        sa.CheckConstraint("radius_m BETWEEN 1 AND 500", name=op.f("ck_site_decision_radius")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "actor_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_site_decision_bureau_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_site_decision_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_site_decision_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "site_decision_id", name=op.f("pk_site_decision")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "trip",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("requester_unit_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("purpose_note", sa.Text(), nullable=False),
        sa.Column("crew_rev", sa.Integer(), nullable=False),
        sa.Column("approver_id", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("spoken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("spoken_entered_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind = 'trip'", name=op.f("ck_trip_kind")),
        sa.CheckConstraint("purpose IN ('mediation', 'other')", name=op.f("ck_trip_purpose_known")),
        sa.CheckConstraint("(approver_id IS NULL) = (approved_at IS NULL)", name=op.f("ck_trip_approved_by_someone")),
        sa.CheckConstraint("approver_id <> requester_id", name=op.f("ck_trip_no_self_approval")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "approver_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_trip_bureau_id_approver_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "requester_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_trip_bureau_id_requester_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "requester_unit_id"],
            ["unit.bureau_id", "unit.unit_id"],
            name=op.f("fk_trip_bureau_id_requester_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id", "kind"],
            ["vehicle_use.bureau_id", "vehicle_use.use_id", "vehicle_use.kind"],
            name=op.f("fk_trip_bureau_id_use_id_kind"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "use_id", name=op.f("pk_trip")),
    )
    op.create_table(
        "upkeep_order",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("driver_id", sa.Uuid(), nullable=True),
        sa.Column("upkeep", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("after_use_id", sa.Uuid(), nullable=True),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("cost_fen", sa.BigInteger(), nullable=True),
        sa.Column("fuel_ml", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind = 'upkeep'", name=op.f("ck_upkeep_order_kind")),
        sa.CheckConstraint("driver_id <> requester_id", name=op.f("ck_upkeep_order_no_order_to_oneself")),
        sa.CheckConstraint("(driver_id IS NULL) = (upkeep = 'tow')", name=op.f("ck_upkeep_order_driven_or_towed")),
        sa.CheckConstraint("cost_fen >= 0 AND fuel_ml >= 0", name=op.f("ck_upkeep_order_amounts")),
        sa.CheckConstraint(
            "upkeep IN ('fuel', 'wash', 'repair', 'inspection', 'tow')", name=op.f("ck_upkeep_order_upkeep_known")
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "after_use_id"],
            ["vehicle_use.bureau_id", "vehicle_use.use_id"],
            name=op.f("fk_upkeep_order_bureau_id_after_use_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "driver_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_upkeep_order_bureau_id_driver_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "requester_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_upkeep_order_bureau_id_requester_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id", "kind"],
            ["vehicle_use.bureau_id", "vehicle_use.use_id", "vehicle_use.kind"],
            name=op.f("fk_upkeep_order_bureau_id_use_id_kind"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "use_id", name=op.f("pk_upkeep_order")),
    )
    op.create_table(
        "complaint_act",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "to_state IN ('received', 'accepted', 'refused', 'mediating', 'suspended', 'mediated', 'settled', 'withdrawn', 'terminated', 'closed', 'returned', 'merged')",
            name=op.f("ck_complaint_act_to_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "complaint_id"],
            ["complaint.bureau_id", "complaint.complaint_id"],
            name=op.f("fk_complaint_act_bureau_id_complaint_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_complaint_act_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "act_id", name=op.f("pk_complaint_act")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(
        "ix_complaint_act_complaint", "complaint_act", ["bureau_id", "complaint_id", "recorded_at"], unique=False
    )
    op.create_table(
        "complaint_particulars",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("complainant_name", sa.Text(), nullable=False),
        sa.Column("complainant_telephone", sa.Text(), nullable=False),
        sa.Column("complainant_address", sa.Text(), nullable=False),
        sa.Column("respondent_name", sa.Text(), nullable=False),
        sa.Column("respondent_credit_code", sa.Text(), nullable=True),
        sa.Column("respondent_address", sa.Text(), nullable=False),
        sa.Column("respondent_telephone", sa.Text(), nullable=True),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "complaint_id"],
            ["complaint.bureau_id", "complaint.complaint_id"],
            name=op.f("fk_complaint_particulars_bureau_id_complaint_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_complaint_particulars_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "complaint_id", "rev", name=op.f("pk_complaint_particulars")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "device_act",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("verb IN ('enrol', 'rotate', 'revoke')", name=op.f("ck_device_act_verb_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "device_id"],
            ["device.bureau_id", "device.device_id"],
            name=op.f("fk_device_act_bureau_id_device_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_device_act_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "act_id", name=op.f("pk_device_act")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_device_act_device_id"), "device_act", ["device_id"], unique=False)
    op.create_table(
        "dispatch_order",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("verification_code", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_dispatch_order_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"], ["trip.bureau_id", "trip.use_id"], name=op.f("fk_dispatch_order_bureau_id_use_id")
        ),
        sa.PrimaryKeyConstraint("bureau_id", "year", "number", name=op.f("pk_dispatch_order")),
        sa.UniqueConstraint("bureau_id", "use_id", name=op.f("uq_dispatch_order_bureau_id_use_id")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "finding_act",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("verb IN ('explain', 'accept', 'reject')", name=op.f("ck_finding_act_verb_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_finding_act_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "finding_id"],
            ["finding.bureau_id", "finding.finding_id"],
            name=op.f("fk_finding_act_bureau_id_finding_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "act_id", name=op.f("pk_finding_act")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(op.f("ix_finding_act_finding_id"), "finding_act", ["finding_id"], unique=False)
    op.create_table(
        "job",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on_site", sa.Boolean(), nullable=False),
        sa.Column("site_name", sa.Text(), nullable=False),
        sa.Column("site_address", sa.Text(), nullable=False),
        sa.Column("datum", sa.Text(), nullable=False),
        sa.Column("raw_lat", sa.Float(), nullable=False),
        sa.Column("raw_lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("window_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_nominal_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_provisional", sa.Boolean(), nullable=False),
        sa.Column("expected_minutes", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.Column("continues_job_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("datum IN ('WGS-84', 'GCJ-02', 'BD-09', 'CGCS2000')", name=op.f("ck_job_datum_known")),
        sa.CheckConstraint(
            "kind IN ('mediation', 'look-at-goods', 'fetch-sample', 'serve-papers', 'report-check', 'inspection', 'errand')",
            name=op.f("ck_job_kind_known"),
        ),
        sa.CheckConstraint("state IN ('open', 'done', 'cancelled')", name=op.f("ck_job_state_known")),
        sa.CheckConstraint("expected_minutes BETWEEN 1 AND 1440", name=op.f("ck_job_minutes")),
        sa.CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name=op.f("ck_job_place")),
        sa.CheckConstraint("window_until > window_from", name=op.f("ck_job_window")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "complaint_id"],
            ["complaint.bureau_id", "complaint.complaint_id"],
            name=op.f("fk_job_bureau_id_complaint_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "continues_job_id"],
            ["job.bureau_id", "job.job_id"],
            name=op.f("fk_job_bureau_id_continues_job_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_job_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "job_id", name=op.f("pk_job")),
        sa.UniqueConstraint(
            "bureau_id",
            "job_id",
            "complaint_id",
            "kind",
            "on_site",
            name=op.f("uq_job_bureau_id_job_id_complaint_id_kind_on_site"),
        ),
        info={"fact": True},
    )
    op.create_index(op.f("ix_job_complaint_id"), "job", ["complaint_id"], unique=False)
    op.create_index(op.f("ix_job_continues_job_id"), "job", ["continues_job_id"], unique=False)
    op.create_index("ix_job_due", "job", ["bureau_id", "state", "due_on"], unique=False)
    op.create_table(
        "job_act",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("old_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("old_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("verb IN ('cancel', 'finish', 'new-window')", name=op.f("ck_job_act_verb_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_job_act_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "job_id"], ["job.bureau_id", "job.job_id"], name=op.f("fk_job_act_bureau_id_job_id")
        ),
        sa.PrimaryKeyConstraint("bureau_id", "act_id", name=op.f("pk_job_act")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_job_act_job", "job_act", ["bureau_id", "job_id", "recorded_at"], unique=False)
    op.create_table(
        "position_digest",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("received_hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fix_count", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "device_id"],
            ["device.bureau_id", "device.device_id"],
            name=op.f("fk_position_digest_bureau_id_device_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_position_digest_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "device_id", "received_hour", name=op.f("pk_position_digest")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "trip_crew",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("seat", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("seat IN ('driver', 'officer')", name=op.f("ck_trip_crew_seat_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "decision_id"],
            ["decision.bureau_id", "decision.decision_id"],
            name=op.f("fk_trip_crew_bureau_id_decision_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_trip_crew_bureau_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"], ["trip.bureau_id", "trip.use_id"], name=op.f("fk_trip_crew_bureau_id_use_id")
        ),
        sa.PrimaryKeyConstraint("bureau_id", "use_id", "rev", "person_id", name=op.f("pk_trip_crew")),
        info={"append_only": True},
    )
    op.create_index(
        "uq_trip_crew_one_driver",
        "trip_crew",
        ["bureau_id", "use_id", "rev"],
        unique=True,
        postgresql_where=sa.text("seat = 'driver'"),
    )
    op.create_table(
        "trip_passenger",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("passenger_no", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "standing IN ('consumer', 'respondent', 'expert', 'witness', 'other')",
            name=op.f("ck_trip_passenger_standing_known"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "decision_id"],
            ["decision.bureau_id", "decision.decision_id"],
            name=op.f("fk_trip_passenger_bureau_id_decision_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"], ["trip.bureau_id", "trip.use_id"], name=op.f("fk_trip_passenger_bureau_id_use_id")
        ),
        sa.PrimaryKeyConstraint("bureau_id", "use_id", "rev", "passenger_no", name=op.f("pk_trip_passenger")),
        info={"append_only": True},
    )
    op.create_table(
        "trip_job",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("job_kind", sa.Text(), nullable=False),
        sa.Column("on_site", sa.Boolean(), nullable=False),
        sa.Column("under_way", sa.Boolean(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("dropped_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "job_kind IN ('mediation', 'look-at-goods', 'fetch-sample', 'serve-papers', 'report-check', 'inspection', 'errand')",
            name=op.f("ck_trip_job_job_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "decision_id"],
            ["decision.bureau_id", "decision.decision_id"],
            name=op.f("fk_trip_job_bureau_id_decision_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "dropped_by"],
            ["decision.bureau_id", "decision.decision_id"],
            name=op.f("fk_trip_job_bureau_id_dropped_by"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "job_id", "complaint_id", "job_kind", "on_site"],
            ["job.bureau_id", "job.job_id", "job.complaint_id", "job.kind", "job.on_site"],
            name=op.f("fk_trip_job_bureau_id_job_id_complaint_id_job_kind_on_site"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"], ["trip.bureau_id", "trip.use_id"], name=op.f("fk_trip_job_bureau_id_use_id")
        ),
        sa.PrimaryKeyConstraint("bureau_id", "use_id", "job_id", name=op.f("pk_trip_job")),
    )
    op.create_index("ix_trip_job_job", "trip_job", ["bureau_id", "job_id"], unique=False)
    op.create_table(
        "visit_note",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=True),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("datum", sa.Text(), nullable=True),
        sa.Column("raw_lat", sa.Float(), nullable=True),
        sa.Column("raw_lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("device_seq", sa.BigInteger(), nullable=True),
        sa.Column("device_prev", sa.Text(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("corroborated", sa.Boolean(), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("checks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "datum IN ('WGS-84', 'GCJ-02', 'BD-09', 'CGCS2000')", name=op.f("ck_visit_note_datum_known")
        ),
        sa.CheckConstraint(
            "result IN ('done', 'complainant-absent', 'respondent-absent', 'place-not-found', 'postponed-by-agreement', 'recusal-requested', 'cancelled-before-arrival')",
            name=op.f("ck_visit_note_result_known"),
        ),
        sa.CheckConstraint(
            "(lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (datum IS NULL)", name=op.f("ck_visit_note_place")
        ),
        sa.CheckConstraint("source IN ('phone', 'paper', 'odk')", name=op.f("ck_visit_note_source_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "corrects"],
            ["visit_note.bureau_id", "visit_note.note_id"],
            name=op.f("fk_visit_note_bureau_id_corrects"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_visit_note_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "job_id"], ["job.bureau_id", "job.job_id"], name=op.f("fk_visit_note_bureau_id_job_id")
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "officer_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_visit_note_bureau_id_officer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"], ["trip.bureau_id", "trip.use_id"], name=op.f("fk_visit_note_bureau_id_use_id")
        ),
        sa.PrimaryKeyConstraint("bureau_id", "note_id", name=op.f("pk_visit_note")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_visit_note_job", "visit_note", ["bureau_id", "job_id"], unique=False)
    op.create_index("ix_visit_note_recorded", "visit_note", ["bureau_id", "recorded_at", "note_id"], unique=False)
    op.create_table(
        "note_attachment",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "note_id"],
            ["visit_note.bureau_id", "visit_note.note_id"],
            name=op.f("fk_note_attachment_bureau_id_note_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "note_id", "no", name=op.f("pk_note_attachment")),
        info={"append_only": True},
    )
    op.create_index("ix_note_attachment_sha256", "note_attachment", ["bureau_id", "sha256"], unique=False)
    op.create_table(
        "trip_stop",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("stop_id", sa.Uuid(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("what IN ('arrive', 'leave')", name=op.f("ck_trip_stop_what_known")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_trip_stop_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id", "job_id"],
            ["trip_job.bureau_id", "trip_job.use_id", "trip_job.job_id"],
            name=op.f("fk_trip_stop_bureau_id_use_id_job_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "stop_id", name=op.f("pk_trip_stop")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_trip_stop_use", "trip_stop", ["bureau_id", "use_id", "stated_at"], unique=False)
    op.create_table(
        "visit_note_conflict",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("conflict_id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_visit_note_conflict_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "note_id"],
            ["visit_note.bureau_id", "visit_note.note_id"],
            name=op.f("fk_visit_note_conflict_bureau_id_note_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "conflict_id", name=op.f("pk_visit_note_conflict")),
        sa.UniqueConstraint(
            "bureau_id", "note_id", "body_sha256", name=op.f("uq_visit_note_conflict_bureau_id_note_id_body_sha256")
        ),
        info={"append_only": True, "fact": True},
    )
