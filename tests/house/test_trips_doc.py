"""docs/trips.md names every verb and every route of a trip, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from litestar import Litestar

from domain.trip.life import STEPS, UseVerb

HERE = ("/v1/trips", "/v1/refusals", "/v1/borrow-requests", "/v1/field-conflicts", "/v1/findings")
ELSEWHERE = re.compile(r"/track\.|order\.pdf")
"""Described with positions and with print."""


def test_every_verb_has_its_row(project: Path) -> None:
    """A step that nobody can look up is none."""
    written = (project / "docs/trips.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `([a-z-]+)`", written, flags=re.MULTILINE))
    assert rows == {verb.value for verb in UseVerb}
    assert {verb for _, verb in STEPS} <= set(UseVerb)


def test_every_route_is_named_and_every_named_route_is_there(project: Path, app: Litestar) -> None:
    """Reading what can be done and doing it are the same list."""
    written = (project / "docs/trips.md").read_text("utf-8")
    named = {
        (method, path.replace("{id}", "{}").replace("{job_id}", "{}"))
        for method, path in re.findall(r"`(GET|POST) (/v1/[^`]*)`", written)
    }
    there = {
        (method, re.sub(r"\{[^}]*\}", "{}", route.path))
        for route in app.routes
        if route.path.startswith(HERE) and not ELSEWHERE.search(route.path)
        for handler in route.route_handlers
        for method in getattr(handler, "http_methods", ())
        if method in ("GET", "POST")
    }
    readable = {(method, path) for method, path in there if method == "GET" and path.startswith("/v1/trips")}
    assert there - readable <= named
    assert {one for one in named if one[1].startswith(HERE)} <= there
