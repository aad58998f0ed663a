"""What is written so that a power cut does not take it: bytes flushed to the disk, and the names of files with them."""

from __future__ import annotations

import os
from pathlib import Path


def flush(path: Path) -> None:
    """Flush a file's bytes, or the names that a folder holds, to the disk. Raises `OSError`."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
