"""Keep every act that is signed well, and let a replaced key's chain end with the last act that has arrived.

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.run_sql("kept")
