"""The newest entry of a bureau's record at once: what a process compares the database's clock with as it begins.

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_ledger_outbox_recorded", "ledger_outbox", ["bureau_id", "recorded_at"])
