"""What the product is made of: the locked distributions that it needs to run, and which needs which."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT: Final = "zhuanche"
_BLOCK: Final = re.compile(r"^([A-Za-z0-9._-]+==[^\s\\].*?) \\\n(?:.*\\\n)*.*$", re.MULTILINE)
"""A requirement with the lines that go on with it."""
ORIGIN: Final = re.compile(
    r"^([\w.-]+)(?: \(`.*?`\))? (\S+) from the npm registry, unchanged: (\S+) \(LICENSE\)\.$", re.MULTILINE
)
"""What `ORIGIN.md` beside a script taken over begins with."""
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Locked:
    """A distribution as it is locked: its files' digests, and the lines of the lock."""

    name: str
    version: str
    sha256: tuple[str, ...]
    lines: str


def locked(lock: Path, python: str) -> dict[str, Locked]:
    """Return what a lock file holds for a version of Python such as 3.11 on Linux, by normalised name."""
    system = dict(default_environment()) | {"python_version": python, "python_full_version": f"{python}.0"}
    found = {}
    for block in _BLOCK.finditer(lock.read_text("utf-8")):
        wanted = Requirement(block[1])
        if wanted.marker is None or wanted.marker.evaluate(system):
            name = canonicalize_name(wanted.name)
            version = str(wanted.specifier).removeprefix("==")
            # Without its marker: pip would judge that by the Python it runs on, not by the one it fetches for.
            lines = block[0].replace(block[1], f"{name}=={version}", 1)
            found[name] = Locked(name, version, tuple(_HASH.findall(lines)), lines)
    return found


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A part that is no distribution of Python: a script of the pages, or the server that a distribution carries."""

    kind: str
    """Where it is known by this name, as a package URL calls it: npm, generic."""
    name: str
    version: str
    licence: str


def taken_over(vendor: Path, tree: Path) -> list[TakenOver]:
    """Return the scripts taken over, by the `ORIGIN.md` beside each, and the PostgreSQL whose programs lie there."""
    scripts = [
        TakenOver("npm", *found.groups())
        for origin in sorted(vendor.glob("*/ORIGIN.md"))
        for found in ORIGIN.finditer(origin.read_text("utf-8"))
    ]
    told = subprocess.run([tree / "bin" / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    return [*scripts, TakenOver("generic", "postgresql", told.split()[-1], "PostgreSQL")]


def needs(name: str, extras: frozenset[str] = frozenset()) -> dict[str, frozenset[str]]:
    """Return what an installed distribution needs with some of its extras, each with the extras asked of it."""
    found: dict[str, frozenset[str]] = {}
    for text in metadata.requires(name) or ():
        wanted = Requirement(text)
        asked = [dict(default_environment()) | {"extra": extra} for extra in (extras or {""})]
        if wanted.marker is None or any(wanted.marker.evaluate(one) for one in asked):
            key = canonicalize_name(wanted.name)
            found[key] = found.get(key, frozenset()) | frozenset(wanted.extras)
    return found


def graph() -> dict[str, frozenset[str]]:
    """Return what the product needs to run, all the way down: each distribution with those it needs."""
    found: dict[str, frozenset[str]] = {}
    extras: dict[str, frozenset[str]] = {PROJECT: frozenset()}
    waiting = [PROJECT]
    while waiting:
        name = waiting.pop()
        needed = needs(name, extras[name])
        found[name] = frozenset(needed)
        for one, asked in needed.items():
            known = extras.get(one)
            if known is None or not asked <= known:
                extras[one] = asked | (known or frozenset())
                waiting.append(one)
    return found
