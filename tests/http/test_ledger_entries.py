"""From every fact at the auditor's desk to its ledger entry, and from there to a check that needs no service."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import httpx

from api.db.database import Database
from api.db.ledger_entry import entry_rows
from api.http.ledger import entry_of
from tests.audited import Audited, a_day
from tests.conftest import SignIn, problem_code, token_of
from tests.lots import next_month, trips_of_a_day
from tests.mandates import give
from tests.notes import note_body
from tests.signing import known_phone, send_act
from tests.trips import a_complaint_job, departed_trip
from tests.world import HeldClock, World, make_world


async def shown(client: httpx.AsyncClient, path: str) -> str:
    """Return a page as a browser gets it."""
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200, f"{path}: {answer.text[:500]}"
    return answer.text


def entries(page: str) -> list[str]:
    """Return the entries that a page leads to."""
    return list(dict.fromkeys(re.findall(r"/audit/entries/([0-9a-f-]{36})", page)))


def checked(page: str, downloaded: bytes, folder: Path) -> list[str]:
    """Return what the lines that the page shows say of a downloaded entry, run by a Python of their own."""
    lines = re.search(r'<pre class="exact" id="check"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert lines
    (folder / "check.py").write_text(unescape(lines[1]), "utf-8")
    (folder / "entry.json").write_bytes(downloaded)
    ran = subprocess.run(
        [sys.executable, "-I", "check.py", "entry.json"], cwd=folder, capture_output=True, text=True, check=True
    )
    return ran.stdout.split("\n")[:-1]


async def test_every_thing_of_a_trip_leads_to_its_entry_with_when_and_by_whom(world: World, signed_in: SignIn) -> None:
    """Each line of the timeline, each note, finding, word and reading; the entry names the very fact."""
    happened: Audited = await a_day(world, signed_in)
    auditor = await signed_in("auditor")
    trip = await shown(auditor, f"/audit/trips/{happened.doubtful}")
    timeline = trip.partition('id="timeline"')[2].partition("</table>")[0]
    assert timeline.count("<tr>") - 1 == len(re.findall("/audit/entries/", timeline))
    kinds = set()
    for one in entries(trip):
        entry = (await auditor.get(f"/v1/ledger/entries/{one}")).json()
        kinds.add(entry["kind"])
        assert all(group["holds"] for group in entry["groups"])
    told = {"trip-departed", "trip-returned", "reading-entered", "visit-note-recorded"}
    assert told | {"finding-raised", "finding-explain"} <= kinds, kinds
    finding = entries(await shown(auditor, f"/audit/findings/{happened.finding_id}"))
    assert len(finding) == 2
    assert str(happened.finding_id) in (await auditor.get(f"/v1/ledger/entries/{finding[0]}")).text
    readings = entries(await shown(auditor, "/audit/readings"))
    page = await shown(auditor, f"/audit/entries/{readings[0]}")
    assert "reading-corrected" in page
    assert "auditor 某" in page
    assert "No checkpoint covers this entry yet" in page
    before = re.search(r'/audit/entries/([0-9a-f-]{36})">the entry before', page)
    assert before
    assert before[1] in readings


async def test_an_entry_is_checked_offline_and_one_changed_sign_shows(
    world: World, signed_in: SignIn, tmp_path: Path
) -> None:
    """The lines of the page and the downloaded file are enough; the receipt of the phone names the same hash."""
    job_id = await a_complaint_job(world)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    officer, auditor = await signed_in("officer"), await signed_in("auditor")
    phone = await known_phone(world, officer)
    note = note_body(job_id, world.clock(), trip_id=trip_id)
    receipt = (await send_act(officer, phone.act("note", note, trip_id))).json()["receipt"]
    page = await shown(auditor, f"/audit/entries/{receipt['entry']}")
    downloaded = (await auditor.get(f"/v1/ledger/entries/{receipt['entry']}")).content
    groups = [one["group"] for one in json.loads(downloaded)["groups"]]
    assert checked(page, downloaded, tmp_path) == [f"leaf {receipt['leaf']}", *(f"{one} True" for one in groups)]
    altered = json.loads(downloaded)
    altered["groups"][0]["payload"] = altered["groups"][0]["payload"].replace("1", "2", 1)
    altered["leaf"] = altered["leaf"].replace('"v":1', '"v": 1')
    leaf, first, *_ = checked(page, json.dumps(altered).encode(), tmp_path)
    assert leaf != f"leaf {receipt['leaf']}"
    assert first == f"{groups[0]} False"


def test_what_does_not_open_its_commitment_is_told_and_what_was_erased_keeps_it() -> None:
    """A payload rewritten under its leaf, a salt that is another's, and a payload that is gone."""
    rows = entry_rows(
        "350302",
        "reading-entered",
        now=datetime(2026, 11, 26, tzinfo=UTC),
        actor_id=None,
        facts={"odometer_m": 1},
        person={"name": "林某"},
        place=None,
        previous=None,
    )
    held = rows.payload | rows.outbox | {"erased_at": None}

    def holds(**changed: object) -> list[bool | None]:
        return [one.holds for one in entry_of(SimpleNamespace(**held | changed)).groups]

    assert holds() == [True, True]
    assert holds(facts=b'{"odometer_m":2}') == [False, True]
    assert holds(person_salt=held["facts_salt"]) == [True, False]
    assert holds(person=None, person_salt=None) == [True, None]
    told = entry_of(SimpleNamespace(**held | {"person": None, "person_salt": None}))
    assert (told.groups[1].payload, told.groups[1].salt) == (None, None)
    assert told.groups[1].commitment in told.leaf


async def test_an_entry_is_for_auditor_and_heads_of_its_own_bureau(
    world: World, signed_in: SignIn, owner: Database, database: Database, clock: HeldClock
) -> None:
    """Nobody else reads it, another bureau's auditor neither, but under a mandate."""
    happened = await a_day(world, signed_in)
    (one, *_) = entries(await shown(await signed_in("custodian"), f"/audit/trips/{happened.doubtful}"))
    for who in ("officer", "driver", "dispatcher", "admin"):
        assert problem_code(await (await signed_in(who)).get(f"/v1/ledger/entries/{one}")) == "forbidden"
    other = await make_world(owner, database, clock)
    stranger = await signed_in("auditor")
    stranger.headers["Authorization"] = f"Bearer {await token_of(other, 'auditor')}"
    assert problem_code(await stranger.get(f"/v1/ledger/entries/{one}")) == "not-found"
    await give(world, other)
    page = await shown(stranger, f"/audit/entries/{one}?bureau={world.bureau_id}")
    assert f"/v1/ledger/entries/{one}?bureau={world.bureau_id}" in page


async def test_who_is_called_back_is_no_entry_for_those_who_were_on_the_road(world: World, signed_in: SignIn) -> None:
    """The heads read what happened, and not whom the auditor is about to ask, nor that there is such an entry."""
    await trips_of_a_day(world, 4)
    month = next_month(world)
    auditor, custodian = await signed_in("auditor"), await signed_in("custodian")
    (await auditor.post(f"/v1/lots/{month:%Y-%m}/draw", json={"salt": "07 12"})).raise_for_status()
    newest = (await (await signed_in("officer")).get("/v1/field/day")).headers["Zhuanche-Receipt"].split()[0]
    assert (await auditor.get(f"/v1/ledger/entries/{newest}")).json()["kind"] == "lots-drawn"
    for where in ("/v1/ledger/entries/", "/audit/entries/"):
        assert problem_code(await custodian.get(where + newest)) == "not-found"
        unknown = await custodian.get(where + str(UUID(int=7)))
        assert problem_code(unknown) == "not-found"
