"""The promises as the database holds them: append-only tables, the life of a use, the complaint-only rule.

The functions are SQL in `migrations/promises`. Row triggers look at their own row only. Whatever reads other tables is
a deferred constraint trigger: that is what a distributed table allows, and it sees the whole transaction. A refusal
has SQLSTATE ZC001 and a message `zhuanche:` followed by the codes of the rule.

Revision ID: 0003
Revises: 0002
"""

from pathlib import Path

from alembic import op
from sqlalchemy import text

from domain.calendar import load_notice, shipped_years

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APPEND_ONLY = """
setting_change person_act role_grant delegation examination driving_licence duty_shift audit_mandate mandate_access
vehicle_paper dedication_order device_act reading ledger_payload ledger_outbox
complaint_particulars complaint_act job_act site_decision trip_crew trip_passenger trip_stop decision refusal field_conflict
dispatch_order safety_check accident_report finding finding_act
visit_note visit_note_conflict note_attachment attachment position position_aside position_digest
""".split()

FUNCTIONS = """
append_only settings complaint life rule use people mandate reading partitions
""".split()
"""The files in `migrations/promises`, in this order."""

ROW_TRIGGERS = (
    ("setting_bounds", "BEFORE INSERT ON setting_change", "setting_holds"),
    ("use_step", "BEFORE UPDATE ON vehicle_use", "use_step_holds"),
    ("use_start", "BEFORE INSERT ON vehicle_use", "use_start_holds"),
    ("trip_step", "BEFORE UPDATE ON trip", "trip_step_holds"),
    ("complaint_acted", "BEFORE UPDATE ON complaint", "acted_holds"),
    ("job_step", "BEFORE UPDATE OF state, window_from, window_until ON job", "job_step_holds"),
    ("device_acted", "BEFORE UPDATE OF token_sha256, revoked_at, name ON device", "acted_holds"),
    ("person_acted", "BEFORE UPDATE OF unit_id, password_hash, must_change_password, active ON person", "acted_holds"),
)

DEFERRED_TRIGGERS = (
    ("use_rule", "INSERT OR UPDATE ON vehicle_use", "use_rule_holds"),
    ("use_decided", "INSERT ON decision", "use_decided_holds"),
    ("trip_rule", "INSERT OR UPDATE ON trip", "trip_rule_holds"),
    ("trip_crew_rule", "INSERT ON trip_crew", "trip_crew_rule_holds"),
    ("trip_passenger_rule", "INSERT ON trip_passenger", "trip_crew_rule_holds"),
    ("trip_job_rule", "INSERT OR UPDATE ON trip_job", "trip_job_rule_holds"),
    ("trip_job_drop", "UPDATE ON trip_job", "trip_job_drop_holds"),
    ("dispatch_order_follows", "INSERT ON dispatch_order", "dispatch_order_follows"),
    ("dispatch_order_counted", "INSERT OR UPDATE ON dispatch_order_counter", "dispatch_order_counted"),
    ("complaint_acted_by", "INSERT OR UPDATE ON complaint", "complaint_acted_holds"),
    ("complaint_act_stands", "INSERT ON complaint_act", "complaint_acted_holds"),
    ("complaint_act_follows", "INSERT ON complaint_act", "complaint_act_follows"),
    ("job_acted_by", "INSERT OR UPDATE OF state, decision_id, window_from, window_until ON job", "job_acted_holds"),
    ("job_act_stands", "INSERT ON job_act", "job_acted_holds"),
    ("site_decision_rule", "INSERT ON site_decision", "site_decision_holds"),
    ("delegation_rule", "INSERT ON delegation", "delegation_holds"),
    (
        "person_acted_by",
        "INSERT OR UPDATE OF unit_id, password_hash, must_change_password, active, act_id ON person",
        "person_acted_holds",
    ),
    (
        "device_acted_by",
        "INSERT OR UPDATE OF token_sha256, revoked_at, name, act_id ON device",
        "device_acted_holds",
    ),
    ("auditor_alone", "INSERT ON role_grant", "auditor_alone_holds"),
    ("admin_stays", "INSERT ON role_grant", "admin_stays_holds"),
    ("admin_stays_active", "UPDATE OF active ON person", "admin_stays_holds"),
    ("reading_rule", "INSERT ON reading", "reading_holds"),
    ("mandate_access_rule", "INSERT ON mandate_access", "mandate_access_holds"),
    ("mandate_end_rule", "INSERT ON audit_mandate", "mandate_end_holds"),
)


def upgrade() -> None:
    connection = op.get_bind()
    folder = Path(__file__).parents[1] / "promises"
    for name in FUNCTIONS:
        connection.exec_driver_sql((folder / f"{name}.sql").read_text("utf-8"), execution_options={"no_parameters": True})
    # A caller's search_path, or a temporary table of the same name, must not stand between a rule and its tables.
    op.execute(
        "DO $$ DECLARE one regprocedure; BEGIN"
        " FOR one IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'"
        " AND proowner = current_user::regrole"
        " LOOP EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', one); END LOOP; END $$"
    )
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
    op.execute("REVOKE EXECUTE ON FUNCTION make_position_partition(date), position_partition_months() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION make_position_partition(date), position_partition_months() TO zhuanche_service")
    op.execute(
        "SELECT make_position_partition((date_trunc('month', now()) + make_interval(months => n))::date)"
        " FROM generate_series(-3, 3) AS n"
    )
    _enter_shipped_notices()


def _enter_shipped_notices() -> None:
    connection = op.get_bind()
    for notice in map(load_notice, shipped_years()):
        connection.execute(
            text(
                "INSERT INTO calendar_notice (year, title, link, source, entered_by, entered_at)"
                " VALUES (:year, :title, :link, :source, 'shipped', now())"
            ),
            {"year": notice.year, "title": notice.title, "link": notice.link, "source": notice.source},
        )
        connection.execute(
            text("INSERT INTO calendar_day (day, year, name, working) VALUES (:day, :year, :name, :working)"),
            [{"day": one.day, "year": notice.year, "name": one.name, "working": one.working} for one in notice.days],
        )
