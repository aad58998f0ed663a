"""`/v1/signed-acts`: what phones sign, as a chain; received, judged, and shown with what is proved of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, Parameter

from api.db.database import Actor, Database
from api.db.queries.signed_acts import Receipt, WantedActs, act_row, acts_page, judged_of, waiting_of
from api.errors import BodyTooLarge
from api.headers import language_of
from api.http.access import Allow
from api.http.act_bodies import carry_out
from api.http.device_keys import GapView, ReceiptView, receipt_view
from api.http.fields import clock_instant
from api.http.paging import After, BadCursor, Limit, Page, cursor, parse_cursor
from api.http.trips import FIELD
from api.metrics import Metrics
from api.usecases.receive_act import receive_act
from domain.erasure import PersonalDataWithheld
from domain.errors import NotFound
from domain.signing.chain import gaps
from domain.signing.jws import MOST_BYTES, BadSignature, digest_of
from domain.use_rule.reasons import sentence_of
from domain.values import Role

JOSE = "application/jose"
READS_ACTS = Allow(Role.OFFICER, Role.DISPATCHER, Role.CUSTODIAN, Role.DESK_CHIEF, Role.AUDITOR)
Digest = Annotated[str, Parameter(pattern="^[A-Za-z0-9_-]{43}$", description="SHA-256 of `header.payload`, base64url")]


class ToldReason(msgspec.Struct, frozen=True, kw_only=True):
    """A reason: its code, and its sentence in the language asked for."""

    code: str
    sentence: str


class ReceivedView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a signed act. `parked`: acts before it are `missing`, and it is judged once they are here."""

    id: UUID
    seq: int
    outcome: Literal["recorded", "conflict", "refused", "parked"]
    why: str | None
    reasons: list[ToldReason]
    problem: dict[str, Any] | None
    """Of what was refused for good: the problem that the act's own route would have answered."""
    conflict_id: UUID | None
    missing: list[GapView]
    again: bool
    receipt: ReceiptView


class SignedActView(msgspec.Struct, frozen=True, kw_only=True):
    """A signed act on record: made not before `not_before` and not after `received_at`; `device_at` is a claim."""

    digest: str
    key_id: UUID
    device_id: UUID
    seq: int
    previous: str | None
    id: UUID
    act: str
    trip_id: UUID | None
    note_id: UUID | None
    decision_id: UUID | None
    standing: Literal["chain", "fork", "after-end"]
    device_at: datetime
    not_before: datetime | None
    received_at: datetime
    clock_doubts: list[str]
    person_id: UUID
    person_name: str
    outcome: Literal["recorded", "conflict", "refused", "parked"] | None
    """None for what does not stand in the chain: it is kept, and never judged."""
    why: str | None
    reasons: list[str]
    judged_at: datetime | None
    receipt: ReceiptView


def _receipt(row: Any) -> ReceiptView:
    return receipt_view(Receipt(row.entry_id, digest_of(bytes(row.leaf)), row.recorded_at))


def _reasons(row: Any, problem: dict[str, Any] | None, language: str) -> list[ToldReason]:
    named = [ToldReason(code=code, sentence=sentence_of(code, language)) for code in row.reasons or ()]
    if not named and problem is not None:
        return [ToldReason(code=problem["code"], sentence=problem["title"])]
    return named


def act_view(row: Any) -> SignedActView:
    """Return the wire form of a signed act."""
    return SignedActView(
        digest=row.digest,
        key_id=row.key_id,
        device_id=row.device_id,
        seq=row.seq,
        previous=row.previous,
        id=row.act_id,
        act=row.act,
        trip_id=row.trip_id,
        note_id=row.note_id,
        decision_id=row.decision_id,
        standing=row.standing,
        device_at=row.device_at,
        not_before=row.not_before,
        received_at=row.recorded_at,
        clock_doubts=list(row.doubts),
        person_id=row.actor_id,
        person_name=row.actor_name,
        outcome=row.outcome or ("parked" if row.standing == "chain" else None),
        why=row.why,
        reasons=list(row.reasons or ()),
        judged_at=row.judged_at,
        receipt=_receipt(row),
    )


