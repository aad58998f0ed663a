"""docs/reliability.md: each long run writes its own section's figures, between its heading and the next one."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def processor() -> str:
    """Return the processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def measured_on() -> str:
    """Return when and where a run was made."""
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {processor()}, Python {platform.python_version()}"


def write(heading: str, figures: str, page: Path = PAGE) -> None:
    """Put figures in the place of those below a heading's text: from its line `Figures` on to the next heading."""
    text = page.read_text("utf-8")
    section = re.compile(
        rf"(^## {re.escape(heading)}\n(?:(?!^## ).)*?^### Figures\n\n)(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL
    )
    written, count = section.subn(lambda found: found[1] + figures.strip() + "\n\n", text)
    if count != 1:
        raise ValueError(f"{page.name} has no figures below the heading {heading}")
    page.write_text(written.rstrip() + "\n", "utf-8")
