"""Where personal data of a complaint's parties stands, and what was done about it."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import Reader
from api.db.queries.attachments import NAMING, SIGNED_WORDS, files_in_words
from api.db.queries.signed_acts import BECAME_NOTHING
from api.db.tables.erasure import Erasure
from domain.erasure import Step


@dataclass(frozen=True, slots=True)
class Place:
    """Columns of a table in which it stands, the rest of the table's key, and which rows are a complaint's."""

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    where: str
    entry: str = "entry_id"
    """How its rows name a ledger entry; empty where they name none."""


_HASH: Final = re.compile(rb"[0-9a-f]{64}")
_PARTICULARS: Final = (
    "complainant_name", "complainant_telephone", "complainant_address", "respondent_name", "respondent_credit_code",
    "respondent_address", "respondent_telephone", "claim", "facts", "reason",
)  # fmt: skip
PLACES: Final = (
    Place("complaint_particulars", ("complaint_id", "rev"), _PARTICULARS, "complaint_id = :complaint_id"),
    Place("complaint_act", ("act_id",), ("detail",), "complaint_id = :complaint_id"),
    Place("job", ("job_id",), ("site_name", "site_address"), "complaint_id = :complaint_id"),
    Place("job_act", ("act_id",), ("reason",), "job_id = ANY(:jobs)"),
    Place("visit_note", ("note_id",), ("body",), "job_id = ANY(:jobs)"),
    Place("visit_note_conflict", ("conflict_id",), ("body",), "note_id = ANY(:notes)"),
    Place("note_attachment", ("note_id", "no"), ("name",), "note_id = ANY(:notes)", entry=""),
    Place("form_submission", ("submission_id",), ("xml",), "submission_id = ANY(:forms)"),
    Place("signed_act", ("digest",), ("jws",), "digest = ANY(:digests)"),
    Place("signed_act_outcome", ("digest",), ("problem",), "digest = ANY(:digests) AND problem IS NOT NULL"),
    Place("call_back", ("call_back_id",), ("remark",), "complaint_id = :complaint_id"),
    Place("complaint", ("complaint_id",), ("received_via",), "complaint_id = :complaint_id", entry=""),
    Place("finding_act", ("act_id",), ("text",), "act_id = ANY(:finding_acts)"),
    Place(
        "paper_trip",
        ("paper_trip_id",),
        ("people", "purpose", "places", "remark"),
        "paper_trip_id = ANY(:paper_trips)",
        entry="",
    ),
    Place(
        "trip_passenger",
        ("use_id", "rev", "passenger_no"),
        ("name",),
        "use_id = ANY(:alone)",
        "(SELECT d.entry_id FROM decision d WHERE d.bureau_id = :bureau_id AND d.bureau_id = trip_passenger.bureau_id"
        " AND d.decision_id = trip_passenger.decision_id)",
    ),
)
LEDGER: Final = Place(
    "ledger_payload",
    ("entry_id",),
    ("person", "person_salt", "place", "place_salt"),
    "entry_id = ANY(:entries) AND (person IS NOT NULL OR place IS NOT NULL)",
    entry="",
)
BY_TABLE: Final = {place.table: place for place in (*PLACES, LEDGER)}

_IDS: Final = {
    "jobs": "SELECT job_id FROM job WHERE bureau_id = :bureau_id AND complaint_id = :complaint_id",
    "notes": "SELECT note_id FROM visit_note WHERE bureau_id = :bureau_id AND job_id = ANY(:jobs)",
    "instances": "SELECT instance_id FROM form_submission WHERE bureau_id = :bureau_id AND note_id = ANY(:notes)",
    "forms": "SELECT submission_id FROM form_submission WHERE bureau_id = :bureau_id"
    " AND (instance_id = ANY(:instances) OR (note_id IS NULL AND submission_id = ANY(:found)))",
    "media_entries": "SELECT DISTINCT entry_id FROM form_media"
    " WHERE bureau_id = :bureau_id AND submission_id = ANY(:forms)",
    "uses": "SELECT DISTINCT use_id FROM trip_job WHERE bureau_id = :bureau_id AND complaint_id = :complaint_id",
}
# The old log may number complaints of its own: what was driven before the complaint came is of another so called.
_OLD_LOG: Final = text(
    "SELECT p.paper_trip_id FROM paper_trip p JOIN complaint c ON c.bureau_id = p.bureau_id"
    " AND p.complaint_number IN (c.number, c.source_number) AND p.started_at >= c.received_at"
    " WHERE p.bureau_id = :bureau_id AND c.bureau_id = :bureau_id"
    " AND c.complaint_id = :complaint_id AND p.complaint_number <> ''"
)
_NUMBERS: Final = text(
    "SELECT DISTINCT c.complaint_id, c.number FROM complaint c JOIN erasure e"
    " ON e.bureau_id = c.bureau_id AND e.complaint_id = c.complaint_id"
    " WHERE c.bureau_id = :bureau_id AND e.bureau_id = :bureau_id"
)
_STEPS: Final = text(
    "SELECT e.complaint_id, c.number, e.step, e.ground, e.recorded_at FROM erasure e JOIN complaint c"
    " ON c.bureau_id = e.bureau_id AND c.complaint_id = e.complaint_id"
    " WHERE e.bureau_id = :bureau_id AND c.bureau_id = :bureau_id ORDER BY e.recorded_at, e.complaint_id, e.no"
)
_OF_COMPLAINTS: Final = text(
    "SELECT c.complaint_id, e.step, e.recorded_at FROM complaint c LEFT JOIN erasure e"
    " ON e.bureau_id = c.bureau_id AND e.bureau_id = :bureau_id AND e.complaint_id = c.complaint_id"
    " WHERE c.bureau_id = :bureau_id AND c.complaint_id = ANY(CAST(:complaints AS uuid[]))"
)
# Whenever it was received: what a phone told of first may have waited long before it became a complaint.
_SIGNED: Final = text(
    "SELECT digest FROM signed_act WHERE bureau_id = :bureau_id AND act IN ('note', 'another-job') AND jws <> ''"  # noqa: S608 - constants only
    f" AND lower({SIGNED_WORDS}) LIKE ANY(CAST(:named AS text[]))"
)
_CONFIRMED: Final = text(
    f"SELECT t.digest FROM signed_act t WHERE t.bureau_id = :bureau_id AND t.act_id = ANY(:found) AND {BECAME_NOTHING}"  # noqa: S608 - constants only
)
_BESIDE: Final = text(
    "SELECT DISTINCT use_id, complaint_id FROM trip_job"
    " WHERE bureau_id = :bureau_id AND use_id = ANY(:uses) AND complaint_id <> :complaint_id"
)
_FILES: Final = text(
    "SELECT sha256 FROM note_attachment WHERE bureau_id = :bureau_id AND note_id = ANY(:notes)"
    " UNION SELECT sha256 FROM form_media WHERE bureau_id = :bureau_id AND submission_id = ANY(:forms)"
    " UNION SELECT sha256 FROM attachment WHERE bureau_id = :bureau_id AND sha256 = ANY(CAST(:in_words AS text[]))"
)
_NAMERS: Final = text(
    "SELECT j.complaint_id, a.sha256 FROM note_attachment a"
    " JOIN visit_note n ON n.bureau_id = a.bureau_id AND n.note_id = a.note_id"
    " JOIN job j ON j.bureau_id = n.bureau_id AND j.job_id = n.job_id"
    " WHERE a.bureau_id = :bureau_id AND n.bureau_id = :bureau_id AND j.bureau_id = :bureau_id"
    " AND a.sha256 = ANY(CAST(:files AS text[])) AND j.complaint_id <> :complaint_id"
    " UNION SELECT j.complaint_id, m.sha256 FROM form_media m"
    " JOIN form_submission s ON s.bureau_id = m.bureau_id AND s.submission_id = m.submission_id"
    " JOIN form_submission t ON t.bureau_id = s.bureau_id AND t.instance_id = s.instance_id"
    " JOIN visit_note n ON n.bureau_id = t.bureau_id AND n.note_id = t.note_id"
    " JOIN job j ON j.bureau_id = n.bureau_id AND j.job_id = n.job_id"
    " WHERE m.bureau_id = :bureau_id AND s.bureau_id = :bureau_id AND t.bureau_id = :bureau_id"
    " AND n.bureau_id = :bureau_id AND j.bureau_id = :bureau_id"
    " AND m.sha256 = ANY(CAST(:files AS text[])) AND j.complaint_id <> :complaint_id"
)
_OTHER: Final = {"note_attachment": "note_id <> ALL(:notes)", "form_media": "submission_id <> ALL(:forms)"}
_NAMED_ELSEWHERE: Final = tuple(
    text(
        f"SELECT {column} AS sha256 FROM {table} WHERE bureau_id = :bureau_id AND {column} = ANY(:files)"  # noqa: S608 - our own words
        f" AND {_OTHER.get(table, 'true')}"
    )
    for table, column in NAMING
)


async def last_erasure(reader: Reader, complaint_id: UUID) -> Erasure | None:
    """Return what was done last about personal data of a complaint, or None."""
    rows = await reader.all(
        select(Erasure)
        .where(Erasure.bureau_id == reader.bureau_id, Erasure.complaint_id == complaint_id)
        .order_by(col(Erasure.no).desc())
        .limit(1)
    )
    return rows[0] if rows else None


async def steps_on_record(reader: Reader) -> Sequence[Any]:
    """Return every step that was taken, the first one first, with the number of its complaint."""
    return await reader.rows(_STEPS, {"bureau_id": reader.bureau_id})


async def steps_of_complaints(reader: Reader, complaints: Sequence[UUID]) -> dict[UUID, list[tuple[str, datetime]]]:
    """Return the steps taken about complaints, by complaint; one that there is not is left out."""
    found: dict[UUID, list[tuple[str, datetime]]] = {}
    for row in await reader.rows(_OF_COMPLAINTS, {"bureau_id": reader.bureau_id, "complaints": list(complaints)}):
        found.setdefault(row.complaint_id, []).extend([] if row.step is None else [(row.step, row.recorded_at)])
    return found


async def numbers_of_erased(reader: Reader) -> dict[UUID, str]:
    """Return the numbers of the complaints about whose personal data a step was ever taken."""
    rows = await reader.execute(_NUMBERS, {"bureau_id": reader.bureau_id})
    return {row.complaint_id: row.number for row in rows}


async def ids_of_complaint(reader: Reader, complaint_id: UUID, found: Collection[UUID] = ()) -> dict[str, Any]:
    """Return the ids of all that belongs to a complaint, by the names that `PLACES` ask for.

    `found` are those of what names its parties elsewhere, as somebody confirmed.
    """
    asked: dict[str, Any] = {"bureau_id": reader.bureau_id, "complaint_id": complaint_id, "found": list(found)}
    for name, statement in _IDS.items():
        asked[name] = [row[0] for row in await reader.rows(text(statement), asked)]
    asked["digests"] = await _digests(reader, complaint_id, asked)
    asked["alone"] = await _alone(reader, asked)
    asked["finding_acts"] = list(found)
    asked["paper_trips"] = [*found, *(row[0] for row in await reader.rows(_OLD_LOG, asked))]
    return asked


@dataclass(frozen=True, slots=True)
class Found:
    """What is a complaint's: ids by name, rows with where they stand, and the ledger entries that they name."""

    ids: dict[str, Any]
    rows: Sequence[tuple[Place, Any]]
    entries: frozenset[UUID]

    @property
    def keys(self) -> set[str]:
        """Return the keys of all of it."""
        return {str(one) for one in (*self.entries, *(getattr(row, place.key[0]) for place, row in self.rows))}

    @property
    def in_words(self) -> list[str]:
        """Return the hashes in what was kept as it came and became no note: taken out, it names no file any more."""
        words = [row.body for place, row in self.rows if place.table == "visit_note_conflict"]
        words += [payload_of(row.jws) for place, row in self.rows if place.table == "signed_act" and row.jws]
        return sorted({sha256.decode() for one in words for sha256 in _HASH.findall(bytes(one))})


