"""By which address the service is reached from outside, and the link by which a device is handed over."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.di import NamedDependency

from api.settings import Settings
from domain.errors import InvalidInput


def reached_at(request: Request[Any, Any, Any], settings: NamedDependency[Settings]) -> str:
    """Return the address phones reach the service at, without a slash at its end: as set, else as this request did.

    Raises:
        InvalidInput: none is set, and the request's Host is none.
    """
    if settings.base_url:
        return settings.base_url.rstrip("/")
    try:
        return str(request.base_url).rstrip("/")
    except ValueError as fault:
        raise InvalidInput("The Host header names no address.") from fault


def handover_link(address: str, token: str) -> str:
    """Return the page by which a device is set up; whoever has it has the device's key."""
    return f"{address}/enrol/{token}"
