"""Texts that want to be more than text, at the auditor's desk: typed into every form of it, or there from elsewhere.

The forms are found by walking the pages, so that a new one is met by itself. Whatever is typed is refused as a
problem, or shown as nothing but text on every page, and in every file that a page leads to.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import httpx
import openpyxl
import pytest

from api.print.log_files import FORMULA_STARTS
from tests.audited import a_day
from tests.browser.tried import LONG, RIGHT_TO_LEFT, SCRIPT, TEMPLATE
from tests.conftest import SignIn, problem_code
from tests.notes import note_body, send_note
from tests.trips import a_complaint_job, departed_trip
from tests.world import World

FORMULAS = ("=HYPERLINK(1)", "+1", "-1", "@SUM(1)")
HOSTILE = tuple(f"{start}{SCRIPT}{TEMPLATE}{RIGHT_TO_LEFT}"[:200] for start in FORMULAS)
AN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")
A_VALUE = re.compile(r"(after|month|complaint|kind|amended|delay|reason|colour|state)=[^&]*")
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
ISOLATED = frozenset({"option", "textarea", "code", "pre"})
"""Where text stands by itself, whatever its direction."""
RUNS = re.compile(r"\s*(javascript|data|vbscript):", re.IGNORECASE)
AN_EVENT = re.compile(r"on[a-z]+")


@dataclass
class Form:
    """A form of a page: its act and what its controls say."""

    act: str
    values: dict[str, str] = field(default_factory=dict)
    typed: dict[str, int] = field(default_factory=dict)
    """Its text fields, with how long their texts may be."""
    choices: dict[str, str] = field(default_factory=dict)


class Looked(HTMLParser):
    """A page as a browser takes it apart: its forms, and what in it is more than text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.faults: list[str] = []
        self.open: list[tuple[str, str]] = []
        self.chosen = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in an element."""
        told = {name: value or "" for name, value in attrs}
        self.faults += [f"<{tag} {name}>" for name in told if AN_EVENT.fullmatch(name) or name == "style"]
        if tag == "script" and not told.get("src", "").startswith("/assets/"):
            self.faults.append(f"<script {told}>")
        if tag in ("img", "a", "link", "form") and re.match(
            r"\s*(javascript|data):", told.get("href", ""), re.IGNORECASE
        ):
            self.faults.append(f"<{tag} href={told['href'][:40]}>")
        if tag not in VOID:
            self.open.append((tag, told.get("class", "")))
        if tag == "form":
            self.forms.append(Form(told.get("data-act") or f"GET {told.get('action', '')}"))
        elif self.forms and "name" in told and any(one == "form" for one, _ in self.open):
            self._control(tag, told)
        elif tag == "option" and self.chosen and told.get("value"):
            self.forms[-1].values[self.chosen] = told["value"]

    def _control(self, tag: str, told: dict[str, str]) -> None:
        form, name, kind = self.forms[-1], told["name"], told.get("type", "text")
        self.chosen = name if tag == "select" else ""
        if tag == "textarea" or (tag == "input" and kind == "text" and "data-type" not in told):
            form.typed[name] = int(told.get("maxlength", 10_000))
        elif kind == "radio":
            form.values[name] = told["value"]
        elif kind == "datetime-local":
            form.values[name] = "2026-12-01T10:00:00+08:00"
        elif told.get("data-type") == "km":
            form.values[name] = "60000000"
        elif tag == "input":
            form.values[name] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Look at a text: what turns the line around stands in an element of its own direction."""
        apart = any(tag in ISOLATED or "data" in classes.split() for tag, classes in self.open)
        if "\u202e" in data and not apart:
            self.faults.append(f"not set apart: {data[:60]!r}")
        if "49${7*7}" in data:
            self.faults.append(f"worked out: {data[:60]!r}")


async def walk(
    client: httpx.AsyncClient, *first: str, inside: str = "audit|v1"
) -> AsyncIterator[tuple[str, httpx.Response]]:
    """Yield each page and file that can be reached from some addresses, one of each kind."""
    waiting, met = [*first], set()
    while waiting:
        path = waiting.pop(0)
        answer = await client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, f"{path}: {answer.text[:300]}"
        yield path, answer
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        for link in re.findall(rf'(?:href|src|data-src|data-track)="(/(?:{inside})[^"#]*)', answer.text):
            kind = A_VALUE.sub(r"\1=", AN_ID.sub("{id}", unescape(link)))
            if kind not in met:
                met.add(kind)
                waiting.append(unescape(link))


