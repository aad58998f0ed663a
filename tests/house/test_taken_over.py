"""What others wrote is kept as they released it, with its version, its licence and its hash."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

ROW = re.compile(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", re.MULTILINE)
BESIDE = {"ORIGIN.md", "LICENSE"}


def folders(project: Path) -> list[Path]:
    """Return every folder of files that others wrote for browsers."""
    return [*sorted((project / "api/web/static/vendor").iterdir()), project / "tests/browser/axe"]


def test_every_script_of_others_is_as_it_was_released(project: Path) -> None:
    """A changed byte, a file that is not named, or a missing licence fails the build."""
    for folder in folders(project):
        named = dict(ROW.findall((folder / "ORIGIN.md").read_text("utf-8")))
        there = {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file() and path.name not in BESIDE
        }
        assert there == named, folder.name
        assert (folder / "LICENSE").stat().st_size > 100, folder.name


@pytest.mark.parametrize("suffix", [".js", ".css", ".html"])
def test_pages_load_nothing_from_elsewhere(project: Path, suffix: str) -> None:
    """No address of another host in what we wrote for browsers; a bureau may set a tile server, and nothing else."""
    wrote = [
        path
        for path in (project / "api/web").rglob(f"*{suffix}")
        if "vendor" not in path.parts and "//" in path.read_text("utf-8")
    ]
    addresses = re.compile(r"""["'(](?:https?:)?//(?!www\.w3\.org/)[a-z]""", re.IGNORECASE)
    assert [str(path) for path in wrote if addresses.search(path.read_text("utf-8"))] == []
