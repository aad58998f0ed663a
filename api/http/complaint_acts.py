"""The acts on a complaint as they travel: one shape a verb, told apart by `verb`."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec

from api.db.database import Actor, Database, Once
from api.http.complaint_views import ParticularsBody
from api.http.fields import WITHOUT_NUL, Instant, Line, Name, Prose, instant, instant_or_none
from api.usecases.act_on_complaint import (
    act_on_complaint,
    correct_complaint,
    distribute_complaint,
)
from api.usecases.merge_complaint import merge_complaint
from domain.complaint import acts, clue, power
from domain.complaint.act import Act
from domain.complaint.states import Announcement, Told
from domain.complaint.words import Outcome, Party, SuspensionKind

GroundCode = Annotated[str, msgspec.Meta(min_length=1, max_length=20, examples=["121-16-3"])]
How = Annotated[Line, msgspec.Meta(examples=["电话 13800000001"])]


class DatedAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act that happened `at` an instant; now, if left out."""

    at: Instant | None = None


class DoneAct(DatedAct, frozen=True, kw_only=True):
    """An act that says what the domain's `act` asks for, field by field."""

    act: ClassVar[type[Act]]

    def said(self) -> dict[str, Any]:
        """Return what the act says, as the domain takes it."""
        return {name: getattr(self, name) for name in self.__struct_fields__ if name != "at"}

    async def do(self, database: Database, actor: Actor, complaint_id: UUID, once: Once | None) -> UUID:
        """Do the act and return its id."""
        make = partial(self.act, **self.said())
        return await act_on_complaint(database, actor, complaint_id, make, at=instant_or_none(self.at), once=once)


class ToldBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A party was told, when and how."""

    party: Party
    told_at: Instant
    how: How

    def told(self) -> Told:
        """Return it as the domain takes it."""
        return Told(self.party, instant(self.told_at), self.how)


ToldList = Annotated[list[ToldBody], msgspec.Meta(max_length=10)]


class Accept(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="accept"):
    """受理."""

    act = acts.Accept


class Refuse(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="refuse"):
    """不予受理, on a ground of the regulation in force on the day of receipt."""

    act = acts.Refuse
    ground: GroundCode


class RecordConsent(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="record-consent"):
    """A party consents to mediation 同意调解, when and how it said so."""

    act = acts.RecordConsent
    party: Party
    given_at: Instant
    how: How

    def said(self) -> dict[str, Any]:
        """Return what the act says, as the domain takes it."""
        return {"party": self.party, "given_at": instant(self.given_at), "how": self.how}


class Announce(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="announce"):
    """Time, place and mediators of a mediation are told to the parties 告知; what is missing becomes a mark."""

    act = acts.Announce
    meeting_at: Instant
    place: Annotated[str, msgspec.Meta(max_length=300, pattern=WITHOUT_NUL, examples=["文献步行街 12 号店内"])]
    mediators: Annotated[list[Name], msgspec.Meta(max_length=10, examples=[["陈某"]])]
    told: ToldList

    def said(self) -> dict[str, Any]:
        """Return what the act says, as the domain takes it."""
        announcement = Announcement(
            instant(self.meeting_at), self.place, tuple(self.mediators), tuple(one.told() for one in self.told)
        )
        return {"announcement": announcement}


class Suspend(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="suspend"):
    """中止调解, for testing or a request for recusal."""

    act = acts.Suspend
    kind: SuspensionKind


class Resume(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="resume"):
    """恢复调解, with what testing found or how the request was decided."""

    act = acts.Resume
    result: Annotated[Prose, msgspec.Meta(examples=["鉴定结论：色牢度不合格"])]


class ReachAgreement(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="reach-agreement"):
    """达成调解协议: with a document, performed at once, or both waive it."""

    act = acts.ReachAgreement
    outcome: Outcome


class Settle(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="settle"):
    """自行和解."""

    act = acts.Settle


class Withdraw(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="withdraw"):
    """撤回投诉."""

    act = acts.Withdraw


class Terminate(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="terminate"):
    """终止调解, on a ground of the regulation."""

    act = acts.Terminate
    ground: GroundCode


class TellTermination(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="tell-termination"):
    """Parties are told that mediation was ended 告知终止调解."""

    act = acts.TellTermination
    told: Annotated[list[ToldBody], msgspec.Meta(min_length=1, max_length=10)]

    def said(self) -> dict[str, Any]:
        """Return what the act says, as the domain takes it."""
        return {"told": tuple(one.told() for one in self.told)}


class FindClue(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="find-clue"):
    """A clue of a violation is found in mediation 发现违法线索."""

    act = clue.FindClue


class ExtendClueCheck(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="extend-clue-check"):
    """延长核查: the check of a clue gets its one extension, approved by the authority's head."""

    act = clue.ExtendClueCheck
    approved_by: Annotated[Name, msgspec.Meta(examples=["局长 郑某"])]
    reason: Annotated[Line, msgspec.Meta(examples=["须向外地厂家函询"])]


