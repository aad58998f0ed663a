"""Why the rule refuses, and what a permit says beside yes: stable codes with a sentence in each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.complaint.marks import MarkCode
from domain.values import Named


class ReasonCode(Named):
    """A reason to refuse a use of the vehicle. The order of the members is the order in which they are told."""

    NO_COMPLAINT = (
        "no-complaint",
        "申请没有对应任何投诉的现场调解任务。",
        "The request names no job of a complaint.",
    )
    NOT_A_MEDIATION = (
        "not-a-mediation",
        "用途不是消费纠纷现场调解；举报核查、监督检查和其他事务不得使用本车。",
        "The purpose is not on-site mediation: checking a report, an inspection or an errand may not use this vehicle.",
    )
    COMPLAINT_NOT_OPEN = (
        "complaint-not-open",
        "所列投诉当前状态不允许为此任务上门。",
        "A named complaint is not in a state that allows this visit.",
    )
    JOB_NOT_ON_SITE = (
        "job-not-on-site",
        "所列任务不需要到现场，或者已经完成或取消。",
        "A named job needs no visit, or is already done or cancelled.",
    )
    OUTSIDE_JURISDICTION = (
        "outside-jurisdiction",
        "场所超出本局辖区边界及其容差，且没有用车单位领导将其认定在辖区内的决定。",
        "The site lies beyond the bureau's boundary and its tolerance, and no dated decision places it inside.",
    )
    BORROWED = (
        "borrowed",
        "申请人所在单位不是用车单位；任何单位或个人不得以任何理由借用。",
        "The requester's unit is not the using unit: no unit and no person may borrow the vehicle for any reason.",
    )
    OFFICER_NOT_QUALIFIED = (
        "officer-not-qualified",
        "随车调解人员缺失，或者其岗前培训考核不合格、未考核或已过期。",
        "No officer goes along, or an officer has no valid pass of the examination before the post.",
    )
    DRIVER_NOT_LICENSED = (
        "driver-not-licensed",
        "没有驾驶员，或者驾驶员没有在有效期内的驾驶证登记。",
        "There is no driver, or no valid licence of the driver is on file.",
    )
    SELF_APPROVAL = (
        "self-approval",
        "审批人就是申请人，或者随车出行。",
        "The approver is the requester, or goes along.",
    )
    APPROVER_NOT_CUSTODIAN = (
        "approver-not-custodian",
        "审批人既不是用车单位领导，也没有登记在案的有效授权。",
        "The approver neither heads the using unit nor holds a recorded delegation.",
    )
    VEHICLE_NOT_DEDICATED = (
        "vehicle-not-dedicated",
        "该车当日没有专用于投诉举报中心的登记文件。",
        "The vehicle is not dedicated to the desk on that day.",
    )
    VEHICLE_BUSY = (
        "vehicle-busy",
        "该车在此时段已有其他出车或维保。",
        "The vehicle has another trip or upkeep order then.",
    )
    VEHICLE_UNFIT = (
        "vehicle-unfit",
        "车辆年检或保险缺失、已过期，保养等到期未做，或者车辆正在维修。",
        "The vehicle's inspection or insurance has lapsed or is missing, service is overdue, or it is under repair.",
    )
    WINDOW_MISSED = (
        "window-missed",
        "出车时间不在批准的时间窗口及其宽限之内，请改期。",
        "Departure falls outside the approved window and its grace: reschedule the trip.",
    )
    FINDINGS_OVERDUE = (
        "findings-overdue",
        "该车有超过期限仍未说明的异常。",
        "The vehicle has findings that were not explained within their term.",
    )

    def sentence(self, language: str) -> str:
        """Return the sentence for people: `language` is "zh" or "en"."""
        return self.zh if language == "zh" else self.en


class OwnReason(Named):
    """A reason that is a person's own and told in words; the rule never finds it."""

    DECLINED = (
        "declined",
        "用车单位领导不予批准。",
        "The head of the using unit, or who holds their delegation, declined the trip.",
    )


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, and the ids of what it is about: jobs, people, uses, findings."""

    code: ReasonCode | OwnReason
    about: tuple[UUID, ...] = ()


class UseMark(Named):
    """A mark on a permit that is not about the mediation itself (those are in `domain.complaint.marks`)."""

    SITE_TOLERATED = (
        "site-tolerated",
        "场所在辖区边界之外、容差之内。",
        "A site lies beyond the boundary, within its tolerance.",
    )
    SITE_DECIDED = (
        "site-decided",
        "场所依用车单位领导的决定认定在辖区内。",
        "A site counts as inside by a dated decision.",
    )


_BY_CODE: Final[Mapping[str, Named]] = {
    one.value: one for kind in (ReasonCode, OwnReason, MarkCode, UseMark) for one in kind
}


def sentence_of(code: str, language: str) -> str:
    """Return the sentence of a reason's or a mark's code, "zh" or "en"; one that nobody knows any more is its own."""
    reason = _BY_CODE.get(code)
    if reason is None:
        return code
    return reason.zh if language == "zh" else reason.en
