"""What readings of the dashboard and counts of the terminal give away: `odometer-gap`, `odometer-track-mismatch`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from domain.books.ratio import LEAST_READING_M, Against, deviation_permille, odd
from domain.books.readings import Interval, Moment, Obtained, Reading, intervals
from domain.findings.happening import Evidence, Happening
from domain.findings.kinds import FindingKind
from domain.findings.outing import Outing, Witness
from domain.settings import BureauSettings
from domain.track.length import PLAUSIBLE_MPS
from domain.use_rule.upkeep import UpkeepKind


def odometer_gap(recorded: Iterable[Reading], settings: BureauSettings) -> Iterator[Happening]:
    """Yield each time between two uses in which the odometer went on by more than `odometer_gap_m`.

    Readings in between divide nothing. It is red where a third party's reading shows it; and so is a typed reading
    that a third party's corrects by more than that.
    """
    known = tuple(recorded)
    limit_m = settings["odometer_gap_m"]
    for run in between_uses(known):
        yield from _gap(run, limit_m)
    by_id = {reading.reading_id: reading for reading in known}
    for reading in known:
        wrong = by_id.get(reading.corrects) if reading.corrects else None
        if wrong is None or reading.obtained is not Obtained.THIRD_PARTY:
            continue
        if abs(reading.odometer_m - wrong.odometer_m) <= limit_m:
            continue
        yield Happening(
            kind=FindingKind.ODOMETER_GAP,
            from_at=wrong.read_at,
            until_at=wrong.read_at,
            ended=True,
            graver=True,
            evidence={"reading_id": str(reading.reading_id), "from_m": wrong.odometer_m, "until_m": reading.odometer_m},
            key=reading.reading_id,
        )


def between_uses(recorded: Iterable[Reading]) -> Iterator[list[Interval]]:
    """Yield the intervals of each time in which no use had the vehicle, one odometer at a time."""
    for (nobodys, _), run in groupby(intervals(recorded), key=lambda one: (one.use_id is None, one.start.segment)):
        if nobodys:
            yield list(run)


@dataclass(frozen=True, slots=True)
class CountedBetween:
    """What a terminal's count stood at as one use ended and as the next began, as near as it told."""

    device_id: UUID
    from_at: datetime
    from_m: int
    until_at: datetime
    until_m: int


def terminal_gap(run: Sequence[Interval], counted: CountedBetween, settings: BureauSettings) -> Happening | None:
    """Return that between two uses a terminal's count and the dashboard went on otherwise, or None.

    The count was set anew or jumped, or somebody drove and typed what was there before. Rests on `odometer_gap_m`,
    beyond what the dashboard's last digit hides and what was driven before the one end and after the other.
    """
    first, last = run[0].start, run[-1].end
    reading_m, terminal_m = last.odometer_m - first.odometer_m, counted.until_m - counted.from_m
    driven_s = ((first.read_at - counted.from_at) + (counted.until_at - last.read_at)).total_seconds()
    hidden_m = max(first.resolution_m, last.resolution_m) - 1
    if abs(terminal_m - reading_m) <= settings["odometer_gap_m"] + hidden_m + PLAUSIBLE_MPS * driven_s:
        return None
    return Happening(
        kind=FindingKind.ODOMETER_GAP,
        from_at=first.read_at,
        until_at=last.read_at,
        ended=last.moment is Moment.DEPARTURE,
        evidence={
            "device_id": str(counted.device_id),
            "reading_m": reading_m,
            "terminal_m": terminal_m,
            "terminal_from_m": counted.from_m,
            "terminal_until_m": counted.until_m,
        },
        key=counted.device_id,
    )


def _gap(run: Sequence[Interval], limit_m: int) -> Iterator[Happening]:
    first, last = run[0].start, run[-1].end
    if last.odometer_m - first.odometer_m <= limit_m:
        return
    seen_by_others = any(one.end.obtained is Obtained.THIRD_PARTY for one in run)
    yield Happening(
        kind=FindingKind.ODOMETER_GAP,
        from_at=first.read_at,
        until_at=last.read_at,
        ended=last.moment is Moment.DEPARTURE,
        graver=seen_by_others,
        evidence={"from_m": first.odometer_m, "until_m": last.odometer_m, "third_party": seen_by_others},
    )


