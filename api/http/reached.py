"""By which address the service is reached from outside, and the link by which a device is handed over."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.di import NamedDependency

from api.settings import Settings


def reached_at(request: Request[Any, Any, Any], settings: NamedDependency[Settings]) -> str:
    """Return the address phones reach the service at, without a slash at its end: as set, else as this request did."""
    return (settings.base_url or str(request.base_url)).rstrip("/")


def handover_link(address: str, token: str) -> str:
    """Return the page by which a device is set up; whoever has it has the device's key."""
    return f"{address}/enrol/{token}"
