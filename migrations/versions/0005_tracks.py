"""Measures of trips by device, kept so that a month of fixes is not measured at every look.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SERVICE_UPDATES = {
    "trip_measure": "fix_count settings_key length_m unobserved_m kept dropped unobserved stops legs computed_at",
}


def upgrade() -> None:
    op.create_table(
        "trip_measure",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("fix_count", sa.Integer(), nullable=False),
        sa.Column("settings_key", sa.Text(), nullable=False),
        sa.Column("length_m", sa.BigInteger(), nullable=False),
        sa.Column("unobserved_m", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("dropped", postgresql.JSONB(), nullable=False),
        sa.Column("unobserved", postgresql.JSONB(), nullable=False),
        sa.Column("stops", postgresql.JSONB(), nullable=False),
        sa.Column("legs", postgresql.JSONB(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "fix_count > 0 AND length_m >= 0 AND unobserved_m >= 0 AND kept BETWEEN 0 AND fix_count",
            name=op.f("ck_trip_measure_amounts"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "device_id"],
            ["device.bureau_id", "device.device_id"],
            name=op.f("fk_trip_measure_bureau_id_device_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "use_id"],
            ["vehicle_use.bureau_id", "vehicle_use.use_id"],
            name=op.f("fk_trip_measure_bureau_id_use_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "use_id", "device_id", name=op.f("pk_trip_measure")),
    )
    op.close_table("trip_measure", updates=SERVICE_UPDATES["trip_measure"])
