"""How long is kept what is not kept for ever: settings of a bureau, within bounds that the database holds too.

Revision ID: 0019
Revises: 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.run_sql("retention")
