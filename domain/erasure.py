"""Personal data of a complaint's parties is restricted, then erased 限制处理、删除 (个人信息保护法 art. 47).

Restricting takes it out of every record that anybody reads, and can be lifted; erasing destroys what was taken out.
What stays is what the vehicle did: job, trip, times, metres, result codes, who of the bureau acted, and every digest.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any, Final
from xml.parsers.expat import ExpatError, ParserCreate

from domain.complaint.states import State
from domain.errors import StateConflict
from domain.values import Named, Role


class Ground(Named):
    """On which item of art. 47, first paragraph."""

    PURPOSE = "purpose-achieved", "第一项：处理目的已实现或不再必要", "item 1: its purpose is achieved"
    RETENTION_OVER = "retention-over", "第二项：保存期限已届满", "item 2: its time is over"
    CONSENT = "consent-withdrawn", "第三项：个人撤回同意", "item 3: consent was withdrawn"
    UNLAWFUL = "unlawful", "第四项：违反法律或约定处理", "item 4: it was processed unlawfully"
    OTHER = "other-law", "第五项：法律、行政法规规定的其他情形", "item 5: another law asks for it"


class Step(Named):
    """What was done."""

    RESTRICTED = "restricted", "限制处理", "restricted"
    LIFTED = "lifted", "解除限制", "restriction lifted"
    ERASED = "erased", "已删除", "erased"


NOT_WAITING: Final = frozenset({Ground.UNLAWFUL, Ground.OTHER})
"""What was unlawful, or what another law wants gone, does not wait for its time to be over."""
DECIDERS: Final = frozenset({Role.CUSTODIAN, Role.DESK_CHIEF})
CONFIRMERS: Final = DECIDERS | {Role.AUDITOR}
OVER: Final = frozenset(State) - {State.RECEIVED, State.ACCEPTED, State.MEDIATING, State.SUSPENDED, State.MEDIATED}
"""States of a complaint on which nobody works any more."""


class PersonalDataWithheld(StateConflict):
    """This was restricted or erased as the law asks; the complaint's record says when and on which ground."""

    code = "personal-data-withheld"
    zh = "该内容已依法限制处理或删除；时间和依据见投诉记录。"


class NotErasable(StateConflict):
    """Personal data of this complaint cannot be restricted, lifted or erased so now."""

    code = "not-erasable"
    zh = "该投诉的个人信息目前不能限制处理、解除限制或删除。"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a complaint as somebody wants a step taken."""

    state: State
    last: Step | None
    """The step before."""
    kept_until: datetime
    """When `keep_complaints_years` are over since the last act on it."""
    under_way: int
    """Trips for it that are asked for, approved or out."""
    unsealed: int
    """Trips for it whose month's statement is not sealed."""
    decider: Collection[Role]
    confirmer: Collection[Role]
    same: bool
    """Whether who decides and who confirms are one person."""


def why_not(step: Step, ground: Ground, asked: Asked, now: datetime) -> tuple[str, ...]:
    """Return what speaks against a step, a few words each; empty when nothing does."""
    why = []
    if asked.same:
        why.append("who decides does not confirm")
    if not DECIDERS & set(asked.decider):
        why.append("who decides is custodian or desk chief")
    if not CONFIRMERS & set(asked.confirmer):
        why.append("who confirms is custodian, desk chief or auditor")
    before = {
        Step.RESTRICTED: (None, Step.LIFTED, Step.ERASED),
        Step.LIFTED: (Step.RESTRICTED,),
        Step.ERASED: (Step.RESTRICTED,),
    }
    if asked.last not in before[step]:
        why.append(f"its data is {asked.last or 'neither restricted nor erased'}")
    if step is Step.LIFTED:
        return tuple(why)
    if asked.state not in OVER:
        why.append(f"the complaint is {asked.state}")
    if asked.under_way:
        why.append(f"{asked.under_way} trips for it are not over")
    if step is Step.ERASED and asked.unsealed:
        why.append(f"{asked.unsealed} trips for it are in months that are not sealed")
    if step is Step.ERASED and ground not in NOT_WAITING and now < asked.kept_until:
        why.append(f"kept until {asked.kept_until.date()} by keep_complaints_years")
    return tuple(why)


def is_undone(wanted: tuple[Step, datetime], record: Sequence[tuple[Step, datetime]]) -> bool:
    """Tell whether a step, and when it was the last one, is not on an older record and is to be taken again.

    What the record has since then itself counts: it was erased, restricted, or a restriction was lifted later. That it
    was erased before does not: what came afterwards was taken out by the later step.
    """
    step, at = wanted
    if step is Step.LIFTED or any(one is Step.ERASED and since >= at for one, since in record):
        return False
    if step is Step.ERASED:
        return True
    last = max(record, key=lambda one: one[1], default=None)
    return last is None or (last[0] is not Step.RESTRICTED and last[1] < at)


def mark_of(step: Step, ground: Ground, on: date) -> str:
    """Return what stands in the place of each text that was taken out: when, what and on which ground."""
    item = list(Ground).index(ground) + 1
    zh = "已删除" if step is Step.ERASED else "限制处理"
    return f"〔{on} {zh} {step.value}：个人信息保护法第四十七条第{'一二三四五'[item - 1]}项 PIPL 47({item})〕"


WORDS_OF_ACT: Final = frozenset({"how", "reason", "result", "place", "text", "words", "remark", "note"})
"""Keys of an act's detail that hold words of somebody."""


def without_words(detail: Any, mark: str) -> Any:
    """Return the detail of an act with every free text replaced; codes, days and ids stay, so that it reads on."""
    if isinstance(detail, Mapping):
        return {
            key: mark if key in WORDS_OF_ACT and isinstance(value, str) and value else without_words(value, mark)
            for key, value in detail.items()
        }
    return [without_words(one, mark) for one in detail] if isinstance(detail, list) else detail


def note_without_people(body: bytes, mark: str) -> bytes:
    """Return a note as its device made it without whom and what it tells of; job, result, times and places stay."""
    try:
        note = json.loads(body)
    except ValueError:
        note = None
    if not isinstance(note, dict):
        return json.dumps({"found": mark}, ensure_ascii=False).encode()
    kept = {"note_id", "job_id", "trip_id", "result", "device_at", "position", "position_end", "corrects", "source"}
    left = {name: value for name, value in note.items() if name in kept}
    return json.dumps(left | {"found": mark}, ensure_ascii=False).encode()


def form_without_answers(xml: bytes) -> bytes:
    """Return a filled form with its elements, ids and no answers, however it is written."""
    told: list[str] = []
    open_: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        kept = {key: value for key, value in attributes.items() if key.partition(":")[0] in _KEPT and not open_}
        told.append(f"<{name}{''.join(f' {key}={chr(34)}{escape(value)}{chr(34)}' for key, value in kept.items())}>")
        open_.append(name)

    def end(name: str) -> None:
        told.append(f"</{name}>")
        open_.pop()

    def said(words: str) -> None:
        if open_[-1].rpartition(":")[2] == "instanceID":
            told.append(escape(words))

    # It was read safely before it was kept; a parser that knows no namespaces leaves names as they are.
    reader = ParserCreate(namespace_separator=None)
    reader.StartElementHandler, reader.EndElementHandler, reader.CharacterDataHandler = start, end, said
    try:
        reader.Parse(xml, True)
    except ExpatError:
        return b"<data/>"
    return "".join(told).encode()


_KEPT: Final = frozenset({"id", "version", "xmlns"})
"""Attributes of a form's root that say which form it is."""
