"""Notices 通知: of what somebody is told, in which words, when it may reach them, and how often it is tried.

A notice carries a plate, a time, a number and a link, and nothing about a person: it lies on lock screens and in
group chats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final

from domain.errors import InvalidInput
from domain.values import Named


class NoticeKind(Named):
    """Of what somebody is told."""

    APPROVAL_WANTED = "approval-wanted", "用车申请待审批", "a trip waits for approval"
    APPROVAL_LATE = "approval-late", "用车申请久未审批", "a trip still waits for approval"
    SPOKEN_TO_CONFIRM = "spoken-to-confirm", "口头批准待补签", "a spoken approval is to be confirmed"
    TRIP_APPROVED = "trip-approved", "用车申请已批准", "the trip is approved"
    TRIP_REFUSED = "trip-refused", "用车申请未批准", "the trip is not approved"
    FINDING_RAISED = "finding-raised", "异常待说明", "a finding is to be explained"
    DEADLINE_NEAR = "deadline-near", "调解任务临期", "a visit is due soon"
    TRIAL = "trial", "通知试发", "a notice on trial"


class Channel(Named):
    """The way a notice takes."""

    PUSH = "push", "手机或浏览器推送", "push to a phone or browser"
    WEBHOOK = "webhook", "群机器人或短信网关", "group robot or SMS gateway"


class HookKind(Named):
    """What stands at the other end of a webhook."""

    WECOM = "wecom", "企业微信群机器人", "WeCom group robot"
    SMS = "sms", "短信网关", "SMS gateway"
    JSON = "json", "通用 JSON", "any service that takes JSON"


class DeliveryState(StrEnum):
    """What became of a notice on one way to one recipient."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    """For good: it was tried as often as is tried, or the other side said never."""
    MOOT = "moot"
    """What it was about was settled before it was sent."""


NOT_OPENED: Final = "address cannot be opened"
"""The fault of a try whose webhook's address was sealed by another secret, or altered: it is entered anew."""


class BadTemplate(InvalidInput):
    """A webhook's template is a JSON object that uses only the words plate, time, number, link, title and text."""

    code = "bad-template"
    zh = "Webhook 模板须为 JSON 对象，且只能使用 plate、time、number、link、title、text 这些占位符。"


WORDS: Final = ("plate", "time", "number", "link", "title", "text")
"""What a template may say, as `${plate}`."""
_PLACE: Final = re.compile(r"\$\{([^}]*)\}")
TEMPLATE_DEPTH: Final = 6
"""Nesting of a template, at most."""

TEMPLATES: Final[Mapping[HookKind, Mapping[str, Any]]] = {
    # https://developer.work.weixin.qq.com/document/path/91770: msgtype text, content of at most 2,048 bytes.
    HookKind.WECOM: {"msgtype": "text", "text": {"content": "【${title}】${text}\n${link}"}},
    HookKind.SMS: {"template": "zhuanche", "params": {"title": "${title}", "plate": "${plate}", "time": "${time}"}},
    HookKind.JSON: {name: f"${{{name}}}" for name in WORDS},
}
"""What is sent where a webhook has no template of its own."""

TRIES_MOST: Final = 7
_FIRST_PAUSE: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a notice is about, as far as it may be told; times are of the bureau's zone."""

    plate: str = ""
    at: datetime | None = None
    """When the trip is to depart, a finding's term ends, a visit is due."""
    number: str = ""
    """Of the dispatch order or the complaint."""


def said(kind: NoticeKind, subject: Subject, language: str) -> tuple[str, str]:
    """Return title and text of a notice in "zh" or "en"."""
    zh = language == "zh"
    parts = [subject.plate, subject.number, "" if subject.at is None else _label(kind, subject.at, zh=zh)]
    title = kind.zh if zh else kind.en.capitalize()
    return title, ("，" if zh else ", ").join(part for part in parts if part)


def _label(kind: NoticeKind, at: datetime, *, zh: bool) -> str:
    told = clock_time(at)
    if kind is NoticeKind.FINDING_RAISED:
        return f"说明期限 {told}" if zh else f"explain by {told}"
    if kind is NoticeKind.DEADLINE_NEAR:
        return f"{at:%m-%d} 到期" if zh else f"due {at:%m-%d}"
    return f"{told} 出车" if zh else f"departs {told}"


def clock_time(at: datetime) -> str:
    """Return a time as a notice says it."""
    return f"{at:%m-%d %H:%M}"


def checked_template(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a template that says only what a notice may. Raises `BadTemplate`."""
    _walk(template, dict.fromkeys(WORDS, ""), 0)
    return template


def filled(template: Mapping[str, Any], words: Mapping[str, str]) -> Any:
    """Return a template with its places filled: words go into texts and nowhere else, so that none is structure."""
    return _walk(template, words, 0)


def _walk(value: Any, words: Mapping[str, str], depth: int) -> Any:
    if depth > TEMPLATE_DEPTH:
        raise BadTemplate
    if isinstance(value, Mapping):
        if any(_PLACE.search(name) for name in value):
            raise BadTemplate
        return {name: _walk(one, words, depth + 1) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_walk(one, words, depth + 1) for one in value]
    if not isinstance(value, str):
        return value
    unknown = [name for name in _PLACE.findall(value) if name not in words]
    if unknown:
        raise BadTemplate(unknown=unknown[:5])
    return _PLACE.sub(lambda found: words[found[1]], value)


def pause_after(tries: int) -> timedelta | None:
    """Return how long to wait after so many tries: half a minute, then four times as long each; None: no more."""
    return None if tries >= TRIES_MOST else _FIRST_PAUSE * 4 ** (tries - 1)


def quiet_until(at: datetime, zone: tzinfo, from_min: int, until_min: int) -> datetime | None:
    """Return when the quiet hours end in which an instant lies, or None outside them.

    They run from one minute of the day to another, over midnight where the second is the smaller; where both are the
    same there are none.
    """
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    over_midnight = until_min < from_min
    if from_min == until_min:
        return None
    if not (minute >= from_min or minute < until_min if over_midnight else from_min <= minute < until_min):
        return None
    day = local.date() + timedelta(days=1 if over_midnight and minute >= from_min else 0)
    return datetime(day.year, day.month, day.day, until_min // 60, until_min % 60, tzinfo=zone)


def held_back_until(kind: NoticeKind, departs_at: datetime | None, quiet: datetime | None) -> datetime | None:
    """Return until when a notice waits that would fall into quiet hours ending at `quiet`; None: it goes through.

    Urgent is what is about a departure before they end: then the custodian is woken, as the telephone would.
    """
    if quiet is None or kind is NoticeKind.TRIAL:
        return None
    return None if departs_at is not None and departs_at < quiet else quiet
