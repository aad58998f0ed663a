"""What belongs to a database and does not lie in it: keys of the data folder, and the settings of the environment.

Keys and secrets go into an encrypted backup only. Of one that is not encrypted, what was left out is told.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from api.settings import FILE, PREFIX, Settings
from api.settings import secrets as secret_settings
from api.vault import FILE as VAULT

KEYS: Final = (VAULT, "tls")
"""Of the data folder: the secret of phones' stores and webhooks' addresses, and the service's own authority."""
KEY_NAMES: Final = rf"{re.escape(VAULT)}|tls/[A-Za-z0-9_-][A-Za-z0-9._-]{{0,79}}"
"""What keys are called below the data folder: nothing else there is taken along, and nothing else brought back."""
ADDRESS: Final = re.compile(r"://.*[@?]", re.DOTALL)
"""Of a setting that is not secret as such: an address with somebody's name in it or a query, where keys may be."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Members for a backup: the settings' text, and keys by their name below the data folder."""

    settings: str
    keys: dict[str, bytes]
    left_out: tuple[str, ...]
    """Names of what was not taken along: what is secret, and below `tls/` what is no key's name."""


def beside(settings: Settings, environ: Mapping[str, str], *, secrets: bool) -> Beside:
    """Return what lies beside the database.

    Args:
        settings: says where the data folder is.
        environ: the process's environment.
        secrets: whether keys and secret settings are taken along.

    Raises:
        OSError: a key cannot be read.
    """
    lines, left_out = [], []
    for variable in sorted(f"{PREFIX}{field.name.upper()}" for field in fields(Settings)):
        is_secret = variable in secret_settings()
        handed = environ.get(variable + FILE) if is_secret else None
        value = Path(handed).expanduser().read_text("utf-8").strip() if handed else environ.get(variable)
        if value is None:
            continue
        if not secrets and (is_secret or ADDRESS.search(value)):
            left_out.append(variable)
        else:
            lines.append(f"{variable}={shlex.quote(value)}\n")
    keys = {}
    for path in _files(settings.data):
        name = str(path.relative_to(settings.data))
        if not re.fullmatch(KEY_NAMES, name):
            left_out.append(name)
        elif secrets:
            keys[name] = path.read_bytes()
        else:
            left_out.append(path.relative_to(settings.data).parts[0])
    return Beside("".join(lines), keys, tuple(dict.fromkeys(left_out)))


def _files(data: Path) -> list[Path]:
    found = [data / name for name in KEYS]
    return [one for path in found for one in ([path] if path.is_file() else sorted(path.rglob("*"))) if one.is_file()]
