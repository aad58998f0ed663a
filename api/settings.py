"""Settings of a process, read once from the environment. `docs/settings.md` explains each one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs

from api.setting_forms import amiss

PREFIX = "ZHUANCHE_"


FILE = "_FILE"
"""`ZHUANCHE_VAULT_SECRET_FILE` names a file that holds ZHUANCHE_VAULT_SECRET, as a supervisor hands secrets over."""


class SettingsError(Exception):
    """A setting has a value this service cannot use; the sentence says which and why."""


def _secret() -> Any:
    """Return the field of a secret: shown nowhere, and taken from a file too."""
    return field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a process is told from outside; `ZHUANCHE_` and the field's name in capitals is the variable."""

    data: Path
    """Folder of the embedded database and of attachments."""
    database_url: str | None = _secret()
    """Another PostgreSQL (15 or newer) instead of the embedded one."""
    owner_url: str | None = _secret()
    """Owner's connection, used by `migrate` and `distribute` only."""
    service_url: str | None = _secret()
    ingest_url: str | None = _secret()
    reader_url: str | None = _secret()
    backup_url: str | None = _secret()
    """Connection that may act as the backup role; the owner's without it."""
    host: str = "127.0.0.1"
    port: int = 8000
    https_port: int | None = None
    """Port at which the service speaks HTTPS: by the certificate named, else by one of its own authority."""
    certificate: Path | None = None
    """Certificate chain (PEM) for HTTPS, renewed by somebody else and taken up then."""
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
    transaction_timeout_s: float = 120.0
    """How long a whole transaction of the service may take, also where the database does not answer at all."""
    connect_timeout_s: float = 5.0
    files_url: str | None = None
    """Object store of attachments: a folder by default, or an `s3://bucket/prefix` address."""
    files_timeout_s: float = 20.0
    """How long an object store may take to answer, or the disk of a folder of attachments."""
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
    """Wrong pass words, and links that open nothing, that one address or known browser may try in a minute."""
    requests_a_minute: int = 1_200
    """Requests that one session, or without one a known browser or an address, may make in a minute."""
    vault_secret: str | None = _secret()
    """What the keys of `/field` are made of, where several hosts serve one database; else a file in `data`."""
    geocoder: str = "none"
    """`none`, `amap`, `tianditu` or `nominatim`; remembered places are always tried first."""
    geocoder_key: str | None = _secret()
    geocoder_url: str | None = None
    """Address of the geocoder, where it is reached through another than its own."""
    geocoder_timeout_s: float = 3.0
    tiles: str = "none"
    """`none`, `tianditu`, or the address of a tile server with {z}, {x} and {y}: the pages' maps lie on its tiles."""
    tiles_key: str | None = _secret()
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
    disk_warn_percent: int = 80
    """From how much of a disk used on it is told."""
    disk_reserve_mib: int = 512
    """Below so many MiB free nothing more is recorded; 0 leaves that to the database's own word."""
    time_server: str = "ntp.ntsc.ac.cn"
    """Time servers (`name`, `name:port`, between commas) that say whether a clock that was set is right; or `none`."""
    backup_to: Path | None = None
    """Folder of the daily backups; none are made without it."""
    backup_for: str = ""
    """Public keys, between commas, that backups are encrypted to."""
    backup_hour: int = 2
    """Hour of Beijing's day from which on the daily backup is made."""
    backup_keep: int = 14
    """How many backups are kept, beside the newest of each of the last twelve months."""
    backup_copy: str | None = None
    """Object store that each backup is copied to: an `s3://bucket/prefix` address."""
    log_file: Path | None = None
    log_level: str = "info"

    @property
    def address(self) -> str:
        """Return the address people reach the service at."""
        host = in_url(self.host)
        own = f"http://{host}:{self.port}" if self.https_port is None else f"https://{host}:{self.https_port}"
        return (self.base_url or own).rstrip("/")


def own_address(host: str) -> str:
    """Return where this machine reaches a service that listens at a host: of every address, its own."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing listens by it


def in_url(host: str) -> str:
    """Return a host as an address names it: an IPv6 one stands in brackets."""
    return f"[{host}]" if ":" in host else host


_KINDS = {"bool": "yes or no", "int": "a whole number", "float": "a number"}


def _read(name: str, kind: str, raw: str) -> object:
    value = _converted(name, kind, raw)
    wrong = amiss(name, value)
    if wrong is not None:
        # Addresses may hold a pass word: they are not quoted.
        told = f" is {raw}, which" if isinstance(value, int | float) else ""
        raise SettingsError(f"{PREFIX}{name.upper()}{told} {wrong}.")
    return value


def _converted(name: str, kind: str, raw: str) -> object:
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
        wanted = _KINDS[kind.split(maxsplit=1)[0]]
        raise SettingsError(f"{PREFIX}{name.upper()} is {raw!r}, which is not {wanted}.") from fault
    return raw


def secrets() -> list[str]:
    """Return the variables of secrets: what may be read from a file, and is shown nowhere."""
    return [PREFIX + one.name.upper() for one in fields(Settings) if not one.repr]


def _with_files(environ: Mapping[str, str]) -> dict[str, str]:
    """Return our variables, those of secrets that are kept in files filled in. Raises `SettingsError`."""
    given = {variable: raw for variable, raw in environ.items() if variable.startswith(PREFIX)}
    for variable in secrets():
        path = given.pop(variable + FILE, None)
        if not path:
            continue
        if given.get(variable):
            raise SettingsError(f"{variable} and {variable + FILE} are both given; one of them is enough.")
        try:
            given[variable] = Path(path).expanduser().read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as fault:
            why = fault.strerror if isinstance(fault, OSError) else "it is no text"
            raise SettingsError(f"{variable + FILE} names {path}, which cannot be read: {why}.") from fault
        if not given[variable]:
            raise SettingsError(f"{variable + FILE} names {path}, which is empty.")
    return given


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a value does not fit its kind, a variable with our prefix is unknown, or the time zone
            data of the bureaus is missing.
    """
    kinds = {one.name: str(one.type) for one in fields(Settings)}
    given: dict[str, object] = {}
    for variable, raw in _with_files(environ).items():
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
