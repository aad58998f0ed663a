"""docs/architecture.md names every folder of the product, and the domain stays pure."""

from __future__ import annotations

import re
from pathlib import Path

IMPURE = re.compile(
    r"\basync def\b|\bawait\b|datetime\.now|time\.time\(|\brandom\.|from api|import (litestar|sqlalchemy|sqlmodel)"
)


def test_every_folder_has_a_row_that_says_what_it_may_import(project: Path) -> None:
    """A newcomer finds where a thing belongs."""
    page = (project / "docs" / "architecture.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `([a-z0-9_/]+)` \|", page, re.MULTILINE))
    folders = {
        path.parent.relative_to(project).as_posix()
        for top in ("api", "domain")
        for path in (project / top).rglob("*.py")
    }
    below = {"api/db/tables", "api/db/queries"}
    assert folders - rows <= below, folders - rows - below
    assert {row for row in rows if not (project / row).is_dir()} == set()


def test_each_row_of_the_api_names_just_what_its_folder_imports(project: Path) -> None:
    """The table is what the code does, neither less nor more; the domain is open to all."""
    page = (project / "docs" / "architecture.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `api/([a-z]+)` \|[^|]*\| ([^|]*) \|$", page, re.MULTILINE))
    folders = set(rows) | {"app.py"}
    assert len(rows) > 5
    for folder, may in rows.items():
        code = "\n".join(path.read_text("utf-8") for path in (project / "api" / folder).rglob("*.py"))
        imported = set(re.findall(r"^\s*from api\.([a-z]+)", code, re.MULTILINE))
        imported |= {"app.py"} if "app" in imported else set()
        assert set(re.findall(r"`([a-z.]+)`", may)) & folders == imported & folders - {folder}, folder


def test_the_domain_reads_no_clock_waits_for_nothing_and_knows_no_framework(project: Path) -> None:
    """A rule is a function of its facts."""
    for path in (project / "domain").rglob("*.py"):
        code = re.sub(r'""".*?"""', "", path.read_text("utf-8"), flags=re.DOTALL)
        assert IMPURE.search(code) is None, path


def test_every_test_says_in_a_sentence_what_it_protects(project: Path) -> None:
    """A failing test is read by somebody who did not write it."""
    for path in (project / "tests").rglob("test_*.py"):
        for name, rest in re.findall(
            r"^(?:async )?def (test_\w+)\([^)]*\)[^:]*:\n(.*)$", path.read_text("utf-8"), re.MULTILINE
        ):
            assert rest.strip().startswith('"""'), f"{path.name}: {name}"
