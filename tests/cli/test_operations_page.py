"""docs/operations.md and docs/import.md, followed word by word on the demo bureau; every command has its page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import domain
from tests.cli.as_found import commands
from tests.cli.follow import Block, blocks_of, follow
from tests.live import free_port

CLUSTER = {"distribute": "needs a Citus cluster, on which tests/db is run as a whole"}
"""Commands that no page types where a test follows it."""


class Followed(NamedTuple):
    """Blocks of a page that a test follows: all, or those of a section, or with a mark."""

    page: str
    test: str
    section: str | None = None
    mark: str | None = None

    def blocks(self, docs: Path) -> list[Block]:
        """Return these blocks."""
        return [one for one in blocks_of(docs / self.page, self.section) if self.mark in (None, one.mark)]


FOLLOWED = (
    Followed("operations.md", "cli/test_operations_page.py"),
    Followed("import.md", "cli/test_operations_page.py"),
    Followed("install.md", "cli/test_install_page.py", "A bureau"),
    Followed("install.md", "cli/test_install_page.py", "Serve"),
    Followed("install.md", "bundle/test_offline.py", "Without a network"),
    Followed("install.md", "bundle/machine/page.py", "As a service"),
    Followed("install.md", "bundle/machine/page.py", "In a container"),
    Followed("backup.md", "backup/test_backup_page.py"),
    Followed("upgrade.md", "cli/test_upgrade_page.py", "To the next release"),
    Followed("upgrade.md", "cli/test_upgrade_page.py", "Move to another server"),
    Followed("upgrade.md", "db/test_server_upgrade.py", "PostgreSQL's next major version"),
    Followed("retention.md", "cli/test_retention_page.py", mark="retire"),
    Followed("retention.md", "cli/test_retention_page.py", mark="erase"),
    Followed("watching.md", "cli/test_watching_page.py"),
)


def test_the_page_is_followed_on_the_demo_bureau_and_a_list_and_a_log_are_taken_over(
    project: Path, tmp_path: Path
) -> None:
    """What an administrator types, month by month and year by year, prints what the pages say."""
    notice = Path(domain.__file__).with_name("calendar_data") / "2026.json"
    blocks = blocks_of(project / "docs" / "operations.md") + blocks_of(project / "docs" / "import.md")
    port = str(free_port())
    follow(blocks, tmp_path / "home", {"NOTICE.json": str(notice), "8000": port}, port=port)


def test_every_block_of_a_page_is_followed_by_a_test(project: Path) -> None:
    """What is typed on a page is not only there: the test that follows it names it by page, and by section or mark."""
    docs = project / "docs"
    followed = [(one.page, block) for one in FOLLOWED for block in one.blocks(docs)]
    there = [(page.name, block) for page in sorted(docs.glob("*.md")) for block in blocks_of(page)]
    assert [name for name, block in there if (name, block) not in followed] == []
    for one in FOLLOWED:
        assert one.blocks(docs), one
        source = (project / "tests" / one.test).read_text("utf-8")
        unnamed = [word for word in (one.page, one.section, one.mark) if word is not None and f'"{word}"' not in source]
        assert unnamed == [], f"tests/{one.test} does not follow {unnamed}"


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
            blocks = [block for one in FOLLOWED if one.page == page for block in one.blocks(docs)]
            typed = [one.command for block in blocks for one in block.typed]
            assert any(re.search(rf"zhuanche {name}\b", one) for one in typed), f"docs/{page} does not type {name}"
