"""Looks what is locked or taken over up among the known vulnerabilities (OSV), where the network lets it.

    python -m tests.bundle.audit

Exits with 1 where one is known. Where no list can be reached it says so and is content: the lock's digests still hold
what is installed to what was looked at when it was locked.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import httpx

from api.db.cluster import installed_tree
from tests.bundle.__main__ import ROOT, VENDOR
from tests.bundle.parts import Locked, TakenOver, locked, taken_over

OSV: Final = "https://api.osv.dev/v1/querybatch"
PATIENCE_S: Final = 20.0
LOCKS: Final = ("requirements.txt", "requirements-dev.txt")
PYTHONS: Final = ("3.11", "3.12", "3.13")
"""The versions of Python that a bundle is made for: the lock differs between them."""


def known(parts: Sequence[Locked | TakenOver], url: str = OSV) -> dict[str, list[str]]:
    """Return the known vulnerabilities of each part that has some.

    Raises:
        httpx.HTTPError: the list cannot be reached.
    """
    queries = [
        {
            "package": {"name": part.name, "ecosystem": "PyPI" if isinstance(part, Locked) else part.kind},
            "version": part.version,
        }
        for part in parts
    ]
    answer = httpx.post(url, json={"queries": queries}, timeout=PATIENCE_S).raise_for_status()
    found = {}
    for part, result in zip(parts, answer.json()["results"], strict=True):
        if vulnerabilities := result.get("vulns"):
            found[f"{part.name} {part.version}"] = [one["id"] for one in vulnerabilities]
    return found


def audit(url: str = OSV) -> int:
    """Print what is known of what is locked, and return the exit code."""
    parts: dict[tuple[str, str], Locked | TakenOver] = {
        (part.name, part.version): part
        for lock in LOCKS
        for python in PYTHONS
        for part in locked(ROOT / ".ci" / lock, python).values()
    }
    parts |= {(part.name, part.version): part for part in taken_over(VENDOR, installed_tree()) if part.kind == "npm"}
    try:
        found = known(list(parts.values()), url)
    except httpx.HTTPError as fault:
        sys.stdout.write(
            f"audit: no list of known vulnerabilities can be reached ({fault}); that all {len(parts)} locked"
            " parts are held to their digests is what is known today.\n"
        )
        return 0
    for name, vulnerabilities in found.items():
        sys.stdout.write(f"audit: {name}: {', '.join(vulnerabilities)}\n")
    sys.stdout.write(f"audit: {len(found)} of {len(parts)} locked parts have known vulnerabilities.\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(audit())
