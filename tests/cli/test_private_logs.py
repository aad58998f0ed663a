"""Nobody's data stands in a log: a person's whole way through the desk, and what goes wrong on it, leaves no trace."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import psycopg
import pytest

import tests.live
from api.db.address import running
from tests.live import PATIENCE_S, serving

NAME, TELEPHONE, ADDRESS, CLAIM = "欧阳密", "13977731234", "隐私巷 7788 号", "退还定金 66,613 元"
FACTS, RESPONDENT, LOGIN, KEY = "店主辱骂并推搡了我", "无名氏烧腊店", "ouyangmi", "key-of-ouyangmi"
TELLTALES = (NAME, TELEPHONE, ADDRESS, CLAIM, FACTS, RESPONDENT, LOGIN, KEY)
PASSWORD = "demo-zhuanche-12315"
COMPLAINT: dict[str, Any] = {
    "source": "counter",
    "source_number": TELEPHONE,
    "accept": True,
    "complainant": {"name": NAME, "telephone": TELEPHONE, "address": ADDRESS},
    "respondent": {"name": RESPONDENT, "address": ADDRESS},
    "claim": CLAIM,
    "facts": FACTS,
}
UNLUCKY = COMPLAINT | {"source_number": "0" + TELEPHONE, "claim": CLAIM + "，另赔礼道歉"}
BROKEN = """
import dataclasses
import api.http.complaints as complaints

whole = complaints.register_complaint

async def register(database, actor, new, once=None):
    if "赔礼" not in new.particulars.claim:
        return await whole(database, actor, new, once)
    try:
        raise ValueError(f"cannot take {new}")
    except ValueError as fault:
        raise RuntimeError(repr(dataclasses.asdict(new))) from fault

complaints.register_complaint = register
"""
"""A fault of our own, as a programmer may leave one: its text quotes the whole complaint."""


def told(log: str) -> list[str]:
    """Return which telltales a log holds, as they stand or in any of the forms a log may write them."""
    forms: list[Callable[[str], str]] = [
        str,
        quote,
        quote_plus,
        lambda text: json.dumps(text)[1:-1],
        lambda text: repr(text.encode())[2:-1],
        lambda text: text.encode().hex(),
    ]
    return [text for text in TELLTALES if any(form(text) in log for form in forms)]


def sign_in(client: httpx.Client, login: str = "dispatcher") -> None:
    """Sign in at the demo bureau."""
    asked = {"bureau_id": "350302", "login": login, "password": PASSWORD}
    client.headers["Authorization"] = f"Bearer {client.post('/v1/session', json=asked).json()['token']}"


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the service be the product with one fault put in."""
    script = tmp_path / "zhuanche"
    script.write_text(f"#!{sys.executable}\n{BROKEN}\nfrom api.cli.command_line import main\nmain()\n")
    script.chmod(0o755)
    monkeypatch.setattr(tests.live, "ZHUANCHE", script)


@pytest.mark.usefixtures("faulty")
def test_a_person_s_whole_way_leaves_no_trace_in_any_log(tmp_path: Path) -> None:
    """Registered, searched for, corrected, mistyped, doubled, and met by a fault of ours: in no line of any log.

    An operator still gets the kind of a fault, its place and the request's id.
    """
    data = tmp_path / "data"
    with (
        serving(tmp_path / "log", "demo", "--serve", data=data, log_level="debug") as live,
        httpx.Client(base_url=live.url, timeout=PATIENCE_S) as client,
    ):
        sign_in(client)
        _walk(client)
        _go_wrong(client)
        _break_constraints(data)
        failed = client.post("/v1/complaints", json=UNLUCKY)
    assert (failed.status_code, failed.json()["code"]) == (500, "unexpected")
    assert told(failed.text) == []
    service = live.log.read_text()
    assert '"/v1/complaints"' in service, "the requests were logged"
    assert told(service) == []
    (fault,) = [one for one in map(json.loads, service.splitlines()) if one.get("code") == "unexpected"]
    assert fault["request_id"] == failed.json()["request_id"]
    assert [one["kind"] for one in fault["faults"]] == ["builtins.RuntimeError", "builtins.ValueError"]
    database = "".join(path.read_text() for path in (data / "postgres" / "log").iterdir())
    assert "duplicate key" in database, "the database's faults were logged"
    assert "violates check" in database
    assert told(database) == []


