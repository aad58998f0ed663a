"""How a filled form becomes a visit note: the very body that `/v1/visit-notes` takes, made of the form's answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from api.http.fields import TimeOutOfRange
from api.http.note_wire import VisitNoteBody
from api.openrosa.filled import PARTIES, Filled, Place, place_of
from api.openrosa.form import NO_JOB
from api.usecases.note_of_form import FormToNote
from api.usecases.record_note import NewNote
from domain.values import Datum
from domain.visit.form import FormIsNoNote, Waits
from domain.visit.note import FORM

EDITED = "在 ODK Collect 中修改后重新提交"
"""Why a form that is an edit of another corrects that one's note: Collect asks for no reason."""
SIGNATURE = "signature-"
FILES_MOST = 100
"""What the body of a note names; more stand beside it."""


def note_of_form(form: FormToNote) -> NewNote:
    """Return the note that a form is; it is not signed, since Collect has no key of the device.

    Raises:
        FormIsNoNote: no job was chosen, or the answers are not such as a note has.
    """
    filled = form.filled
    job_id = form.job_id or _job(filled.first("job"))
    place = place_of(filled.first("place"))
    made_at = _made_at(filled, place)
    if made_at is None:
        raise FormIsNoNote(Waits.UNREADABLE)
    body: dict[str, Any] = {
        "note_id": form.note_id,
        "job_id": job_id,
        "result": filled.first("result"),
        "device_at": made_at,
        "position": _position(place, _instant(filled.first("placed_at"))),
        "present": [_present(one) for one in filled.repeats.get("present", ()) if one.get("present_name")],
        "found": filled.first("found"),
        "agreed": filled.first("agreed"),
        "signatures": [one for party in PARTIES if (one := _signature(form, party)) is not None],
        "files": [
            {"sha256": file.sha256, "name": file.name, "role": file.role}
            for file in form.files
            if not file.role.startswith(SIGNATURE)
        ][:FILES_MOST],
        "corrects": form.corrects,
        "correction_reason": EDITED if form.corrects else "",
        "source": FORM,
        "device": {"device_id": form.device_id},
    }
    try:
        # Converted, not constructed: the same limits hold as over HTTP.
        note = msgspec.convert(msgspec.to_builtins(body), VisitNoteBody)
        return note.new(msgspec.json.encode(note), sent_at=None)
    except (msgspec.ValidationError, TimeOutOfRange) as fault:
        raise FormIsNoNote(Waits.UNREADABLE) from fault


def _job(chosen: str) -> UUID:
    if chosen in ("", NO_JOB):
        raise FormIsNoNote(Waits.NO_JOB)
    try:
        return UUID(chosen)
    except ValueError as fault:
        raise FormIsNoNote(Waits.NO_SUCH_JOB) from fault


def _made_at(filled: Filled, place: Place | None) -> datetime | None:
    """Return when the officer was at the site: as the position was taken, else as the form was finished or begun."""
    told = ["placed_at"] if place is not None else []
    return next((at for name in (*told, "end", "start") if (at := _instant(filled.first(name))) is not None), None)


def _instant(words: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _position(place: Place | None, at: datetime | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "lat": place.lat,
        "lon": place.lon,
        "datum": Datum.WGS84,
        "accuracy_m": place.accuracy_m,
        "mock": place.mock,
        "fixed_at": at,
    }


def _present(one: dict[str, str]) -> dict[str, str]:
    return {
        "name": one["present_name"],
        "standing": one.get("present_standing") or "other",
        "remark": one.get("present_remark", ""),
    }


def _signature(form: FormToNote, party: str) -> dict[str, str] | None:
    """Return whether a party signed; one whose drawn signature has not come is left to sign on paper."""
    said = {name: form.filled.first(f"{party}_{name}") for name in ("how", "name", "reason", "witness")}
    if said["how"] == "signed":
        drawn = next((file for file in form.files if file.role == f"{SIGNATURE}{party}"), None)
        return (
            None if drawn is None else {"how": "signed", "party": party, "name": said["name"], "sha256": drawn.sha256}
        )
    if said["how"] in ("refused", "unable"):
        return {"party": party} | said
    return None
