"""Digest, as stock Collect answers a challenge over plain http."""

from __future__ import annotations

import hashlib

import pytest

from api.openrosa.digest import NONCE_LIFE_S, REALM, Verdict, challenge, check, ha1_of, read_answer

KEY = b"k" * 32
NOW_S = 1_795_000_000.0
USER, TOKEN = "350302.officer", "350302-abcd-efgh-jkmn-pqrs"
TARGET = "/openrosa/formList?deviceID=collect%3Ax"


def md5(words: str) -> str:
    """Return the MD5 of words."""
    return hashlib.md5(words.encode(), usedforsecurity=False).hexdigest()


def nonce_of(header: str) -> str:
    """Return the nonce of a challenge."""
    return header.partition('nonce="')[2].partition('"')[0]


def answer(nonce: str, *, token: str = TOKEN, method: str = "GET", uri: str = TARGET, qop: str = "auth") -> str:
    """Return the header that a client which knows the token sends."""
    one, two = md5(f"{USER}:{REALM}:{token}"), md5(f"{method}:{uri}")
    if not qop:
        response = md5(f"{one}:{nonce}:{two}")
        return f'Digest username="{USER}", realm="{REALM}", nonce="{nonce}", uri="{uri}", response="{response}"'
    response = md5(f"{one}:{nonce}:00000001:c0ffee:{qop}:{two}")
    return (
        f'Digest username="{USER}", realm="{REALM}", nonce="{nonce}", uri="{uri}", response="{response}",'
        f' qop={qop}, nc=00000001, cnonce="c0ffee", algorithm=MD5'
    )


def verdict(header: str, *, now_s: float = NOW_S, key: bytes = KEY, method: str = "GET") -> Verdict:
    """Return what the service makes of a header."""
    answered = read_answer(header)
    assert answered is not None
    return check(answered, ha1_of(USER, TOKEN), method, TARGET, key=key, now_s=now_s)


@pytest.mark.parametrize("qop", ["auth", ""])
def test_who_knows_the_token_is_let_in(qop: str) -> None:
    """With `qop=auth` as Collect does it, and without as RFC 2069 had it."""
    assert verdict(answer(nonce_of(challenge(KEY, NOW_S)), qop=qop)) is Verdict.GOOD


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(lambda nonce: answer(nonce, token="350302-xxxx-xxxx-xxxx-xxxx"), id="another token"),
        pytest.param(lambda nonce: answer(nonce, method="POST"), id="another method"),
        pytest.param(lambda nonce: answer(nonce, uri="/openrosa/submission"), id="another address"),
        pytest.param(lambda nonce: answer(nonce, qop="auth-int"), id="a qop that was not offered"),
        pytest.param(lambda nonce: answer(nonce).replace(REALM, "elsewhere"), id="another realm"),
        pytest.param(lambda nonce: answer(nonce).replace("MD5", "SHA-256"), id="another algorithm"),
        pytest.param(lambda nonce: answer(nonce).replace("c0ffee", "c0ffef"), id="another cnonce"),
    ],
)
def test_an_answer_opens_only_what_it_was_made_for(header) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the cases say it
    """A header that somebody overheard opens no other address, and nothing with another method."""
    assert verdict(header(nonce_of(challenge(KEY, NOW_S)))) is Verdict.BAD


def test_a_challenge_may_be_answered_for_ten_minutes_to_the_second() -> None:
    """After that the client is told `stale`, so that Collect signs anew without asking its user."""
    header = answer(nonce_of(challenge(KEY, NOW_S)))
    assert verdict(header, now_s=NOW_S + NONCE_LIFE_S) is Verdict.GOOD
    assert verdict(header, now_s=NOW_S + NONCE_LIFE_S + 1) is Verdict.STALE
    assert "stale=true" in challenge(KEY, NOW_S, stale=True)
    assert "stale" not in challenge(KEY, NOW_S)


@pytest.mark.parametrize("nonce", ["", "x", "6afcf5c0-" + "0" * 32])
def test_a_nonce_of_another_making_is_stale_for_who_knows_the_token(nonce: str) -> None:
    """A process that was started with another key asks again, instead of turning the phone away."""
    assert verdict(answer(nonce)) is Verdict.STALE
    assert verdict(answer(nonce_of(challenge(b"other", NOW_S)))) is Verdict.STALE


@pytest.mark.parametrize("header", ["", "Digest", "Digest ", "Basic YTpi", 'Digest username="x"', 'Digest "'])
def test_what_is_no_digest_is_read_as_none(header: str) -> None:
    """And is answered with a challenge."""
    assert read_answer(header) is None
