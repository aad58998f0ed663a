"""What Chromium signed, as bytes kept once: verified by the server's own code, and found out where it is touched."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from api.http.note_wire import VisitNoteBody
from api.http.trip_wire import DepartureReport, ReturnReport, StopReport
from api.signatures import check_signature, public_key
from domain.signing.act import ACT, PROOF, KeyOwner, SignedAct, read_act, read_proof
from domain.signing.chain import Chain, Link, Place, place_of
from domain.signing.jws import BadSignature, take_apart
from tests.signing import other_signature

KINDS: dict[str, type[Any]] = {
    "depart": DepartureReport,
    "stop": StopReport,
    "note": VisitNoteBody,
    "return": ReturnReport,
}


@cache
def vectors() -> dict[str, Any]:
    """Return the key and the acts as the app made them in headless Chromium, through WebCrypto and IndexedDB."""
    path = Path(__file__).parents[1] / "data" / "signed_by_chromium.json"
    return dict(json.loads(path.read_text("utf-8")))


def read(jws: str) -> tuple[SignedAct, str]:
    """Verify one and return what it says, with its digest."""
    signed = take_apart(jws.encode(), ACT)
    check_signature(signed, vectors()["key"]["jwk"])
    return read_act(signed, KeyOwner("350302", UUID(vectors()["key"]["key_id"]))), signed.digest


def test_the_key_that_chromium_made_shows_that_it_is_held() -> None:
    """Its JWK is taken as it is, its thumbprint is the one in the headers, its proof names person and device."""
    key = vectors()["key"]
    assert public_key(key["jwk"])[1] == vectors()["kid"]
    signed = take_apart(key["proof"].encode(), PROOF)
    check_signature(signed, key["jwk"])
    proof = read_proof(signed)
    assert (str(proof.key_id), str(proof.device_id)) == (key["key_id"], key["device_id"])


def test_acts_signed_by_chromium_verify_and_follow_one_another() -> None:
    """Each has its number, the digest of the one before, and a body that its route takes, Chinese and all."""
    chain, previous = Chain(judged=0), None
    for no, jws in enumerate(vectors()["acts"], start=1):
        act, digest = read(jws)
        assert (act.seq, act.prev, digest) == (no, previous, vectors()["digests"][no - 1])
        assert place_of(act.seq, Link(digest, act.prev), chain) is Place.NEXT
        msgspec.json.decode(act.body, type=KINDS[act.act])
        chain, previous = Chain(judged=no, before=Link(digest, act.prev)), digest
    assert previous is not None
    first, after_receipt = read(vectors()["acts"][0])[0], read(vectors()["acts"][1])[0]
    assert first.srv is None
    assert after_receipt.srv is not None


def test_the_other_signature_of_the_same_act_is_the_same_act() -> None:
    """(r, n − s) verifies as well: what counts is what was signed."""
    jws = vectors()["acts"][2]
    assert other_signature(jws) != jws
    assert read(other_signature(jws))[1] == read(jws)[1]


@pytest.mark.parametrize("at", [0.4, 0.6, 0.99])
def test_a_changed_letter_is_found(at: float) -> None:
    """In the payload or in the signature."""
    jws = vectors()["acts"][2]
    place = int(len(jws) * at)
    changed = jws[:place] + ("A" if jws[place] != "A" else "B") + jws[place + 1 :]
    with pytest.raises(BadSignature):
        read(changed)
