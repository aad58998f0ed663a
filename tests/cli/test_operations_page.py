"""docs/operations.md and docs/import.md, followed word by word on the demo bureau; every command has its page."""

from __future__ import annotations

import re
from pathlib import Path

import domain
from tests.cli.as_found import commands
from tests.cli.follow import blocks_of, follow
from tests.live import free_port

CLUSTER = {"distribute": "needs a Citus cluster, on which tests/db is run as a whole"}
"""Commands that no page types where a test follows it."""


def test_the_page_is_followed_on_the_demo_bureau_and_a_list_and_a_log_are_taken_over(
    project: Path, tmp_path: Path
) -> None:
    """What an administrator types, month by month and year by year, prints what the pages say."""
    notice = Path(domain.__file__).with_name("calendar_data") / "2026.json"
    blocks = blocks_of(project / "docs" / "operations.md") + blocks_of(project / "docs" / "import.md")
    port = str(free_port())
    follow(blocks, tmp_path / "home", {"NOTICE.json": str(notice), "8000": port}, port=port)


def test_every_command_has_a_page_that_types_it(project: Path) -> None:
    """The entrance names each command with its page, and that page shows it in a block that a test follows."""
    docs = project / "docs"
    row = re.compile(r"^\| (`zhuanche .+`) \| (?:\[\w+\]\((\w+\.md)\)|here) \|$", re.MULTILINE)
    page_of = {
        name: page or "operations.md"
        for names, page in row.findall((docs / "operations.md").read_text("utf-8"))
        for name in re.findall(r"`zhuanche ([^`]+)`", names)
    }
    assert page_of.keys() == commands().keys()
    for name, page in page_of.items():
        if name not in CLUSTER:
            typed = [one.command for block in blocks_of(docs / page) for one in block.typed]
            assert any(re.search(rf"zhuanche {name}\b", one) for one in typed), f"docs/{page} does not type {name}"
