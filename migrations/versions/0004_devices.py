"""Phones, terminals and forms: what a device tells beside fixes, what it is told, and submissions of forms.

The functions are SQL in `migrations/terminals`; what 0003 said of devices and of fixes kept aside is said anew there.

Revision ID: 0004
Revises: 0003
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BUREAU_IS_SET = "bureau_id = current_setting('zhuanche.bureau_id', true)"

TABLES = """
device_event terminal_reading device_day device_command tracking_acknowledgement form_submission form_media
""".split()

APPEND_ONLY = "device_event terminal_reading tracking_acknowledgement form_media".split()

SERVICE_INSERTS = "device_event device_command tracking_acknowledgement form_submission form_media".split()

SERVICE_UPDATES = {
    "device": "name token_sha256 revoked_at act_id zone strictness terminal_phone terminal_id code_sha256 code_used_at ha1",
    "device_command": "state serial sent_at answered_at result",
    "form_submission": "note_id reason",
}

SERVICE_DELETES = ("device_day", "position_aside")

INGEST = {
    "device": "SELECT (bureau_id, device_id, terminal_phone, revoked_at)",
    "device_event": "INSERT",
    "terminal_reading": "INSERT",
    "device_day": "SELECT, INSERT, UPDATE (stored, repeated, held, aside, events, last_seen_at, last_fixed_at,"
    " delay_least_s, delay_most_s, delay_sum_s, battery_percent, protocol, app)",
}

ROW_TRIGGERS = (
    (
        "device_acted",
        "BEFORE UPDATE OF token_sha256, revoked_at, name, zone, strictness, terminal_phone, terminal_id, code_sha256, ha1"
        " ON device",
        "acted_holds",
    ),
    ("device_code_used", "BEFORE UPDATE OF code_used_at ON device", "code_used_holds"),
    ("command_step", "BEFORE UPDATE ON device_command", "command_step_holds"),
    ("submission_step", "BEFORE UPDATE ON form_submission", "submission_step_holds"),
    ("refuse_change", "BEFORE UPDATE OR DELETE ON position_aside", "aside_stays"),
)

DEFERRED_TRIGGERS = (
    (
        "device_acted_by",
        "INSERT OR UPDATE OF token_sha256, revoked_at, name, act_id, zone, strictness, terminal_phone, terminal_id,"
        " code_sha256, ha1 ON device",
        "device_acted_holds",
    ),
)


def upgrade() -> None:
    _columns_of_device()
    _make_tables()
    op.execute("DROP TRIGGER device_acted ON device")
    op.execute("DROP TRIGGER device_acted_by ON device")
    op.execute("DROP TRIGGER refuse_change ON position_aside")
    connection = op.get_bind()
    for path in sorted((Path(__file__).parents[1] / "terminals").glob("*.sql")):
        connection.exec_driver_sql(path.read_text("utf-8"), execution_options={"no_parameters": True})
    # A caller's search_path, or a temporary table of the same name, must not stand between a rule and its tables.
    op.execute(
        "DO $$ DECLARE one regprocedure; BEGIN"
        " FOR one IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'"
        " AND proowner = current_user::regrole AND proconfig IS NULL"
        " LOOP EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', one); END LOOP; END $$"
    )
    _close_tables()
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for name, when, function in ROW_TRIGGERS:
        op.execute(f"CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION {function}()")
    for name, when, function in DEFERRED_TRIGGERS:
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {name} AFTER {when} DEFERRABLE INITIALLY DEFERRED"
            f" FOR EACH ROW EXECUTE FUNCTION {function}()"
        )


def _close_tables() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY one_bureau ON {table} USING ({BUREAU_IS_SET}) WITH CHECK ({BUREAU_IS_SET})")
        op.execute(f"CREATE POLICY backup ON {table} FOR SELECT TO zhuanche_backup USING (true)")
        op.execute(f"GRANT SELECT ON {table} TO zhuanche_backup, zhuanche_service, zhuanche_reader")
    for table in SERVICE_INSERTS:
        op.execute(f"GRANT INSERT ON {table} TO zhuanche_service")
    for table, columns in SERVICE_UPDATES.items():
        op.execute(f"GRANT UPDATE ({', '.join(columns.split())}) ON {table} TO zhuanche_service")
    for table in SERVICE_DELETES:
        op.execute(f"GRANT DELETE ON {table} TO zhuanche_service")
    for table, granted in INGEST.items():
        op.execute(f"GRANT {granted} ON {table} TO zhuanche_ingest")
    for table in ("device_event", "terminal_reading", "device_day"):
        op.execute(f"CREATE POLICY ingest_writes ON {table} FOR INSERT TO zhuanche_ingest WITH CHECK (true)")
    op.execute("CREATE POLICY ingest_counts ON device_day FOR SELECT TO zhuanche_ingest USING (true)")
    op.execute("CREATE POLICY ingest_adds ON device_day FOR UPDATE TO zhuanche_ingest USING (true) WITH CHECK (true)")
    op.execute("CREATE POLICY ingest_finds ON device FOR SELECT TO zhuanche_ingest USING (true)")


def _columns_of_device() -> None:
    for column in (
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("strictness", sa.Text(), nullable=False, server_default="strict"),
        sa.Column("terminal_phone", sa.Text(), nullable=True),
        sa.Column("terminal_id", sa.Text(), nullable=True),
        sa.Column("code_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("code_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ha1", sa.Text(), nullable=True),
    ):
        op.add_column("device", column)
    # The default was for the rows that were there.
    op.alter_column("device", "strictness", server_default=None)
    op.create_check_constraint(
        op.f("ck_device_terminal"), "device", "vehicle_id IS NOT NULL OR coalesce(terminal_phone, terminal_id) IS NULL"
    )
    op.create_check_constraint(op.f("ck_device_terminal_phone"), "device", "terminal_phone ~ '^[1-9][0-9]{0,19}$'")
    op.create_check_constraint(op.f("ck_device_strictness_known"), "device", "strictness IN ('strict', 'lenient')")
    op.create_index(
        "uq_device_terminal_phone",
        "device",
        ["bureau_id", "terminal_phone"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index("ix_device_code", "device", ["bureau_id", "code_sha256"])
    op.drop_constraint(op.f("ck_device_act_verb_known"), "device_act")
    op.create_check_constraint(
        op.f("ck_device_act_verb_known"), "device_act", "verb IN ('enrol', 'configure', 'register', 'rotate', 'revoke')"
    )


def _make_tables() -> None:
    op.create_table(
        "device_event",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("bureau_id", "event_id", name=op.f("pk_device_event")),
        info={"append_only": True},
    )
    op.create_index("ix_device_event_received", "device_event", ["bureau_id", "device_id", "received_at"])
    op.create_table(
        "terminal_reading",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("odometer_m", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bureau_id", "device_id", "read_at", "odometer_m", name=op.f("pk_terminal_reading")),
        info={"append_only": True},
    )
    op.create_index("ix_terminal_reading_received", "terminal_reading", ["received_at"], postgresql_using="brin")
    op.create_table(
        "device_day",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("aside", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_fixed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delay_least_s", sa.Float(), nullable=True),
        sa.Column("delay_most_s", sa.Float(), nullable=True),
        sa.Column("delay_sum_s", sa.Float(), nullable=False),
        sa.Column("battery_percent", sa.REAL(), nullable=True),
        sa.Column("protocol", sa.Text(), nullable=True),
        sa.Column("app", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("bureau_id", "device_id", "day", name=op.f("pk_device_day")),
    )
    op.create_table(
        "device_command",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('report-interval', 'odometer', 'locate', 'text')", name=op.f("ck_device_command_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'done', 'failed')", name=op.f("ck_device_command_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "device_id"],
            ["device.bureau_id", "device.device_id"],
            name=op.f("fk_device_command_bureau_id_device_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "asked_by"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_device_command_bureau_id_asked_by"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_device_command_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "command_id", name=op.f("pk_device_command")),
        info={"fact": True},
    )
    op.create_index("ix_device_command_device", "device_command", ["bureau_id", "device_id", "command_id"])
    op.create_table(
        "tracking_acknowledgement",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("acknowledgement_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("obtained", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "obtained IN ('link', 'signed-in')", name=op.f("ck_tracking_acknowledgement_obtained_known")
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_tracking_acknowledgement_bureau_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "device_id"],
            ["device.bureau_id", "device.device_id"],
            name=op.f("fk_tracking_acknowledgement_bureau_id_device_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_tracking_acknowledgement_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "acknowledgement_id", name=op.f("pk_tracking_acknowledgement")),
        info={"append_only": True, "fact": True},
    )
    op.create_index(
        op.f("ix_tracking_acknowledgement_person_id"), "tracking_acknowledgement", ["person_id"], unique=False
    )
    op.create_table(
        "form_submission",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("form_version", sa.Text(), nullable=True),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("xml_sha256", sa.Text(), nullable=False),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "device_id"],
            ["device.bureau_id", "device.device_id"],
            name=op.f("fk_form_submission_bureau_id_device_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "officer_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_form_submission_bureau_id_officer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "note_id"],
            ["visit_note.bureau_id", "visit_note.note_id"],
            name=op.f("fk_form_submission_bureau_id_note_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_form_submission_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "submission_id", name=op.f("pk_form_submission")),
        sa.UniqueConstraint(
            "bureau_id", "instance_id", "xml_sha256", name=op.f("uq_form_submission_bureau_id_instance_id_xml_sha256")
        ),
        info={"fact": True},
    )
    op.create_index(
        "uq_form_submission_instance",
        "form_submission",
        ["bureau_id", "instance_id"],
        unique=True,
        postgresql_where=sa.text("NOT conflict"),
    )
    op.create_index("ix_form_submission_received", "form_submission", ["bureau_id", "received_at", "submission_id"])
    op.create_table(
        "form_media",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "submission_id"],
            ["form_submission.bureau_id", "form_submission.submission_id"],
            name=op.f("fk_form_media_bureau_id_submission_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_form_media_bureau_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "submission_id", "name", "sha256", name=op.f("pk_form_media")),
        info={"append_only": True, "fact": True},
    )
