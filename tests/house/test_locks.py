"""Advisory locks are told apart by a number alone: two of one number keep out whom they should not."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEY = re.compile(r"\b5_350_\d{3}\b")


def test_every_advisory_lock_has_a_key_of_its_own() -> None:
    """A move that holds the key of the jobs' leader says that another move is at work."""
    keys = [key for path in (ROOT / "api").rglob("*.py") for key in KEY.findall(path.read_text("utf-8"))]
    assert len(keys) > 4
    assert sorted(keys) == sorted(set(keys))
