"""When a signed act was made, as far as it can be proved, and what its device's clock says beside it.

An act that names a ledger entry's leaf was made after that entry was recorded: nobody can know the hash of a leaf with
a random salt before. And it was made before it arrived. What the device's clock says is a claim within that bracket.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.values import Named

ON_THE_WAY: Final = timedelta(seconds=5)
"""What a request may take to arrive; a clock that seems behind by more is behind."""


class ClockDoubt(Named):
    """What does not fit in what a device's clock says."""

    BEFORE_BRACKET = "before-bracket", "设备时间早于其已见到的回执", "earlier than a receipt the device had seen"
    AFTER_ARRIVAL = "after-arrival", "设备时间晚于收到时间", "later than its arrival"
    SKEWED = "skewed", "发送时设备时钟偏差过大", "the device's clock was off as it sent"
    STEPPED = "stepped", "设备时钟在两次操作之间被调整", "the device's clock was set between two acts"
    UNKNOWN_RECEIPT = "unknown-receipt", "所称已见到的回执不存在", "the receipt it names is none of ours"


@dataclass(frozen=True, slots=True)
class Ticks:
    """What a device's two clocks said: of the day, and since its page began (`boot` tells pages apart)."""

    device_at: datetime
    mono_ms: int
    boot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What is known of when an act was made."""

    made: Ticks
    received_at: datetime
    not_before: datetime | None
    """When the entry was recorded that it names; None where it names none, or one that is not ours."""
    named_receipt: bool
    sent_at: datetime | None = None
    """The device's clock as it sent."""
    previous: Ticks | None = None
    following: Ticks | None = None
    """Of the acts beside it in the chain that are here: of two, the one that comes later is held against the other."""


def clock_doubts(timing: Timing, allowed: timedelta) -> list[ClockDoubt]:
    """Return what does not fit; `allowed` is how far a device's clock may be off."""
    made, previous = timing.made, timing.previous
    found = {
        ClockDoubt.UNKNOWN_RECEIPT: timing.named_receipt and timing.not_before is None,
        ClockDoubt.BEFORE_BRACKET: timing.not_before is not None and made.device_at < timing.not_before - allowed,
        ClockDoubt.AFTER_ARRIVAL: made.device_at > timing.received_at + allowed,
        ClockDoubt.SKEWED: timing.sent_at is not None and abs(timing.sent_at - timing.received_at) > allowed,
        ClockDoubt.STEPPED: (previous is not None and _stepped(previous, made, allowed))
        or (timing.following is not None and _stepped(made, timing.following, allowed)),
    }
    return [doubt for doubt, holds in found.items() if holds]


def clock_error(timing: Timing) -> timedelta:
    """Return what is to be taken off an instant that the device's clock told as it made an act, to set it right.

    A clock that ran ahead as it sent, or behind by more than the way takes, is set right by as much: how long ago
    something was is known even by a wrong clock, and what was done stays in its order. And the act was made neither
    before what it proves itself, nor after it arrived. So no act is lost for its clock; what it said stands in its
    bytes, and the doubt beside it.
    """
    made_at, received_at, sent_at = timing.made.device_at, timing.received_at, timing.sent_at
    wrong = sent_at is not None and not timedelta(0) <= received_at - sent_at <= ON_THE_WAY
    ago = (sent_at if sent_at is not None and wrong else received_at) - made_at
    longest = None if timing.not_before is None else received_at - timing.not_before
    right = received_at - max(timedelta(0), ago if longest is None else min(ago, longest))
    return made_at - right


def _stepped(before: Ticks, after: Ticks, allowed: timedelta) -> bool:
    """Tell whether the clock of the day went back, or on one page went another way than the other clock."""
    passed = after.device_at - before.device_at
    if before.boot != after.boot:
        return passed < -allowed
    ticked = timedelta(milliseconds=after.mono_ms - before.mono_ms)
    return abs(passed - ticked) > allowed
