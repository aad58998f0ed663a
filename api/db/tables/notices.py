"""Notices 通知: whom to tell of what (an outbox), where somebody is reached, and what became of each try."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from api.db.tables.columns import (
    FACT,
    At,
    AtOrNone,
    BureauKey,
    Codes,
    IdKey,
    IntKey,
    Str,
    StrOrNone,
    TextKey,
    belongs_to_bureau,
    check,
    entered,
    one_of,
    refers,
)
from domain.notices import Channel, DeliveryState, HookKind, NoticeKind


class Notice(SQLModel, table=True):
    """Something that somebody is to be told, written with what it tells of; once a kind, subject and day."""

    __tablename__ = "notice"
    __table_args__ = (
        belongs_to_bureau(),
        one_of("kind", *sorted(NoticeKind)),
        UniqueConstraint("bureau_id", "kind", "subject_id", "day"),
        Index("ix_notice_unaddressed", "bureau_id", postgresql_where=text("addressed_at IS NULL")),
    )
    bureau_id: BureauKey
    notice_id: IdKey
    kind: Str
    subject_id: UUID
    """The trip, finding, job or webhook."""
    day: date
    """The day a visit is due on; else 1970-01-01."""
    recorded_at: At
    addressed_at: AtOrNone = None
    """When it was found out who is to be told."""


class NoticeDelivery(SQLModel, table=True):
    """A notice on one way to one recipient: `target_id` is a push subscription or a webhook."""

    __tablename__ = "notice_delivery"
    __table_args__ = (
        refers("notice_id", "notice"),
        one_of("channel", *sorted(Channel)),
        one_of("state", *sorted(DeliveryState)),
        UniqueConstraint("bureau_id", "notice_id", "target_id"),
        Index("ix_notice_delivery_due", "bureau_id", "due_at", postgresql_where=text("state = 'waiting'")),
    )
    bureau_id: BureauKey
    delivery_id: IdKey
    notice_id: UUID
    channel: Str
    target_id: UUID
    person_id: UUID | None = None
    state: Str = DeliveryState.WAITING.value
    tries: int = 0
    due_at: At
    """When it may be tried (again)."""
    fault: StrOrNone = None
    """What the last try met with, in a few words and without anything that the other side sent."""
    recorded_at: At
    sent_at: AtOrNone = None


class PushSubscription(SQLModel, table=True):
    """Where a person's phone or browser is reached by Web Push; one that the push service gave up is ended."""

    __tablename__ = "push_subscription"
    __table_args__ = (
        refers("person_id", "person"),
        UniqueConstraint("bureau_id", "endpoint"),
        check("keys", "length(p256dh) = 87 AND length(auth) = 22"),
    )
    bureau_id: BureauKey
    subscription_id: IdKey
    person_id: UUID = Field(index=True)
    endpoint: Str
    p256dh: Str
    auth: Str
    recorded_at: At
    ended_at: AtOrNone = None


class NoticeChoice(SQLModel, table=True):
    """Whether a person wants notices by a channel; without a row they do."""

    __tablename__ = "notice_choice"
    __table_args__ = (refers("person_id", "person"), one_of("channel", *sorted(Channel)))
    bureau_id: BureauKey
    person_id: IdKey
    channel: TextKey
    wanted: bool
    recorded_at: At


class Webhook(SQLModel, table=True):
    """Where notices of a bureau go besides; the newest revision holds. Its address, which may hold a key, is sealed."""

    __tablename__ = "webhook"
    __table_args__ = (
        refers("actor_id", "person", "person_id"),
        entered(),
        one_of("kind", *sorted(HookKind)),
        FACT,
    )
    bureau_id: BureauKey
    hook_id: IdKey
    rev: IntKey
    name: Str
    kind: Str
    url: Str
    """`sealed://`, its host, `/`, and the address sealed by a secret outside the database; of older rows, in clear."""
    template: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    """Of its own; the kind's without one."""
    notices: Codes
    """The kinds of notices it is told of."""
    active: bool
    reason: Str
    actor_id: UUID
    recorded_at: At
    entry_id: UUID
