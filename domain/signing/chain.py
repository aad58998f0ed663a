"""A device's chain of acts: where one that arrives belongs, what is missing, and what was told twice.

Each act counts one further than the one before it and names its digest, so that one left out leaves a gap and one
changed leaves a break. The server keeps what it was told first; a second story under the same number is kept beside it.
What this cannot show: what was never written down, and acts at the end that were never sent, but for the phone's word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.errors import InvalidInput, StateConflict

FARTHEST: Final = 1_000
"""How far beyond the next an act may count: a phone makes a dozen a day."""


class ChainFork(StateConflict):
    """The device's chain has another act at this place: both are kept, the first stands, and the desk is shown both."""

    code = "chain-fork"
    zh = "该设备的操作链在此处已有另一操作：两者均已保存，以先到者为准，并提示中心人员。"


class ChainEnded(StateConflict):
    """This key was replaced or its device revoked: what it signed is kept, but not carried out."""

    code = "chain-ended"
    zh = "该密钥已被替换或设备已被吊销：其签名的内容已保存，但不予执行。"


class SeqTooFar(InvalidInput):
    """An act counts at most 1,000 further than the last one of its device that was judged."""

    code = "seq-too-far"
    zh = "操作序号最多可比该设备最近一次已处理的操作大 1000。"


class NoSuchGap(StateConflict):
    """Nothing is missing from this chain up to there."""

    code = "no-such-gap"
    zh = "该操作链至此并无缺失。"


class NoSuchLoss(StateConflict):
    """No phone told that it lost acts of this chain."""

    code = "no-such-loss"
    zh = "没有该操作链的丢失报告。"


class Place(StrEnum):
    """Where an act belongs."""

    NEXT = "next"
    """it follows the last one judged, or fills a gap that was signed off: it is judged now"""
    WAITS = "waits"
    """acts before it are missing"""
    FORK = "fork"
    """the chain has another act where this one wants to be"""


@dataclass(frozen=True, slots=True)
class Link:
    """An act of the chain: its digest, and the digest of the one before, as it says."""

    digest: str
    previous: str | None


@dataclass(frozen=True, slots=True)
class Chain:
    """What is known of a chain around one number: what was judged, and the acts at, before and after that number."""

    judged: int
    """The last number up to which everything was judged or signed off."""
    here: Link | None = None
    before: Link | None = None
    after: Link | None = None


def place_of(seq: int, act: Link, chain: Chain) -> Place:
    """Return where an act belongs that is not the one at its number already.

    Raises:
        SeqTooFar: nobody counts so far ahead.
    """
    if seq > chain.judged + FARTHEST:
        raise SeqTooFar(seq=seq, judged=chain.judged)
    if chain.here is not None:
        return Place.FORK
    if chain.before is not None and chain.before.digest != act.previous:
        return Place.FORK
    if chain.after is not None and chain.after.previous != act.digest:
        return Place.FORK
    return Place.NEXT if seq <= chain.judged + 1 else Place.WAITS


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that are missing, both included."""

    first: int
    last: int


def gaps(judged: int, waiting: Iterable[int]) -> list[Gap]:
    """Return what is missing between what was judged and what waits."""
    missing = []
    for seq in sorted(waiting):
        if seq > judged + 1:
            missing.append(Gap(judged + 1, seq - 1))
        judged = max(judged, seq)
    return missing


def lost(made: int, judged: int, waiting: Iterable[int]) -> int:
    """Return how many acts of a phone that signed so many are not here.

    Raises:
        SeqTooFar: nobody counts so far ahead.
    """
    if made > judged + FARTHEST:
        raise SeqTooFar(seq=made, judged=judged)
    here = [seq for seq in waiting if judged < seq <= made]
    return max(0, made - judged - len(here))


def signed_off(judged: int, waiting: Iterable[int], through: int) -> Gap:
    """Return the numbers that are given up when a gap is signed off through one of them.

    Raises:
        NoSuchGap: nothing waits behind it, or that number is not the end of the first gap.
    """
    first = next(iter(gaps(judged, waiting)), None)
    if first is None or through != first.last:
        raise NoSuchGap(gap=None if first is None else [first.first, first.last])
    return first
