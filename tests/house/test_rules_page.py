"""docs/rules.md names what there is."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from domain.use_rule.reasons import ReasonCode
from tests.conftest import Server

DATABASE_NAMES = """
SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
UNION SELECT conname FROM pg_constraint UNION SELECT polname FROM pg_policy UNION SELECT proname FROM pg_proc
"""


def rows(project: Path) -> Iterator[list[str]]:
    """Yield the cells of every row of the page's tables."""
    for line in (project / "docs" / "rules.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 4 and cells[1] != "domain":
            yield cells


def names(cell: str) -> list[str]:
    """Return the names in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def test_every_promise_and_every_reason_has_a_row(project: Path) -> None:
    """None is held by word of mouth."""
    first = [cells[0] for cells in rows(project)]
    assert [names(cell)[0] for cell in first if cell.startswith("`")] == [str(code) for code in ReasonCode]
    promises = [cell.split()[0] for cell in first if cell.startswith("P")]
    assert promises == ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P10"]


def test_every_name_in_the_page_of_rules_exists(project: Path, server: Server) -> None:
    """The page is a map, and a map of what is gone leads astray."""
    with psycopg.connect(server.superuser) as connection:
        held = {name for (name,) in connection.execute(DATABASE_NAMES)}
    written = {
        name
        for path in (project / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    for _, functions, held_by, attacked_by in rows(project):
        for function in names(functions):
            module, _, name = function.rpartition(".")
            assert hasattr(importlib.import_module(f"domain.{module}"), name), function
        assert names(held_by)
        assert set(names(held_by)) <= held, set(names(held_by)) - held
        assert len(names(attacked_by)) >= 2
        assert set(names(attacked_by)) <= written, set(names(attacked_by)) - written


@pytest.mark.parametrize("page", ["rules.md", "threats.md"])
def test_every_test_that_a_page_names_as_an_attack_is_there(project: Path, page: str) -> None:
    """Also in the tables of attacks that no table of the database holds."""
    written = {
        name
        for path in (project / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    named = set(re.findall(r"`(test_\w+)`", (project / "docs" / page).read_text("utf-8")))
    assert len(named) > 20
    assert named <= written, named - written
