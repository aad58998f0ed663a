"""Visit notes as they travel: what a phone sends, and what is shown of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from api.http.fields import WITHOUT_NUL, Instant, Line, Name, instant
from api.http.place import Latitude, Longitude
from api.usecases.record_note import Located, NamedFile, NewNote
from domain.complaint.words import VisitResult
from domain.ledger.leaf import DeviceChain
from domain.values import Datum
from domain.visit.corroboration import Doubt
from domain.visit.note import JobStep, Presence

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$", examples=["9f" * 32])]
Account = Annotated[str, msgspec.Meta(max_length=20_000, pattern=WITHOUT_NUL)]
PartySide = Annotated[Literal["complainant", "respondent"], msgspec.Meta(examples=["respondent"])]
NoteId = Annotated[
    UUID, msgspec.Meta(description="UUIDv7 made by the device", examples=["0193a0c4-7c00-7000-8000-000000000001"])
]


class NotePosition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the device says it was: degrees in a declared datum, how accurate, and from what."""

    lat: Latitude
    lon: Longitude
    datum: Datum
    accuracy_m: Annotated[float, msgspec.Meta(ge=0, le=100_000, examples=[12.0])] | None = None
    origin: Annotated[Literal["gnss", "network", "fused", "map", "unknown"], msgspec.Meta(examples=["gnss"])] = (
        "unknown"
    )
    mock: bool = False
    fixed_at: Instant | None = None


class Present(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who was there, and as what."""

    name: Annotated[Name, msgspec.Meta(examples=["林某"])]
    standing: Annotated[Presence, msgspec.Meta(examples=["complainant"])]
    remark: Annotated[str, msgspec.Meta(max_length=300, pattern=WITHOUT_NUL)] = ""


class Signed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="signed", tag_field="how"):
    """A party signed: who, and the drawn signature's file."""

    party: PartySide
    name: Annotated[Name, msgspec.Meta(examples=["陈某"])]
    sha256: Sha256


class Refused(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="refused", tag_field="how"):
    """A party refused to sign: who, why, and who witnessed it."""

    party: PartySide
    name: Annotated[Name, msgspec.Meta(examples=["陈某"])]
    reason: Annotated[Line, msgspec.Meta(examples=["不同意调解结果"])]
    witness: Annotated[Name, msgspec.Meta(examples=["市场管理员 黄某"])]


class Unable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="unable", tag_field="how"):
    """A party could not sign: who, why, and who witnessed it."""

    party: PartySide
    name: Annotated[Name, msgspec.Meta(examples=["林某"])]
    reason: Annotated[Line, msgspec.Meta(examples=["右手受伤"])]
    witness: Annotated[Name, msgspec.Meta(examples=["林某之女 林小某"])]


class PhotoClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where and when a photo's own file (Exif) claimed that it was taken; the file that is kept has no such data."""

    lat: Latitude | None = None
    lon: Longitude | None = None
    taken_at: Instant | None = None


class NoteFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file the note names by its SHA-256; it may come before the note or after."""

    sha256: Sha256
    name: Annotated[Line, msgspec.Meta(examples=["店面照片.jpg"])]
    role: Annotated[Literal["photo", "document", "recording", "sheet"], msgspec.Meta(examples=["photo"])]
    claimed: PhotoClaim | None = None


class NoteDevice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the device says of the order of its notes, and its signature; kept as sent."""

    device_id: UUID
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1, examples=[17])] | None = None
    prev_sha256: Sha256 | None = None
    signature: Annotated[str, msgspec.Meta(min_length=1, max_length=4_000, pattern="^[A-Za-z0-9_.=-]+$")] | None = None


class VisitNoteBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A visit note as its device made it. Its bytes are kept as they come."""

    note_id: NoteId
    job_id: Annotated[UUID, msgspec.Meta(examples=["0193a0c4-7c00-7000-8000-000000000002"])]
    trip_id: UUID | None = None
    result: Annotated[VisitResult, msgspec.Meta(examples=["done"])]
    device_at: Instant
    position: NotePosition | None = None
    position_end: NotePosition | None = None
    """Where the device was once more as both parties had signed: `position` is from when the note was begun."""
    present: Annotated[list[Present], msgspec.Meta(max_length=50)] = []
    found: Annotated[Account, msgspec.Meta(examples=["外套褪色属实，商家承认未告知洗涤方法。"])] = ""
    agreed: Annotated[Account, msgspec.Meta(examples=["商家三日内退款 398 元。"])] = ""
    signatures: Annotated[list[Signed | Refused | Unable], msgspec.Meta(max_length=10)] = []
    files: Annotated[list[NoteFile], msgspec.Meta(max_length=100)] = []
    corrects: UUID | None = None
    correction_reason: Annotated[str, msgspec.Meta(max_length=500, pattern=WITHOUT_NUL)] = ""
    source: Annotated[Literal["phone", "paper", "odk"], msgspec.Meta(examples=["phone"])] = "phone"
    device: NoteDevice | None = None

    def new(self, body: bytes, sent_at: datetime | None) -> NewNote:
        """Return it as the use case takes it. Raises `TimeOutOfRange`."""
        device = self.device
        return NewNote(
            body=body,
            note_id=self.note_id,
            job_id=self.job_id,
            trip_id=self.trip_id,
            source=self.source,
            result=self.result,
            made_at=instant(self.device_at),
            sent_at=None if sent_at is None else instant(sent_at),
            position=None
            if self.position is None
            else Located(
                lat=self.position.lat,
                lon=self.position.lon,
                datum=self.position.datum,
                accuracy_m=self.position.accuracy_m,
                mock=self.position.mock,
            ),
            files=tuple(self.named_files()),
            corrects=self.corrects,
            device=None
            if device is None
            else DeviceChain(
                device.device_id,
                device.seq,
                None if device.prev_sha256 is None else bytes.fromhex(device.prev_sha256),
            ),
            device_prev=None if device is None else device.prev_sha256,
            signature=None if device is None else device.signature,
        )

    def named_files(self) -> list[NamedFile]:
        """Return every file the note names, drawn signatures included."""
        named = [NamedFile(file.sha256, file.name, file.role) for file in self.files]
        drawn = [
            NamedFile(one.sha256, one.name, f"signature-{one.party}")
            for one in self.signatures
            if isinstance(one, Signed)
        ]
        return named + drawn


class NoteFileView(msgspec.Struct, frozen=True, kw_only=True):
    """A file the note names; `arrived` tells whether it is here."""

    sha256: str
    name: str
    role: str
    arrived: bool
    media_type: str | None
    size_bytes: int | None


class NoteChecks(msgspec.Struct, frozen=True, kw_only=True):
    """What the server measured: metres to the site and to the vehicle, its fixes then, clock skew, delay."""

    distance_m: int | None
    vehicle_distance_m: int | None
    vehicle_fixes: int
    skew_s: int | None
    late_s: int


class SignatureView(msgspec.Struct, frozen=True, kw_only=True):
    """By which key of which phone a note is signed, its number there, and the bracket of time that is proved of it."""

    digest: str
    key_id: UUID
    device_id: UUID
    seq: int
    device_at: datetime
    not_before: datetime | None
    received_at: datetime
    clock_doubts: list[str]


class VisitNoteView(msgspec.Struct, frozen=True, kw_only=True):
    """A note on record with what was checked; `missing` lists the files that have not come yet."""

    note_id: UUID
    job_id: UUID
    complaint_id: UUID
    trip_id: UUID | None
    officer_id: UUID
    officer_name: str
    recorded_at: datetime
    body_sha256: str
    corroborated: bool
    reasons: list[Doubt]
    checks: NoteChecks
    corrects: UUID | None
    corrected_by: list[UUID]
    files: list[NoteFileView]
    missing: list[str]
    signed: bool
    """False for what came by another door: ODK Collect, a sheet of paper, the API without a signature."""
    signature: SignatureView | None
    note: VisitNoteBody


class RecordedNoteView(msgspec.Struct, frozen=True, kw_only=True):
    """A note taken: what was checked, the files still missing, and whether its job asks for a new window."""

    note_id: UUID
    recorded_at: datetime
    body_sha256: str
    corroborated: bool
    reasons: list[Doubt]
    checks: NoteChecks
    missing: list[str]
    asks_for_new_window: bool


class NoteConflictView(msgspec.Struct, frozen=True, kw_only=True):
    """Other bytes came under a used id."""

    conflict_id: UUID
    note_id: UUID
    body_sha256: str
    size_bytes: int
    actor_id: UUID | None
    recorded_at: datetime


def files_of(row: Any) -> list[NoteFileView]:
    """Return the files a note names."""
    return [
        NoteFileView(
            sha256=file["sha256"],
            name=file["name"],
            role=file["role"],
            arrived=file["media_type"] is not None,
            media_type=file["media_type"],
            size_bytes=file["size_bytes"],
        )
        for file in row.files
    ]


def missing_of(files: list[NoteFileView]) -> list[str]:
    """Return the hashes that have not come, each once."""
    return list(dict.fromkeys(file.sha256 for file in files if not file.arrived))


def note_of(row: Any) -> VisitNoteView:
    """Return the wire form of a note."""
    files = files_of(row)
    return VisitNoteView(
        note_id=row.note_id,
        job_id=row.job_id,
        complaint_id=row.complaint_id,
        trip_id=row.use_id,
        officer_id=row.officer_id,
        officer_name=row.officer_name,
        recorded_at=row.recorded_at,
        body_sha256=row.body_sha256,
        corroborated=row.corroborated,
        reasons=[Doubt(reason) for reason in row.reasons],
        checks=msgspec.convert(row.checks, NoteChecks),
        corrects=row.corrects,
        corrected_by=[UUID(note_id) for note_id in row.corrected_by],
        files=files,
        missing=missing_of(files),
        signed=row.signature is not None,
        signature=None if row.signature is None else msgspec.convert(row.signature, SignatureView),
        note=msgspec.json.decode(row.body, type=VisitNoteBody),
    )


def recorded_of(row: Any) -> RecordedNoteView:
    """Return the answer to a note that was sent, the same however often it is sent."""
    return RecordedNoteView(
        note_id=row.note_id,
        recorded_at=row.recorded_at,
        body_sha256=row.body_sha256,
        corroborated=row.corroborated,
        reasons=[Doubt(reason) for reason in row.reasons],
        checks=msgspec.convert(row.checks, NoteChecks),
        missing=missing_of(files_of(row)),
        asks_for_new_window=row.checks["job_step"] == JobStep.NEW_WINDOW,
    )
