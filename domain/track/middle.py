"""The middle of values of unequal weight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def weighted_median(values: NDArray[np.float64], weights: NDArray[Any]) -> float:
    """Return the smallest value that, with those below it, has at least half of the weight."""
    order = np.argsort(values, kind="stable")
    so_far = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(so_far * 2, so_far[-1])])
