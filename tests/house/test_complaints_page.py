"""The page about complaints names every act, state, source and route there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.app import ROUTES
from api.http.calendar import read_calendar
from api.http.complaints import ComplaintController
from api.http.jobs import JobController
from api.http.places import find_places
from api.http.site_decisions import SiteDecisionController
from api.http.slots import find_slots
from domain.complaint.acts import ACTS
from domain.complaint.states import State
from domain.complaint.words import Source

OURS = (ComplaintController, JobController, SiteDecisionController, find_places, find_slots, read_calendar)


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    """Return the page."""
    return (project / "docs" / "complaints.md").read_text("utf-8")


def test_every_act_has_its_row_with_the_states_it_comes_from(page: str) -> None:
    """No verb is missing, and none stands there that does not exist."""
    rows = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE)
    assert rows == [act.verb for act in ACTS]


def test_every_state_and_source_is_named(page: str) -> None:
    """The wire words, as code."""
    missing = [word.value for word in (*State, *Source) if f"`{word.value}`" not in page]
    assert missing == []


def test_every_route_of_these_controllers_is_named(page: str) -> None:
    """Paths with `{id}` for whatever the code calls the id."""
    assert set(OURS) <= set(ROUTES)
    paths: set[str] = set()
    for route in OURS:
        if isinstance(route, type):
            handlers = [one for one in vars(route).values() if hasattr(one, "paths")]
            paths |= {f"{route.path}{path}".rstrip("/") for one in handlers for path in one.paths}
        else:
            paths |= route.paths
    named = {re.sub(r"\{[^}]+\}", "{id}", path) for path in paths}
    assert {path for path in named if path not in page} == set()
