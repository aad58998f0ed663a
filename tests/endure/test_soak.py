"""The long run's short form, and what judges whether figures stay flat."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endure.faults import Faults
from tests.endure.flat import LEAST, Sample, growths
from tests.endure.soak import BLOWS_LEAST, soak

SECONDS = 20.0
SEED = 12315


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that the database's account can pass."""
    with tempfile.TemporaryDirectory(prefix="zhuanche-soak-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


async def test_nothing_is_lost_while_everything_a_service_stands_on_is_struck(folder: Path) -> None:
    """A short form of `make soak`: kills first, then what the seed draws; every acknowledged fact is there once."""
    lasted = await soak(folder, SECONDS, phones=20, terminals=8, seed=SEED)
    assert lasted.faults == Faults()
    assert lasted.left == []
    assert lasted.blows.total() >= BLOWS_LEAST
    assert all(lasted.acknowledged[kind] for kind in ("fix", "note", "trip", "complaint", "signed", "photo"))
    assert lasted.acknowledged["fix of a phone or terminal"] >= 28


def samples(count: int, *, leak_mib: float, life: int = 1) -> list[Sample]:
    """Return figures of a service that takes so much more every second."""
    return [Sample(at_s, life, 200 + leak_mib * at_s, 60, 12) for at_s in range(count)]


@pytest.mark.parametrize(("leak_mib", "least", "most"), [(0.0, 0.0, 0.0), (1.0, 0.1, 0.6), (-0.5, -0.3, -0.05)])
def test_what_a_service_takes_more_and_more_of_is_told_by_its_slope(leak_mib: float, least: float, most: float) -> None:
    """A leak shows as the part of the mean that it grew by; what stays as it is shows nothing."""
    grown = growths(samples(100, leak_mib=leak_mib))
    assert least <= grown["memory_mib"] <= most
    assert (grown["handles"], grown["connections"]) == (0, 0)


def test_only_the_longest_life_is_judged_and_a_short_one_not_at_all() -> None:
    """A process that was killed soon was still filling its caches."""
    soon_killed = samples(LEAST, leak_mib=50, life=1)
    assert growths(soon_killed) == {}
    assert growths([*soon_killed, *samples(100, leak_mib=0, life=2)])["memory_mib"] == 0
