"""`/v1/notices`, `/v1/push-subscriptions`, `/v1/webhooks`: who is told of what, by which way, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlmodel import col, select

from api.db.database import Actor, Database
from api.db.queries.notices import Hook, webhooks
from api.db.tables.notices import Notice, NoticeChoice, NoticeDelivery, PushSubscription
from api.http.access import EVERYONE, Allow
from api.http.paging import After, Limit, Page, newest_page
from api.http.readings import Reason
from api.notices.encrypt import base64url, public_bytes
from api.notices.outside import ADDRESS_MOST, Outside
from api.usecases.reach import (
    NewSubscription,
    NewWebhook,
    choose_channel,
    set_webhook,
    subscribe,
    try_webhook,
    unsubscribe,
)
from api.vault import Vault
from domain.notices import TEMPLATES, WORDS, Channel, DeliveryState, HookKind, NoticeKind
from domain.values import Role

RUNS_THE_DESK = Allow(Role.DESK_CHIEF, Role.ADMIN)
SEES_NOTICES = Allow(Role.DESK_CHIEF, Role.ADMIN, Role.CUSTODIAN, Role.AUDITOR)

Address = Annotated[str, msgspec.Meta(min_length=1, max_length=ADDRESS_MOST, examples=["https://push.example/send/1"])]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200, examples=["BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA"])]


class PushKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key that a browser subscribes with."""

    key: Annotated[str, msgspec.Meta(description="applicationServerKey: a point of P-256, base64url")]


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of a subscription, as `PushSubscription.toJSON()` has them."""

    p256dh: Key
    auth: Key


class SubscriptionIn(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"expiration": "expirationTime"}
):
    """A subscription as `PushSubscription.toJSON()` has it."""

    endpoint: Address
    keys: Keys
    expiration: int | None = None


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A phone or browser of one's own that is reached; its address is told by its host alone."""

    subscription_id: UUID
    host: str
    recorded_at: datetime


class ChannelChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A channel, and whether one has notices by it."""

    channel: str
    zh: str
    en: str
    wanted: bool


class ChoiceIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether one wants notices by the channel."""

    wanted: bool


class WebhookIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A webhook as it shall be. Without `url` its address stays; without `template` it has its kind's."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60, examples=["企业微信群"])]
    kind: HookKind
    notices: Annotated[list[NoticeKind], msgspec.Meta(max_length=20)]
    reason: Reason
    url: Address | None = None
    template: Annotated[dict[str, Any] | None, msgspec.Meta(description="JSON with `${plate}` and so on")] = None
    active: Annotated[bool, msgspec.Meta(examples=[True])] = True


