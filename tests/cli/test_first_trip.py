"""The README's first trip, run as it stands."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.live import PATIENCE_S, environment, serving


def documents(text: str) -> list[Any]:
    """Return the JSON documents that stand one after the other in a text."""
    found, at, decoder = [], 0, json.JSONDecoder()
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        found.append(document)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


def test_the_first_trip_of_the_readme_runs_verbatim(project: Path, tmp_path: Path) -> None:
    """A newcomer copies the commands and sees a complaint become a line of the vehicle log."""
    text = (project / "README.md").read_text("utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 8
    script = "set -euo pipefail\n" + "\necho\necho ----\n".join(blocks)
    with serving(tmp_path / "log", "demo", "--serve", data=tmp_path / "data") as live:
        run = subprocess.run(
            ["bash", "-c", script],
            env=environment() | {"URL": live.url, "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    answers = [answer.strip() for answer in run.stdout.split("----\n")]
    borrowed = next(json.loads(answer) for answer in answers if '"borrowed"' in answer)
    assert borrowed["code"] == "refused"
    returned, trip, agreed, closed = documents(answers[-2])
    assert (returned["trip"]["state"], trip["trip"]["state"]) == ("returned", "closed")
    assert (agreed["state"], closed["state"], closed["outcome"]) == ("mediated", "closed", "mediated-with-document")
    assert (tmp_path / "mediation-record.pdf").read_bytes().startswith(b"%PDF-")
    log = json.loads(answers[-1])
    trip = log["months"][-1]["rows"][-1]
    assert (trip["kind"], trip["state"], trip["length_m"]) == ("trip", "closed", 6_000)
    assert trip["complaints"]
    assert log["totals"]["refusals"] == 1
    assert log["totals"]["trips_m"] + log["totals"]["unaccounted_m"] == log["totals"]["difference_m"]
