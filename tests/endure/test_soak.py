"""The long run's short form, and what judges whether figures stay flat."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endure.faults import Faults
from tests.endure.flat import (
    GROWTH_MOST,
    JUDGED_S,
    LEAST,
    LONG_S,
    Growth,
    Sample,
    growths,
    own_mib,
    told,
    unflat,
)
from tests.endure.soak import BLOWS_LEAST, DONE, soak

SECONDS = 180.0
PHONES, TERMINALS = 40, 10
SEED = 12315


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that the database's account can pass."""
    with tempfile.TemporaryDirectory(prefix="zhuanche-soak-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


async def test_nothing_is_lost_while_everything_a_service_stands_on_is_struck(folder: Path) -> None:
    """The short form of `make soak`: kills first, then what the seed draws, and whether all stays flat after them."""
    lasted = await soak(folder, SECONDS, phones=PHONES, terminals=TERMINALS, seed=SEED)
    assert lasted.faults == Faults()
    assert lasted.left == []
    assert lasted.blows.total() >= BLOWS_LEAST
    assert [one for one in DONE if not lasted.acknowledged[one]] == []


def samples(count: int, *, leak_mib: float = 0, database_leak_mib: float = 0, service: int = 1) -> list[Sample]:
    """Return figures of a service and a database that take so much more every second."""
    return [
        Sample(at_s, service, 9, 200 + leak_mib * at_s, 60, 12, 100 + database_leak_mib * at_s) for at_s in range(count)
    ]


@pytest.mark.parametrize(("leak_mib", "least", "most"), [(0.0, 0.0, 0.0), (1.0, 0.1, 0.6), (-0.5, -0.3, -0.05)])
def test_what_a_service_takes_more_and_more_of_is_told_by_its_slope(leak_mib: float, least: float, most: float) -> None:
    """A leak shows as the part of the mean that it grew by; what stays as it is shows nothing."""
    grown = growths(samples(100, leak_mib=leak_mib))
    assert least <= grown["memory_mib"].by <= most
    assert [grown[name].by for name in ("handles", "connections", "database_mib")] == [0, 0, 0]


def test_only_the_longest_life_is_judged_and_a_short_one_not_at_all() -> None:
    """A process that was killed soon was still filling its caches; its database lived on, and is judged by all."""
    soon_killed = samples(LEAST, leak_mib=50)
    assert growths(soon_killed) == {}
    grown = growths([*soon_killed, *samples(100, database_leak_mib=1, service=2)])
    assert grown["memory_mib"].by == 0
    assert grown["database_mib"].by > GROWTH_MOST["database_mib"]


def test_a_run_that_is_long_enough_passes_only_if_it_was_measured_and_stayed_flat() -> None:
    """A shorter one is not judged, and its table says so."""
    assert unflat({}, LONG_S) == [f"{name} was not measured" for name in GROWTH_MOST]
    assert unflat({}, JUDGED_S) == unflat({}, LONG_S)
    assert unflat({}, JUDGED_S - 1) == []
    assert all("too short to measure" in row for row in told({}, JUDGED_S - 1))
    flat = dict.fromkeys(GROWTH_MOST, Growth(200, 0.01))
    assert unflat(flat, LONG_S) == []
    grown = flat | {"database_mib": Growth(200, 0.5)}
    assert unflat(grown, LONG_S) == ["database_mib grew by 50%"]
    assert unflat(grown, LONG_S - 1) == []
    assert all("the run is too short" in row for row in told(grown, JUDGED_S - 1))


def test_what_a_process_has_for_itself_is_seen_to_grow() -> None:
    """What it has taken and not used yet is nothing."""
    before = own_mib(os.getpid())
    taken = bytearray(os.urandom(1 << 24))
    assert own_mib(os.getpid()) - before > len(taken) / 2**21
