"""What pretends to be a phone's signature: refused with its reason, counted, and nothing of it on record."""

from __future__ import annotations

import hmac
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from api.db.database import Database
from api.db.ledger_entry import new_id
from api.usecases.enrol_device import revoke_device
from tests.conftest import SignIn, problem_code
from tests.http.test_signed_acts import trip_ready
from tests.signing import (
    ACTS,
    KEYS,
    Phone,
    base64url,
    departure,
    jws_bytes,
    known_phone,
    make_known,
    new_phone,
    send_act,
)
from tests.trips import START_M
from tests.world import HeldClock, World, make_world


async def phone_and_trip(world: World, client: httpx.AsyncClient) -> tuple[Phone, str]:
    """Return an officer's phone and the departure it would sign next."""
    phone = await known_phone(world, client)
    trip_id, _ = await trip_ready(world)
    return phone, phone.sign(phone.payload("depart", departure(world, START_M), trip_id))


async def refused_as(client: httpx.AsyncClient, signed: str | bytes, why: str) -> None:
    """Send what must be refused, and check that nothing came of it."""
    answer = await send_act(client, signed)
    assert (answer.status_code, problem_code(answer)) == (400, "bad-signature"), answer.text
    assert answer.json()["why"] == why, answer.text
    assert answer.json()["sentence"]
    assert (await client.get(ACTS)).json()["items"] == []


def parts(signed: str) -> tuple[dict[str, Any], bytes, bytes]:
    """Return header, payload and signature of a compact JWS."""
    header, payload, signature = signed.split(".")
    return json.loads(jws_bytes(header)), jws_bytes(payload), jws_bytes(signature)


def put_together(header: dict[str, Any] | bytes, payload: bytes, signature: bytes) -> str:
    """Return a compact JWS of any three parts."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return ".".join(base64url(part) for part in (head, payload, signature))


async def test_an_altered_act_is_no_act(signed_in: SignIn, world: World) -> None:
    """One metre more in the body, one number more in the chain: the signature is not of these bytes."""
    officer = await signed_in("officer")
    _, signed = await phone_and_trip(world, officer)
    header, payload, signature = parts(signed)
    for old, new in ((b"52000000", b"52000001"), (b'"seq":1', b'"seq":2'), (b'"iat":1', b'"iat":2')):
        assert old in payload
        await refused_as(officer, put_together(header, payload.replace(old, new), signature), "signature")


async def test_another_algorithm_is_never_the_header_s_to_choose(signed_in: SignIn, world: World) -> None:
    """Neither none, nor HS256 with the public key as its secret, nor an algorithm the key could never have used."""
    officer = await signed_in("officer")
    phone, signed = await phone_and_trip(world, officer)
    header, payload, signature = parts(signed)
    await refused_as(officer, put_together(header | {"alg": "none"}, payload, b"\0"), "algorithm")
    assert (await send_act(officer, put_together(header | {"alg": "none"}, payload, b""))).json()["why"] == "malformed"
    secret = phone.key.as_pem(private=False)
    head = base64url(json.dumps(header | {"alg": "HS256"}).encode()) + "." + base64url(payload)
    await refused_as(officer, f"{head}.{base64url(hmac.digest(secret, head.encode(), 'sha256'))}", "algorithm")
    head = signed.rpartition(".")[0]
    await refused_as(officer, f"{head}.{base64url(hmac.digest(secret, head.encode(), 'sha256'))}", "signature")
    for algorithm in ("EdDSA", "Ed25519", "ES384", "RS256", "es256", "", None, ["ES256"]):
        await refused_as(officer, put_together(header | {"alg": algorithm}, payload, signature), "algorithm")


async def test_a_header_has_three_members_and_no_more(signed_in: SignIn, world: World) -> None:
    """A key of the sender's own, an extension to be understood, a payload that is not base64url: none finds a door."""
    officer = await signed_in("officer")
    phone, _ = await phone_and_trip(world, officer)
    stranger = ECKey.generate_key("P-256")
    payload = phone.payload("depart", departure(world, START_M))
    own = {"jwk": stranger.as_dict(private=False)}
    others = (
        {"jku": "https://x.example"},
        {"x5c": []},
        {"crit": ["exp"], "exp": 1},
        {"b64": False, "crit": ["b64"]},
        {"cty": "x"},
    )
    for more in (own, *others):
        await refused_as(
            officer, put_together(phone.header() | more, json.dumps(payload).encode(), b"x" * 64), "header"
        )
    await refused_as(officer, put_together(phone.header("key+jws"), json.dumps(payload).encode(), b"x" * 64), "header")
    twice = json.dumps(phone.header()).encode().replace(b'"alg"', b'"alg": "ES256", "alg"', 1)
    await refused_as(officer, put_together(twice, json.dumps(payload).encode(), b"x" * 64), "malformed")


