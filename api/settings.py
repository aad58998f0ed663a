"""Settings of a process, read once from the environment. `docs/settings.md` explains each one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs

PREFIX = "ZHUANCHE_"


class SettingsError(Exception):
    """A setting has a value this service cannot use; the sentence says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a process is told from outside; `ZHUANCHE_` and the field's name in capitals is the variable."""

    data: Path
    """Folder of the embedded database and of attachments."""
    database_url: str | None = None
    """Another PostgreSQL (15 or newer) instead of the embedded one."""
    owner_url: str | None = None
    """Owner's connection, used by `migrate` and `distribute` only."""
    service_url: str | None = None
    ingest_url: str | None = None
    reader_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    https_port: int | None = None
    """Port at which the service speaks HTTPS: by the certificate named, else by one of its own authority."""
    certificate: Path | None = None
    """Certificate chain (PEM) for HTTPS, renewed by somebody else; read at the start."""
    key: Path | None = None
    """Its private key (PEM)."""
    https_names: str = ""
    """Names and addresses beside this machine's own that the service's own certificate is made for."""
    proxies: str = ""
    """Addresses or networks of proxies that speak HTTPS to the outside, separated by commas."""
    plain_trackers: bool = False
    """Whether trackers may send over plain HTTP: such as take no authority but their maker's."""
    base_url: str | None = None
    """Address people reach the service at, printed in QR codes."""
    pool_size: int = 10
    pool_timeout_s: float = 5.0
    statement_timeout_s: float = 15.0
    lock_timeout_s: float = 5.0
    connect_timeout_s: float = 5.0
    files_url: str | None = None
    """Object store of attachments: a folder by default, or an `s3://bucket/prefix` address."""
    attachment_limit_bytes: int = 32 * 1024 * 1024
    body_limit_bytes: int = 4 * 1024 * 1024
    ingest_queue: int = 10_000
    """Fixes that may wait for the writer; one more is answered 503."""
    ingest_batch: int = 5_000
    """Fixes the writer takes into one transaction."""
    jobs: bool = True
    """Whether this process may lead the background work; of several that may, one does."""
    slow_body_s: float = 20.0
    """How far behind the sender of a body may be; each 4 KiB earn a second."""
    session_hours: float = 12.0
    failures_a_minute: int = 30
    """Wrong pass words, and links that open nothing, that one address may try in a minute."""
    vault_secret: str | None = None
    """What the keys of `/field` are made of, where several hosts serve one database; else a file in `data`."""
    geocoder: str = "none"
    """`none`, `amap`, `tianditu` or `nominatim`; remembered places are always tried first."""
    geocoder_key: str | None = None
    geocoder_url: str | None = None
    """Address of the geocoder, where it is reached through another than its own."""
    geocoder_timeout_s: float = 3.0
    tiles: str = "none"
    """`none`, `tianditu`, or the address of a tile server with {z}, {x} and {y}: the pages' maps lie on its tiles."""
    tiles_key: str | None = None
    """Key of the tile server; it takes the place of {key} in its address."""
    tiles_datum: str = "WGS-84"
    """`WGS-84` (CGCS2000 is drawn the same) or `GCJ-02`, in which AMap's and Tencent's tiles are drawn."""
    jt808_port: int | None = None
    """Port at which vehicle terminals connect (JT/T 808 over TCP); none without it."""
    jt808_host: str = "0.0.0.0"  # noqa: S104 - terminals come from outside, or the port is not set
    """Address at which they do."""
    jt808_certificate: Path | None = None
    """Certificate chain (PEM) for terminals that speak TLS; plain TCP without it."""
    jt808_key: Path | None = None
    """Its private key (PEM)."""
    notice_hosts: str = ""
    """Hosts, between commas, that notices may go to though they lie inside or speak plain HTTP: `name`, `name:port`."""
    notice_timeout_s: float = 8.0
    """How long one try to send a notice may take."""
    notice_contact: str | None = None
    """Where a push service finds a human (`mailto:…`); the service's address without it."""
    log_file: Path | None = None
    log_level: str = "info"

    @property
    def address(self) -> str:
        """Return the address people reach the service at."""
        own = f"http://{self.host}:{self.port}" if self.https_port is None else f"https://{self.host}:{self.https_port}"
        return (self.base_url or own).rstrip("/")


def _read(name: str, kind: str, raw: str) -> object:
    try:
        if kind.startswith("Path"):
            return Path(raw).expanduser()
        if kind.startswith("bool"):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[raw.lower()]
        if kind.startswith("int"):
            return int(raw)
        if kind.startswith("float"):
            return float(raw)
    except (ValueError, KeyError) as fault:
        raise SettingsError(
            f"{PREFIX}{name.upper()} is {raw!r}, which is not a {kind.split(maxsplit=1)[0]}."
        ) from fault
    return raw


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a value does not fit its kind, a variable with our prefix is unknown, or the time zone
            data of the bureaus is missing.
    """
    kinds = {field.name: str(field.type) for field in fields(Settings)}
    given: dict[str, object] = {}
    for variable, raw in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in kinds:
            raise SettingsError(f"{variable} is not a setting of this release; docs/settings.md lists them all.")
        if raw:
            given[name] = _read(name, kinds[name], raw)
    given.setdefault("data", Path(platformdirs.user_data_dir("zhuanche")))
    try:
        ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError as fault:
        raise SettingsError("Time zone data is missing: install the package 'tzdata'.") from fault
    return Settings(**given)  # type: ignore[arg-type]  # _read gave each value its field's kind
