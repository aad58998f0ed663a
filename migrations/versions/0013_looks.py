"""What an auditor looked at 查阅留痕, and a finding that an auditor asks back 退回补充说明.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "look",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("look_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("route ~ '^(GET|HEAD) /[^[:space:]]*$'", name=op.f("ck_look_route")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_look_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"], ["person.bureau_id", "person.person_id"], name=op.f("fk_look_bureau_id_person_id")
        ),
        sa.PrimaryKeyConstraint("bureau_id", "look_id", name=op.f("pk_look")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_look_person", "look", ["bureau_id", "person_id", "recorded_at"], unique=False)
    op.close_table("look", append_only=True)
    op.drop_constraint(op.f("ck_finding_act_verb_known"), "finding_act", type_="check")
    op.create_check_constraint(
        op.f("ck_finding_act_verb_known"), "finding_act", "verb IN ('explain', 'accept', 'reject', 'ask')"
    )
    op.run_sql("looks")