def odometer_track_mismatch(outing: Outing, now: datetime, settings: BureauSettings) -> Iterator[Happening]:
    """Yield that a use's reading is not what the vehicle's own ratio makes of its track, or of the terminal's count.

    Or that the terminal's count jumped meanwhile: back, or on faster than any vehicle, as when it was set anew. Rests
    on `ratio_deviation_permille`, and `ratio_least_trips` before which no ratio is judged. Red where both witnesses
    speak against the reading, to the same side.
    """
    if outing.until_at is None or not outing.told_all(now) or outing.upkeep is UpkeepKind.TOW:
        return
    limit = settings["ratio_deviation_permille"]
    offs = {one: off for one in outing.witnesses if (off := off_permille(one)) is not None}
    against = {one: off for one, off in offs.items() if odd(off, one.ratio, limit_permille=limit)}
    jumped = outing.counted if outing.counted and outing.counted.jumps else None
    if not against and jumped is None:
        return
    # All figures side by side, those of a witness too of which nobody can say what is usual.
    evidence: dict[str, int | str | bool] = {}
    for one in outing.witnesses:
        evidence |= {"reading_m": one.metres.reading_m, **_told(one, offs.get(one))}
    if jumped is not None and jumped.from_m is not None and jumped.until_m is not None:
        evidence |= {
            "terminal_m": jumped.metres,
            "terminal_jumps": jumped.jumps,
            "terminal_from_m": jumped.from_m,
            "terminal_until_m": jumped.until_m,
        }
    yield Happening(
        kind=FindingKind.ODOMETER_TRACK_MISMATCH,
        use_id=outing.use_id,
        from_at=outing.from_at,
        until_at=outing.until_at,
        ended=True,
        graver=len(against) > 1 and len({off > 0 for off in against.values()}) == 1,
        evidence=evidence,
    )


def mismatch_together(
    month: Against, *, from_at: datetime, over: bool, settings: BureauSettings
) -> Iterator[Happening]:
    """Yield that a month's trips together are not what the vehicle's own ratio makes of their tracks.

    None of them is by itself. Rests on `ratio_least_trips`: of fewer nothing is said.

    Args:
        month: the trips that have ended, held together against the vehicle's ratio.
        from_at: when the month began.
        over: whether it is over, and all devices have spoken.
        settings: the bureau's.
    """
    if not month.odd or month.until_at is None or month.trips < settings["ratio_least_trips"]:
        return
    told = Witness(name="track", metres=month.sums, ratio=month.ratio)
    yield Happening(
        kind=FindingKind.ODOMETER_TRACK_MISMATCH,
        from_at=from_at,
        until_at=month.until_at,
        ended=over,
        evidence={
            "together_trips": month.trips,
            "reading_m": month.sums.reading_m,
            **_told(told, month.deviation_permille),
        },
    )


def off_permille(witness: Witness) -> int | None:
    """Return by how much a witness tells more (above 0) or less than the reading lets expect; None if nobody can say.

    A reading that stood still says at most what its resolution hides.
    """
    metres, ratio = witness.metres, witness.ratio
    if ratio is None or max(metres.reading_m, metres.length_m + metres.unobserved_m) < LEAST_READING_M:
        return None
    if metres.reading_m <= 0:
        hidden_m = max(metres.resolution_m - 1, 1)
        return round(1000 * ((metres.length_m + metres.unobserved_m) / (ratio.middle * hidden_m) - 1))
    return deviation_permille(metres, ratio)


def _told(witness: Witness, off: int | None) -> Evidence:
    name, metres = witness.name, witness.metres
    seen: dict[str, int | str | bool] = {f"{name}_m": metres.length_m, f"{name}_unobserved_m": metres.unobserved_m}
    if witness.ratio is not None and off is not None:
        seen |= {f"{name}_off_permille": off, f"{name}_ratio_permille": round(1000 * witness.ratio.middle)}
    return seen
