"""What the headers of a request say, read alike by the router and by the fast lane of positions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from litestar.types import Scope

F = TypeVar("F", bound=StrEnum)


def header(scope: Scope, name: bytes) -> str:
    """Return a request header, or an empty text."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def header_lines(scope: Scope, name: bytes) -> str:
    """Return a request header that is a list, all lines of it in one (RFC 9110 §5.3), or an empty text."""
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


def bearer(scope: Scope) -> str:
    """Return the token a request carries as its Bearer, or an empty text."""
    authorization = header(scope, b"authorization")
    return authorization[7:].strip() if authorization[:7].lower() == "bearer " else ""


def form_of(asked: F | None, accept: str, media_types: Mapping[F, str], otherwise: F) -> F:
    """Return the form asked for by name, else the first one the Accept header names, else `otherwise`."""
    if asked is not None:
        return asked
    named = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    forms = {media_type: form for form, media_type in media_types.items()}
    return next((forms[one] for one in named if one in forms), otherwise)


def language_of(accept_language: str) -> str:
    """Return "en" where the reader prefers English to Chinese, else "zh" (RFC 9110 §12.5.4)."""
    best = {"zh": 0.0, "en": 0.0}
    for part in accept_language.split(","):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.strip().lower().split("-")[0]
        try:
            weight = float(parameters.partition("q=")[2] or 1)
        except ValueError:
            weight = 0.0
        if primary in best:
            best[primary] = max(best[primary], weight)
    return "en" if best["en"] > best["zh"] else "zh"