def inert(path: str, answer: httpx.Response) -> list[str]:
    """Return what of an answer is more than text: elements of a page, cells of a sheet."""
    kind = answer.headers["content-type"].partition(";")[0]
    if kind == "text/html":
        return [f"{path}: {fault}" for fault in Looked(answer.text).faults]
    if kind == "text/csv":
        rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        cells = [cell for row in rows for cell in row]
        return [f"{path}: {cell[:60]!r}" for cell in cells if cell.startswith(FORMULA_STARTS) and not a_number(cell)]
    if kind.endswith("spreadsheetml.sheet"):
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        return [f"{path}: {cell.value[:60]!r}" for cell in cells if cell.data_type == "f" or cell.hyperlink]
    return []


def a_number(cell: str) -> bool:
    """Tell whether a cell holds a number of ours."""
    return re.fullmatch(r"-?[0-9,]+(\.[0-9]+)?", cell) is not None


@pytest.fixture
async def hostile_trip(world: World, signed_in: SignIn) -> UUID:
    """Return a trip of a month that is over and in which every text that others typed is hostile."""
    happened = await a_day(world, signed_in)
    officer, custodian = await signed_in("officer"), await signed_in("custodian")
    job_id = await a_complaint_job(world)
    loan = {"vehicle_id": str(world.vehicle_id), "borrower": HOSTILE[0], "reason": HOSTILE[1]}
    assert problem_code(await officer.post("/v1/borrow-requests", json=loan)) == "refused"
    trip_id = await departed_trip(world, job_ids=(job_id,))
    world.clock.advance(minutes=5)
    words: dict[str, Any] = {
        "found": HOSTILE[2],
        "agreed": HOSTILE[3],
        "present": [{"name": HOSTILE[0][:100], "standing": "other"}],
    }
    note = note_body(job_id, world.clock(), trip_id=trip_id, **words)
    assert (await send_note(officer, note)).status_code == 201
    assert (await send_note(officer, note | {"agreed": HOSTILE[0]})).status_code == 409
    asked = {"verb": "ask", "text": HOSTILE[1]}
    ruled = await (await signed_in("auditor")).post(f"/v1/findings/{happened.finding_id}/rule", json=asked)
    assert ruled.status_code == 200
    said = await custodian.post(f"/v1/findings/{happened.finding_id}/explain", json={"text": HOSTILE[0]})
    assert said.status_code == 200
    world.clock.advance(days=10)
    return trip_id


async def sent(client: httpx.AsyncClient, form: Form, said: dict[str, str]) -> httpx.Response:
    """Send a form as the page does; it is done, or refused as a problem that repeats nothing as more than text."""
    method, _, path = form.act.partition(" ")
    if method == "GET":
        answer = await client.get(path, params=said, headers={"Accept": "text/html"})
    else:
        answer = await client.request(method, path, json=said)
    assert answer.status_code < 500, answer.text
    assert answer.is_success or method == "GET" or answer.headers["content-type"].startswith("application/problem")
    assert inert(path, answer) == []
    return answer


FIRST = ("/audit", "/audit?month=2026-11", "/audit/lots?month=2026-11", "/audit/log?month=2026-11")


async def test_every_text_of_every_form_is_refused_or_shown_as_text_everywhere(
    hostile_trip: UUID, signed_in: SignIn
) -> None:
    """Ten kilobytes first, then script, template and a turned line behind each sign that begins a formula."""
    auditor = await signed_in("auditor")
    auditor.headers["Accept-Language"] = "zh-CN"
    tried: set[tuple[str, str]] = set()
    while True:
        found = [
            (form, name)
            async for _, answer in walk(auditor, *FIRST, inside="audit")
            for form in Looked(answer.text).forms
            for name in form.typed
        ]
        fresh = [(form, name) for form, name in found if (AN_ID.sub("{id}", form.act), name) not in tried]
        if not fresh:
            break
        form, name = fresh[0]
        tried.add((AN_ID.sub("{id}", form.act), name))
        for words in (LONG, HOSTILE[len(tried) % len(HOSTILE)][: form.typed[name]]):
            said = form.values | dict.fromkeys(form.typed, "好") | {name: words}
            answer = await sent(auditor, form, {key: value for key, value in said.items() if value})
            assert answer.is_success or words == LONG or form.act.startswith("GET "), answer.text
    assert {act for act, _ in tried} == {
        "GET /audit",
        "POST /v1/findings/{id}/rule",
        "POST /v1/lots/2026-11/draw",
        "POST /v1/lots/2026-11/call-backs",
    }
    answers = [one async for one in walk(auditor, *FIRST, f"/audit/trips/{hostile_trip}")]
    assert [fault for path, answer in answers for fault in inert(path, answer)] == []
    shown = "".join(answer.text for _, answer in answers if answer.headers["content-type"].startswith("text/html"))
    for words in HOSTILE:
        assert unescape(shown).count(words) > 0, words
    kinds = {answer.headers["content-type"].partition(";")[0].rpartition(".")[2] for _, answer in answers}
    assert {"text/html", "text/csv", "sheet", "application/json", "application/pdf"} <= kinds
