"""Personal data of a complaint's parties restricted, and erased: the steps, what was taken out, the files.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

SIGNED = "convert_to(split_part(jws, '.', 1) || '.' || split_part(jws, '.', 2), 'UTF8')"
IN_BUREAU = "bureau_id = current_setting('zhuanche.bureau_id', true)"


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("what", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("step IN ('restricted', 'lifted', 'erased')", name=op.f("ck_erasure_step_known")),
        sa.CheckConstraint(
            "ground IN ('purpose-achieved', 'retention-over', 'consent-withdrawn', 'unlawful', 'other-law')",
            name=op.f("ck_erasure_ground_known"),
        ),
        sa.CheckConstraint("decided_by <> confirmed_by", name=op.f("ck_erasure_two_people")),
        sa.CheckConstraint("no >= 1", name=op.f("ck_erasure_no")),
        *[
            sa.ForeignKeyConstraint(
                ["bureau_id", column], [f"{table}.bureau_id", f"{table}.{key}"], name=op.f(f"fk_erasure_bureau_id_{column}")
            )
            for column, table, key in (
                ("complaint_id", "complaint", "complaint_id"),
                ("decided_by", "person", "person_id"),
                ("confirmed_by", "person", "person_id"),
                ("entry_id", "ledger_payload", "entry_id"),
            )
        ],
        sa.PrimaryKeyConstraint("bureau_id", "complaint_id", "no", name=op.f("pk_erasure")),
        info={"append_only": True, "fact": True},
    )
    op.create_table(
        "withheld_row",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("key", postgresql.JSONB(), nullable=False),
        sa.Column("was", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bureau_id", "complaint_id"],
            ["complaint.bureau_id", "complaint.complaint_id"],
            name=op.f("fk_withheld_row_bureau_id_complaint_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "complaint_id", "no", name=op.f("pk_withheld_row")),
    )
    op.create_table(
        "withheld_file",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["bureau_id", "complaint_id"],
            ["complaint.bureau_id", "complaint.complaint_id"],
            name=op.f("fk_withheld_file_bureau_id_complaint_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "sha256", name=op.f("pk_withheld_file")),
    )
    op.drop_constraint(op.f("ck_signed_act_digest"), "signed_act", type_="check")
    op.create_check_constraint(
        op.f("ck_signed_act_digest"),
        "signed_act",
        f"jws = '' OR digest = translate(encode(sha256({SIGNED}), 'base64'), '+/=', '-_')",
    )
    op.run_sql("erasure")
    op.close_table("erasure", append_only=True, inserts=False)
    op.close_table("withheld_file", inserts=False)
    # What was taken out is read by nobody who serves or reports.
    op.execute("ALTER TABLE withheld_row ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE withheld_row FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY one_bureau ON withheld_row USING ({IN_BUREAU}) WITH CHECK ({IN_BUREAU})")
    op.execute("CREATE POLICY backup ON withheld_row FOR SELECT TO zhuanche_backup USING (true)")
    op.execute("GRANT SELECT ON withheld_row TO zhuanche_backup")
    op.execute(
        "CREATE CONSTRAINT TRIGGER erasure_decided AFTER INSERT ON erasure DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION erasure_holds()"
    )