async def found_of(reader: Reader, complaint_id: UUID, confirmed: Collection[UUID] = ()) -> Found:
    """Return what is a complaint's, and what somebody confirmed to be."""
    ids = await ids_of_complaint(reader, complaint_id, confirmed)
    rows = [(place, row) for place in PLACES for row in await _rows_of(reader, place, ids)]
    entries = {row.entry_id for place, row in rows if place.entry} | set(ids["media_entries"])
    rows += [(LEDGER, row) for row in await _rows_of(reader, LEDGER, ids | {"entries": sorted(entries)})]
    return Found(ids, rows, frozenset(entries))


async def _rows_of(reader: Reader, place: Place, ids: dict[str, Any]) -> Sequence[Any]:
    """Return the rows of a table that are a complaint's: key, columns, and the ledger entry they name."""
    entry = f", {place.entry} AS entry_id" if place.entry else ""
    listed = ", ".join((*place.key, *place.columns))
    return await reader.rows(
        text(f"SELECT {listed}{entry} FROM {place.table} WHERE bureau_id = :bureau_id AND {place.where}"),  # noqa: S608 - our own words
        ids,
    )


async def files_named(reader: Reader, found: Found) -> set[str]:
    """Return the files that notes and forms of a complaint name, or what came and became none."""
    return {row.sha256 for row in await reader.rows(_FILES, found.ids | {"in_words": found.in_words})}


