"""`/v1/device-keys`: the keys that phones sign with, and how the chain of each stands."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from api.db.database import Actor, Database
from api.db.queries.signed_acts import Receipt, keys_page, receipt_of
from api.http.access import Allow
from api.http.act_bodies import carry_out
from api.http.fields import Prose
from api.http.paging import After, Limit, Page, instant_cursor, parse_instant_cursor
from api.http.trips import FIELD
from api.metrics import Metrics
from api.signatures import MEMBERS, BadKey
from api.usecases.enrol_key import NewKey, enrol_key
from api.usecases.report_loss import answer_loss, report_loss
from api.usecases.sign_off_gap import NewSignOff, sign_off_gap
from domain.signing.act import Seq
from domain.signing.chain import gaps
from domain.signing.jws import BadSignature
from domain.values import Role

READS_KEYS = Allow(Role.DISPATCHER, Role.CUSTODIAN, Role.DESK_CHIEF, Role.AUDITOR, Role.ADMIN)
Coordinate = Annotated[
    str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{43}$", examples=["f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"])
]


class PublicJwk(msgspec.Struct, frozen=True, kw_only=True):
    """A public key on P-256 (RFC 7518 §6.2.1), as a browser exports it; other members are not looked at."""

    kty: Annotated[Literal["EC"], msgspec.Meta(examples=["EC"])]
    crv: Annotated[Literal["P-256"], msgspec.Meta(examples=["P-256"])]
    x: Coordinate
    y: Coordinate
    d: str | None = None
    """The private half: there so that it can be refused in words."""


class KeyToEnrol(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key made on the phone, and a JWS by it with `typ` `key+jws`.

    The JWS's payload is `{v, bureau, key_id, device_id, person_id, iat}`.
    """

    key_id: UUID
    device_id: UUID
    jwk: PublicJwk
    proof: Annotated[
        str, msgspec.Meta(max_length=4_000, pattern="^[A-Za-z0-9_.-]+$", examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6..."])
    ]
    token: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    """The device's token that the phone was handed, if any: refused where it is another device's."""


class ReceiptView(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger entry: its id, the SHA-256 (base64url) of its leaf, and when it was recorded."""

    entry: UUID
    leaf: str
    recorded_at: datetime


class KeyEnrolled(msgspec.Struct, frozen=True, kw_only=True):
    """A key on record; its first act counts 1."""

    key_id: UUID
    device_id: UUID
    thumbprint: str
    seq: int
    receipt: ReceiptView


class GapView(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers that are missing from a chain, both included."""

    first: int
    last: int


class SignedOffView(GapView, frozen=True, kw_only=True):
    """A gap that somebody answered for."""

    reason: str
    by: UUID
    recorded_at: datetime


class LossAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """How lost acts were answered for."""

    reason: str
    by: UUID
    recorded_at: datetime


class LossView(msgspec.Struct, frozen=True, kw_only=True):
    """Acts that a phone had signed and lost before they were sent, by its own unsigned word."""

    made: int
    lost: int
    recorded_at: datetime
    answered: LossAnswered | None


class ForkView(msgspec.Struct, frozen=True, kw_only=True):
    """An act kept beside the chain: another `stands` at its number, if one does."""

    seq: int
    digest: str
    recorded_at: datetime
    stands: str | None


class DeviceKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key and its chain: `seq` is the last number judged, `head` the digest of the last act that was.

    A key that was replaced says by which and where its chain ended.
    """

    key_id: UUID
    device_id: UUID
    device_name: str
    person_id: UUID
    person_name: str
    thumbprint: str
    jwk: dict[str, Any]
    enrolled_at: datetime
    seq: int
    head: str | None
    waiting: list[int]
    gaps: list[GapView]
    signed_off: list[SignedOffView]
    forks: list[ForkView]
    loss: LossView | None
    after_end: int
    replaced_by: UUID | None
    replaced_at: datetime | None
    ended_seq: int | None
    """The last act of a replaced key that had arrived then; those of them that wait are judged in their turn yet."""
    revoked_at: datetime | None


class GapSignedOff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Through which number nothing more is waited for, and why."""

    through: Annotated[Seq, msgspec.Meta(examples=[19])]
    reason: Annotated[Prose, msgspec.Meta(examples=["手机落水，第 17 至 19 号操作无法找回，已按纸质单据补录"])]


class LossToReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many acts the phone had signed by a key when its storage was thrown away."""

    made: Annotated[Seq, msgspec.Meta(examples=[12])]


class LossToAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How what was lost came on record otherwise, or why not."""

    reason: Annotated[Prose, msgspec.Meta(examples=["已核对纸质派车单，两项操作均已补录"])]


class LossTold(msgspec.Struct, frozen=True, kw_only=True):
    """How many acts were signed, and how many of them are lost: 0 where all arrived, and nothing is recorded."""

    made: int
    lost: int


class SignedOffAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers given up, and how many acts were judged that had waited behind them."""

    first: int
    last: int
    judged: int


def receipt_view(receipt: Receipt) -> ReceiptView:
    """Return the wire form of a receipt."""
    return ReceiptView(entry=receipt.entry, leaf=receipt.leaf, recorded_at=receipt.recorded_at)


def _loss(steps: dict[str, Any] | None) -> LossView | None:
    if steps is None:
        return None
    return msgspec.convert(steps["reported"] | {"answered": steps.get("answered")}, LossView)


def key_view(row: Any) -> DeviceKeyView:
    """Return the wire form of a key."""
    missing = gaps(row.judged, [seq for seq in row.waiting if seq > row.judged])
    return DeviceKeyView(
        key_id=row.key_id,
        device_id=row.device_id,
        device_name=row.device_name,
        person_id=row.person_id,
        person_name=row.person_name,
        thumbprint=row.thumbprint,
        jwk=row.jwk,
        enrolled_at=row.recorded_at,
        seq=row.judged,
        head=row.head,
        waiting=list(row.waiting),
        gaps=[GapView(first=gap.first, last=gap.last) for gap in missing],
        signed_off=msgspec.convert(row.signed_off, list[SignedOffView]),
        forks=msgspec.convert(row.forks, list[ForkView]),
        loss=_loss(row.losses),
        after_end=row.after_end,
        replaced_by=row.replaced_by,
        replaced_at=row.replaced_at,
        ended_seq=row.ended_seq,
        revoked_at=row.revoked_at,
    )


class DeviceKeyController(Controller):
    """Keys of phones."""

    path = "/v1/device-keys"
    tags = ("signatures",)

    @post(
        guards=[FIELD],
        summary="Make a phone's key known",
        name="device_keys.enrol",
        responses={200: ResponseSpec(data_container=KeyEnrolled, description="The key was known before")},
    )
    async def enrol(
        self,
        data: JSONBody[KeyToEnrol],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        metrics: NamedDependency[Metrics],
    ) -> Response[KeyEnrolled]:
        """Make a key known that one's own phone made and keeps: 201 the first time, 200 again.

        A second key of a phone replaces the first: its chain ends there, and everybody sees at which number.
        """
        if data.jwk.d is not None:
            raise BadKey("The private half of a key never leaves its phone: make another key.")
        jwk = {name: getattr(data.jwk, name) for name in MEMBERS}
        new = NewKey(key_id=data.key_id, device_id=data.device_id, jwk=jwk, proof=data.proof, token=data.token)
        try:
            enrolled = await enrol_key(database, actor, new)
        except BadSignature as fault:
            metrics.bad_signature(fault.flaw)
            raise
        async with database.read(actor.bureau_id) as reader:
            receipt = await receipt_of(reader, enrolled.key.entry_id)
        if receipt is None:
            raise LookupError("a key has its entry")
        body = KeyEnrolled(
            key_id=enrolled.key.key_id,
            device_id=enrolled.key.device_id,
            thumbprint=enrolled.key.thumbprint,
            seq=0,
            receipt=receipt_view(receipt),
        )
        return Response(body, status_code=200 if enrolled.again else 201)

    @get(guards=[READS_KEYS], summary="Keys and their chains", name="device_keys.list")
    async def keys(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        waiting: Annotated[
            bool | None, QueryParameter(description="only chains in which acts wait for missing ones, or only others")
        ] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[DeviceKeyView]:
        """List keys, the newest first, each with what is missing from its chain, what waits, and what was forked."""
        async with database.read(actor.bureau_id) as reader:
            rows = await keys_page(reader, parse_instant_cursor(after), limit + 1, waiting=waiting)
        items = [key_view(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=items, next=instant_cursor(items[-1].enrolled_at, items[-1].key_id) if more else None)

    @post(
        "/{key_id:uuid}/gaps/sign-off",
        guards=[Allow(Role.CUSTODIAN, Role.DESK_CHIEF)],
        status_code=200,
        summary="Sign a gap off",
        name="device_keys.sign_off",
    )
    async def sign_off(
        self,
        key_id: FromPath[UUID],
        data: JSONBody[GapSignedOff],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> SignedOffAnswer:
        """Answer for acts that are missing and will not come; what waited behind them is judged now."""
        done = await sign_off_gap(database, actor, key_id, NewSignOff(data.through, data.reason), carry_out)
        return SignedOffAnswer(first=done.gap.first, last=done.gap.last, judged=done.judged)

    @post(
        "/{key_id:uuid}/loss",
        guards=[FIELD],
        status_code=200,
        summary="Report acts that a phone lost",
        name="device_keys.report_loss",
    )
    async def report_loss(
        self,
        key_id: FromPath[UUID],
        data: JSONBody[LossToReport],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> LossTold:
        """Tell how many acts one's own phone had signed by a key that went with its storage; the first word stands."""
        loss = await report_loss(database, actor, key_id, data.made)
        return LossTold(made=loss.made, lost=loss.lost)

    @post(
        "/{key_id:uuid}/loss/answer",
        guards=[Allow(Role.CUSTODIAN, Role.DESK_CHIEF)],
        status_code=200,
        summary="Answer for acts that a phone lost",
        name="device_keys.answer_loss",
    )
    async def answer_loss(
        self,
        key_id: FromPath[UUID],
        data: JSONBody[LossToAnswer],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> LossTold:
        """Answer for lost acts, once: how they came on record otherwise, or why not."""
        loss = await answer_loss(database, actor, key_id, data.reason)
        return LossTold(made=loss.made, lost=loss.lost)
