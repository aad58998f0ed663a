"""What a time server answers, and which answers are none."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from api.first_look import true_time
from api.time_server import NoTime, address_of, ask_time
from tests.time_server import answer, time_server


async def test_time_servers_that_do_not_agree_are_none_of_them_believed() -> None:
    """Whoever is on the way can make up an answer, but not that of every server."""
    with (
        time_server(lambda asked: answer(asked, time.time())) as right,
        time_server(lambda asked: answer(asked, time.time() + 3600)) as wrong,
        time_server(lambda _: b"short") as confused,
    ):
        assert await true_time(f"{right}, {confused}") is not None
        assert await true_time(f"{right},{wrong}") is None
        assert await true_time("none") is None


@pytest.mark.parametrize(
    ("server", "at"),
    [
        ("ntp.ntsc.ac.cn", ("ntp.ntsc.ac.cn", 123)),
        ("10.0.0.1:1123", ("10.0.0.1", 1123)),
        ("fe80::1", ("fe80::1", 123)),
        ("[fe80::1]", ("fe80::1", 123)),
        ("[fe80::1]:1123", ("fe80::1", 1123)),
    ],
)
def test_a_time_server_is_named_with_its_port_or_without(server: str, at: tuple[str, int]) -> None:
    """An IPv6 address has colons of its own."""
    assert address_of(server) == at


def test_a_machines_clock_that_is_set_while_a_server_answers_changes_nothing_of_what_it_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer is counted on by a clock that nobody sets."""
    with time_server(lambda asked: answer(asked, time.time())) as address:
        told = ask_time(address)
    right = datetime.now(UTC)
    monkeypatch.setattr("api.clock.wall_clock", lambda: right + timedelta(days=365))
    monkeypatch.setattr(time, "time", lambda: right.timestamp() + 365 * 86_400)
    assert abs(told.now() - right) < timedelta(minutes=1)


@pytest.mark.parametrize("ahead_s", [0.0, 3600.0, -86_400.0, 20 * 365 * 86_400.0])
def test_a_time_server_is_understood_also_after_2036(ahead_s: float) -> None:
    """NTP counts its seconds anew in 2036."""
    with time_server(lambda asked: answer(asked, time.time() + ahead_s)) as address:
        assert abs(ask_time(address).ahead.total_seconds() - ahead_s) < 1


@pytest.mark.parametrize(
    "told",
    [
        lambda _: None,
        lambda _: b"short",
        lambda asked: answer(asked, 0, stratum=0),
        lambda asked: answer(asked, 0, stratum=16),
        lambda asked: answer(asked, 0, first=0x23),
        lambda asked: answer(asked, 0, first=0xE4),
        lambda asked: answer(bytes(len(asked)), 0),
    ],
    ids=["nothing", "short", "kiss of death", "knows no time", "another client", "never set", "not what was asked"],
)
def test_what_is_no_time_servers_answer_is_not_known_in_time(told: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead, confused or forged server says nothing, and nobody waits for it for long."""
    monkeypatch.setattr("api.time_server.PATIENCE_S", 0.3)
    with time_server(told) as address, pytest.raises(NoTime):  # type: ignore[arg-type]
        ask_time(address)