class WebhookOut(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as it holds now. Its address is told by host alone: the rest may be a key."""

    hook_id: UUID
    rev: int
    name: str
    kind: str
    host: str
    template: Any
    notices: Sequence[str]
    active: bool
    set_by: UUID
    set_at: datetime
    reason: str


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A code of ours and what it is called."""

    code: str
    zh: str
    en: str


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook may be told of, and what its template may say."""

    notices: list[Word]
    kinds: list[Word]
    words: Sequence[str]
    templates: dict[str, Any]


def _word(one: NoticeKind | HookKind) -> Word:
    return Word(code=one.value, zh=one.zh, en=one.en)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A notice on one way: `waiting`, `sent`, `failed` (for good) or `moot`."""

    channel: str
    person_id: UUID | None
    target_id: UUID
    state: str
    tries: int
    fault: str | None
    due_at: datetime
    sent_at: datetime | None


class NoticeOut(msgspec.Struct, frozen=True, kw_only=True):
    """A notice and what became of it; without a delivery nobody could be reached."""

    notice_id: UUID
    kind: str
    zh: str
    en: str
    subject_id: UUID
    recorded_at: datetime
    addressed_at: datetime | None
    deliveries: list[Delivery]


class PushController(Controller):
    """Where one is reached oneself."""

    path = "/v1/push-subscriptions"
    tags = ("notices",)
    opt = {"home": True}  # noqa: RUF012 - Litestar reads it as it stands

    @get("/key", guards=[Allow(EVERYONE)], summary="See the key to subscribe with", name="push.key")
    async def key(self, vault: NamedDependency[Vault]) -> PushKey:
        """Return the service's public key (RFC 8292); it stays the same, or every subscription would end."""
        return PushKey(key=base64url(public_bytes(vault.push_key())))

    @get(guards=[Allow(EVERYONE)], summary="See where I am reached", name="push.list")
    async def subscriptions(
        self, actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> list[Subscription]:
        """Return the phones and browsers of one's own that notices are pushed to."""
        async with database.read(actor.bureau_id) as reader:
            rows: Sequence[PushSubscription] = await reader.all(
                select(PushSubscription)
                .where(
                    PushSubscription.bureau_id == actor.bureau_id,
                    PushSubscription.person_id == actor.who,
                    col(PushSubscription.ended_at).is_(None),
                )
                .order_by(col(PushSubscription.recorded_at), col(PushSubscription.subscription_id))
            )
        return [_subscription(row) for row in rows]

    @put(guards=[Allow(EVERYONE)], summary="Be reached by push", name="push.subscribe")
    async def put_subscription(
        self,
        data: JSONBody[SubscriptionIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        outside: NamedDependency[Outside],
    ) -> Subscription:
        """Let this browser be told what its person is to know; whoever subscribes next with it takes it over."""
        new = NewSubscription(endpoint=outside.checked(data.endpoint), p256dh=data.keys.p256dh, auth=data.keys.auth)
        subscription_id = await subscribe(database, actor, new)
        async with database.read(actor.bureau_id) as reader:
            row = await reader.get(PushSubscription, subscription_id)
        if row is None:
            raise AssertionError("it was written a moment ago")
        return _subscription(row)

    @delete("/{subscription_id:uuid}", guards=[Allow(EVERYONE)], summary="Be reached there no more", name="push.end")
    async def end(
        self, subscription_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> None:
        """End a subscription of one's own."""
        await unsubscribe(database, actor, subscription_id)


def _subscription(row: PushSubscription) -> Subscription:
    return Subscription(
        subscription_id=row.subscription_id, host=urlsplit(row.endpoint).hostname or "", recorded_at=row.recorded_at
    )


class NoticeController(Controller):
    """What was told, and by which ways."""

    path = "/v1/notices"
    tags = ("notices",)

    @get(guards=[SEES_NOTICES], summary="Notices and what became of them", name="notices.list")
    async def notices(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        delivery_state: Annotated[
            Literal["waiting", "sent", "failed", "moot"] | None,
            QueryParameter(name="state", description="only those with a delivery in that state"),
        ] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[NoticeOut]:
        """List the bureau's notices, the newest first; what failed for good says why."""
        where = []
        if delivery_state is not None:
            where.append(
                col(Notice.notice_id).in_(
                    select(NoticeDelivery.notice_id).where(
                        NoticeDelivery.bureau_id == actor.bureau_id, NoticeDelivery.state == delivery_state
                    )
                )
            )
        async with database.read(actor.bureau_id) as reader:
            page: Page[Notice] = await newest_page(
                reader, Notice, col(Notice.notice_id), lambda row: row, *where, after=after, limit=limit
            )
            deliveries: Sequence[NoticeDelivery] = await reader.all(
                select(NoticeDelivery)
                .where(
                    NoticeDelivery.bureau_id == actor.bureau_id,
                    col(NoticeDelivery.notice_id).in_([row.notice_id for row in page.items]),
                )
                .order_by(col(NoticeDelivery.delivery_id))
            )
        return Page(items=[_notice(row, deliveries) for row in page.items], next=page.next)

    @get(
        "/channels",
        guards=[Allow(EVERYONE)],
        opt={"home": True},
        summary="See by what I am told",
        name="notices.channels",
    )
    async def channels(self, actor: NamedDependency[Actor], database: NamedDependency[Database]) -> list[ChannelChoice]:
        """Return the channels that are one's own to switch."""
        async with database.read(actor.bureau_id) as reader:
            row = await reader.get(NoticeChoice, actor.who, Channel.PUSH.value)
        push = Channel.PUSH
        return [ChannelChoice(channel=push.value, zh=push.zh, en=push.en, wanted=row is None or row.wanted)]

    @put("/channels/push", guards=[Allow(EVERYONE)], summary="Switch what I am told by", name="notices.choose")
    async def choose(
        self, data: JSONBody[ChoiceIn], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> list[ChannelChoice]:
        """Have notices pushed to one's phones and browsers, or not."""
        await choose_channel(database, actor, Channel.PUSH, wanted=data.wanted)
        push = Channel.PUSH
        return [ChannelChoice(channel=push.value, zh=push.zh, en=push.en, wanted=data.wanted)]


def _notice(row: Notice, deliveries: Sequence[NoticeDelivery]) -> NoticeOut:
    kind = NoticeKind(row.kind)
    return NoticeOut(
        notice_id=row.notice_id,
        kind=kind.value,
        zh=kind.zh,
        en=kind.en,
        subject_id=row.subject_id,
        recorded_at=row.recorded_at,
        addressed_at=row.addressed_at,
        deliveries=[
            Delivery(
                channel=one.channel,
                person_id=one.person_id,
                target_id=one.target_id,
                state=DeliveryState(one.state).value,
                tries=one.tries,
                fault=one.fault,
                due_at=one.due_at,
                sent_at=one.sent_at,
            )
            for one in deliveries
            if one.notice_id == row.notice_id
        ],
    )


class WebhookController(Controller):
    """Where the bureau's notices go besides."""

    path = "/v1/webhooks"
    tags = ("notices",)

    @get(guards=[RUNS_THE_DESK], summary="Webhooks", name="webhooks.list")
    async def hooks(self, actor: NamedDependency[Actor], database: NamedDependency[Database]) -> list[WebhookOut]:
        """Return each webhook as it holds now, the oldest first; addresses by host alone."""
        async with database.read(actor.bureau_id) as reader:
            return [_hook(one) for one in await webhooks(reader)]

    @get("/words", guards=[RUNS_THE_DESK], summary="What a webhook may be told of, and say", name="webhooks.words")
    async def words(self) -> Words:
        """Return the kinds of notices and of webhooks in both languages, the words of a template, and the templates."""
        return Words(
            notices=[_word(kind) for kind in NoticeKind if kind is not NoticeKind.TRIAL],
            kinds=[_word(kind) for kind in HookKind],
            words=WORDS,
            templates={kind.value: template for kind, template in TEMPLATES.items()},
        )

    @put("/{hook_id:uuid}", guards=[RUNS_THE_DESK], summary="Set a webhook", name="webhooks.set")
    async def put_hook(
        self,
        *,
        hook_id: FromPath[UUID],
        data: JSONBody[WebhookIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        outside: NamedDependency[Outside],
        vault: NamedDependency[Vault],
    ) -> WebhookOut:
        """Enter how a webhook is from now on, under an id of the caller's making; every change is a fact."""
        new = NewWebhook(
            name=data.name,
            kind=data.kind,
            url=None if data.url is None else outside.checked(data.url),
            template=data.template,
            notices=tuple(data.notices),
            active=data.active,
            reason=data.reason,
        )
        await set_webhook(database, vault, actor, hook_id, new)
        async with database.read(actor.bureau_id) as reader:
            return next(_hook(one) for one in await webhooks(reader) if one.hook_id == hook_id)

    @post(
        "/{hook_id:uuid}/try",
        guards=[RUNS_THE_DESK],
        status_code=202,
        summary="Send a notice on trial",
        name="webhooks.try",
    )
    async def try_hook(
        self, hook_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> None:
        """Send a made-up notice there; what becomes of it stands in the list of notices."""
        await try_webhook(database, actor, hook_id)


def _hook(one: Hook) -> WebhookOut:
    return WebhookOut(
        hook_id=one.hook_id,
        rev=one.rev,
        name=one.name,
        kind=one.kind,
        host=urlsplit(one.url).hostname or "",
        template=one.template,
        notices=one.notices,
        active=one.active,
        set_by=one.actor_id,
        set_at=one.recorded_at,
        reason=one.reason,
    )
