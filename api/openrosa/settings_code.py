"""The settings of ODK Collect as a QR code: scanned once, nothing is typed.

Collect reads base64 of zlib of JSON with `general` and `admin` always there (getodk/collect@137f3259:
`androidshared/…/CompressionUtils.kt`, `settings/…/SettingsImporter.kt`, `client-settings.schema.json`).
"""

from __future__ import annotations

import base64
import io
import zlib
from typing import Any

import msgspec
import segno


def collect_settings(server_url: str, name: str) -> dict[str, Any]:
    """Return Collect's settings for a server: the forms follow the server's, filled ones are sent at once."""
    return {
        "general": {
            "protocol": "odk_default",
            "server_url": server_url,
            "form_update_mode": "match_exactly",
            "periodic_form_updates_check": "every_fifteen_minutes",
            "autosend": "wifi_and_cellular",
            "delete_send": False,
        },
        "admin": {},
        "project": {"name": name, "icon": "专"},
    }


def settings_text(settings: dict[str, Any]) -> str:
    """Return what the QR code says."""
    return base64.b64encode(zlib.compress(msgspec.json.encode(settings))).decode()


def settings_svg(server_url: str, name: str) -> bytes:
    """Return the QR code as SVG."""
    drawn = io.BytesIO()
    code = segno.make(settings_text(collect_settings(server_url, name)), error="m", micro=False)
    code.save(drawn, kind="svg", scale=4, xmldecl=False)
    return drawn.getvalue()
