"""Tenancy: row-level security forced on every table of a bureau, and what each role may do.

Revision ID: 0002
Revises: 0001
"""

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REFERENCE = ("bureau_directory", "calendar_notice", "calendar_day", "alembic_version")

BUREAU_IS_SET = "bureau_id = current_setting('zhuanche.bureau_id', true)"
"""Without the setting (or with the empty one a finished transaction leaves) no row matches and none may be written."""

# What the service may do beyond SELECT. A table that is not named here is read-only for it.
SERVICE_INSERTS = """
unit setting_change idempotency_key
person person_act role_grant delegation examination driving_licence duty_shift sign_in_session audit_mandate
mandate_access vehicle vehicle_paper dedication_order device device_act reading ledger_payload ledger_outbox
complaint complaint_counter complaint_particulars complaint_act job job_act site_decision remembered_place
vehicle_use trip trip_job trip_crew trip_passenger trip_stop upkeep_order decision refusal field_conflict
dispatch_order dispatch_order_counter safety_check accident_report finding finding_act
visit_note visit_note_conflict note_attachment attachment position position_digest position_aside
""".split()

SERVICE_UPDATES = {
    "person": "unit_id password_hash must_change_password failed_tries locked_until active act_id",
    "sign_in_session": "revoked_at",
    "device": "name token_sha256 revoked_at act_id",
    "complaint": "state suspension suspended_on suspended_days particulars_rev accept_nominal_on accept_due_on"
    " accept_provisional accepted_on mediate_nominal_on mediate_due_on mediate_provisional"
    " complainant_consented_at respondent_consented_at announced_at merged_into unit_id act_id",
    "complaint_counter": "last",
    "job": "state decision_id window_from window_until due_nominal_on due_on due_provisional",
    "remembered_place": "last_used_at",
    "vehicle_use": "state planned_from planned_until actual_from actual_until decision_id",
    "trip": "crew_rev approver_id approved_at spoken_at spoken_entered_by confirmed_at",
    "trip_job": "dropped_by",
    "upkeep_order": "cost_fen fuel_ml document_no",
    "dispatch_order_counter": "last",
    "idempotency_key": "status answer finished_at",
}

SERVICE_DELETES = ("sign_in_session", "idempotency_key", "position_held")

# The reporting role reads everything but what opens doors or would undo an erasure.
READER_COLUMNS = {
    "person": "bureau_id person_id unit_id name login active",
    "device": "bureau_id device_id name person_id vehicle_id revoked_at",
    "ledger_payload": "bureau_id entry_id kind erased_at",
}
READER_NEVER = ("sign_in_session", "idempotency_key", "position_held")


def upgrade() -> None:
    connection = op.get_bind()
    tables = connection.execute(
        text(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition AND pg_has_role(current_user, relowner, 'USAGE')"
        )
    ).scalars()
    tenant_tables = sorted(set(tables) - set(REFERENCE))
    op.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    op.execute("GRANT USAGE ON SCHEMA public TO zhuanche_service, zhuanche_ingest, zhuanche_reader, zhuanche_backup")
    op.execute("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO zhuanche_backup")  # pg_dump reads where they stand
    for table in tenant_tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY one_bureau ON {table} USING ({BUREAU_IS_SET}) WITH CHECK ({BUREAU_IS_SET})")
        op.execute(f"CREATE POLICY backup ON {table} FOR SELECT TO zhuanche_backup USING (true)")
        op.execute(f"GRANT SELECT ON {table} TO zhuanche_backup, zhuanche_service")
        if table not in READER_NEVER:
            columns = READER_COLUMNS.get(table)
            listed = f" ({', '.join(columns.split())})" if columns else ""
            op.execute(f"GRANT SELECT{listed} ON {table} TO zhuanche_reader")
    for table in REFERENCE:
        op.execute(f"GRANT SELECT ON {table} TO zhuanche_service, zhuanche_reader, zhuanche_backup")
    for table in SERVICE_INSERTS:
        op.execute(f"GRANT INSERT ON {table} TO zhuanche_service")
    for table, columns in SERVICE_UPDATES.items():
        op.execute(f"GRANT UPDATE ({', '.join(columns.split())}) ON {table} TO zhuanche_service")
    for table in SERVICE_DELETES:
        op.execute(f"GRANT DELETE ON {table} TO zhuanche_service")
    for table in ("position", "position_held"):
        op.execute(f"CREATE POLICY ingest_writes ON {table} FOR INSERT TO zhuanche_ingest WITH CHECK (true)")
        op.execute(f"CREATE POLICY ingest_counts ON {table} FOR SELECT TO zhuanche_ingest USING (true)")
        op.execute(f"GRANT INSERT, SELECT (request_no) ON {table} TO zhuanche_ingest")
    op.execute("CREATE POLICY ingest_writes ON position_aside FOR INSERT TO zhuanche_ingest WITH CHECK (true)")
    op.execute("GRANT INSERT ON position_aside TO zhuanche_ingest")
