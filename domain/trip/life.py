"""The life of a use as a table: from which state a verb leads to which. `use_step_holds` in the database mirrors it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from domain.errors import StateConflict
from domain.values import Named


class UseKind(StrEnum):
    """What the vehicle is used for."""

    TRIP = "trip"
    UPKEEP = "upkeep"


class UseState(Named):
    """Where a use stands."""

    REQUESTED = "requested", "已申请", "requested"
    REFUSED = "refused", "未批准", "refused"
    APPROVED = "approved", "已批准", "approved"
    DEPARTED = "departed", "已出车", "departed"
    RETURNED = "returned", "已收车", "returned"
    CLOSED = "closed", "已办结", "closed"
    CANCELLED = "cancelled", "已取消", "cancelled"
    EXPIRED = "expired", "已过期", "expired"


class UseVerb(Named):
    """A step in the life of a use; the second name is the kind of its ledger entry, after `trip-` or `upkeep-`."""

    REQUEST = "request", "申请", "requested"
    ORDER = "order", "下达维保单", "ordered"
    APPROVE = "approve", "批准", "approved"
    REFUSE = "refuse", "不予批准", "refused"
    CANCEL = "cancel", "取消", "cancelled"
    EXPIRE = "expire", "过期", "expired"
    RESCHEDULE = "reschedule", "改期", "rescheduled"
    CHANGE_CREW = "change-crew", "变更随车人员", "crew-changed"
    ADD_JOB = "add-job", "增加任务", "job-added"
    DROP_JOB = "drop-job", "撤下任务", "job-dropped"
    CONFIRM = "confirm", "补签口头批准", "confirmed"
    DEPART = "depart", "出车", "departed"
    ARRIVE = "arrive", "到达", "arrived"
    LEAVE = "leave", "离开", "left"
    RETURN = "return", "收车", "returned"
    BREAK_DOWN = "break-down", "故障或事故停驶", "broken-down"
    CLOSE = "close", "办结", "closed"


class NotNow(StateConflict):
    """The use is not in a state that allows this step."""

    code = "not-in-this-state"
    zh = "该用车当前状态不允许此操作。"


_S, _V = UseState, UseVerb

STEPS: Final[Mapping[tuple[UseState, UseVerb], UseState]] = {
    (_S.REQUESTED, _V.APPROVE): _S.APPROVED,
    (_S.REQUESTED, _V.REFUSE): _S.REFUSED,
    (_S.REQUESTED, _V.CANCEL): _S.CANCELLED,
    (_S.REQUESTED, _V.EXPIRE): _S.EXPIRED,
    (_S.APPROVED, _V.CANCEL): _S.CANCELLED,
    (_S.APPROVED, _V.EXPIRE): _S.EXPIRED,
    (_S.APPROVED, _V.DEPART): _S.DEPARTED,
    (_S.DEPARTED, _V.RETURN): _S.RETURNED,
    (_S.DEPARTED, _V.BREAK_DOWN): _S.RETURNED,
    (_S.RETURNED, _V.CLOSE): _S.CLOSED,
    **{(state, verb): state for state in (_S.REQUESTED, _S.APPROVED) for verb in (_V.RESCHEDULE, _V.CHANGE_CREW)},
    **{(state, _V.DROP_JOB): state for state in (_S.REQUESTED, _S.APPROVED)},
    **{(state, _V.ADD_JOB): state for state in (_S.REQUESTED, _S.APPROVED, _S.DEPARTED)},
    # Word of a stop made while the trip was under way may come after its return.
    **{(state, verb): state for state in (_S.DEPARTED, _S.RETURNED, _S.CLOSED) for verb in (_V.ARRIVE, _V.LEAVE)},
    **{
        (state, _V.CONFIRM): state
        for state in (_S.APPROVED, _S.DEPARTED, _S.RETURNED, _S.CLOSED, _S.CANCELLED, _S.EXPIRED)
    },
}
"""Every step there is after the first; a request begins a trip and an order begins an upkeep order."""

MOVES: Final = frozenset((before, after) for (before, _), after in STEPS.items() if before is not after)
"""The changes of state that the database's trigger allows, and no others."""


def after(state: UseState, verb: UseVerb) -> UseState:
    """Return the state after the step. Raises `NotNow`."""
    next_state = STEPS.get((state, verb))
    if next_state is None:
        raise NotNow(state=state.value, verb=verb.value, from_states=[before.value for before, v in STEPS if v is verb])
    return next_state
