"""How each stock app is set up for a device: one value a app, a code to scan or a link to tap where the app takes one.

What an app takes was read in its source:
Traccar Client 9.7 and 10.1 (traccar/traccar-client@7b314e0 and @2c5cd8f, `lib/configuration_service.dart`,
`lib/qr_code_screen.dart`), 7.9 (traccar/traccar-client-android@190ad19, `MainFragment.kt`), OwnTracks
(owntracks/android@25c27bee9 `LoadViewModel.kt`, owntracks/ios@285f915a `OwnTracksAppDelegate.m`), Overland
(aaronpk/Overland-iOS@5f2a5be `SceneDelegate.m`), GPSLogger (mendhak/gpslogger@32994bfc
`ProfileLinkReceiverActivity.java`, `PreferenceHelper.java`). ODK Collect's settings are made in
`api.openrosa.settings_code`.
"""

from __future__ import annotations

import io
from base64 import b64encode
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import segno

PROFILE: Final = "zhuanche.properties"
"""GPSLogger names the profile after the file."""
EVERY_S: Final = 10
"""How often a phone is asked to tell where it is while it moves."""
_OWNTRACKS_HTTP: Final = 3
_OWNTRACKS_MOVE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What is typed or copied into the app, and the name of the field there, by language."""

    field: dict[str, str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app or a kind of terminal, and how it is set up."""

    key: str
    """Names its steps in the template."""
    title: dict[str, str]
    values: tuple[Value, ...]
    code: str = ""
    """A QR code as SVG, for the app's own scanner."""
    link: str = ""
    """An address that opens the app with everything set."""


def qr_code(text: str) -> str:
    """Return a QR code as SVG to stand in a page."""
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn, kind="svg", border=4, xmldecl=False, svgns=False, omitsize=True, light="#fff", dark="#000"
    )
    return drawn.getvalue().decode()


def qr_picture(text: str) -> bytes:
    """Return a QR code as an SVG file, a picture of its own."""
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="svg", border=4, scale=8, light="#fff", dark="#000")
    return drawn.getvalue()


def phone_apps(address: str, token: str) -> list[App]:
    """Return the apps of phones; each needs one value only, the address with the token in it.

    Args:
        address: where the service is reached from outside, without a slash at its end.
        token: the device's.
    """
    url = f"{address}/in/{token}"
    often = {"accuracy": "highest", "distance": 20, "interval": EVERY_S, "heartbeat": 300, "buffer": "true"}
    server = {"zh": "服务器地址", "en": "Server URL"}
    return [
        App(
            key="traccar",
            title={"zh": "Traccar Client 9、10（安卓、iPhone）", "en": "Traccar Client 9, 10 (Android, iPhone)"},
            values=(Value(field=server, text=url),),
            code=qr_code(f"{url}?{urlencode(often)}"),
            link=f"org.traccar.client://config?{urlencode({'url': url} | often)}",
        ),
        App(
            key="traccar-old",
            title={"zh": "Traccar Client 7、8（安卓、iPhone）", "en": "Traccar Client 7, 8 (Android, iPhone)"},
            values=(Value(field=server, text=url),),
        ),
        App(
            key="owntracks",
            title={"zh": "OwnTracks（安卓、iPhone）", "en": "OwnTracks (Android, iPhone)"},
            values=(Value(field={"zh": "URL", "en": "URL"}, text=url),),
            link=f"owntracks:///config?inline={quote(_owntracks(url), safe='')}",
        ),
        App(
            key="overland",
            title={"zh": "Overland（iPhone）", "en": "Overland (iPhone)"},
            values=(Value(field={"zh": "Receiver Endpoint URL", "en": "Receiver Endpoint URL"}, text=url),),
            link=f"overland://setup?{urlencode({'url': url})}",
        ),
        App(
            key="gpslogger",
            title={"zh": "GPSLogger（安卓）", "en": "GPSLogger (Android)"},
            values=(Value(field={"zh": "URL", "en": "URL"}, text=f"{url}?%ALL"),),
            link=f"gpslogger://properties/{address}/enrol/{token}/{PROFILE}",
        ),
    ]


def terminal(address: str, host_port: int, number: str | None, plate: str) -> App:
    """Return how a JT/T 808 terminal is set up; its number is told once it was entered."""
    host = urlsplit(address).hostname or ""
    values = [
        Value(field={"zh": "服务器地址（IP 或域名）", "en": "Server (IP or host name)"}, text=host),
        Value(field={"zh": "端口（TCP）", "en": "Port (TCP)"}, text=str(host_port)),
        Value(field={"zh": "车牌号", "en": "Plate"}, text=plate),
    ]
    if number is not None:
        values.append(Value(field={"zh": "终端手机号", "en": "Terminal phone number"}, text=number))
    return App(
        key="jt808",
        title={"zh": "JT/T 808 车载终端（北斗）", "en": "JT/T 808 terminal (BeiDou)"},
        values=tuple(values),
    )


def gpslogger_profile(address: str, token: str) -> str:
    """Return GPSLogger's profile: a Java properties file, whose words true and false become switches."""
    lines = {
        "log_customurl_enabled": "true",
        "log_customurl_url": f"{address}/in/{token}?%ALL",
        "log_customurl_method": "GET",
        "log_customurl_discard_offline_locations_enabled": "false",
        "time_before_logging": str(EVERY_S),
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def _owntracks(url: str) -> str:
    told = {
        "_type": "configuration",
        "mode": _OWNTRACKS_HTTP,
        "url": url,
        "monitoring": _OWNTRACKS_MOVE,
        "deviceId": "zhuanche",
        "tid": "zc",
    }
    return b64encode(msgspec.json.encode(told)).decode()
