"""Filled visit-note forms for tests, as Collect writes an instance, and the phone that sends them."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from api.openrosa.form import FORM_ID
from domain.values import Point
from tests.conftest import SignIn
from tests.openrosa.collect import Collect
from tests.phones import enrol
from tests.world import INSIDE, World

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
AUDIT = (
    "event,node,start,end\n"
    "form start,,1795395600000,\n"
    "question,/data/place,1795395601000,1795395640000\n"
    "form finalize,,1795395700000,\n"
)


async def phone_of(signed_in: SignIn, world: World, client: httpx.AsyncClient, who: str = "officer") -> Collect:
    """Return Collect on the phone of a person of the world, with the token in the server's address."""
    _, token = await enrol(signed_in, person_id=world[who].who)
    return Collect(client, f"http://desk/openrosa/{token}")


def geopoint(place: Point = INSIDE, accuracy: str = "8.2") -> str:
    """Return a place as Collect writes one."""
    return f"{place.lat} {place.lon} 21.4 {accuracy}"


def filled(job_id: UUID | str, at: datetime, **changes: Any) -> bytes:
    """Return an ordinary visit, done; `photos` are names of files, `meta` more of the meta block."""
    answers: dict[str, Any] = {
        "start": at.isoformat(timespec="milliseconds"),
        "end": at.isoformat(timespec="milliseconds"),
        "job": str(job_id),
        "job_words": "",
        "place": geopoint(),
        "placed_at": at.isoformat(timespec="milliseconds"),
        "result": "done",
        "present": [("林某", "complainant", "")],
        "found": "外套褪色属实。",
        "agreed": "商家三日内退款 398 元。",
        "photos": [],
        "recording": "",
        "complainant": {"how": "not-asked"},
        "respondent": {"how": "not-asked"},
        "instance_id": f"uuid:{uuid4()}",
        "form_id": FORM_ID,
        "meta": "",
    } | changes
    lines = [f"<{name}>{escape(answers[name])}</{name}>" for name in ("start", "end", "job", "job_words")]
    lines += [f"<{name}>{escape(answers[name])}</{name}>" for name in ("place", "placed_at", "result")]
    for name, standing, remark in answers["present"]:
        lines.append(
            f"<present><present_name>{escape(name)}</present_name><present_standing>{standing}</present_standing>"
            f"<present_remark>{escape(remark)}</present_remark></present>"
        )
    lines += [f"<{name}>{escape(answers[name])}</{name}>" for name in ("found", "agreed")]
    lines += [f"<photos><photo>{name}</photo></photos>" for name in answers["photos"]] or ["<photos><photo/></photos>"]
    lines.append(f"<recording>{answers['recording']}</recording>")
    for party in ("complainant", "respondent"):
        said = "".join(f"<{party}_{key}>{escape(value)}</{party}_{key}>" for key, value in answers[party].items())
        lines.append(f"<{party}>{said}</{party}>")
    return (
        "<?xml version='1.0' ?>"
        '<data xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms"'
        f' id="{answers["form_id"]}" version="2026112501">{"".join(lines)}<orx:meta><audit>audit.csv</audit>'
        f"<orx:instanceID>{answers['instance_id']}</orx:instanceID><orx:instanceName>走访</orx:instanceName>"
        f"{answers['meta']}</orx:meta></data>"
    ).encode()


def photo(number: int, size: int = 2_000) -> bytes:
    """Return a file that is a photo by its first bytes, and like no other."""
    return JPEG + number.to_bytes(4, "big") * (size // 4)


async def kept(world: World, table: str = "form_submission") -> list[Any]:
    """Return what is stored of the world's bureau, in the order it came."""
    order = {"form_submission": "received_at, submission_id", "form_media": "name", "note_attachment": "note_id, no"}
    async with world.database.read(world.bureau_id) as reader:
        found = await reader.execute(
            text(f"SELECT * FROM {table} WHERE bureau_id = :b ORDER BY {order.get(table, 'recorded_at')}"),
            {"b": world.bureau_id},
        )
        return list(found.all())
