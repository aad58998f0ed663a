"""Odometer readings (里程读数) and the intervals between them: every metre belongs to a use or is unaccounted.

A reading says that the odometer then stood at `odometer_m` or at most `resolution_m - 1` metres more, since a dashboard
shows whole kilometres cut off, not rounded. Two readings contradict each other only where no true value fits both.

Nothing is changed or removed: a wrong reading is answered by a correcting one that names it and says why, and both
stay. When an odometer is replaced a recorded act begins a new segment; readings of different segments are never
subtracted from one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any
from uuid import UUID

from domain.errors import Forbidden, InvalidInput, StateConflict

MAX_ODOMETER_M = 9_999_999_000
"""Seven digits of kilometres, more than any dashboard shows."""

MAX_RESOLUTION_M = 10_000
"""Coarser than ten kilometres is no reading."""

WRITTEN_DOWN_BY_OTHERS = frozenset({"workshop", "fuel", "handover", "new-odometer"})
"""Occasions at which somebody else writes down what the odometer shows, and the desk enters it from their paper."""


class BadReading(InvalidInput):
    """A reading needs whole metres from 0 up, its resolution from 1 m to 10 km, and a time with its zone."""

    code = "bad-reading"
    zh = "里程读数须为不小于 0 的整数米，并注明 1 米至 10 公里的分辨率和带时区的时间。"


class ReadingBelowPredecessor(InvalidInput):
    """The reading is below an earlier one of the same odometer; if that one is wrong, correct it first."""

    code = "reading-below-predecessor"
    zh = "读数低于同一里程表更早的读数；如更早的读数有误，请先更正。"


class ReadingAboveSuccessor(InvalidInput):
    """The reading is above a later one of the same odometer; if that one is wrong, correct it first."""

    code = "reading-above-successor"
    zh = "读数高于同一里程表更晚的读数；如更晚的读数有误，请先更正。"


class ReadingNotThirdParty(InvalidInput):
    """Third-party is what an auditor reads, on the spot or correcting a reading, or what a workshop wrote down."""

    code = "reading-not-third-party"
    zh = "第三方读数须为审计人员现场读取或更正，或者由维修、加油单位记录；审计人员的读数须登记为第三方。"


class ReadByAuditor(Forbidden):
    """What an auditor read is corrected by an auditor alone."""

    code = "read-by-auditor"
    zh = "审计人员的读数只能由审计人员更正。"


class CorrectionUnfounded(InvalidInput):
    """A correcting reading names one recorded reading of the same odometer and says why that one is wrong."""

    code = "correction-unfounded"
    zh = "更正读数须指明同一里程表的一条已登记读数，并说明其错误原因。"


class ReadingAlreadyCorrected(StateConflict):
    """That reading has been corrected already; correct the correcting reading instead."""

    code = "reading-already-corrected"
    zh = "该读数已被更正；请更正其后的更正读数。"


class BadOdometerReplacement(InvalidInput):
    """An odometer is replaced after its last reading, with a reason, and begins the next segment in number."""

    code = "bad-odometer-replacement"
    zh = "更换里程表须在其最后一次读数之后，说明原因，并按顺序开始下一段。"


class SegmentNotBegun(StateConflict):
    """The reading names an odometer that was not in the vehicle then; record its replacement first."""

    code = "segment-not-begun"
    zh = "读数所属的里程表当时不在车上；请先登记里程表更换。"


class Obtained(StrEnum):
    """How a reading was obtained."""

    TYPED = "typed"
    """typed from the dashboard (手工录入)"""
    PHOTO = "photo"
    """typed, with a photo of the dashboard (拍照)"""
    TERMINAL = "terminal"
    """the terminal's own mileage (终端里程)"""
    PAPER = "paper"
    """entered later from a paper sheet (纸质补录)"""
    THIRD_PARTY = "third-party"
    """read by someone who gains nothing from it: workshop, inspection, fuel station, auditor (第三方)"""


