"""The dashboard and the alert rules of docs/watching name what `/metrics` tells, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from api.app import create_app
from api.clock import SteadyClock
from api.settings import Settings
from tests.conftest import Server, running

NAMED = re.compile(r"\b(?:zhuanche|process)_[a-z0-9_]+\b")
OF_A_HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")


@pytest.fixture
def rules(project: Path) -> list[dict[str, Any]]:
    """Return the alert rules."""
    loaded = yaml.safe_load((project / "docs/watching/alerts.yml").read_text("utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


@pytest.fixture
def panels(project: Path) -> list[dict[str, Any]]:
    """Return the panels of the dashboard."""
    found: list[dict[str, Any]] = json.loads((project / "docs/watching/dashboard.json").read_text("utf-8"))["panels"]
    return found


async def told(server: Server, settings: Settings) -> set[str]:
    """Return the names of all that a service tells."""
    application = create_app(settings, server.service, server.ingest, SteadyClock())
    transport = httpx.ASGITransport(app=application)  # type: ignore[arg-type]
    async with running(application), httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
        await http.get("/healthz")
        text = (await http.get("/metrics")).text
    return set(re.findall(r"^# HELP (\S+)", text, re.MULTILINE))


def names_in(expressions: Iterator[str]) -> set[str]:
    """Return the metrics that expressions of PromQL name."""
    return {OF_A_HISTOGRAM.sub("", name) for expression in expressions for name in NAMED.findall(expression)}


async def test_every_metric_that_is_watched_is_told(
    server: Server, settings: Settings, rules: list[dict[str, Any]], panels: list[dict[str, Any]]
) -> None:
    """An alert on a metric that was renamed would be silent for ever."""
    watched = names_in(rule["expr"] for rule in rules)
    shown = names_in(target["expr"] for panel in panels for target in panel["targets"])
    assert len(watched) > 10
    assert len(shown) > 20
    # Where nothing failed and no fix came yet, a counter by label has its HELP line and no more.
    assert (watched | shown) - await told(server, settings) == set()


def test_what_every_process_tells_is_watched_of_this_service_alone(
    rules: list[dict[str, Any]], panels: list[dict[str, Any]]
) -> None:
    """Prometheus itself and each of its exporters tell `process_…` too: none of them is this service's fault."""
    asked = [rule["expr"] for rule in rules] + [target["expr"] for panel in panels for target in panel["targets"]]
    others = [one for one in asked if re.search(r"\bprocess_\w+(?!\w|{job=\"zhuanche\"})", one)]
    assert len([one for one in asked if "process_" in one]) >= 4
    assert others == []


def test_every_alert_says_what_happens_and_what_helps_in_words(rules: list[dict[str, Any]]) -> None:
    """It reaches somebody at night who did not write it."""
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["help"]
        assert re.search(r"[一-鿿]", rule["annotations"]["summary"]), rule["alert"]


def test_the_panels_of_the_dashboard_lie_side_by_side(panels: list[dict[str, Any]]) -> None:
    """None hides another, and each has a title in both languages."""
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(re.search(r"[一-鿿]", panel["title"]) for panel in panels)


def test_prometheus_itself_takes_the_rules(project: Path) -> None:
    """Its own checker reads them, where it is installed."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (Debian's prometheus) is not here")
    done = subprocess.run(
        [promtool, "check", "rules", project / "docs/watching/alerts.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
