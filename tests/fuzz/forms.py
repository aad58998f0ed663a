"""Forms: whatever a phone sends as a form, an upload, a log or a signature, only our own faults come of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from typing import Any, Final
from uuid import UUID

import msgspec

from api.http.form_notes import note_of_form
from api.http.note_wire import VisitNoteBody
from api.openrosa.audit import ROWS_MOST, read_audit
from api.openrosa.digest import Verdict, check, ha1_of, read_answer
from api.openrosa.filled import media_of, read_filled
from api.openrosa.upload import PARTS_MOST, Part, UploadUnreadable, file_name, read_parts
from api.usecases.note_of_form import SentFile, form_to_note
from domain.errors import InvalidInput
from domain.visit.form import FormIsNoNote

DEVICE: Final = UUID(int=0)
HA1: Final = ha1_of("350302.officer", "350302-abcd-efgh-jkmn-pqrs")


def form(data: bytes) -> None:
    """Read a filled form, and make the note that it is, with every file it names."""
    try:
        filled = read_filled(data)
        named = media_of(filled)
        files = [SentFile(media.name, f"{n:064x}", 1, "image/png") for n, media in enumerate(named)]
        note = note_of_form(form_to_note("350302", filled, DEVICE, files))
    except (InvalidInput, FormIsNoNote):
        return
    body = msgspec.json.decode(note.body, type=VisitNoteBody)
    assert body.note_id == note.note_id
    assert note.signature is None


def upload(data: bytes) -> None:
    """Read an upload: a line of Content-Type, then the body in pieces of a size that the first byte says."""
    size, (kind, _, body) = (data[0] if data else 0) + 1, data[1:].partition(b"\n")
    try:
        parts, held = _run(_read(body, kind.decode("latin-1"), size))
    except UploadUnreadable:
        return
    assert parts <= PARTS_MOST
    assert held <= len(body)


async def _read(body: bytes, kind: str, size: int) -> tuple[int, int]:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    parts = held = 0
    async for event in read_parts(pieces(), kind):
        if isinstance(event, Part):
            parts += 1
            name = file_name(event.filename or event.field)
            assert name
            assert not set(name) & set("/\\\0\n")
        elif event is not None:
            held += len(event)
    return parts, held


def _run(coroutine: Coroutine[Any, Any, tuple[int, int]]) -> tuple[int, int]:
    """Run what waits for nothing, without a loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: tuple[int, int] = end.value
        return result
    raise AssertionError("it waits for something")


def log(data: bytes) -> None:
    """Read Collect's own log."""
    rows = read_audit(data)
    assert len(rows) <= ROWS_MOST
    assert all(row.event for row in rows)
    msgspec.json.encode([(row.event, row.node, row.start_at, row.end_at, row.more) for row in rows])


def signature(data: bytes) -> None:
    """Read an Authorization header and check it: nobody who does not know the token is let in."""
    answered = read_answer(data.decode("latin-1"))
    if answered is not None:
        verdict = check(answered, HA1, "GET", answered.uri, key=b"k", now_s=1_795_000_000)
        assert verdict is Verdict.BAD
