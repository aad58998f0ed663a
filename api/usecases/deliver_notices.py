"""Deliver notices 通知: find out who is to be told, take what is due, and record what became of each try.

The outbox is written with the act; everything here comes after it. What was taken is leased for a while: a process
that dies between sending and recording sends once more, after the lease. So a notice comes at least once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from api.db.database import UnitOfWork
from api.db.happened import NO_DAY
from api.db.ledger_entry import new_id
from api.db.queries.calendar import zone_of
from api.db.queries.notices import About, Hook, Target, about, reached, webhooks
from api.db.queries.settings import settings_of
from api.db.tables.notices import Notice, NoticeDelivery, PushSubscription
from api.db.tables.people import Person
from domain.notices import (
    DeliveryState,
    NoticeKind,
    clock_time,
    held_back_until,
    pause_after,
    quiet_until,
    said,
)

TAKEN_AT_ONCE: Final = 20
LEASE: Final = timedelta(minutes=2)
"""Longer than any try lasts."""

_LATE = text(
    "SELECT n.subject_id FROM notice n JOIN vehicle_use u ON u.bureau_id = n.bureau_id AND u.use_id = n.subject_id"
    " WHERE n.bureau_id = :bureau_id AND n.kind = 'approval-wanted' AND u.state = 'requested'"
    " AND n.recorded_at <= :before AND NOT EXISTS (SELECT 1 FROM notice e WHERE e.bureau_id = :bureau_id"
    "  AND e.kind = 'approval-late' AND e.subject_id = n.subject_id)"
    # Whom the quiet hours kept from hearing of it has as long from when they heard.
    " AND NOT EXISTS (SELECT 1 FROM notice_delivery d WHERE d.bureau_id = :bureau_id AND d.notice_id = n.notice_id"
    "  AND (d.sent_at > :before OR (d.state = 'waiting' AND d.tries = 0 AND d.due_at > :before))) LIMIT 100"
)
_NEAR = text(
    "SELECT j.job_id, j.due_on FROM job j WHERE j.bureau_id = :bureau_id AND j.state = 'open' AND j.on_site"
    " AND j.due_on >= :today AND j.due_on <= :until AND NOT EXISTS (SELECT 1 FROM notice e"
    "  WHERE e.bureau_id = :bureau_id AND e.kind = 'deadline-near' AND e.subject_id = j.job_id AND e.day = j.due_on)"
    " ORDER BY j.due_on LIMIT 100"
)
_DUE = text(
    "SELECT d.delivery_id, d.notice_id, d.channel, d.target_id, d.person_id, d.tries FROM notice_delivery d"
    " WHERE d.bureau_id = :bureau_id AND d.state = 'waiting' AND d.due_at <= :now"
    " ORDER BY d.due_at LIMIT :most FOR UPDATE SKIP LOCKED"
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A try that is to be made now."""

    delivery_id: UUID
    channel: str
    tries: int
    """This one counted."""
    urgent: bool
    words: dict[str, str]
    """What a template may say."""
    message: dict[str, Any]
    """What a phone is told, in both languages."""
    hook: Hook | None = None
    subscription: tuple[str, str, str] | None = None
    """Endpoint and keys of a push subscription."""


async def find_waiting(uow: UnitOfWork) -> int:
    """Write notices of requests that wait for long and of visits that are due soon; return how many."""
    settings = await settings_of(uow)
    today = uow.now.astimezone(await zone_of(uow)).date()
    before = uow.now - timedelta(minutes=settings["notice_escalate_min"])
    until = today + timedelta(days=settings["deadline_warn_days"])
    late = await uow.execute(_LATE, {"bureau_id": uow.bureau_id, "before": before})
    near = await uow.execute(_NEAR, {"bureau_id": uow.bureau_id, "today": today, "until": until})
    found: list[tuple[NoticeKind, UUID, date]] = [
        *((NoticeKind.APPROVAL_LATE, row.subject_id, NO_DAY) for row in late),
        *((NoticeKind.DEADLINE_NEAR, row.job_id, row.due_on) for row in near),
    ]
    for kind, subject_id, day in found:
        uow.happened.notices.append((kind.value, str(subject_id), day))
    return len(found)


