"""Notices: an outbox of whom to tell, where somebody is reached, and what became of each try.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SERVICE_UPDATES = {
    "notice": "addressed_at",
    "notice_delivery": "state tries due_at fault sent_at",
    "push_subscription": "person_id p256dh auth recorded_at ended_at",
    "notice_choice": "wanted recorded_at",
}


def upgrade() -> None:
    op.create_table('notice',
    sa.Column('bureau_id', sa.Text(), nullable=False),
    sa.Column('notice_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('addressed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('approval-late', 'approval-wanted', 'deadline-near', 'finding-raised', 'spoken-to-confirm', 'trial', 'trip-approved', 'trip-refused')", name=op.f('ck_notice_kind_known')),
    sa.ForeignKeyConstraint(['bureau_id'], ['bureau.bureau_id'], name=op.f('fk_notice_bureau_id')),
    sa.PrimaryKeyConstraint('bureau_id', 'notice_id', name=op.f('pk_notice')),
    sa.UniqueConstraint('bureau_id', 'kind', 'subject_id', 'day', name=op.f('uq_notice_bureau_id_kind_subject_id_day'))
    )
    op.create_index('ix_notice_unaddressed', 'notice', ['bureau_id'], unique=False, postgresql_where=sa.text('addressed_at IS NULL'))
    op.create_table('notice_delivery',
    sa.Column('bureau_id', sa.Text(), nullable=False),
    sa.Column('delivery_id', sa.Uuid(), nullable=False),
    sa.Column('notice_id', sa.Uuid(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('target_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('fault', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("channel IN ('push', 'webhook')", name=op.f('ck_notice_delivery_channel_known')),
    sa.CheckConstraint("state IN ('failed', 'moot', 'sent', 'waiting')", name=op.f('ck_notice_delivery_state_known')),
    sa.ForeignKeyConstraint(['bureau_id', 'notice_id'], ['notice.bureau_id', 'notice.notice_id'], name=op.f('fk_notice_delivery_bureau_id_notice_id')),
    sa.PrimaryKeyConstraint('bureau_id', 'delivery_id', name=op.f('pk_notice_delivery')),
    sa.UniqueConstraint('bureau_id', 'notice_id', 'target_id', name=op.f('uq_notice_delivery_bureau_id_notice_id_target_id'))
    )
    op.create_index('ix_notice_delivery_due', 'notice_delivery', ['bureau_id', 'due_at'], unique=False, postgresql_where=sa.text("state = 'waiting'"))
    op.create_table('push_subscription',
    sa.Column('bureau_id', sa.Text(), nullable=False),
    sa.Column('subscription_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('endpoint', sa.Text(), nullable=False),
    sa.Column('p256dh', sa.Text(), nullable=False),
    sa.Column('auth', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('length(p256dh) = 87 AND length(auth) = 22', name=op.f('ck_push_subscription_keys')),
    sa.ForeignKeyConstraint(['bureau_id', 'person_id'], ['person.bureau_id', 'person.person_id'], name=op.f('fk_push_subscription_bureau_id_person_id')),
    sa.PrimaryKeyConstraint('bureau_id', 'subscription_id', name=op.f('pk_push_subscription')),
    sa.UniqueConstraint('bureau_id', 'endpoint', name=op.f('uq_push_subscription_bureau_id_endpoint'))
    )
    op.create_index(op.f('ix_push_subscription_person_id'), 'push_subscription', ['person_id'], unique=False)
    op.create_table('notice_choice',
    sa.Column('bureau_id', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('wanted', sa.Boolean(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("channel IN ('push', 'webhook')", name=op.f('ck_notice_choice_channel_known')),
    sa.ForeignKeyConstraint(['bureau_id', 'person_id'], ['person.bureau_id', 'person.person_id'], name=op.f('fk_notice_choice_bureau_id_person_id')),
    sa.PrimaryKeyConstraint('bureau_id', 'person_id', 'channel', name=op.f('pk_notice_choice'))
    )
    op.create_table('webhook',
    sa.Column('bureau_id', sa.Text(), nullable=False),
    sa.Column('hook_id', sa.Uuid(), nullable=False),
    sa.Column('rev', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('template', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('notices', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('entry_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("kind IN ('json', 'sms', 'wecom')", name=op.f('ck_webhook_kind_known')),
    sa.ForeignKeyConstraint(['bureau_id', 'actor_id'], ['person.bureau_id', 'person.person_id'], name=op.f('fk_webhook_bureau_id_actor_id')),
    sa.ForeignKeyConstraint(['bureau_id', 'entry_id'], ['ledger_payload.bureau_id', 'ledger_payload.entry_id'], name=op.f('fk_webhook_bureau_id_entry_id')),
    sa.PrimaryKeyConstraint('bureau_id', 'hook_id', 'rev', name=op.f('pk_webhook')),
    info={'append_only': True, 'fact': True}
    )
    for table, columns in SERVICE_UPDATES.items():
        op.close_table(table, updates=columns)
    op.close_table("webhook", append_only=True)
    # Addresses hold keys: who may read them may send in the bureau's name, or to its people.
    op.execute("REVOKE SELECT ON webhook, push_subscription FROM zhuanche_reader")
    op.run_sql("notices")
