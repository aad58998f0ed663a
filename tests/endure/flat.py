"""Whether memory, file handles and connections stay flat: sampled all along, judged by their slope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, mean

WARM = 0.3
"""So much of a process's life is left out at its beginning: caches fill."""
LEAST = 10
"""Fewer samples tell nothing."""
JUDGED_S = 120.0
"""A run that is shorter is too short to say anything of growth: its figures are shown and judge nothing."""
LONG_S = 1_200.0
GROWTH_MOST = {"memory_mib": 0.15, "handles": 0.25, "connections": 0.25, "database_mib": 0.25}
"""By how much of its mean a figure may grow over the longest life of its process."""
WARMING = {"memory_mib": 0.5, "handles": 0.5, "connections": 0.5, "database_mib": 1.0}
"""The same in a run shorter than `LONG_S`: caches and pools fill all the while, those of the database after each blow
that takes its connections away."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a service and its database took at one moment; a process that follows another begins anew."""

    at_s: float
    service: int
    """Number of its process."""
    database: int
    memory_mib: float
    handles: float
    connections: float
    """Of the database."""
    database_mib: float
    """Of all processes of the database, what each has for itself. The buffers that they share have a fixed size."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What a process took on average over its longest life, and by which part of that it grew."""

    mean: float
    by: float


def sample(at_s: float, service: int, database: int, connections: Callable[[], int]) -> Sample:
    """Look at the processes of a service and its database. Raises `FileNotFoundError` where one has ended."""
    status = Path(f"/proc/{service}/status").read_text()
    memory_mib = int(status.split("VmRSS:")[1].split()[0]) / 1024
    handles = len(list(Path(f"/proc/{service}/fd").iterdir()))
    database_mib = own_mib(database)
    for child in Path(f"/proc/{database}/task/{database}/children").read_text().split():
        with suppress(FileNotFoundError, ProcessLookupError):  # its connection is closed meanwhile
            database_mib += own_mib(int(child))
    return Sample(at_s, service, database, memory_mib, handles, connections(), database_mib)


def own_mib(pid: int) -> float:
    """Return the memory of a process that is in no file and no shared buffer; what a fork left shared is divided."""
    return int(Path(f"/proc/{pid}/smaps_rollup").read_text().split("Pss_Anon:")[1].split()[0]) / 1024


def growths(samples: Sequence[Sample]) -> dict[str, Growth]:
    """Return how each figure grew over the longest life of its process, the beginning of that left out.

    A figure is missing where no life was long enough to tell.
    """
    return {
        name: grown
        for name in GROWTH_MOST
        if (grown := _growth(samples, name, "database" if name == "database_mib" else "service")) is not None
    }


def _growth(samples: Sequence[Sample], name: str, process: str) -> Growth | None:
    lives: dict[int, list[Sample]] = {}
    for one in samples:
        lives.setdefault(getattr(one, process), []).append(one)
    of_life = max(lives.values(), key=len, default=[])
    judged = of_life[int(len(of_life) * WARM) :]
    if len(judged) < LEAST:
        return None
    at_s, values = [one.at_s for one in judged], [float(getattr(one, name)) for one in judged]
    slope = linear_regression(at_s, values).slope
    return Growth(mean(values), slope * (at_s[-1] - at_s[0]) / (mean(values) or 1.0))


def unflat(grown: Mapping[str, Growth], seconds: float) -> list[str]:
    """Return what grew, and what was not measured in a run that was long enough for it."""
    if seconds < JUDGED_S:
        return []
    missing = [f"{name} was not measured" for name in GROWTH_MOST if name not in grown]
    most = GROWTH_MOST if seconds >= LONG_S else WARMING
    return missing + [f"{name} grew by {one.by:.0%}" for name, one in grown.items() if one.by > most[name]]


def told(grown: Mapping[str, Growth], seconds: float) -> list[str]:
    """Return a row of a table for each figure."""
    judged = "" if seconds >= JUDGED_S else ", not judged: the run is too short"
    return [
        f"| {name}: mean and growth over the longest life of its process |"
        + (f" {grown[name].mean:,.0f}, {grown[name].by:+.1%}{judged} |" if name in grown else " too short to measure |")
        for name in GROWTH_MOST
    ]
