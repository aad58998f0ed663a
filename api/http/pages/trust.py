"""`/trust`: how to reach the service safely, and how to tell a phone to trust the service's own authority.

The only page that plain HTTP gets. Who stands between may change it, so it asks to compare the fingerprint with the
one at the desk before anything is trusted.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.response import Template

from api.authority import authority_of, fingerprint_of
from api.errors import NoSuchAddress
from api.http.access import public
from api.http.pages.shell import page
from api.http.secure import TRUST
from api.settings import Settings


def _safe_address(request: Request[Any, Any, Any], settings: Settings) -> str | None:
    """Return the address over HTTPS, by the name this request came by where none is set."""
    if settings.base_url and settings.base_url.startswith("https:"):
        return settings.base_url.rstrip("/")
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    if settings.https_port is None or not host:
        return None
    name = f"[{host}]" if ":" in host else host
    return f"https://{name}" + ("" if settings.https_port == 443 else f":{settings.https_port}")  # noqa: PLR2004 - HTTPS's own


@get(TRUST, guards=[public], include_in_schema=False, name="pages.trust", opt={"page": True})
async def trust_page(request: Request[Any, Any, Any], settings: NamedDependency[Settings]) -> Template:
    """Explain."""
    own = None if settings.certificate else authority_of(settings)
    try:
        address = _safe_address(request, settings)
    except ValueError:
        address = None
    return page(
        request,
        "trust.html",
        address=address,
        fingerprint=None if own is None else fingerprint_of(own),
        until=None if own is None else own.not_valid_after_utc.date().isoformat(),
    )


@get(f"{TRUST}/zhuanche.crt", guards=[public], include_in_schema=False, name="pages.authority")
async def authority_file(settings: NamedDependency[Settings]) -> Response[bytes]:
    """Return the authority's certificate as phones take it (DER)."""
    own = None if settings.certificate else authority_of(settings)
    if own is None:
        raise NoSuchAddress
    return Response(
        own.public_bytes(Encoding.DER),
        media_type="application/x-x509-ca-cert",
        headers={"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="zhuanche.crt"'},
    )
