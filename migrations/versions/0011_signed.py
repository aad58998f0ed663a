"""Device keys, and what they signed: acts in a chain, what became of each, and gaps that somebody answers for.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


FINDINGS = """
moved-without-trip odometer-gap odometer-track-mismatch off-purpose-stop detour left-jurisdiction unobserved-stretch
site-not-reached visit-note-missing note-uncorroborated outside-duty-hours overnight-away late-return device-silent
devices-disagree clock-skew mock-location speeding spoken-approval-unconfirmed departed-without-permit thin-complaint
reading-without-photo fuel-mismatch chain-fork
""".split()


def upgrade() -> None:
    op.create_table(
        "device_key",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("thumbprint", sa.Text(), nullable=False),
        sa.Column("jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("ended_seq", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "thumbprint ~ '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$'", name=op.f("ck_device_key_thumbprint")
        ),
        sa.CheckConstraint("(replaces IS NULL) = (ended_seq IS NULL)", name=op.f("ck_device_key_ended")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "device_id"],
            ["device.bureau_id", "device.device_id"],
            name=op.f("fk_device_key_bureau_id_device_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_device_key_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "person_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_device_key_bureau_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "replaces"],
            ["device_key.bureau_id", "device_key.key_id"],
            name=op.f("fk_device_key_bureau_id_replaces"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "key_id", name=op.f("pk_device_key")),
        sa.UniqueConstraint("bureau_id", "replaces", name=op.f("uq_device_key_bureau_id_replaces")),
        sa.UniqueConstraint("bureau_id", "thumbprint", name=op.f("uq_device_key_bureau_id_thumbprint")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_device_key_device", "device_key", ["bureau_id", "device_id"], unique=False)
    op.create_table(
        "signed_act",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("trip_id", sa.Uuid(), nullable=True),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mono_ms", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.Uuid(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("doubts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "CASE WHEN seq = 1 THEN previous IS NULL ELSE previous IS NOT NULL AND previous ~ '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$' END",
            name=op.f("ck_signed_act_previous"),
        ),
        sa.CheckConstraint(
            "act IN ('depart', 'stop', 'note', 'another-job', 'return', 'break-down')",
            name=op.f("ck_signed_act_act_known"),
        ),
        sa.CheckConstraint(
            "digest = translate(encode(sha256(convert_to(split_part(jws, '.', 1) || '.' || split_part(jws, '.', 2), 'UTF8')), 'base64'), '+/=', '-_')",
            name=op.f("ck_signed_act_digest"),
        ),
        sa.CheckConstraint("standing IN ('chain', 'fork', 'after-end')", name=op.f("ck_signed_act_standing_known")),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_signed_act_seq")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "actor_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_signed_act_bureau_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_signed_act_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "key_id"],
            ["device_key.bureau_id", "device_key.key_id"],
            name=op.f("fk_signed_act_bureau_id_key_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "digest", name=op.f("pk_signed_act")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_signed_act_recorded", "signed_act", ["bureau_id", "recorded_at", "digest"], unique=False)
    op.create_index(
        "uq_signed_act_seq",
        "signed_act",
        ["bureau_id", "key_id", "seq"],
        unique=True,
        postgresql_where=sa.text("standing = 'chain'"),
    )
    op.create_table(
        "signed_act_outcome",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("conflict_id", sa.Uuid(), nullable=True),
        sa.Column("note_id", sa.Uuid(), nullable=True),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(outcome = 'refused') = (problem IS NOT NULL)", name=op.f("ck_signed_act_outcome_problem")),
        sa.CheckConstraint(
            "outcome IN ('recorded', 'conflict', 'refused')", name=op.f("ck_signed_act_outcome_outcome_known")
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "decision_id"],
            ["decision.bureau_id", "decision.decision_id"],
            name=op.f("fk_signed_act_outcome_bureau_id_decision_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "digest"],
            ["signed_act.bureau_id", "signed_act.digest"],
            name=op.f("fk_signed_act_outcome_bureau_id_digest"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_signed_act_outcome_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "note_id"],
            ["visit_note.bureau_id", "visit_note.note_id"],
            name=op.f("fk_signed_act_outcome_bureau_id_note_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "digest", name=op.f("pk_signed_act_outcome")),
        info={"append_only": True, "fact": True},
    )
    op.create_index("ix_signed_act_outcome_decision", "signed_act_outcome", ["bureau_id", "decision_id"], unique=False)
    op.create_index("ix_signed_act_outcome_note", "signed_act_outcome", ["bureau_id", "note_id"], unique=False)
    op.create_table(
        "chain_sign_off",
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("through", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("first_seq >= 1 AND first_seq <= through", name=op.f("ck_chain_sign_off_numbers")),
        sa.ForeignKeyConstraint(
            ["bureau_id", "actor_id"],
            ["person.bureau_id", "person.person_id"],
            name=op.f("fk_chain_sign_off_bureau_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "entry_id"],
            ["ledger_payload.bureau_id", "ledger_payload.entry_id"],
            name=op.f("fk_chain_sign_off_bureau_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id", "key_id"],
            ["device_key.bureau_id", "device_key.key_id"],
            name=op.f("fk_chain_sign_off_bureau_id_key_id"),
        ),
        sa.PrimaryKeyConstraint("bureau_id", "key_id", "through", name=op.f("pk_chain_sign_off")),
        info={"append_only": True, "fact": True},
    )
    op.drop_constraint(op.f("ck_finding_kind_known"), "finding", type_="check")
    listed = ", ".join(f"'{kind}'" for kind in FINDINGS)
    op.create_check_constraint(op.f("ck_finding_kind_known"), "finding", f"kind IN ({listed})")
    for table in ("device_key", "signed_act", "signed_act_outcome", "chain_sign_off"):
        op.close_table(table, append_only=True)
    op.run_sql("signed")
    for trigger, table in (
        ("key_of_its_phone", "device_key"),
        ("act_as_signed", "signed_act"),
        ("act_in_turn", "signed_act_outcome"),
        ("gap_signed_off", "chain_sign_off"),
    ):
        op.execute(f"CREATE TRIGGER {trigger} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_holds()")
