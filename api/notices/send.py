"""Sends one notice one way, and says what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from api.notices.encrypt import encrypted, vouched
from api.notices.outside import AddressNotAllowed, Answered, NoAnswer, Outside
from domain.notices import TEMPLATES, HookKind, filled

TTL_S: Final = 24 * 3600
"""How long a push service keeps a message for a phone that is off."""
GONE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
AGAIN: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
WECOM_BUSY: Final = frozenset({-1, 45009, 45033})
"""WeCom's codes for busy and too often; others say that it will never take it."""


class What(Enum):
    """What became of a try."""

    SENT = auto()
    AGAIN = auto()
    NEVER = auto()
    GONE = auto()
    """The subscription is no more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a try; the fault in a few words of ours."""

    what: What
    fault: str | None = None


class Sender:
    """Sends by Web Push and to webhooks."""

    def __init__(self, outside: Outside, key: Callable[[], ec.EllipticCurvePrivateKey], contact: str) -> None:
        """Push in the name of `key`; `contact` is where a push service finds a human."""
        self._outside = outside
        self._key = key
        self._contact = contact

    async def push(
        self, subscription: tuple[str, str, str], message: Mapping[str, Any], *, urgent: bool, now: datetime
    ) -> Outcome:
        """Push a message to (endpoint, p256dh, auth)."""
        endpoint, p256dh, auth = subscription
        headers = {
            "Authorization": vouched(endpoint, self._key(), self._contact, now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_S),
            "Urgency": "high" if urgent else "normal",
        }
        outcome, answered = await self._tried(endpoint, encrypted(msgspec.json.encode(message), p256dh, auth), headers)
        return Outcome(What.GONE, outcome.fault) if answered is not None and answered.status in GONE else outcome

    async def hook(
        self, kind: HookKind, address: str, template: Mapping[str, Any] | None, words: Mapping[str, str]
    ) -> Outcome:
        """Send words to a webhook, by its template or its kind's."""
        body = msgspec.json.encode(filled(template or TEMPLATES[kind], words))
        headers = {"Content-Type": "application/json; charset=utf-8"}
        outcome, answered = await self._tried(address, body, headers)
        if kind is HookKind.WECOM and answered is not None and outcome.what is What.SENT:
            return _of_wecom(answered.body)
        return outcome

    async def _tried(self, address: str, body: bytes, headers: Mapping[str, str]) -> tuple[Outcome, Answered | None]:
        try:
            answered = await self._outside.post(address, body, headers)
        except AddressNotAllowed:
            return Outcome(What.NEVER, "address not allowed"), None
        except NoAnswer as fault:
            return Outcome(What.AGAIN, str(fault)), None
        status = answered.status
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return Outcome(What.SENT), answered
        again = status in AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return Outcome(What.AGAIN if again else What.NEVER, f"HTTP {status}"), answered


class _WeCom(msgspec.Struct):
    errcode: int = 0


def _of_wecom(body: bytes) -> Outcome:
    """Read what WeCom answers with status 200, whatever became of it."""
    try:
        code = msgspec.json.decode(body, type=_WeCom).errcode
    except msgspec.MsgspecError:
        return Outcome(What.AGAIN, "not WeCom's answer")
    if code == 0:
        return Outcome(What.SENT)
    return Outcome(What.AGAIN if code in WECOM_BUSY else What.NEVER, f"errcode {code}")