async def address_notices(uow: UnitOfWork) -> int:
    """Find out who is to be told of each new notice, by which ways, and from when on; return how many there were."""
    notices: Sequence[Notice] = await uow.all(
        select(Notice)
        .where(Notice.bureau_id == uow.bureau_id, col(Notice.addressed_at).is_(None))
        .order_by(col(Notice.recorded_at), col(Notice.notice_id))
        .limit(TAKEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    settings, zone = await settings_of(uow), await zone_of(uow)
    quiet = quiet_until(uow.now, zone, settings["quiet_from_min"], settings["quiet_until_min"])
    for notice in notices:
        uow.session.expunge(notice)
        told = await about(uow, notice)
        targets = [] if told.moot else await _targets(uow, notice, told)
        due_at = held_back_until(NoticeKind(notice.kind), told.departs_at, quiet) or uow.now
        for target in targets:
            row = NoticeDelivery(
                bureau_id=uow.bureau_id,
                delivery_id=new_id(),
                notice_id=notice.notice_id,
                channel=target.channel,
                target_id=target.target_id,
                person_id=target.person_id,
                due_at=due_at,
                recorded_at=uow.now,
            )
            await uow.execute(insert(NoticeDelivery).values(**row.model_dump()).on_conflict_do_nothing())
        await uow.update(Notice, notice.notice_id, addressed_at=uow.now)
    return len(notices)


async def _targets(uow: UnitOfWork, notice: Notice, told: About) -> list[Target]:
    hooks = [one for one in await webhooks(uow) if one.active]
    if notice.kind == NoticeKind.TRIAL:
        wanted = [one for one in hooks if one.hook_id == notice.subject_id]
        return [Target("webhook", one.hook_id) for one in wanted]
    wanted = [one for one in hooks if notice.kind in one.notices]
    return [*await reached(uow, told.people), *(Target("webhook", one.hook_id) for one in wanted)]


async def take_due(uow: UnitOfWork, address: str) -> list[Taken]:
    """Take what is due, each for as long as the lease; what is moot by now is never sent.

    Args:
        uow: the transaction.
        address: of the service, for links.
    """
    due = (await uow.execute(_DUE, {"bureau_id": uow.bureau_id, "now": uow.now, "most": TAKEN_AT_ONCE})).all()
    hooks = {one.hook_id: one for one in await webhooks(uow)} if any(row.channel == "webhook" for row in due) else {}
    taken: list[Taken] = []
    for row in due:
        notice = await uow.get(Notice, row.notice_id)
        if notice is None:
            raise AssertionError("a delivery has its notice")
        told = await about(uow, notice)
        hook = hooks.get(row.target_id)
        subscription = await _still_there(uow, row) if row.channel == "push" else None
        if told.moot or not (subscription or (hook is not None and hook.active)):
            await uow.update(NoticeDelivery, row.delivery_id, state=DeliveryState.MOOT.value)
            continue
        await uow.update(NoticeDelivery, row.delivery_id, tries=row.tries + 1, due_at=uow.now + LEASE)
        kind = NoticeKind(notice.kind)
        taken.append(
            Taken(
                delivery_id=row.delivery_id,
                channel=row.channel,
                tries=row.tries + 1,
                urgent=kind in (NoticeKind.APPROVAL_WANTED, NoticeKind.APPROVAL_LATE),
                words=_words(kind, told, address),
                message=_message(kind, notice, told, told.page_of(row.person_id)),
                hook=hook,
                subscription=None
                if subscription is None
                else (subscription.endpoint, subscription.p256dh, subscription.auth),
            )
        )
    return taken


async def _still_there(uow: UnitOfWork, row: Any) -> PushSubscription | None:
    """Return where a person is to be told, unless they left or somebody else uses that browser by now."""
    subscription = await uow.get(PushSubscription, row.target_id)
    if subscription is None or subscription.ended_at is not None or subscription.person_id != row.person_id:
        return None
    person = await uow.get(Person, row.person_id)
    return subscription if person is not None and person.active else None


def _words(kind: NoticeKind, told: About, address: str) -> dict[str, str]:
    title, body = said(kind, told.subject, "zh")
    return {
        "plate": told.subject.plate,
        "time": "" if told.subject.at is None else clock_time(told.subject.at),
        "number": told.subject.number,
        "link": address + told.page,
        "title": title,
        "text": body,
    }


def _message(kind: NoticeKind, notice: Notice, told: About, page: str) -> dict[str, Any]:
    languages = {
        language: dict(zip(("title", "body"), said(kind, told.subject, language), strict=True))
        for language in ("zh", "en")
    }
    return {"kind": kind.value, "tag": f"{kind.value} {notice.subject_id}", "link": page, **languages}


async def record_try(uow: UnitOfWork, delivery_id: UUID, outcome: str, fault: str | None) -> None:
    """Record what became of a try: `sent`, `again`, `never`, or `gone` (which ends the subscription)."""
    delivery = await uow.get(NoticeDelivery, delivery_id)
    if delivery is None or delivery.state != DeliveryState.WAITING.value:
        return
    uow.session.expunge(delivery)
    pause = pause_after(delivery.tries) if outcome == "again" else None
    if outcome == "sent":
        changed: dict[str, Any] = {"state": DeliveryState.SENT.value, "sent_at": uow.now, "fault": None}
    elif pause is not None:
        changed = {"due_at": uow.now + pause, "fault": fault}
    else:
        changed = {"state": DeliveryState.FAILED.value, "fault": fault}
    await uow.update(NoticeDelivery, delivery_id, **changed)
    if outcome == "gone":
        await uow.update(PushSubscription, delivery.target_id, ended_at=uow.now)
