"""Files that pages load: style, modules, icons and what others wrote, read once and named by the hash of them all.

One name for the whole tree lets modules import each other by relative addresses, lets browsers keep every file for
good, and keeps files of two releases from meeting in one page.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"
ASSETS: Final = "/assets"
MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".md": "text/plain; charset=utf-8",
    "": "text/plain; charset=utf-8",
}
"""Files of another kind are not served."""
SHRINKS: Final = (".css", ".js", ".mjs", ".svg", ".webmanifest")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent, also compressed where that makes it smaller."""

    body: bytes
    zipped: bytes | None
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Return every file by its address below the build's."""
    found = {}
    for path in sorted(STATIC.rglob("*")):
        media_type = MEDIA_TYPES.get(path.suffix)
        if not path.is_file() or media_type is None:
            continue
        body = path.read_bytes()
        zipped = gzip.compress(body, 9, mtime=0) if path.suffix in SHRINKS else None
        found[path.relative_to(STATIC).as_posix()] = Asset(body, zipped, media_type)
    return found


@cache
def build() -> str:
    """Return the name of this build: a hash over the names and bytes of all its files."""
    digest = hashlib.sha256()
    for name, asset in assets().items():
        digest.update(f"{name}\0{len(asset.body)}\0".encode() + asset.body)
    return digest.hexdigest()[:16]


def asset(name: str) -> str:
    """Return a file's address.

    Raises:
        KeyError: there is no such file.
    """
    if name not in assets():
        raise KeyError(name)
    return f"{ASSETS}/{build()}/{name}"
