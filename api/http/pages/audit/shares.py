"""The bar of a month: each owner's part of it, as wide as its share of the kilometres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.books.charges import shared
from domain.books.entries import Account
from domain.books.glance import Glance, Share

WIDE: Final = 100_000
"""The bar's width in its own units; the parts fill it exactly."""
TONES: Final = {Account.UPKEEP: "part-upkeep", Account.UNACCOUNTED: "part-nobody"}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bar: where it begins, how wide it is, and its tone."""

    share: Share
    x: int
    width: int
    tone: str
    permille: int | None
    """Its share of the month in thousandths; None where the month has no kilometres."""


def parts_of(month: Glance) -> list[Part]:
    """Return the parts of a month's bar in their order; below zero, as coarse readings may give, is no width."""
    widths = shared(WIDE, {f"{no:05d}": max(one.metres, 0) for no, one in enumerate(month.shares)})
    found, x = [], 0
    for no, one in enumerate(month.shares):
        width = widths[f"{no:05d}"] if any(share.metres > 0 for share in month.shares) else 0
        tone = TONES.get(one.owner) or ("part-even" if no % 2 == 0 else "part-odd")
        permille = round(1000 * one.metres / month.difference_m) if month.difference_m > 0 else None
        found.append(Part(one, x, width, tone, permille))
        x += width
    return found