class PassClue(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="pass-clue"):
    """The clue is passed on to those who check it 线索移交."""

    act = clue.PassClue


class Close(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="close"):
    """办结, with the outcome it came to."""

    act = acts.Close
    outcome: Outcome


class ReturnToIntake(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="return-to-intake"):
    """退回统一接收机构: a unit without power over it never passes it on itself."""

    act = power.ReturnToIntake
    reason: Annotated[Line, msgspec.Meta(examples=["不属于本所管辖"])]


class Distribute(DatedAct, frozen=True, kw_only=True, tag_field="verb", tag="distribute"):
    """分送 to the unit with power over it; by people of the desk only."""

    unit_id: UUID

    async def do(self, database: Database, actor: Actor, complaint_id: UUID, once: Once | None) -> UUID:
        """Do the act and return its id."""
        return await distribute_complaint(
            database, actor, complaint_id, self.unit_id, at=instant_or_none(self.at), once=once
        )


class DisputePower(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="dispute-power"):
    """处理权限争议: two authorities disagree about which of them has power over the complaint."""

    act = power.DisputePower
    with_whom: Annotated[Line, msgspec.Meta(examples=["荔城区市场监督管理局"])]
    reason: Annotated[Line, msgspec.Meta(examples=["经营者住所与实际经营地分属两区"])]


class SettlePower(DoneAct, frozen=True, kw_only=True, tag_field="verb", tag="settle-power"):
    """处理权限争议解决: agreed between the two, or decided above both."""

    act = power.SettlePower
    result: Annotated[Line, msgspec.Meta(examples=["协商一致，由本局处理"])]


class Merge(DatedAct, frozen=True, kw_only=True, tag_field="verb", tag="merge"):
    """并案 into another complaint, which goes on; both stay visible."""

    into: UUID

    async def do(self, database: Database, actor: Actor, complaint_id: UUID, once: Once | None) -> UUID:
        """Do the act and return its id."""
        return await merge_complaint(database, actor, complaint_id, self.into, at=instant_or_none(self.at), once=once)


class Correct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="verb", tag="correct"):
    """更正: a new revision of the particulars, with the reason; the old ones stay visible."""

    particulars: ParticularsBody
    reason: Annotated[Line, msgspec.Meta(examples=["电话号码登记有误"])]

    async def do(self, database: Database, actor: Actor, complaint_id: UUID, once: Once | None) -> UUID:
        """Do the act and return its id."""
        return await correct_complaint(
            database, actor, complaint_id, self.particulars.particulars(), self.reason, once=once
        )


ActBody = (
    Accept
    | Refuse
    | RecordConsent
    | Announce
    | Suspend
    | Resume
    | ReachAgreement
    | Settle
    | Withdraw
    | Terminate
    | TellTermination
    | FindClue
    | ExtendClueCheck
    | PassClue
    | Close
    | ReturnToIntake
    | Distribute
    | DisputePower
    | SettlePower
    | Merge
    | Correct
)
"""Any act; `verb` says which."""
