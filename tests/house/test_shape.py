"""The shape of the code: short modules and functions, nothing unfinished, nothing of one machine, nothing unused."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.command_line import COMMANDS

MODULE_LINES = 400
TEST_MODULE_LINES = 500
"""A table of cases reads on longer than code."""
FUNCTION_LINES = 70
DATA = (".csv", ".geojson", ".gpx", ".otf", ".png", ".json")
TAKEN_OVER = ("api/http/static/", "api/web/static/vendor/", "tests/browser/axe/", ".ci/requirements")
"""What others wrote or a tool writes."""


@pytest.fixture(scope="module")
def tracked(project: Path) -> list[Path]:
    """Return every file of the project that is kept."""
    listed = subprocess.run(["git", "ls-files"], cwd=project, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no checkout: what is kept cannot be told")
    return [project / name for name in listed.stdout.splitlines() if (project / name).is_file()]


@pytest.fixture(scope="module")
def modules(tracked: list[Path]) -> list[Path]:
    """Return every module of the project but the migrations' versions, which are one list of tables each."""
    return [path for path in tracked if path.suffix == ".py" and path.parent.name != "versions"]


def test_no_module_is_longer_than_its_limit(modules: list[Path], project: Path) -> None:
    """A module that has grown too long is split along its words before it is landed."""
    lengths = {str(path.relative_to(project)): len(path.read_text("utf-8").splitlines()) for path in modules}
    too_long = {
        name: lines
        for name, lines in lengths.items()
        if lines > (TEST_MODULE_LINES if name.startswith("tests/") else MODULE_LINES)
    }
    assert too_long == {}


def test_no_function_is_longer_than_a_page(modules: list[Path], project: Path) -> None:
    """What does not fit on a page is several things."""
    too_long = {
        f"{path.relative_to(project)}:{node.lineno} {node.name}": lines
        for path in modules
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }
    assert too_long == {}


def texts(tracked: list[Path], project: Path) -> Iterator[tuple[str, int, str]]:
    """Yield name, number and text of every line that people here wrote, this module's own left out."""
    for path in tracked:
        name = str(path.relative_to(project))
        if path.suffix in DATA or name.startswith(TAKEN_OVER) or path == Path(__file__).resolve():
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            yield name, number, line


@pytest.mark.parametrize(
    "unwanted",
    [
        pytest.param(r"\b(TODO|FIXME|XXX)\b|NotImplementedError", id="unfinished"),
        pytest.param(r"(?<![\w./-])/(home|root|Users|work|opt|mnt|srv)/\w", id="path of one machine"),
        pytest.param(r"pypi\.org|pythonhosted\.org|index-url [^\\]*http|mirrors?\.\w+\.\w+", id="registry's host"),
    ],
)
def test_no_file_holds_what_is_unfinished_or_of_one_machine(tracked: list[Path], project: Path, unwanted: str) -> None:
    """A checkout is whole, and works where its writers never were."""
    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, number, line in texts(tracked, project)
        if re.search(unwanted, line)
    ]
    assert found == []


RUN_BY_PYTHON = {"__init__.py", "__main__.py"}


def test_no_module_is_imported_by_nobody(modules: list[Path], project: Path) -> None:
    """What nobody imports is not run by anybody: it is wired in or deleted."""
    ours = [path.relative_to(project) for path in modules if path.is_relative_to(project / "api")]
    ours += [path.relative_to(project) for path in modules if path.is_relative_to(project / "domain")]
    imported = {f"api.cli.{place.partition(':')[0]}" for place in COMMANDS.values()}
    for path in ours:
        for node in ast.walk(ast.parse((project / path).read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
    names = {".".join(path.with_suffix("").parts) for path in ours if path.name not in RUN_BY_PYTHON}
    assert names - imported == set()
