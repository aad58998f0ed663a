"""Keep a complaint that was taken on the way where its trip cannot carry it any more, or not yet.

Revision ID: 0017
Revises: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_field_conflict_verb_known"), "field_conflict", type_="check")
    op.create_check_constraint(
        op.f("ck_field_conflict_verb_known"),
        "field_conflict",
        "verb IN ('depart', 'return', 'arrive', 'leave', 'break-down', 'add-job')",
    )
