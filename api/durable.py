"""What is written so that a power cut does not take it: bytes flushed to the disk, and the names of files with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final


def flush(path: Path) -> None:
    """Flush a file's bytes, or the names that a folder holds, to the disk. Raises `OSError`."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


_settled: Final[set[Path]] = set()
"""Folders of files whose own names this process has made survive."""


def settle(path: Path) -> None:
    """Make a written file, its name, and the two folders it lies in survive a power cut before anyone is told of it."""
    flush(path)
    flush(path.parent)
    for folder in path.parents[:2]:
        # Another process may have made it a moment ago, and be cut off before it was settled: each makes sure itself.
        if folder not in _settled:
            flush(folder.parent)
            _settled.add(folder)
