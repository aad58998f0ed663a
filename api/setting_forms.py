"""What values a setting may have at all: nonsense is told when a process starts, and not when it first counts."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

PORT_MOST: Final = 65_535
_MUCH: Final = 10**12
_LONG_S: Final = 10**7
"""Half a year: more seconds are a slip."""
TRANSACTION_MOST_S: Final = 600
"""What is swept was looked at for longer than any transaction lasts (api/usecases/sweep_files.py)."""

NUMBERS: Final[Mapping[str, tuple[float, float]]] = {
    "port": (0, PORT_MOST),
    "https_port": (1, PORT_MOST),
    "jt808_port": (0, PORT_MOST),
    "pool_size": (1, 10_000),
    "pool_timeout_s": (0.1, _LONG_S),
    "statement_timeout_s": (0.1, _LONG_S),
    "lock_timeout_s": (0.1, _LONG_S),
    "transaction_timeout_s": (1, TRANSACTION_MOST_S),
    "connect_timeout_s": (1, _LONG_S),
    "files_timeout_s": (0.1, _LONG_S),
    "attachment_limit_bytes": (1, _MUCH),
    "body_limit_bytes": (1, _MUCH),
    "ingest_queue": (1, _MUCH),
    "ingest_batch": (1, _MUCH),
    "slow_body_s": (0.1, _LONG_S),
    "session_hours": (0.01, 24 * 366),
    "failures_a_minute": (1, _MUCH),
    "requests_a_minute": (1, _MUCH),
    "geocoder_timeout_s": (0.1, _LONG_S),
    "notice_timeout_s": (0.1, _LONG_S),
    "disk_warn_percent": (0, 100),
    "disk_reserve_mib": (0, _MUCH),
    "backup_hour": (0, 23),
    "backup_keep": (1, 100_000),
}
"""The least and the most of each number."""

_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+(?:%\w+)?")
"""A host's name, or an address of either kind."""
_WITH_PORT: Final = re.compile(r"(?P<name>[^\[\]:]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_RECIPIENT: Final = re.compile(r"age1[02-9ac-hj-np-z]{58}")
"""A public key as `age-keygen` and `zhuanche backup-key` print it (Bech32)."""
STORES: Final = ("s3", "gs", "az", "file")
"""Kinds of object stores."""


def _web(value: str) -> bool:
    try:
        url = urlsplit(value)
        return url.scheme in ("http", "https") and _is_name(url.hostname or "") and url.port != 0
    except ValueError:
        return False


def _store(value: str) -> bool:
    try:
        url = urlsplit(value)
    except ValueError:
        return False
    if url.scheme == "file":
        return not url.netloc and url.path.startswith("/")
    return url.scheme in STORES and _is_name(url.hostname or "")


def _is_name(value: str) -> bool:
    return _NAME.fullmatch(value) is not None


def is_host(value: str) -> bool:
    """Tell whether a text is `name` or `name:port`; an IPv6 address stands in brackets where a port follows."""
    if value.count(":") > 1 and _is_name(value):
        return True
    found = _WITH_PORT.fullmatch(value)
    if found is None or not _is_name(found["name"].strip("[]")):
        return False
    return found["port"] is None or 0 < int(found["port"]) <= PORT_MOST


def _each(fits: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda value: all(fits(one.strip()) for one in value.split(",") if one.strip())


def _tiles(value: str) -> bool:
    return value in ("none", "tianditu") or (_web(value) and all(part in value for part in ("{z}", "{x}", "{y}")))


def _is_network(value: str) -> bool:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return False
    return True


def _one_of(*words: str) -> tuple[Callable[[str], bool], str]:
    return (lambda value: value in words), f"one of {', '.join(words)}"


def _contact(value: str) -> bool:
    return re.fullmatch(r"mailto:[^\s@]+@[^\s@]+", value) is not None or _web(value)


_WEB: Final = (_web, "an address that begins with http:// or https:// and a host")
_STORE: Final = (_store, "an address such as s3://bucket/prefix, or file:///a/folder")
SECRET_LEAST: Final = 32
"""Characters of a secret that is set, at least."""
LEVELS: Final = ("debug", "info", "warning", "error")

TEXTS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "host": (_is_name, "the name or the address of this machine to listen at"),
    "jt808_host": (_is_name, "the name or the address of this machine to listen at"),
    "https_names": (_each(_is_name), "names and addresses between commas"),
    "base_url": _WEB,
    "files_url": _STORE,
    "backup_copy": _STORE,
    "geocoder_url": _WEB,
    "notice_hosts": (_each(is_host), "names, or name:port, between commas"),
    "notice_contact": (_contact, "mailto:… or an address that begins with https://"),
    "time_server": (_each(is_host), "names of time servers, or name:port ([…]:port for IPv6), between commas, or none"),
    "proxies": (_each(_is_network), "addresses and networks between commas"),
    "vault_secret": (lambda value: len(value) >= SECRET_LEAST, f"of {SECRET_LEAST} characters or more"),
    "geocoder": _one_of("none", "amap", "tianditu", "nominatim"),
    "tiles": (_tiles, "none, tianditu, or an address with {z}, {x} and {y} that begins with http:// or https://"),
    "tiles_datum": _one_of("WGS-84", "GCJ-02"),
    "log_level": _one_of(*LEVELS),
    "backup_for": (_each(lambda value: _RECIPIENT.fullmatch(value) is not None), "public keys age1… between commas"),
}
"""Of each text: whether one fits, and what it should be."""


def amiss(name: str, value: object) -> str | None:
    """Return what a setting should be where its value is not that, as the end of a sentence, or None where it is."""
    if isinstance(value, str):
        fits, wanted = TEXTS.get(name, (lambda _: True, ""))
        return None if fits(value) else f"is not {wanted}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        least, most = NUMBERS[name]
        return None if least <= value <= most else f"is not between {least:g} and {most:.12g}"
    return None