async def test_another_key_is_another_phone_s(signed_in: SignIn, world: World) -> None:
    """A key nobody made known, a key that names another's id, and a stranger's signature under a known thumbprint."""
    officer = await signed_in("officer")
    phone, _ = await phone_and_trip(world, officer)
    unknown = await new_phone(world)
    await refused_as(officer, unknown.sign(unknown.payload("depart", departure(world))), "unknown-key")
    other = await known_phone(world, officer)
    await refused_as(officer, other.sign(other.payload("depart", {}, key=str(phone.key_id))), "other-key")
    stranger = Phone(world, "officer", phone.device_id)
    forged = jws.serialize_compact(phone.header(), b"{}", stranger.key, algorithms=["ES256"])
    await refused_as(officer, forged, "signature")


async def test_what_is_signed_has_one_reading(signed_in: SignIn, world: World) -> None:
    """No member twice, no member too many, no float for a number, no act without its place."""
    officer = await signed_in("officer")
    phone, signed = await phone_and_trip(world, officer)
    said = parts(signed)[1]

    def resigned(payload: bytes) -> str:
        return jws.serialize_compact(phone.header(), payload, phone.key, algorithms=["ES256"])

    for payload in (
        said.replace(b'"seq":1', b'"seq":1,"seq":2'),
        said.replace(b'"odometer_m":52000000', b'"odometer_m":52000000,"odometer_m":1'),
        said.replace(b'"v":1', b'"v":1,"more":1'),
        said.replace(b'"v":1', b'"v":2'),
        said.replace(b'"seq":1', b'"seq":1.5'),
        said.replace(b'"seq":1', b'"seq":0'),
        said.replace(b'"seq":1', b'"seq":2'),
        said.replace(b'"prev":null', b'"prev":"' + b"A" * 43 + b'"'),
        said.replace(b'"act":"depart"', b'"act":"close"'),
        said.replace(b'"v":1', b'"v":NaN'),
        b"[]",
        b"",
        b"{",
        said[:-1],
        said.decode().encode("utf-16"),
        b"[" * 100_000,
    ):
        answer = await send_act(officer, resigned(payload))
        assert (answer.status_code, problem_code(answer)) == (400, "bad-signature"), answer.text
    await refused_as(officer, phone.sign(phone.payload("depart", {}, id=str(uuid4()))), "payload")
    await refused_as(officer, phone.sign(phone.payload("depart", {}, bureau="999999")), "other-bureau")


@pytest.mark.parametrize(
    "body", [b"", b".", b"..", b"a.b", b"a.b.c.d", "é.é.é".encode(), b"\0.\0.\0", b"a.b.c=", b"{}"]
)
async def test_what_is_no_jws_is_told_so(signed_in: SignIn, body: bytes) -> None:
    """Whatever the bytes, a reason and never a fault of ours."""
    await refused_as(await signed_in("officer"), body, "malformed")


async def test_a_key_of_another_bureau_opens_nothing_here(
    signed_in: SignIn, owner: Database, database: Database, clock: HeldClock
) -> None:
    """The same phone, enrolled elsewhere: this bureau does not know its key."""
    officer = await signed_in("officer")
    elsewhere = await new_phone(await make_world(owner, database, clock))
    await refused_as(officer, elsewhere.sign(elsewhere.payload("depart", {})), "unknown-key")


async def test_another_person_s_session_sends_nothing_of_a_key(signed_in: SignIn, world: World) -> None:
    """Who signs in on a phone that was left behind does not send what its person signed."""
    officer = await signed_in("officer")
    _, signed = await phone_and_trip(world, officer)
    driver = await signed_in("driver")
    answer = await send_act(driver, signed)
    assert (answer.status_code, problem_code(answer)) == (403, "not-your-key")
    assert (await officer.get(ACTS)).json()["items"] == []
    stranger = await new_phone(world, "driver")
    proof = stranger.proof(person_id=str(world["officer"].who))
    assert (await make_known(officer, stranger, proof=proof)).json()["code"] == "not-your-phone"


