"""Whether memory, file handles and connections stay flat: sampled all along, judged by their slope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import linear_regression, mean

WARM = 0.3
"""So much of a process's life is left out at its beginning: caches fill."""
LEAST = 10
"""Fewer samples tell nothing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a service took at one moment; `life` counts its processes, each of which begins anew."""

    at_s: float
    life: int
    memory_mib: float
    handles: float
    connections: float
    """Of the database."""


def sample(at_s: float, life: int, pid: int, connections: Callable[[], int]) -> Sample:
    """Look at a process. Raises `FileNotFoundError` where it has ended."""
    status = Path(f"/proc/{pid}/status").read_text()
    memory_mib = int(status.split("VmRSS:")[1].split()[0]) / 1024
    return Sample(at_s, life, memory_mib, len(list(Path(f"/proc/{pid}/fd").iterdir())), connections())


def growths(samples: Sequence[Sample]) -> dict[str, float]:
    """Return by how much of its mean each figure grew over the longest life, its beginning left out.

    Empty where no life was long enough to tell.
    """
    lives = {one.life for one in samples}
    of_life = max(([one for one in samples if one.life == life] for life in lives), key=len, default=[])
    judged = of_life[int(len(of_life) * WARM) :]
    if len(judged) < LEAST:
        return {}
    at_s = [one.at_s for one in judged]
    found = {}
    for name in (one.name for one in fields(Sample)):
        if name not in ("at_s", "life"):
            values = [float(getattr(one, name)) for one in judged]
            found[name] = linear_regression(at_s, values).slope * (at_s[-1] - at_s[0]) / (mean(values) or 1.0)
    return found
