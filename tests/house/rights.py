"""The table of rights: read from docs/rights.md, written from the guards of the application.

`.venv/bin/python -m tests.house.rights` prints what differs; with `--write` it brings the table up to date. What a
route allows is decided at its guard; the table is where a reader sees all of it, and the walk tries every cell.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api.app import create_app
from api.http.access import Allow, by_device_token, public, readable_under_mandate
from api.settings import Settings
from domain.values import Role

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "rights.md"
COMMAND = ".venv/bin/python -m tests.house.rights --write"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
ROLES = tuple(Role)
YES, NO = "yes", "–"


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address, with the guards that stand before its handler."""

    method: str
    path: str
    handler: HTTPRouteHandler
    guards: tuple[Any, ...]
    parameters: tuple[tuple[str, type], ...]

    @property
    def key(self) -> str:
        """Return how the table names the route."""
        return f"{self.method} {self.path}"

    @property
    def allow(self) -> Allow | None:
        """Return the guard that asks for roles, if one does."""
        return next((guard for guard in self.guards if isinstance(guard, Allow)), None)


def routes(app: Litestar) -> Iterator[Route]:
    """Return every route of the application, but the HEAD and OPTIONS that Litestar adds to GETs by itself."""
    found = [
        Route(
            method=method,
            path=route.path_format,
            handler=handler,
            guards=tuple(handler.resolve_guards()),
            parameters=tuple(
                (component.name, component.type)
                for component in route.path_components
                if not isinstance(component, str)
            ),
        )
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, *_) in route.route_handler_map.items()
        if method not in ("HEAD", "OPTIONS")
    ]
    return iter(sorted(found, key=lambda one: (one.path, one.method)))


def application() -> Litestar:
    """Return the application without a database: its routes are all there."""
    with TemporaryDirectory() as unused:
        return create_app(Settings(data=Path(unused)), "postgresql://nowhere", "postgresql://nowhere")


def row_of(route: Route) -> list[str]:
    """Return the cells that a route's guards amount to."""
    if public in route.guards:
        return [YES] * len(ROLES) + [YES, NO]
    if by_device_token in route.guards:
        return [NO] * len(ROLES) + ["device", NO]
    allow = route.allow
    roles = allow.roles if allow else frozenset()
    mandated = readable_under_mandate(route.handler, route.method)
    return [YES if role in roles else NO for role in ROLES] + [NO, YES if mandated else NO]


def expected(app: Litestar) -> dict[str, list[str]]:
    """Return the table as the guards have it."""
    return {route.key: row_of(route) for route in routes(app)}


def written() -> dict[str, list[str]]:
    """Return the table as the document has it."""
    table = re.search(f"{BEGIN}\n(.*){END}", DOCUMENT.read_text("utf-8"), re.DOTALL)
    if table is None:
        raise ValueError(f"{DOCUMENT} has lost the marks of its table")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()[2:]]
    return {cells[0].strip("`"): cells[1:] for cells in rows}


def line(key: str, cells: list[str]) -> str:
    """Return a row as Markdown."""
    return "| " + " | ".join([f"`{key}`", *cells]) + " |"


def differences(app: Litestar) -> list[str]:
    """Return what the document lacks, has too much, or has otherwise, a line each."""
    guards, document = expected(app), written()
    missing = [f"missing:   {line(key, guards[key])}" for key in guards if key not in document]
    gone = [f"no route:  {line(key, document[key])}" for key in document if key not in guards]
    otherwise = [
        f"guards say {line(key, guards[key])}\n  document {line(key, document[key])}"
        for key in guards
        if key in document and document[key] != guards[key]
    ]
    return missing + gone + otherwise


def write(app: Litestar) -> None:
    """Bring the table of the document up to date; the rest of it stays."""
    head = ["route", *ROLES, "nobody", "mandate"]
    rows = [line(key, cells) for key, cells in expected(app).items()]
    table = "\n".join(["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *rows])
    text = DOCUMENT.read_text("utf-8")
    DOCUMENT.write_text(
        re.sub(f"{BEGIN}\n.*{END}", lambda _: f"{BEGIN}\n{table}\n{END}", text, flags=re.DOTALL), "utf-8"
    )


def main(arguments: list[str]) -> int:
    """Print the differences, or write them away."""
    app = application()
    found = differences(app)
    sys.stdout.write("\n".join([*found, ""]) if found else "docs/rights.md is up to date\n")
    if "--write" in arguments:
        write(app)
        return 0
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
