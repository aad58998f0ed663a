"""Addresses that people typed in: what may be asked, what never is, and that nobody waits for long."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import Any

import pytest

from api.notices.outside import ANSWER_MOST, AddressNotAllowed, NoAnswer, Outside
from api.settings import Settings
from tests.notices.stand_in import standing_in


@pytest.fixture
def strict(settings: Settings) -> Outside:
    """Return what asks public addresses alone."""
    return Outside(replace(settings, notice_timeout_s=0.5))


@pytest.fixture
def listed(settings: Settings) -> Outside:
    """Return what may ask this machine too, as the operator listed it."""
    return Outside(replace(settings, notice_hosts="gateway.intranet:8443, 127.0.0.1", notice_timeout_s=0.5))


@pytest.mark.parametrize(
    "address",
    [
        "http://push.example.com/x",
        "https://user:secret@push.example.com/x",
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[64:ff9b::a00:1]/x",
        "https://[2002:7f00:1::]/x",
        "https://gateway.intranet:9999:1/x",
        "ftp://push.example.com/x",
        "file:///etc/passwd",
        "https:///x",
        "not an address",
        "",
        f"https://push.example.com/{'x' * 2_100}",
    ],
)
def test_an_address_that_leads_inward_or_is_none_is_refused_as_it_is_entered(strict: Outside, address: str) -> None:
    """Only HTTPS, only public numbers, no pass word in it."""
    with pytest.raises(AddressNotAllowed):
        strict.checked(address)


def test_a_host_that_the_operator_listed_may_lie_inside(listed: Outside) -> None:
    """By its name and port, or at any port; no other host with it."""
    assert listed.checked("http://gateway.intranet:8443/send")
    assert listed.checked("http://127.0.0.1:9000/x")
    for address in ("http://gateway.intranet:9000/x", "http://127.0.0.2/x"):
        with pytest.raises(AddressNotAllowed):
            listed.checked(address)


def test_a_name_in_chinese_is_taken_in_both_its_spellings(settings: Settings) -> None:
    """As people write it and as name servers know it; listed by the one it is listed by the other."""
    spellings = ("例子.cn", "xn--fsqu00a.cn")
    for listed in ("", *spellings):
        outside = Outside(replace(settings, notice_hosts=listed))
        for host in spellings:
            assert outside.checked(f"https://{host}/x")
            if listed:
                assert outside.checked(f"http://{host}/x")


async def test_a_name_that_leads_inward_is_not_asked(strict: Outside) -> None:
    """What counts is where the name leads at the moment it is asked, whatever it led to when it was entered."""
    assert strict.checked("https://localhost/x")
    with pytest.raises(AddressNotAllowed):
        await strict.post("https://localhost/x", b"{}", {})


async def test_a_name_with_one_address_inside_is_not_asked(strict: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that stands for a public address and a private one is refused as a whole."""

    def found(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (at, 443)) for at in ("93.184.216.34", "192.168.1.1")]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    with pytest.raises(AddressNotAllowed):
        await strict.post("https://both.example.com/x", b"{}", {})


async def test_no_redirect_is_followed(listed: Outside) -> None:
    """Who answers does not decide who is asked next."""
    async with standing_in() as inner, standing_in(statuses=[307], location=inner.address("/secret")) as outer:
        answered = await listed.post(outer.address("/x"), b"{}", {})
        assert answered.status == 307
        assert inner.asked == []


async def test_a_few_bytes_of_an_answer_are_read(listed: Outside) -> None:
    """An answer without an end costs nothing."""
    async with standing_in(answer=b"x" * 1_000_000) as service:
        assert len((await listed.post(service.address("/x"), b"{}", {})).body) == ANSWER_MOST


async def test_nobody_waits_for_one_that_does_not_answer(listed: Outside) -> None:
    """A try lasts as long as the setting says, whether nobody listens or nobody answers."""
    async with standing_in(slow_s=600.0) as service, asyncio.timeout(60):
        with pytest.raises(NoAnswer):
            await listed.post(service.address("/x"), b"{}", {})
    with pytest.raises(NoAnswer):
        await listed.post("http://127.0.0.1:1/x", b"{}", {})