async def files_of(reader: Reader, found: Found, named: Collection[str]) -> dict[str, UUID]:
    """Return the files, of those a complaint names, that nothing else names which is read on; each with its complaint.

    One that notes of several complaints name is that one's of them whose restriction may yet be lifted: it is erased
    with the last of them. Any other fact, or act that waits, keeps a file that it names.
    """
    ids, own, of = dict(found.ids), found.keys, dict.fromkeys(named, found.ids["complaint_id"])
    beside: dict[UUID, set[str]] = {}
    for row in await reader.rows(_NAMERS, ids | {"files": sorted(named)}):
        beside.setdefault(row.complaint_id, set()).add(row.sha256)
    for complaint_id, files in beside.items():
        last = await last_erasure(reader, complaint_id)
        if last is None or last.step == Step.LIFTED:
            continue
        other = await found_of(reader, complaint_id)
        ids |= {name: [*ids[name], *other.ids[name]] for name in ("notes", "forms")}
        own |= other.keys
        if last.step == Step.RESTRICTED:
            of |= dict.fromkeys(files, complaint_id)
    for statement in _NAMED_ELSEWHERE:
        for row in await reader.rows(statement, ids | {"files": sorted(of)}):
            of.pop(row.sha256, None)
    for sha256 in await files_in_words(reader, of, own) if of else ():
        del of[sha256]
    return of


