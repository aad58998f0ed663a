"""Which findings there are, how grave each is, and what it says."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from domain.complaint.words import Named


class Colour(StrEnum):
    """How grave a finding is; green needs none."""

    YELLOW = "yellow"
    RED = "red"


class FindingKind(Named):
    """A kind of finding with its sentence in each language."""

    DEPARTED_WITHOUT_PERMIT = (
        "departed-without-permit",
        "车辆出车时没有与之相符的准许。",
        "The vehicle departed without a permit that fits.",
    )
    SPOKEN_APPROVAL_UNCONFIRMED = (
        "spoken-approval-unconfirmed",
        "口头批准未在期限内补签确认。",
        "A spoken approval was not confirmed within its term.",
    )


COLOURS: Final = {
    FindingKind.DEPARTED_WITHOUT_PERMIT: Colour.RED,
    FindingKind.SPOKEN_APPROVAL_UNCONFIRMED: Colour.YELLOW,
}
