"""What stands in a signed act: who says it, its place in the device's chain, when, and what was done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec

from domain.errors import Forbidden
from domain.ledger.leaf import Digest
from domain.signing.jws import BadSignature, Flaw, TakenApart, untwinned
from domain.values import Named

ACT: Final = "act+jws"
PROOF: Final = "key+jws"
"""What `typ` says of the two things that a device signs: an act, and that it holds the key it enrols."""

_LAST_MS: Final = 4_102_444_800_000
"""2100-01-01."""
Millis = Annotated[int, msgspec.Meta(ge=0, le=_LAST_MS)]
Seq = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Monotonic = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
UUID_V7: Final = 7


class ActKind(Named):
    """What is done on the way and signed."""

    DEPART = "depart", "出车", "departure"
    STOP = "stop", "到达或离开", "arrival or leaving"
    NOTE = "note", "现场走访记录", "visit note"
    ANOTHER_JOB = "another-job", "现场另接投诉", "another complaint taken on the spot"
    RETURN = "return", "收车", "return"
    BREAK_DOWN = "break-down", "故障或事故停驶", "breakdown or accident"


class NotYourKey(Forbidden):
    """This key is another person's: what it signed is sent by that person, signed in."""

    code = "not-your-key"
    zh = "该密钥属于其他人员，须由其本人登录后发送。"


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ledger entry that the phone had seen before it signed: its id, and the SHA-256 of its leaf."""

    entry: UUID
    leaf: Digest


class SignedAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The payload of a signed act. `body` keeps its bytes: those of a note are the note.

    It is empty where a text in it cannot be kept: U+0000, or half of a character beyond U+FFFF. JSON can spell both and
    no database stores them, but the phone has signed them, so the act has its place in the chain all the same.
    """

    v: Literal[1]
    bureau: str
    key: UUID
    seq: Seq
    prev: Digest | None
    id: UUID
    iat: Millis
    mono: Monotonic
    boot: UUID
    srv: Seen | None
    act: ActKind
    trip: UUID | None
    body: msgspec.Raw

    @property
    def device_at(self) -> datetime:
        """Return when it was made by the device's clock: a claim."""
        return datetime.fromtimestamp(self.iat / 1000, UTC)


class KeyProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The payload by which a device shows that it holds the key it enrols."""

    v: Literal[1]
    bureau: str
    key_id: UUID
    device_id: UUID
    person_id: UUID
    iat: Millis


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """Whose key it is that signed."""

    bureau_id: str
    key_id: UUID


_ACTS: Final = msgspec.json.Decoder(SignedAct)
_PROOFS: Final = msgspec.json.Decoder(KeyProof)


_ESCAPES: Final = re.compile(
    rb"\\(?:(?P<kept>\\|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|u0000|u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""What may be wrong in a JSON text, and what is skipped so that it is not found inside: a backslash, a whole pair."""


def _storable(payload: bytes) -> bytes:
    """Return the JSON with U+FFFD, which has as many bytes, for every character that cannot be kept."""
    return _ESCAPES.sub(lambda found: found[0] if found["kept"] else rb"\ufffd", payload)


def read_act(signed: TakenApart, owner: KeyOwner) -> SignedAct:
    """Return the act whose signature was found good; its body is empty where a text of it cannot be kept.

    Raises:
        BadSignature: it does not have the form of an act, or is of another bureau or key than the one that signed.
    """
    untwinned(signed.payload, Flaw.PAYLOAD)
    readable = _storable(signed.payload)
    try:
        act = _ACTS.decode(readable)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise BadSignature(Flaw.PAYLOAD, what=str(fault)) from fault
    if act.bureau != owner.bureau_id:
        raise BadSignature(Flaw.OTHER_BUREAU)
    if act.key != owner.key_id:
        raise BadSignature(Flaw.OTHER_KEY)
    if act.id.version != UUID_V7:
        raise BadSignature(Flaw.PAYLOAD, what="`id` is a UUIDv7")
    if (act.seq == 1) != (act.prev is None):
        raise BadSignature(Flaw.PAYLOAD, what="the first act of a key has no `prev`, every other has one")
    return act if readable == signed.payload else msgspec.structs.replace(act, body=msgspec.Raw())


def read_proof(signed: TakenApart) -> KeyProof:
    """Return the proof whose signature was found good. Raises `BadSignature`."""
    untwinned(signed.payload, Flaw.PAYLOAD)
    try:
        return _PROOFS.decode(signed.payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise BadSignature(Flaw.PAYLOAD, what=str(fault)) from fault
