"""Looks the locked distributions up among the known vulnerabilities (OSV), where the network lets it.

    python -m tests.bundle.audit

Exits with 1 where one is known. Where no list can be reached it says so and is content: the lock's digests still hold
what is installed to what was looked at when it was locked.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import httpx

from tests.bundle.__main__ import OWN, ROOT
from tests.bundle.parts import Locked, locked

OSV: Final = "https://api.osv.dev/v1/querybatch"
PATIENCE_S: Final = 20.0
LOCKS: Final = ("requirements.txt", "requirements-dev.txt")


def known(parts: Sequence[Locked], url: str = OSV) -> dict[str, list[str]]:
    """Return the known vulnerabilities of each part that has some.

    Raises:
        httpx.HTTPError: the list cannot be reached.
    """
    queries = [{"package": {"name": part.name, "ecosystem": "PyPI"}, "version": part.version} for part in parts]
    answer = httpx.post(url, json={"queries": queries}, timeout=PATIENCE_S).raise_for_status()
    found = {}
    for part, result in zip(parts, answer.json()["results"], strict=True):
        if vulnerabilities := result.get("vulns"):
            found[f"{part.name} {part.version}"] = [one["id"] for one in vulnerabilities]
    return found


def audit(url: str = OSV) -> int:
    """Print what is known of what is locked, and return the exit code."""
    parts = {(part.name, part.version): part for lock in LOCKS for part in locked(ROOT / ".ci" / lock, OWN).values()}
    try:
        found = known(list(parts.values()), url)
    except httpx.HTTPError as fault:
        sys.stdout.write(
            f"audit: no list of known vulnerabilities can be reached ({fault}); that all {len(parts)} locked"
            " distributions are held to their digests is what is known today.\n"
        )
        return 0
    for name, vulnerabilities in found.items():
        sys.stdout.write(f"audit: {name}: {', '.join(vulnerabilities)}\n")
    sys.stdout.write(f"audit: {len(found)} of {len(parts)} locked distributions have known vulnerabilities.\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(audit())
