"""Every kind of finding and its life: what lasts, what clears, attachments, lots, call-backs, photos asked for.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KINDS = """
moved-without-trip odometer-gap odometer-track-mismatch off-purpose-stop detour left-jurisdiction unobserved-stretch
site-not-reached visit-note-missing note-uncorroborated outside-duty-hours overnight-away late-return device-silent
devices-disagree clock-skew mock-location speeding spoken-approval-unconfirmed departed-without-permit thin-complaint
reading-without-photo fuel-mismatch
""".split()

SERVICE_UPDATES = {"watch_mark": "swept_until", "books_mark": "swept_until"}


def upgrade() -> None:
    listed = ", ".join(f"'{kind}'" for kind in KINDS)
    op.create_check_constraint(op.f("ck_finding_kind_known"), "finding", f"kind IN ({listed})")
    op.add_column("finding", sa.Column("from_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("finding", sa.Column("until_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_finding_span"),
        "finding",
        "(from_at IS NULL) = (until_at IS NULL) AND (from_at IS NULL OR from_at <= until_at)",
    )
    op.create_index("ix_finding_recorded", "finding", ["bureau_id", "recorded_at"])
    op.create_table(
        "finding_update",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("update_id", sa.Uuid(), nullable=False),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "what IN ('lasts', 'graver', 'cleared', 'ended')", name=op.f("ck_finding_update_what_known")
        ),
        sa.CheckConstraint("colour IN ('green', 'yellow', 'red')", name=op.f("ck_finding_update_colour_known")),
        sa.CheckConstraint("(what = 'cleared') = (colour = 'green')", name=op.f("ck_finding_update_cleared_is_green")),
        sa.CheckConstraint(
            "(from_at IS NULL) = (until_at IS NULL) AND (from_at IS NULL OR from_at <= until_at)",
            name=op.f("ck_finding_update_span"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_finding_update_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "finding_id"],
            ["finding.bureau_id", "finding.finding_id"],
            name=op.f("fk_finding_update_bureau_id_finding_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "update_id", name=op.f("pk_finding_update")),
        sa.UniqueConstraint(
            "bureau_id", "finding_id", "no", name=op.f("uq_finding_update_bureau_id_finding_id_no")
        ),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "finding_attachment",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "act_id"],
            ["finding_act.bureau_id", "finding_act.act_id"],
            name=op.f("fk_finding_attachment_bureau_id_act_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "sha256"],
            ["attachment.bureau_id", "attachment.sha256"],
            name=op.f("fk_finding_attachment_bureau_id_sha256"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "act_id", "no", name=op.f("pk_finding_attachment")),
        info={"append_only": True},
    )
    for mark in SERVICE_UPDATES:
        op.create_table(
            mark,
            sa.Column("bureau_id", sa.Text(), nullable=False),
            sa.Column("swept_until", sa.DateTime(timezone=True), nullable=False),
            sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f(f"fk_{mark}_bureau_id")),
            sa.PrimaryKeyConstraint("bureau_id", name=op.f(f"pk_{mark}")),
        )
    op.run_sql("findings")
    for table in ("finding_update", "finding_attachment"):
        op.close_table(table, append_only=True)
    for mark, updates in SERVICE_UPDATES.items():
        op.close_table(mark, updates=updates)
    op.execute(
        "CREATE TRIGGER finding_update_rule AFTER INSERT ON finding_update"
        " FOR EACH ROW EXECUTE FUNCTION finding_update_holds()"
    )
    op.execute(
        "CREATE TRIGGER finding_act_rule AFTER INSERT ON finding_act"
        " FOR EACH ROW EXECUTE FUNCTION finding_act_holds()"
    )
    op.execute(
        "CREATE TRIGGER reading_third_party AFTER INSERT ON reading"
        " FOR EACH ROW EXECUTE FUNCTION reading_third_party_holds()"
    )