async def _digests(reader: Reader, complaint_id: UUID, ids: dict[str, Any]) -> list[str]:
    """Return the acts of phones whose signed words name the complaint, a job of it or a note."""
    named = [f"%{one}%" for one in (complaint_id, *ids["jobs"], *ids["notes"])]
    found = [row.digest for row in await reader.rows(_SIGNED, ids | {"named": named})]
    found += [row.digest for row in await reader.rows(_CONFIRMED, ids)]
    withheld = await reader.rows(
        text("SELECT digest FROM signed_act_outcome WHERE bureau_id = :bureau_id AND note_id = ANY(:notes)"), ids
    )
    return sorted({*found, *(row.digest for row in withheld)})


def payload_of(jws: str) -> bytes:
    """Return what a phone signed."""
    part = jws.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def _alone(reader: Reader, ids: dict[str, Any]) -> list[UUID]:
    """Return the trips on which whoever was aboard belongs to no complaint whose data is read on."""
    others: dict[UUID, set[UUID]] = {}
    for row in await reader.rows(_BESIDE, ids):
        others.setdefault(row.complaint_id, set()).add(row.use_id)
    shared: set[UUID] = set()
    for complaint_id, uses in others.items():
        last = await last_erasure(reader, complaint_id)
        if last is None or last.step == Step.LIFTED:
            shared |= uses
    return sorted(set(ids["uses"]) - shared)
