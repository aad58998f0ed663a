"""Who opened personal data 个人信息查阅留痕.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KINDS = (
    "complaints", "complaint", "notes", "note", "file", "form", "signed-act", "ledger-entry", "job", "board", "day",
    "trips", "trip", "log", "lots", "person", "register", "licences",
)  # fmt: skip


def upgrade() -> None:
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    op.create_table(
        "personal_access",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("access_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f("ck_personal_access_kind_known")),
        sa.CheckConstraint("door IN ('page', 'api')", name=op.f("ck_personal_access_door_known")),
        sa.CheckConstraint("subject ~ '^[0-9A-Za-z_-]{36,64}$'", name=op.f("ck_personal_access_subject")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_personal_access_bureau_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "access_id", name=op.f("pk_personal_access")),
    )
    op.create_index("ix_personal_access_person", "personal_access", ["bureau_id", "person_id", "access_id"])
    op.create_index("ix_personal_access_subject", "personal_access", ["bureau_id", "subject", "access_id"])
    op.create_index("ix_personal_access_recorded", "personal_access", ["bureau_id", "recorded_at"])
    op.run_sql("accesses")
    op.close_table("personal_access", deletes=True)
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON personal_access"
        " FOR EACH ROW EXECUTE FUNCTION access_stays()"
    )
    op.execute(
        "CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON personal_access"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
