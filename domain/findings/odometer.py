"""What odometer readings give away: `odometer-gap`, `odometer-track-mismatch`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from domain.books.ratio import LEAST_READING_M, Against, deviation_permille, odd
from domain.books.readings import Interval, Moment, Obtained, Reading, intervals
from domain.findings.happening import Evidence, Happening
from domain.findings.kinds import FindingKind
from domain.findings.outing import Outing, Witness
from domain.settings import BureauSettings
from domain.use_rule.upkeep import UpkeepKind


def odometer_gap(recorded: Iterable[Reading], settings: BureauSettings) -> Iterator[Happening]:
    """Yield each time between two uses in which the odometer went on by more than `odometer_gap_m`.

    Readings in between divide nothing. It is red where a third party's reading shows it; and so is a typed reading
    that a third party's corrects by more than that.
    """
    known = tuple(recorded)
    limit_m = settings["odometer_gap_m"]
    for nobodys, run in groupby(intervals(known), key=lambda one: (one.use_id is None, one.start.segment)):
        if nobodys[0]:
            yield from _gap(list(run), limit_m)
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

    Rests on `ratio_deviation_permille`, and `ratio_least_trips` before which nothing is judged. Red where both
    witnesses speak against the reading, to the same side.
    """
    if outing.until_at is None or not outing.told_all(now) or outing.upkeep is UpkeepKind.TOW:
        return
    limit = settings["ratio_deviation_permille"]
    offs = {one: off for one in outing.witnesses if (off := off_permille(one)) is not None}
    against = {one: off for one, off in offs.items() if odd(off, one.ratio, limit_permille=limit)}
    if not against:
        return
    evidence: dict[str, int | str | bool] = {"reading_m": next(iter(against)).metres.reading_m}
    for one, off in offs.items():
        evidence |= _told(one, off)
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
            **_told(told, month.deviation_permille or 0),
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


def _told(witness: Witness, off: int) -> Evidence:
    ratio = witness.ratio
    return {
        f"{witness.name}_m": witness.metres.length_m,
        f"{witness.name}_unobserved_m": witness.metres.unobserved_m,
        f"{witness.name}_off_permille": off,
        f"{witness.name}_ratio_permille": round(1000 * ratio.middle) if ratio else 0,
    }
