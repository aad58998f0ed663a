"""Erasing reaches words about people in explanations of findings, rows of the old log, and how a complaint was received.

Revision ID: 0027
Revises: 0026
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.run_sql("words")
