"""The one table from a fault's code to its HTTP status, and the RFC 9457 problem made of it.

`docs/errors.md` has a heading for every code; a test keeps the three in step.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec

from api.db.database import KeyReused, RecordedRefusal
from api.db.faults import Busy, DatabaseAway, HeldByDatabase
from domain.erasure import PersonalDataWithheld
from domain.errors import DomainError, Forbidden, InvalidInput, NotFound, StateConflict
from domain.retention import FileRetired, PositionsRetired

PROBLEM_JSON: Final = "application/problem+json"


class NotSignedIn(DomainError):
    """You are not signed in, or your session has ended: please sign in."""

    code = "not-signed-in"
    zh = "您尚未登录或会话已结束，请登录。"


class Unparseable(DomainError):
    """The body could not be read as what this address takes."""

    code = "unparseable"
    zh = "请求正文无法解析。"


class WrongMediaType(DomainError):
    """The body's Content-Type is not one this address takes."""

    code = "wrong-media-type"
    zh = "请求正文的类型不受支持。"


class BodyTooLarge(DomainError):
    """The body is larger than this address takes."""

    code = "body-too-large"
    zh = "请求正文过大。"


class BodyTooSlow(DomainError):
    """The body did not arrive in time; nothing was recorded."""

    code = "body-too-slow"
    zh = "请求正文未能及时送达，没有记录任何内容。"


class NoSuchAddress(DomainError):
    """There is nothing at this address."""

    code = "no-such-address"
    zh = "此地址没有内容。"


class MethodNotAllowed(DomainError):
    """This address does not take this method."""

    code = "method-not-allowed"
    zh = "此地址不支持该方法。"


class Unexpected(DomainError):
    """The service met a fault of its own; it was logged under the request id, and nothing was recorded."""

    code = "unexpected"
    zh = "服务出现内部错误，已按请求编号记录日志，没有写入任何内容。"


class CrossSite(DomainError):
    """A browser request that changes something must come from our own pages."""

    code = "cross-site"
    zh = "更改数据的浏览器请求必须来自本系统页面。"


class TooManyFailures(DomainError):
    """Too many wrong pass words, or links that open nothing, came from your address: wait a minute."""

    code = "too-many-failures"
    zh = "来自您所在地址的错误密码或无效链接过多，请一分钟后再试。"


class TooManyRequests(DomainError):
    """Too many requests came from your session, or without one from your address: wait a minute."""

    code = "too-many-requests"
    zh = "您的会话（未登录时为您所在地址）请求过于频繁，请一分钟后再试。"


STATUS: Final[dict[type[DomainError], int]] = {
    DomainError: 400,
    InvalidInput: 400,
    Unparseable: 400,
    NotSignedIn: 401,
    Forbidden: 403,
    CrossSite: 403,
    NotFound: 404,
    NoSuchAddress: 404,
    MethodNotAllowed: 405,
    BodyTooSlow: 408,
    StateConflict: 409,
    KeyReused: 409,
    RecordedRefusal: 409,
    PositionsRetired: 410,
    PersonalDataWithheld: 410,
    FileRetired: 410,
    HeldByDatabase: 409,
    BodyTooLarge: 413,
    WrongMediaType: 415,
    TooManyFailures: 429,
    TooManyRequests: 429,
    Unexpected: 500,
    DatabaseAway: 503,
    Busy: 503,
}
"""Status by class; a class that is not named here has that of its nearest named parent."""

RETRY_AFTER_S: Final = {HTTPStatus.SERVICE_UNAVAILABLE: 2, HTTPStatus.TOO_MANY_REQUESTS: 60}


def status_of(fault: DomainError) -> int:
    """Return the HTTP status of a fault; one that a protocol of others knows by another status carries it."""
    own = getattr(fault, "status", None)
    return int(own) if isinstance(own, int) else next(STATUS[kind] for kind in type(fault).__mro__ if kind in STATUS)


def problem(fault: DomainError, language: str, request_id: str) -> dict[str, Any]:
    """Return the problem details (RFC 9457) of a fault: a stable code and a sentence in the reader's language.

    What a fault says beyond its class's sentence is English, so others read the sentence alone.
    """
    sentence = type(fault).sentence(language)
    body: dict[str, Any] = {
        "type": f"urn:zhuanche:problem:{fault.code}",
        "title": sentence,
        "status": status_of(fault),
        "code": fault.code,
        "detail": (fault.message if language == "en" else None) or sentence,
        "request_id": request_id,
    }
    detail = fault.detail_in(language)
    return body | {key: value for key, value in detail.items() if key not in body}


def problem_headers(status: int, language: str) -> dict[str, str]:
    """Return the headers that go with a problem: its language, when to come again, how to sign in."""
    headers = {"Content-Language": "en" if language == "en" else "zh-CN"}
    if status in RETRY_AFTER_S:
        headers["Retry-After"] = str(RETRY_AFTER_S[HTTPStatus(status)])
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def encode_problem(body: dict[str, Any]) -> bytes:
    """Return a problem's JSON."""
    return msgspec.json.encode(body)