def _walk(client: httpx.Client) -> None:
    made = client.post("/v1/complaints", json=COMPLAINT, headers={"Idempotency-Key": KEY, "User-Agent": NAME.encode()})
    assert made.status_code == 201, made.text
    complaint = f"/v1/complaints/{made.json()['complaint_id']}"
    for query in ({"telephone": TELEPHONE}, {"name": NAME}, {"respondent": RESPONDENT}, {"q": TELEPHONE}):
        found = client.get("/v1/complaints", params=query, headers={"Referer": f"{client.base_url}/?q={TELEPHONE}"})
        assert found.json()["items"], query
    assert client.get("/v1/places", params={"q": ADDRESS}).status_code == 200
    site = {"name": RESPONDENT, "address": ADDRESS, "lat": 25.4337, "lon": 118.999, "datum": "WGS-84"}
    window = {"start_at": "2099-11-23T09:30:00+08:00", "end_at": "2099-11-23T11:30:00+08:00"}
    job = {"complaint_id": made.json()["complaint_id"], "kind": "mediation", "site": site, "window": window}
    assert client.post("/v1/jobs", json=job).status_code in (201, 400)
    correction = {"verb": "correct", "reason": FACTS, "complainant": COMPLAINT["complainant"] | {"name": NAME * 2}}
    assert client.post(f"{complaint}/acts", json=correction).status_code < 500
    withdrawn = {"verb": "withdraw", "reason": FACTS}
    assert client.post(f"{complaint}/acts", json=withdrawn).status_code < 500


def _go_wrong(client: httpx.Client) -> None:
    """Make the mistakes that people and their programs make, each with something personal in it."""
    again = client.post("/v1/complaints", json=COMPLAINT)
    assert again.status_code == 409, again.text
    other = client.post("/v1/complaints", json=COMPLAINT | {"claim": FACTS}, headers={"Idempotency-Key": KEY})
    assert other.status_code == 409, other.text
    for body in (
        COMPLAINT | {NAME: TELEPHONE},
        COMPLAINT | {"source": NAME},
        COMPLAINT | {"received_at": TELEPHONE},
        COMPLAINT | {"claim": CLAIM + "\x00"},
        COMPLAINT | {"source_number": "x" + TELEPHONE, "claim": CLAIM * 2000},
    ):
        assert client.post("/v1/complaints", json=body).status_code == 400
    raw = f'{{"claim": "{CLAIM}", "{TELEPHONE}'.encode()
    assert client.post("/v1/complaints", content=raw, headers={"Content-Type": "application/json"}).status_code == 400
    for path in (f"/v1/complaints/{TELEPHONE}", f"/{NAME}/{ADDRESS}", f"/v1/attachments/{TELEPHONE}?name={NAME}"):
        assert client.get(path).status_code in (400, 404)
    assert client.request(LOGIN.upper(), "/v1/complaints").status_code in (400, 405)
    for login, password in ((LOGIN, CLAIM), (TELEPHONE, "x" * 20)):
        asked = {"bureau_id": "350302", "login": login, "password": password}
        assert client.post("/v1/session", json=asked).status_code == 401
    assert client.get("/v1/session", headers={"Authorization": f"Bearer 350302.{TELEPHONE}"}).status_code == 401
    assert client.get(f"/in/{TELEPHONE}", params={"name": NAME}).status_code in (400, 401)
    assert client.post(f"/in/osmand?id={TELEPHONE}&lat=25&name={quote(NAME)}").status_code == 400


def _break_constraints(data: Path) -> None:
    """Let the database refuse rows whose values its log would tell in a DETAIL, a CONTEXT or a STATEMENT."""
    table = "CREATE TEMP TABLE person_there (telephone text PRIMARY KEY, name text CHECK (length(name) < 9))"
    row = "INSERT INTO person_there VALUES (%s, %s)"
    with psycopg.connect(running(data).dsn("postgres"), autocommit=True) as connection:
        connection.execute(table)
        connection.execute(row, (TELEPHONE, NAME))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(row, (TELEPHONE, NAME))
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(row, ("0", NAME * 9))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(f"INSERT INTO person_there VALUES ('{TELEPHONE}', '{NAME}')".encode())