class SignedActController(Controller):
    """Acts that phones signed."""

    path = "/v1/signed-acts"
    tags = ("signatures",)

    @post(
        guards=[FIELD],
        status_code=201,
        summary="Send a signed act",
        name="signed_acts.receive",
        opt={"takes": (JOSE,)},
        responses={200: ResponseSpec(data_container=ReceivedView, description="The act was here before")},
    )
    async def receive(
        self,
        *,
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        metrics: NamedDependency[Metrics],
        sent_at: Annotated[
            datetime | None,
            HeaderParameter(name="Zhuanche-Sent-At", description="the device's clock as it sends: tells its skew"),
        ] = None,
    ) -> Response[ReceivedView]:
        """Verify a compact JWS over its bytes and carry its act out: 201 the first time, 200 with the same again.

        What the server refused for good is kept too and answers 201: only faults of the network or the server are
        worth sending again. 409 `chain-fork`: another act stands there; both are kept.
        """
        data = await request.body()
        if len(data) > MOST_BYTES:
            raise BodyTooLarge(limit_bytes=MOST_BYTES)
        try:
            received = await receive_act(database, actor, data.strip(), clock_instant(sent_at), carry_out)
        except BadSignature as fault:
            metrics.bad_signature(fault.flaw)
            raise
        language = language_of(request.headers.get("accept-language", ""))
        async with database.read(actor.bureau_id) as reader:
            row = await act_row(reader, received.digest)
            missing = []
            if row.outcome is None:
                judged = await judged_of(reader, row.key_id)
                missing = gaps(judged, [seq for seq in await waiting_of(reader, row.key_id, judged) if seq <= row.seq])
        problem = None if row.problem is None else row.problem[language]
        body = ReceivedView(
            id=row.act_id,
            seq=row.seq,
            outcome=row.outcome or "parked",
            why=row.why if row.outcome else "acts-missing",
            reasons=_reasons(row, problem, language),
            problem=problem,
            conflict_id=row.conflict_id,
            missing=[GapView(first=gap.first, last=gap.last) for gap in missing],
            again=received.again,
            receipt=_receipt(row),
        )
        return Response(body, status_code=200 if received.again else 201)

    @get(guards=[READS_ACTS], summary="Signed acts", name="signed_acts.list")
    async def acts(
        self,
        *,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        key_id: FromQuery[UUID | None] = None,
        trip_id: FromQuery[UUID | None] = None,
        note_id: FromQuery[UUID | None] = None,
        standing: FromQuery[Literal["chain", "fork", "after-end"] | None] = None,
        waiting: FromQuery[bool | None] = None,
        outcome: FromQuery[Literal["recorded", "conflict", "refused"] | None] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Page[SignedActView]:
        """List what was signed, the last received first: also what waits, what was forked, what came after the end."""
        wanted = WantedActs(
            key_id=key_id, trip_id=trip_id, note_id=note_id, standing=standing, waiting=waiting, outcome=outcome
        )
        async with database.read(actor.bureau_id) as reader:
            rows = await acts_page(reader, wanted, _after(after), limit + 1)
        items = [act_view(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=items, next=cursor(items[-1].received_at.isoformat(), items[-1].digest) if more else None)

    @get("/{digest:str}", guards=[READS_ACTS], summary="One signed act", name="signed_acts.get")
    async def act(
        self, digest: FromPath[Digest], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> SignedActView:
        """Return an act with the bracket of time that is proved of it."""
        return act_view(await _known(database, actor, digest))

    @get(
        "/{digest:str}/jws",
        guards=[READS_ACTS],
        summary="A signed act's bytes",
        name="signed_acts.jws",
        media_type=JOSE,
        opt={"answers": [JOSE]},
    )
    async def jws(
        self, digest: FromPath[Digest], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> Response[str]:
        """Return the JWS as it was received, for whoever verifies it with the public key of its device."""
        row = await _known(database, actor, digest)
        if not row.jws:
            raise PersonalDataWithheld
        return Response(row.jws, media_type=JOSE, headers={"X-Content-Type-Options": "nosniff"})


async def _known(database: Database, actor: Actor, digest: str) -> Any:
    async with database.read(actor.bureau_id) as reader:
        row = await act_row(reader, digest)
    if row is None:
        raise NotFound("There is no such signed act.", digest=digest)
    return row


def _after(after: str | None) -> tuple[datetime, str] | None:
    key = parse_cursor(after, 2)
    if key is None:
        return None
    try:
        at = datetime.fromisoformat(key[0])
    except ValueError as fault:
        raise BadCursor from fault
    if at.tzinfo is None:
        raise BadCursor
    return at, key[1]
