"""Known vulnerabilities of what is locked are told; a network that is away fails nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.bundle.audit import audit


class ListOfVulnerabilities(BaseHTTPRequestHandler):
    """Stands in for OSV: it knows one of jinja2, and one of htmx."""

    def do_POST(self) -> None:
        """Answer a batch of queries in its order."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        names = [(one["package"]["ecosystem"], one["package"]["name"]) for one in asked]
        unsafe = {("PyPI", "jinja2"), ("npm", "htmx.org")}
        answer = json.dumps({"results": [{"vulns": [{"id": "GHSA-1"}]} if name in unsafe else {} for name in names]})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def osv() -> Iterator[str]:
    """Return the address of the stand-in."""
    with HTTPServer(("127.0.0.1", 0), ListOfVulnerabilities) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/querybatch"
        server.shutdown()


def test_a_known_vulnerability_is_told_and_fails_the_audit(osv: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Continuous integration ends there, by name, version and number."""
    assert audit(osv) == 1
    told = capsys.readouterr().out
    assert told.startswith("audit: jinja2 3.")
    assert "\naudit: htmx.org 2." in told


def test_a_list_that_cannot_be_reached_fails_nothing_and_says_what_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    """A machine without a network builds as ever."""
    assert audit("http://127.0.0.1:1/") == 0
    assert "no list of known vulnerabilities can be reached" in capsys.readouterr().out
