"""Leaves: fixed fields, commitments that hold, and nothing of a person in them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.canonical import MAX_INTEGER, Json, NotCanonical
from domain.ledger.leaf import (
    MAX_LEAF_BYTES,
    SALT_BYTES,
    BadLeaf,
    DeviceChain,
    Group,
    Sealed,
    commitment,
    read_leaf,
    seal,
    verify_commitment,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "data" / "ledger" / "leaf_vectors.json").read_text(encoding="utf-8")
)["vectors"]

ENTRY = UUID("019ab3c4-5d00-7000-8000-000000000001")
OFFICER = UUID("019ab3c4-5d00-7000-8000-0000000000aa")
PHONE = UUID("019ab3c4-5d00-7000-8000-0000000000dd")
SALTS = {group: bytes([number]) * SALT_BYTES for number, group in enumerate(Group)}
GROUPS: dict[Group, Json] = {
    Group.FACTS: {"distance_m": 37},
    Group.PERSON: {"name": "陈某", "telephone": "13800000000", "plate": "闽B12345"},
    Group.PLACE: {"lat_e7": 254337370, "lon_e7": 1190010280},
}

salts = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)
whole = st.integers(0, MAX_INTEGER)
payloads = st.dictionaries(st.text(st.characters(max_codepoint=127)), st.text() | st.integers(-99, 99), max_size=4)


def sealed(**changes: Any) -> Sealed:
    """Seal the usual entry, with some of it changed."""
    entry: dict[str, Any] = {
        "kind": "visit-note-received",
        "log": "350302",
        "entry_id": ENTRY,
        "at_ms": 1_795_490_400_000,
        "actor": OFFICER,
        "groups": GROUPS,
        "salts": SALTS,
    }
    return seal(**(entry | changes))


def optional_id(text: str | None) -> UUID | None:
    """Read an id of the vectors."""
    return None if text is None else UUID(text)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_published_vectors_are_met_to_the_byte(vector: dict[str, Any]) -> None:
    """What an auditor worked out by hand is what the service writes; the bytes are final."""
    given_ = vector["input"]
    device = given_["device"]
    before = device and device["previous_sha256"]
    entry = seal(
        kind=given_["kind"],
        log=given_["log"],
        entry_id=UUID(given_["entry_id"]),
        at_ms=given_["at_ms"],
        actor=optional_id(given_["actor"]),
        groups={Group(name): payload for name, payload in given_["groups"].items()},
        salts={Group(name): bytes.fromhex(salt) for name, salt in given_["salts"].items()},
        revision=given_["revision"],
        previous=optional_id(given_["previous"]),
        device=device and DeviceChain(UUID(device["device_id"]), device["seq"], before and bytes.fromhex(before)),
    )
    assert entry.leaf.decode() == vector["leaf"]
    assert hashlib.sha256(entry.leaf).hexdigest() == vector["leaf_sha256"]
    assert {group.value: payload.decode() for group, payload in entry.payloads.items()} == vector["payloads"]
    assert {group.value: digest for group, digest in entry.commitments.items()} == vector["commitments"]
    for group, payload in entry.payloads.items():
        assert verify_commitment(entry.leaf, group, payload, bytes.fromhex(given_["salts"][group.value]))


@given(
    kind=st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,9}){0,3}", fullmatch=True),
    log=st.from_regex(r"[0-9]{6}", fullmatch=True),
    entry_id=st.uuids(),
    at_ms=whole,
    actor=st.none() | st.uuids(),
    correction=st.tuples(st.just(1), st.none()) | st.tuples(st.integers(2, MAX_INTEGER), st.uuids()),
    device=st.none() | st.builds(DeviceChain, st.uuids(), st.none() | whole, st.none() | salts),
    parts=st.dictionaries(st.sampled_from(Group), st.tuples(payloads, salts), min_size=1),
)
def test_a_leaf_is_rfc_8785_and_says_what_was_sealed(
    *,
    kind: str,
    log: str,
    entry_id: UUID,
    at_ms: int,
    actor: UUID | None,
    correction: tuple[int, UUID | None],
    device: DeviceChain | None,
    parts: dict[Group, tuple[dict[str, Any], bytes]],
) -> None:
    """Whatever the entry, its leaf is canonical, short enough, and reads back to the fields that went in."""
    own_salts = {group: hashlib.sha256(group.encode() + salt).digest() for group, (_, salt) in parts.items()}
    entry = seal(
        kind=kind,
        log=log,
        entry_id=entry_id,
        at_ms=at_ms,
        actor=actor,
        groups={group: payload for group, (payload, _) in parts.items()},
        salts=own_salts,
        revision=correction[0],
        previous=correction[1],
        device=device,
    )
    fields = json.loads(entry.leaf)
    assert entry.leaf == rfc8785.dumps(fields)
    assert set(fields) == {"v", "log", "kind", "at", "ref", "rev", "prev", "dev", "ds", "dp", "act", "c"}
    assert fields["c"] == entry.commitments
    leaf = read_leaf(entry.leaf)
    assert (leaf.kind, leaf.log, leaf.ref, leaf.at, leaf.act) == (kind, log, entry_id, at_ms, actor)
    assert (leaf.rev, leaf.prev) == correction
    assert (leaf.dev, leaf.ds) == ((device.device_id, device.seq) if device else (None, None))
    assert all(verify_commitment(entry.leaf, group, entry.payloads[group], own_salts[group]) for group in parts)


@given(st.sampled_from(Group), st.data())
def test_any_changed_bit_breaks_the_commitment(group: Group, data: st.DataObject) -> None:
    """Neither payload nor salt can be altered afterwards, not by one bit, not by a byte added or taken away."""
    entry = sealed()
    payload, salt = entry.payloads[group], SALTS[group]
    bit = data.draw(st.integers(0, 8 * len(payload) - 1))
    salt_bit = data.draw(st.integers(0, 8 * SALT_BYTES - 1))
    assert verify_commitment(entry.leaf, group, payload, salt)
    assert not verify_commitment(entry.leaf, group, flipped(payload, bit), salt)
    assert not verify_commitment(entry.leaf, group, payload, flipped(salt, salt_bit))
    assert not verify_commitment(entry.leaf, group, payload + b" ", salt)
    assert not verify_commitment(entry.leaf, group, payload[:-1], salt)


@given(st.data())
def test_a_changed_leaf_is_not_a_leaf_or_another_leaf(data: st.DataObject) -> None:
    """A flipped bit in the leaf never reads as the same entry."""
    entry = sealed()
    changed = flipped(entry.leaf, data.draw(st.integers(0, 8 * len(entry.leaf) - 1)))
    try:
        leaf = read_leaf(changed)
    except BadLeaf:
        return
    assert leaf != read_leaf(entry.leaf)


def flipped(data: bytes, bit: int) -> bytes:
    """Return `data` with one bit turned over."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_payload_does_not_pass_as_another_group() -> None:
    """The person of an entry cannot be shown to an auditor as its facts, nor a group it never had."""
    entry = sealed(groups={Group.FACTS: {"a": 1}, Group.PERSON: {"a": 2}}, salts=without(SALTS, Group.PLACE))
    person, salt = entry.payloads[Group.PERSON], SALTS[Group.PERSON]
    assert verify_commitment(entry.leaf, Group.PERSON, person, salt)
    assert not verify_commitment(entry.leaf, Group.FACTS, person, salt)
    assert not verify_commitment(entry.leaf, Group.PLACE, person, salt)


