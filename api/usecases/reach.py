"""Say where and how somebody is reached: push subscriptions and channels of one's own, webhooks of the bureau."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import select

from api.db.database import Actor, Database, UnitOfWork
from api.db.happened import NO_DAY
from api.db.ledger_entry import new_id
from api.db.queries.notices import webhooks
from api.db.tables.notices import Notice, NoticeChoice, PushSubscription, Webhook
from api.notices.encrypt import check_keys
from api.vault import Vault
from domain.errors import NotFound, StateConflict
from domain.notices import Channel, HookKind, NoticeKind, checked_template

SUBSCRIPTIONS_MOST = 10
"""Phones and browsers of one person; one more ends the oldest."""
WEBHOOKS_MOST = 20


class TooManyWebhooks(StateConflict):
    """A bureau has twenty webhooks at most; change one that is there."""

    code = "too-many-webhooks"
    zh = "每个局最多设置二十个 Webhook，请修改已有的 Webhook。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """What a browser says of where it is reached."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """A webhook as it shall be from now on, and why."""

    name: str
    kind: HookKind
    url: str | None
    """None: as it was."""
    template: dict[str, Any] | None
    notices: tuple[NoticeKind, ...]
    active: bool
    reason: str


_OLDEST = text(
    "UPDATE push_subscription SET ended_at = :now WHERE bureau_id = :bureau_id AND subscription_id IN ("
    " SELECT subscription_id FROM push_subscription WHERE bureau_id = :bureau_id AND person_id = :person_id"
    " AND ended_at IS NULL ORDER BY recorded_at DESC, subscription_id DESC OFFSET :most)"
)


async def subscribe(database: Database, actor: Actor, new: NewSubscription) -> UUID:
    """Let the actor be reached there, and nobody else: a browser is whoever's who is signed in. Return its id.

    Raises:
        BadPushKeys: nothing can be encrypted for these keys.
    """
    check_keys(new.p256dh, new.auth)

    async def work(uow: UnitOfWork) -> UUID:
        held = {"person_id": uow.actor.who, "p256dh": new.p256dh, "auth": new.auth, "recorded_at": uow.now}
        await uow.execute(
            insert(PushSubscription)
            .values(bureau_id=uow.bureau_id, subscription_id=new_id(), endpoint=new.endpoint, **held)
            .on_conflict_do_update(index_elements=["bureau_id", "endpoint"], set_=held | {"ended_at": None})
        )
        asked = {"bureau_id": uow.bureau_id, "person_id": uow.actor.who, "now": uow.now, "most": SUBSCRIPTIONS_MOST}
        await uow.execute(_OLDEST, asked)
        found: UUID = await uow.one(
            select(PushSubscription.subscription_id).where(
                PushSubscription.bureau_id == uow.bureau_id, PushSubscription.endpoint == new.endpoint
            )
        )
        return found

    return await database.write(actor, work)


async def unsubscribe(database: Database, actor: Actor, subscription_id: UUID) -> None:
    """End a subscription of the actor's. Raises NotFound: they have no such one."""

    async def work(uow: UnitOfWork) -> None:
        row = await uow.get(PushSubscription, subscription_id)
        if row is None or row.person_id != uow.actor.who or row.ended_at is not None:
            raise NotFound("There is no such subscription of yours.")
        uow.session.expunge(row)
        await uow.update(PushSubscription, subscription_id, ended_at=uow.now)

    await database.write(actor, work)


async def choose_channel(database: Database, actor: Actor, channel: Channel, *, wanted: bool) -> None:
    """Let the actor have notices by a channel, or not."""

    async def work(uow: UnitOfWork) -> None:
        held = {"wanted": wanted, "recorded_at": uow.now}
        await uow.execute(
            insert(NoticeChoice)
            .values(bureau_id=uow.bureau_id, person_id=uow.actor.who, channel=channel.value, **held)
            .on_conflict_do_update(index_elements=["bureau_id", "person_id", "channel"], set_=held)
        )

    await database.write(actor, work)


_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('webhooks ' || :bureau_id, 0))")


async def set_webhook(database: Database, vault: Vault, actor: Actor, hook_id: UUID, new: NewWebhook) -> None:
    """Enter how a webhook is from now on: its address, which may hold a key, sealed; the ledger has host and digest.

    Raises:
        AddressNotOpened: its address shall stay, and cannot be opened.
        BadTemplate: the template says what a notice may not.
        NotFound: it is new, and has no address.
        TooManyWebhooks: there are as many as a bureau may have.
    """
    if new.template is not None:
        checked_template(new.template)

    async def work(uow: UnitOfWork) -> None:
        await uow.execute(_ONE_AT_A_TIME, {"bureau_id": uow.bureau_id})
        known = {one.hook_id: one for one in await webhooks(uow)}
        before = known.get(hook_id)
        url = new.url or (vault.opened(uow.bureau_id, hook_id, before.url) if before else None)
        if url is None:
            raise NotFound("There is no such webhook; a new one needs an address.", hook_id=str(hook_id))
        if before is None and len(known) >= WEBHOOKS_MOST:
            raise TooManyWebhooks
        rev = before.rev + 1 if before else 1
        notices = sorted({kind.value for kind in new.notices})
        entry_id = await uow.enter(
            "webhook-set",
            facts={
                "hook_id": hook_id,
                "rev": rev,
                "name": new.name,
                "kind": new.kind,
                "host": urlsplit(url).hostname,
                "url_sha256": hashlib.sha256(url.encode()).hexdigest(),
                "notices": notices,
                "active": new.active,
            },
            person={"reason": new.reason},
        )
        await uow.insert(
            Webhook(
                bureau_id=uow.bureau_id,
                hook_id=hook_id,
                rev=rev,
                name=new.name,
                kind=new.kind.value,
                url=vault.sealed(uow.bureau_id, hook_id, url),
                template=new.template,
                notices=notices,
                active=new.active,
                reason=new.reason,
                actor_id=uow.actor.who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )

    await database.write(actor, work)


_TRIAL = (
    "SELECT notice_id FROM notice WHERE bureau_id = :bureau_id AND kind = 'trial' AND subject_id = :hook_id"
    " AND day = :day FOR UPDATE"
)
_TRY_AGAIN = (
    "UPDATE notice_delivery SET state = 'waiting', tries = 0, due_at = :now, fault = NULL, sent_at = NULL"
    " WHERE bureau_id = :bureau_id AND notice_id = :notice_id"
)


async def try_webhook(database: Database, actor: Actor, hook_id: UUID) -> None:
    """Send a notice on trial there, as often as asked. Raises NotFound: there is no such webhook."""

    async def work(uow: UnitOfWork) -> None:
        if all(one.hook_id != hook_id or not one.active for one in await webhooks(uow)):
            raise NotFound("There is no such webhook.", hook_id=str(hook_id))
        asked = {"bureau_id": uow.bureau_id, "hook_id": hook_id, "day": NO_DAY}
        # A trial is one notice a webhook: the next one begins that anew, to wherever the webhook leads by now.
        notice_id = (await uow.execute(text(_TRIAL), asked)).scalar_one_or_none()
        if notice_id is not None:
            asked = {"bureau_id": uow.bureau_id, "notice_id": notice_id, "now": uow.now}
            await uow.execute(text(_TRY_AGAIN), asked)
            await uow.update(Notice, notice_id, addressed_at=None)
        uow.happened.notices.append((NoticeKind.TRIAL.value, str(hook_id), NO_DAY))

    await database.write(actor, work)
