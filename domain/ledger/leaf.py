"""The leaf of a ledger entry: what stays for good, by type without personal data, and commitments to the rest.

What an entry tells about people and places lies in payloads beside the leaf, one for each group, each with a random
salt of its own. The leaf holds HMAC-SHA256 (RFC 2104) of each payload under its salt. With payload and salt anyone
can check the leaf; once both are erased (个人信息保护法 Art. 47) the commitment cannot be searched for the names,
plates or telephone numbers it stood for, and the leaf, its hash and every proof over it stay as they were.

No randomness and no clock here: salts and times come in. The tree over the leaves is not this module's business.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.errors import DomainError
from domain.ledger.canonical import MAX_INTEGER, Json, canonical

VERSION: Final = 1
SALT_BYTES: Final = 32
"""Fixed: HMAC pads a shorter key with zeros, so two salts of different lengths could open the same commitment."""
MAX_LEAF_BYTES: Final = 65_535
"""An entry bundle of a tiled log gives a leaf's length in two bytes (c2sp.org/tlog-tiles)."""

LogId = Annotated[str, Meta(pattern=r"^[0-9]{6}\Z")]
"""The bureau's code (GB/T 2260)."""
Kind = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")]
"""What happened, a word of ours such as `trip-approved`: never text that people typed."""
Whole = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Revision = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
Digest = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]\Z")]
"""32 bytes as base64url without padding; the last sign carries four bits, so only these sixteen are its spelling."""


class BadLeaf(DomainError):
    """This is not a leaf the ledger can hold."""

    code = "bad-leaf"
    zh = "这不是账本可以接受的叶。"


class Group(StrEnum):
    """The parts of an entry that can be erased, or shown to an auditor, apart from one another."""

    FACTS = "facts"
    """What happened, without people or places."""
    PERSON = "person"
    """Who: names, telephone numbers, licences."""
    PLACE = "place"
    """Where: addresses, coordinates, tracks."""


class Commitments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The commitment to the payload of each group that the entry has; the others are left out."""

    facts: Digest | UnsetType = UNSET
    person: Digest | UnsetType = UNSET
    place: Digest | UnsetType = UNSET


class Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of a leaf, named as in its bytes. No field takes free text."""

    v: Literal[1]
    log: LogId
    kind: Kind
    at: Whole
    """When the server recorded it, milliseconds since 1970 UTC."""
    ref: UUID
    """The entry."""
    rev: Revision
    """1, or one more than the entry this one corrects."""
    prev: UUID | None
    """The entry this one corrects."""
    dev: UUID | None
    """The device that sent it."""
    ds: Whole | None
    """The device's own count of what it sent."""
    dp: Digest | None
    """SHA-256 of what the device sent before."""
    act: UUID | None
    """Who did it, as an opaque id; null when nobody was signed in."""
    c: Commitments


@dataclass(frozen=True, slots=True)
class DeviceChain:
    """What a device says about the order of what it sent: its count, and the SHA-256 of what it sent before."""

    device_id: UUID
    seq: int | None = None
    previous_sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry ready to be stored: its final bytes, and the payloads that can be erased."""

    leaf: bytes
    payloads: dict[Group, bytes]
    commitments: dict[Group, str]


# Fields of a Struct are sorted by "sorted" only: "deterministic" keeps the order they are declared in.
_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_DECODER: Final = msgspec.json.Decoder(Leaf)


def seal(
    *,
    kind: str,
    log: str,
    entry_id: UUID,
    at_ms: int,
    actor: UUID | None,
    groups: Mapping[Group, Json],
    salts: Mapping[Group, bytes],
    revision: int = 1,
    previous: UUID | None = None,
    device: DeviceChain | None = None,
) -> Sealed:
    """Return the leaf of an entry and the payload of each of its groups.

    `salts` holds 32 random bytes for each group, used nowhere else. An entry that corrects another names it
    (`previous`) and counts one further (`revision`).

    Raises:
        NotCanonical: a payload holds a value outside the ledger's JSON.
        BadLeaf: a field does not fit its type, salts and groups do not match, or the leaf is too long.
    """
    _check_salts(groups, salts)
    if (previous is None) != (revision == 1):
        raise BadLeaf("An entry is the first of its kind, or names the one it corrects and counts on from it.")
    payloads = {group: canonical(payload) for group, payload in groups.items()}
    commitments = {group: commitment(payload, salts[group]) for group, payload in payloads.items()}
    chain = device.previous_sha256 if device else None
    fields: dict[str, Any] = {
        "v": VERSION,
        "log": log,
        "kind": kind,
        "at": at_ms,
        "ref": entry_id,
        "rev": revision,
        "prev": previous,
        "dev": device.device_id if device else None,
        "ds": device.seq if device else None,
        "dp": None if chain is None else _base64url(chain),
        "act": actor,
        "c": {group.value: digest for group, digest in commitments.items()},
    }
    try:
        leaf = _ENCODER.encode(msgspec.convert(fields, Leaf))
    except msgspec.ValidationError as fault:
        raise BadLeaf(why=str(fault)) from fault
    if len(leaf) > MAX_LEAF_BYTES:
        raise BadLeaf(why=f"{len(leaf)} bytes, at most {MAX_LEAF_BYTES}")
    return Sealed(leaf, payloads, commitments)


def read_leaf(data: bytes) -> Leaf:
    """Return the fields of a leaf.

    Raises:
        BadLeaf: these bytes are not a leaf, or not a leaf in its canonical spelling.
    """
    if len(data) > MAX_LEAF_BYTES:
        raise BadLeaf(why=f"{len(data)} bytes, at most {MAX_LEAF_BYTES}")
    try:
        leaf = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise BadLeaf(why=str(fault)) from fault
    if _ENCODER.encode(leaf) != data:
        raise BadLeaf(why="not the canonical spelling")
    return leaf


def commitment(payload: bytes, salt: bytes) -> str:
    """Return base64url, without padding, of HMAC-SHA256 with the salt as key and the payload as message."""
    return _base64url(hmac.digest(salt, payload, hashlib.sha256))


def verify_commitment(leaf: bytes, group: Group, payload: bytes, salt: bytes) -> bool:
    """Tell whether the leaf commits to exactly these bytes, under this salt, as this group.

    Raises:
        BadLeaf: `leaf` is not a leaf.
    """
    stated = getattr(read_leaf(leaf).c, group.value)
    if stated is UNSET or len(salt) != SALT_BYTES:
        return False
    return hmac.compare_digest(stated, commitment(payload, salt))


def _check_salts(groups: Mapping[Group, Json], salts: Mapping[Group, bytes]) -> None:
    if not groups or groups.keys() != salts.keys():
        raise BadLeaf("An entry has at least one group, and one salt for each.")
    if any(len(salt) != SALT_BYTES for salt in salts.values()):
        raise BadLeaf(f"A salt is {SALT_BYTES} bytes.")
    # Under one salt, equal payloads would show as equal commitments, and erasing one would leave the other's key.
    if len(set(salts.values())) != len(salts):
        raise BadLeaf("Each group has a salt of its own.")


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
