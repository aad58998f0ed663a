"""Where the district's towns 乡镇街道 lie on the map: placed by hand, since no list that is shipped says it.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "town_point",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("town_point_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name=op.f("ck_town_point_place")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 60", name=op.f("ck_town_point_name")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_town_point_reason")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "actor_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_town_point_bureau_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_town_point_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"], name=op.f("fk_town_point_bureau_id")),
        sa.PrimaryKeyConstraint("bureau_id", "town_point_id", name=op.f("pk_town_point")),
        info={"append_only": True, "fact": True},
    )
    op.close_table("town_point", append_only=True)