def test_a_salt_filled_up_with_zeros_opens_nothing() -> None:
    """HMAC takes a key and the same key with zeros behind it for one; only the salt itself opens the commitment."""
    entry = sealed()
    payload, salt = entry.payloads[Group.FACTS], SALTS[Group.FACTS]
    assert commitment(payload, salt) == commitment(payload, salt + b"\0")
    assert not verify_commitment(entry.leaf, Group.FACTS, payload, salt + b"\0")


def test_the_leaf_holds_nothing_of_the_person_or_the_place() -> None:
    """Once the payloads are erased, nothing typed by or about people is left in the ledger."""
    leaf = sealed().leaf.decode()
    for group in (Group.PERSON, Group.PLACE):
        payload = GROUPS[group]
        assert isinstance(payload, dict)
        assert all(f'"{key}"' not in leaf and str(value) not in leaf for key, value in payload.items())


def test_the_same_names_under_another_salt_look_unrelated() -> None:
    """Nobody can tell from two leaves that they are about the same person, nor guess the name by trying names."""
    first = sealed()
    second = sealed(salts={group: hashlib.sha256(salt).digest() for group, salt in SALTS.items()})
    assert first.payloads == second.payloads
    assert not set(first.commitments.values()) & set(second.commitments.values())
    assert commitment(first.payloads[Group.PERSON], b"") not in first.leaf.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "陈某 13800000000"},
        {"kind": "Trip-Approved"},
        {"kind": "trip--approved"},
        {"kind": "trip-approved\n"},
        {"kind": ""},
        {"log": "莆田市城厢区"},
        {"log": "35030"},
        {"log": "3503020"},
        {"log": "350302\n"},
        {"log": "３５０３０２"},
        {"at_ms": -1},
        {"at_ms": MAX_INTEGER + 1},
        {"at_ms": 1.0},
        {"at_ms": True},
        {"entry_id": "13800000000"},
        {"entry_id": None},
        {"actor": "陈某"},
        {"revision": 0},
        {"revision": 0, "previous": ENTRY},
        {"revision": 2},
        {"revision": 1, "previous": ENTRY},
        {"revision": MAX_INTEGER + 1, "previous": ENTRY},
        {"device": DeviceChain(PHONE, -1)},
        {"device": DeviceChain(PHONE, MAX_INTEGER + 1)},
        {"device": DeviceChain(PHONE, 1, b"")},
        {"device": DeviceChain(PHONE, 1, b"\0" * 31)},
        {"device": DeviceChain(PHONE, 1, b"\0" * 33)},
    ],
    ids=repr,
)
def test_a_field_takes_only_what_its_type_allows(changes: dict[str, Any]) -> None:
    """No field has room for a name, a telephone number or free text, whoever calls it by mistake."""
    with pytest.raises(BadLeaf):
        sealed(**changes)


