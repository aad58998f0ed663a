"""The timeline of a trip: who recorded what when, each beside when it is said to have happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from api.db.queries.unsigned import SIGNABLE
from api.http.findings import FindingView
from api.http.note_wire import VisitNoteView
from api.http.pages.words import SOURCES
from api.http.pages.written import Written
from domain.signing.act import ActKind
from domain.trip.life import UseVerb

LATE_S: Final = 600
"""What was entered later than this after it happened is told to be late."""
OCCASIONS: Final = {
    "handover": ("移交读数", "reading at handover"),
    "departure": ("出车读数", "reading at departure"),
    "return": ("收车读数", "reading at return"),
    "spot": ("现场抽查读数", "spot reading"),
    "workshop": ("维修读数", "workshop's reading"),
    "fuel": ("加油读数", "reading at the pump"),
    "breakdown": ("停驶读数", "reading at the breakdown"),
    "correction": ("更正读数", "corrected reading"),
    "new-odometer": ("换表读数", "new odometer"),
}
OBTAINED: Final = {
    "typed": ("录入", "typed"),
    "photo": ("照片", "photo"),
    "terminal": ("终端", "terminal"),
    "paper": ("纸质", "paper"),
    "third-party": ("第三方", "third party"),
}
SAID: Final = {
    "explain": ("说明", "explained"),
    "accept": ("认可", "accepted"),
    "reject": ("不予认可", "rejected"),
    "ask": ("退回补充说明", "asked back"),
}


@dataclass(frozen=True, slots=True)
class Bracket:
    """Between which two instants a signed act was made, for certain; `seq` is its number in the phone's chain."""

    seq: int
    not_before: datetime | None
    not_after: datetime
    doubts: tuple[str, ...]


def brackets_of(acts: Iterable[Any]) -> dict[UUID, Bracket]:
    """Return what is proved of each signed act that was carried out, by the decision or the note it became."""
    return {
        one.decision_id or one.note_id: Bracket(one.seq, one.not_before, one.recorded_at, tuple(one.doubts or ()))
        for one in acts
        if one.decision_id or one.note_id
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing on record: when it is said to have happened, when it was recorded, by whom."""

    stated_at: datetime
    recorded_at: datetime
    what: str
    by: str
    how: str = ""
    detail: str = ""
    old: str = ""
    """What stood before, where it corrects something."""
    tone: str = ""
    signed: Bracket | None = None
    """What is proved of when it was made, where it was signed."""
    unsigned: bool = False
    """A departure, return or note that came by another door, without a signature."""
    fact_id: UUID | None = None
    """What is on record, by its own id: it has an entry in the ledger."""

    @property
    def late_s(self) -> int:
        """How long after it happened it was recorded."""
        return round((self.recorded_at - self.stated_at).total_seconds())

    @property
    def late(self) -> bool:
        """Whether that is late."""
        return self.late_s > LATE_S


def timeline(
    w: Written,
    names: Mapping[UUID, str],
    *,
    decisions: Iterable[Mapping[str, Any]],
    readings: Sequence[Any],
    notes: Iterable[VisitNoteView],
    findings: Iterable[FindingView],
    conflicts: Iterable[Any],
    acts: Iterable[Any],
    signed: Mapping[UUID, Bracket],
) -> list[Told]:
    """Return all of it by when it is said to have happened."""
    found = [
        Told(
            stated_at=datetime.fromisoformat(one["stated_at"]),
            recorded_at=datetime.fromisoformat(one["recorded_at"]),
            what=_verb(w, one["verb"]),
            by=names.get(UUID(one["actor_id"]), "") if one["actor_id"] else w.choose("系统", "the service"),
            how=w.choose(*SOURCES[one["source"]]),
            tone="" if one["source"] == "online" else "tag-amber",
            signed=signed.get(UUID(one["decision_id"])),
            unsigned=one["verb"] in SIGNABLE and UUID(one["decision_id"]) not in signed,
            fact_id=UUID(one["decision_id"]),
        )
        for one in decisions
    ]
    found += _of_readings(w, names, readings)
    found += [
        Told(
            stated_at=one.stated_at,
            recorded_at=one.recorded_at,
            what=_verb(w, one.verb),
            by=names.get(one.actor_id, ""),
            how=w.choose("与已登记的不符，另行保存", "does not fit what is on record: kept beside it"),
            tone="tag-red",
            fact_id=one.conflict_id,
        )
        for one in conflicts
    ]
    found += [
        Told(
            stated_at=one.note.device_at,
            recorded_at=one.recorded_at,
            what=w.choose("现场走访记录", "visit note"),
            by=one.officer_name,
            how=w.choose(*SOURCES[one.note.source]),
            detail=w.word(one.note.result),
            tone="" if one.corroborated else "tag-amber",
            signed=signed.get(one.note_id),
            unsigned=one.note_id not in signed,
            fact_id=one.note_id,
        )
        for one in notes
    ]
    found += _of_findings(w, names, findings)
    found += [
        Told(
            stated_at=one.device_at,
            recorded_at=one.recorded_at,
            what=w.word(ActKind(one.act)),
            by=one.actor_name,
            how=w.choose("已签名，服务器不予接受", "signed, and refused for good"),
            detail=" ".join(w.sentence(code) for code in one.reasons) or one.problem[w.language]["title"],
            tone="tag-red",
        )
        for one in acts
        if one.outcome == "refused"
    ]
    return sorted(found, key=lambda one: (one.stated_at, one.recorded_at))


def _of_findings(w: Written, names: Mapping[UUID, str], findings: Iterable[FindingView]) -> list[Told]:
    found = []
    for finding in findings:
        found.append(
            Told(
                stated_at=finding.from_at or finding.recorded_at,
                recorded_at=finding.recorded_at,
                what=w.choose("异常", "finding"),
                by=w.choose("系统", "the service"),
                detail=finding.sentence,
                tone="tag-red" if finding.colour == "red" else "tag-amber",
                fact_id=finding.finding_id,
            )
        )
        found += [
            Told(
                stated_at=act.recorded_at,
                recorded_at=act.recorded_at,
                what=w.choose(*SAID[act.verb]),
                by=names.get(act.actor_id, ""),
                detail=act.text,
                fact_id=act.act_id,
            )
            for act in finding.acts
        ]
    return found


def _of_readings(w: Written, names: Mapping[UUID, str], readings: Sequence[Any]) -> list[Told]:
    shown = {one.reading_id: w.km(one.odometer_m) for one in readings}
    return [
        Told(
            stated_at=one.read_at,
            recorded_at=one.recorded_at,
            what=w.choose(*OCCASIONS[one.occasion]),
            by=names.get(one.actor_id, ""),
            how=w.choose(*OBTAINED[one.obtained]),
            old=shown.get(one.corrects, ""),
            detail=f"{w.km(one.odometer_m)} {w.choose('公里', 'km')}{f' · {one.reason}' if one.reason else ''}",
            tone="tag-amber" if one.corrects else "",
            fact_id=one.reading_id,
        )
        for one in readings
    ]


def _verb(w: Written, verb: str) -> str:
    known = UseVerb(verb)
    return w.choose(known.zh, known.en.replace("-", " "))
