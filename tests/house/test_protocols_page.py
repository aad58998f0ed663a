"""docs/protocols.md and the table of clients in README.md say what the decoders do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.ingest.door import IN
from api.ingest.protocols import DOORS, PROTOCOLS
from api.ingest.times import Repair
from tests.recorded import FOLDER, conversations


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    """Return the page."""
    return (project / "docs" / "protocols.md").read_text("utf-8")


def test_every_address_and_every_answer_stands_on_the_page(page: str) -> None:
    """Whoever sets up a phone finds its address; whoever looks at a log finds why it was answered so."""
    for door in DOORS:
        assert f"| `{IN}{door}` |" in page
    for protocol in PROTOCOLS:
        reply = protocol.reply
        told = f"200, `{reply.body.decode()}`" if reply.body else "200, nothing"
        assert f"| `{protocol.name}` | {told} | {int(reply.unknown_status)} |" in page


def test_every_reason_and_kind_of_event_and_repair_is_explained(page: str, project: Path) -> None:
    """What a decoder may say is found in its source; no word of it is unknown to the page."""
    source = "".join((project / "api" / "ingest" / f"{one.name}.py").read_text("utf-8") for one in PROTOCOLS)
    source += (project / "api" / "ingest" / "extras.py").read_text("utf-8")
    said = set(re.findall(r'aside\(\w+, "([a-z-]+)"', source)) | set(re.findall(r'tell\(found, "([a-z-]+)"', source))
    said |= {str(repair) for repair in Repair}
    assert {"bad-place", "encrypted", "heartbeat", "no-fix"} <= said
    for word in said | {event["kind"] for one in conversations() for event in one.events}:
        assert f"`{word}`" in page, word


def test_the_table_of_clients_names_a_version_for_each_conversation(project: Path) -> None:
    """A client is listed because what it says is played, and each that is played is listed."""
    readme = (project / "README.md").read_text("utf-8")
    table = readme.partition("## Phones and terminals that work as installed")[2].partition("\n## ")[0]
    clients = {"traccar-client": "Traccar Client", "osmand": "OsmAnd", "owntracks-android": "Android "}
    clients |= {"owntracks-ios": "iOS ", "overland-ios": "Overland", "gpslogger": "GPSLogger"}
    for path in FOLDER.glob("*.toml"):
        found = re.fullmatch(r"([a-z-]+)-(\d+)(-owntracks)?", path.stem)
        assert found, path.stem
        [line] = [line for line in table.splitlines() if clients[found[1]] in line and "steps" in line][:1]
        assert re.search(rf"\b{found[2]}\b", line), path.stem


def test_every_step_leads_to_a_heading(project: Path, page: str) -> None:
    """A link of the table lands at its client."""
    readme = (project / "README.md").read_text("utf-8")
    headings = {
        re.sub(r"[^a-z0-9-]", "", one.lower().replace(" ", "-")) for one in re.findall(r"^## (.*)$", page, re.MULTILINE)
    }
    for link in re.findall(r"docs/protocols\.md#([a-z0-9-]+)", readme):
        assert link in headings