async def test_what_a_revoked_phone_signed_is_kept_and_not_done(signed_in: SignIn, world: World) -> None:
    """A lost phone moves no vehicle; what it sends stands there for whoever looks into it."""
    officer = await signed_in("officer")
    phone, signed = await phone_and_trip(world, officer)
    await revoke_device(world.database, world["admin"], phone.device_id, "手机遗失")
    for _ in range(2):
        answer = await send_act(officer, signed)
        assert (answer.status_code, problem_code(answer)) == (409, "chain-ended")
    (kept,) = (await (await signed_in("auditor")).get(ACTS)).json()["items"]
    assert (kept["standing"], kept["outcome"]) == ("after-end", None)
    trips = (await officer.get("/v1/trips")).json()["items"]
    assert [trip["state"] for trip in trips] == ["approved"]


async def test_a_key_is_made_known_by_who_holds_it(signed_in: SignIn, world: World) -> None:
    """Neither a private key, nor one without its proof, nor the proof of another device, nor a key twice."""
    officer = await signed_in("officer")
    phone = await new_phone(world)
    private = phone.key.as_dict(private=True)
    assert problem_code(await make_known(officer, phone, jwk=private)) == "bad-key"
    off_curve = phone.jwk | {"x": base64url(b"\1" * 32)}
    assert problem_code(await make_known(officer, phone, jwk=off_curve)) == "bad-key"
    for other in ({"crv": "P-384"}, {"kty": "RSA"}, {"crv": ""}, {"kty": "oct", "k": "AA"}):
        assert problem_code(await make_known(officer, phone, jwk=phone.jwk | other)) == "invalid-input"
    stranger = Phone(world, "officer", phone.device_id)
    for proof, why in (
        (stranger.proof(), "other-key"),
        (phone.proof(device_id=str(new_id())), "payload"),
        (phone.proof(bureau="999999"), "other-bureau"),
        (phone.sign({"v": 1}, phone.header("key+jws")), "payload"),
        (phone.sign(phone.payload("depart", {})), "header"),
        (phone.proof()[:-8] + "AAAAAAAA", "signature"),
    ):
        answer = await make_known(officer, phone, proof=proof)
        assert (problem_code(answer), answer.json()["why"]) == ("bad-signature", why)
    assert (await make_known(officer, phone)).status_code == 201
    again = Phone(world, "officer", phone.device_id, key=phone.key)
    assert problem_code(await make_known(officer, again)) == "key-known"
    assert len((await (await signed_in("auditor")).get(KEYS)).json()["items"]) == 1


@pytest.mark.usefixtures("app")
async def test_bad_signatures_are_counted_by_what_is_wrong(signed_in: SignIn, world: World) -> None:
    """Who tries keys is seen in the numbers, though nothing is on record."""
    officer = await signed_in("officer")
    _, signed = await phone_and_trip(world, officer)
    await send_act(officer, signed[:-4] + "AAAA")
    await send_act(officer, b"x")
    numbers = (await officer.get("/metrics")).text
    assert 'zhuanche_bad_signatures_total{why="signature"} 1.0' in numbers
    assert 'zhuanche_bad_signatures_total{why="malformed"} 1.0' in numbers


async def test_an_act_is_sent_as_what_it_is_and_not_without_end(signed_in: SignIn, world: World) -> None:
    """JSON is no JWS whatever stands in it, and a quarter of a megabyte is enough for any act."""
    officer = await signed_in("officer")
    phone, signed = await phone_and_trip(world, officer)
    for kind in ("application/json", "text/plain", "multipart/form-data", ""):
        answer = await send_act(officer, signed, **{"Content-Type": kind})
        assert (answer.status_code, problem_code(answer)) == (415, "wrong-media-type")
    huge = phone.sign(phone.payload("note", {"found": "长" * 70_000}))
    answer = await send_act(officer, huge)
    assert (answer.status_code, problem_code(answer)) == (413, "body-too-large")
    assert (await send_act(officer, f"{signed}\r\n")).status_code == 201, "a line's end after it is no part of it"