def without(salts: dict[Group, bytes], group: Group) -> dict[Group, bytes]:
    """Return the salts but one."""
    return {other: salt for other, salt in salts.items() if other is not group}


@pytest.mark.parametrize(
    "changes",
    [
        {"groups": {}, "salts": {}},
        {"salts": without(SALTS, Group.PLACE)},
        {"groups": {Group.FACTS: {}}},
        {"salts": SALTS | {Group.FACTS: b"\1" * 31}},
        {"salts": SALTS | {Group.FACTS: b"\1" * 33}},
        {"salts": SALTS | {Group.FACTS: b""}},
        {"salts": dict.fromkeys(Group, b"\1" * 32)},
    ],
    ids=["no group", "salt missing", "salt too many", "31 bytes", "33 bytes", "empty", "one salt for all"],
)
def test_each_group_needs_a_whole_salt_of_its_own(changes: dict[str, Any]) -> None:
    """A short or shared salt would let a guessed name be confirmed, or one erasure leave another's key behind."""
    with pytest.raises(BadLeaf):
        sealed(**changes)


def test_a_payload_with_a_float_is_never_sealed() -> None:
    """Degrees as floats would be spelled in two ways; the entry is refused before anything is committed to."""
    with pytest.raises(NotCanonical) as refused:
        sealed(groups=GROUPS | {Group.PLACE: {"lat": 25.4337370}})
    assert refused.value.detail["at"] == "$.lat"


@pytest.mark.parametrize(("length", "taken"), [(-1, True), (0, True), (1, False)])
def test_a_leaf_fits_the_two_bytes_that_count_it(*, length: int, taken: bool) -> None:
    """A leaf longer than an entry bundle can count is refused when it is made, not when the tree is built."""
    room = MAX_LEAF_BYTES - len(sealed(kind="x").leaf) + 1
    kind = "x" * (room + length)
    if taken:
        leaf = sealed(kind=kind).leaf
        assert len(leaf) == MAX_LEAF_BYTES + length
        assert read_leaf(leaf).kind == kind
    else:
        with pytest.raises(BadLeaf):
            sealed(kind=kind)
        with pytest.raises(BadLeaf):
            read_leaf(sealed(kind="x").leaf.replace(b'"kind":"x"', b'"kind":"' + kind.encode() + b'"'))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"act"', b'{ "act"'),
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v":1,"x":1'),
        (b'"v":1', b'"v":1,"v":1'),
        (b'"v":1', b'"v":1.0'),
        (b',"v":1', b""),
        (b"019ab3c4-5d00", b"019AB3C4-5D00"),
        (b'"c":{', b'"c":{"name":"x",'),
        (b'"facts":"', b'"facts":"A'),
        (b'"rev":1', b'"rev":0'),
        (b'"dev":null,', b""),
        (b"350302", b"35030x"),
        (b"visit", b"\xff\xff\xff\xff\xff"),
    ],
    ids=repr,
)
def test_bytes_that_only_resemble_a_leaf_are_not_read(old: bytes, new: bytes) -> None:
    """A verifier accepts the exact form and nothing near it: no spare field, no second spelling, no other version."""
    leaf = sealed().leaf
    assert old in leaf
    with pytest.raises(BadLeaf):
        read_leaf(leaf.replace(old, new, 1))


@pytest.mark.parametrize("last", ["B", "-", "_", "9", "="])
def test_a_commitment_has_one_spelling(last: str) -> None:
    """The spare bits at the end of base64 are zero, so a commitment cannot be written in four ways."""
    entry = sealed()
    stated = entry.commitments[Group.FACTS]
    with pytest.raises(BadLeaf):
        read_leaf(entry.leaf.replace(stated.encode(), (stated[:-1] + last).encode()))


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", b"\xff", b"[" * 5000])
def test_other_bytes_are_not_a_leaf(data: bytes) -> None:
    """Rubbish is told as rubbish, never a crash."""
    with pytest.raises(BadLeaf):
        read_leaf(data)
