"""Hold every bureau to Beijing time, which is that of all China: pages send and show +08:00.

Revision ID: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_check_constraint(op.f("ck_bureau_one_time"), "bureau", "zone = 'Asia/Shanghai'")
