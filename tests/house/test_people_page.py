"""docs/people.md names every route about people, every role, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from domain.values import Role
from tests.house.rights import application, routes

HERE = re.compile(r"/v1/(sessions?|people|units|delegations|examinations|licences|shifts|mandates|looks|accesses)\b")


def test_the_page_about_people_names_every_route_and_no_other(project: Path) -> None:
    """Paths with `{id}` for whatever the code calls the id."""
    page = " ".join((project / "docs" / "people.md").read_text("utf-8").split())
    named = set(re.findall(r"`((?:GET|POST|PUT|DELETE) /v1/[^`]*)`", page))
    there = {re.sub(r"\{[^}]*\}", "{id}", route.key) for route in routes(application()) if HERE.match(route.path)}
    assert named == there


def test_the_page_about_people_says_what_each_role_is_for(project: Path) -> None:
    """In the order in which they are listed everywhere."""
    page = (project / "docs" / "people.md").read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == [role.value for role in Role]