class Moment(StrEnum):
    """At which moment of a use a reading was taken."""

    DEPARTURE = "departure"
    """the use begins"""
    RETURN = "return"
    """the use ends"""
    SPOT = "spot"
    """in between, or at rest"""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading as recorded. `use_id` names the trip or upkeep order whose departure or return it is.

    `segment` counts the vehicle's odometers from 0. `corrects` names the reading that this one stands in for, and
    `reason` says what was wrong with that one.
    """

    reading_id: UUID
    odometer_m: int
    resolution_m: int
    read_at: datetime
    obtained: Obtained
    segment: int = 0
    use_id: UUID | None = None
    moment: Moment = Moment.SPOT
    corrects: UUID | None = None
    reason: str = ""

    @property
    def most_m(self) -> int:
        """The highest the odometer can have stood."""
        return self.odometer_m + self.resolution_m - 1


@dataclass(frozen=True, slots=True)
class OdometerReplaced:
    """The recorded act by which `segment` begins; segment 0 needs none."""

    segment: int
    replaced_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Interval:
    """The metres between two consecutive readings of one odometer, and the use they belong to.

    `use_id` None is **unaccounted** (未入账). A coarse reading after a finer one may give a length below zero, by less
    than its resolution; what it lacks is in the interval after it, so that sums stay exact.
    """

    start: Reading
    end: Reading
    use_id: UUID | None

    @property
    def length_m(self) -> int:
        """The difference of the two readings, in metres."""
        return self.end.odometer_m - self.start.odometer_m


def check_reading(reading: Reading, recorded: Iterable[Reading], replacements: Iterable[OdometerReplaced] = ()) -> None:
    """Refuse a reading that cannot be recorded beside those of its vehicle; return if it can.

    Raises `BadReading`, `CorrectionUnfounded`, `ReadingAlreadyCorrected`, `SegmentNotBegun`,
    `ReadingBelowPredecessor` or `ReadingAboveSuccessor`. A correction is judged at the moment of the reading it
    corrects, without that one. Of two readings of one minute the one recorded first is the predecessor.
    """
    _check_values(reading)
    known = tuple(recorded)
    standing = _in_place_of(reading, known) if reading.corrects else reading
    _check_segment(standing, replacements)
    # Not only the neighbours: a coarse reading between two fine ones must not hide that the odometer went back.
    for other in in_force(known):
        if other.segment != standing.segment or other.reading_id == reading.corrects:
            continue
        detail: dict[str, Any] = {
            "odometer_m": reading.odometer_m,
            "other_reading_id": str(other.reading_id),
            "other_odometer_m": other.odometer_m,
            "other_read_at": other.read_at.isoformat(),
        }
        if other.read_at <= standing.read_at and standing.most_m < other.odometer_m:
            raise ReadingBelowPredecessor(**detail)
        if other.read_at > standing.read_at and other.most_m < standing.odometer_m:
            raise ReadingAboveSuccessor(**detail)


def check_obtained(obtained: Obtained, occasion: str, *, by_auditor: bool) -> None:
    """Refuse a reading of those who drive that says a third party read it, and an auditor's that says less.

    Raises `ReadingNotThirdParty`.
    """
    third_party = obtained is Obtained.THIRD_PARTY
    written_down = occasion in WRITTEN_DOWN_BY_OTHERS
    if by_auditor is third_party or (written_down and third_party):
        return
    raise ReadingNotThirdParty(obtained=obtained.value, occasion=occasion)


def check_correctable(obtained: Obtained, occasion: str, *, by_auditor: bool) -> None:
    """Refuse that those who drive put another figure in the place of what an auditor read; raises `ReadByAuditor`.

    Args:
        obtained: how the reading that is to be corrected was obtained.
        occasion: at which occasion it was.
        by_auditor: whether an auditor corrects it.
    """
    if obtained is Obtained.THIRD_PARTY and occasion not in WRITTEN_DOWN_BY_OTHERS and not by_auditor:
        raise ReadByAuditor(obtained=obtained.value, occasion=occasion)


def check_replacement(
    replacement: OdometerReplaced, recorded: Iterable[Reading], replacements: Iterable[OdometerReplaced]
) -> None:
    """Refuse a replacement without a reason, out of number, or before a reading it would leave behind.

    Raises `BadOdometerReplacement`.
    """
    earlier = tuple(replacements)
    aware = replacement.replaced_at.tzinfo is not None
    in_number = replacement.segment == len(earlier) + 1
    if not (aware and in_number and replacement.reason.strip()):
        raise BadOdometerReplacement(segment=replacement.segment, next_segment=len(earlier) + 1)
    instants = [reading.read_at for reading in recorded] + [act.replaced_at for act in earlier]
    latest_at = max(instants, default=None)
    if latest_at is not None and replacement.replaced_at < latest_at:
        raise BadOdometerReplacement(replaced_at=replacement.replaced_at.isoformat(), latest_at=latest_at.isoformat())


def in_force(recorded: Iterable[Reading]) -> tuple[Reading, ...]:
    """Return the readings that count, by segment and time: corrected ones out, their corrections in their place.

    A correction stands at the time, use and moment of the reading it corrects, however late it was entered.
    """
    by_id = {reading.reading_id: reading for reading in recorded}
    corrected = {reading.corrects for reading in by_id.values()}
    standing = []
    for reading in by_id.values():
        if reading.reading_id in corrected:
            continue
        first = reading
        while first.corrects in by_id:
            first = by_id[first.corrects]
        standing.append(_standing_as(reading, first))
    return tuple(sorted(standing, key=_order))


def intervals(recorded: Iterable[Reading]) -> tuple[Interval, ...]:
    """Return the intervals between consecutive readings in force of each segment.

    An interval belongs to a use from its departure to its return, spot readings in between included; while no return
    is recorded, up to the next departure. Per segment the lengths add up to last minus first, exactly.
    """
    found: list[Interval] = []
    standing = in_force(recorded)
    returned: set[UUID] = set()
    under_way: Reading | None = None
    for start, end in pairwise(standing):
        under_way = _under_way_after(start, under_way, returned)
        if start.segment == end.segment:
            found.append(Interval(start, end, under_way.use_id if under_way else None))
    return tuple(found)


def _under_way_after(reading: Reading, under_way: Reading | None, returned: set[UUID]) -> Reading | None:
    """Tell by which departure the metres after `reading` are driven, given that of those before it."""
    if reading.use_id is None or reading.moment is Moment.SPOT:
        return under_way
    if reading.moment is Moment.RETURN:
        returned.add(reading.use_id)
        # The next use may depart in the minute of this return, at a coarser reading; one that departed earlier and has
        # no return yet ended when this use began.
        begun = under_way is not None and under_way.use_id != reading.use_id and under_way.read_at == reading.read_at
        return under_way if begun else None
    # A departure of the same minute may sort after its own return; it then opens nothing.
    return under_way if reading.use_id in returned else reading


def _order(reading: Reading) -> tuple[int, datetime, int, int, UUID]:
    """Sort by time; within a minute by odometer, at one odometer a use's return before the next one's departure."""
    rank = (Moment.RETURN, Moment.SPOT, Moment.DEPARTURE).index(reading.moment)
    return reading.segment, reading.read_at, reading.odometer_m, rank, reading.reading_id


def _standing_as(reading: Reading, wrong: Reading) -> Reading:
    return replace(reading, read_at=wrong.read_at, use_id=wrong.use_id, moment=wrong.moment, segment=wrong.segment)


def _check_values(reading: Reading) -> None:
    within = 0 <= reading.odometer_m <= MAX_ODOMETER_M and 1 <= reading.resolution_m <= MAX_RESOLUTION_M
    if not within or reading.read_at.tzinfo is None:
        raise BadReading(
            odometer_m=reading.odometer_m,
            resolution_m=reading.resolution_m,
            read_at=reading.read_at.isoformat(),
        )


def _in_place_of(reading: Reading, recorded: Sequence[Reading]) -> Reading:
    wrong = next((other for other in recorded if other.reading_id == reading.corrects), None)
    unfounded = wrong is None or wrong.segment != reading.segment or wrong.reading_id == reading.reading_id
    if wrong is None or unfounded or not reading.reason.strip():
        raise CorrectionUnfounded(corrects=str(reading.corrects))
    later = next((other for other in recorded if other.corrects == wrong.reading_id), None)
    if later is not None:
        raise ReadingAlreadyCorrected(corrects=str(reading.corrects), corrected_by=str(later.reading_id))
    current = next(one for one in in_force(recorded) if one.reading_id == wrong.reading_id)
    return _standing_as(reading, current)


def _check_segment(reading: Reading, replacements: Iterable[OdometerReplaced]) -> None:
    begins = {act.segment: act.replaced_at for act in replacements}
    begun = reading.segment == 0 or (reading.segment in begins and begins[reading.segment] <= reading.read_at)
    ends_at = begins.get(reading.segment + 1)
    if not begun or (ends_at is not None and reading.read_at > ends_at):
        raise SegmentNotBegun(segment=reading.segment, read_at=reading.read_at.isoformat())
