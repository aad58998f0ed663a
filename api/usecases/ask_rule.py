"""Ask the complaint-only rule. A refusal is a row with its facts and every reason before it is an answer (P3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

import msgspec

from api.db.database import RecordedRefusal, UnitOfWork
from api.db.ledger_entry import new_id, plain
from api.db.queries.use_facts import Asked, load_facts
from api.db.tables.answers import Refusal as Row
from domain.use_rule.facts import Stage, UseFacts
from domain.use_rule.rule import Permit, Refusal, decide
from domain.use_rule.upkeep import UpkeepFacts


@dataclass(frozen=True, slots=True)
class Permitted:
    """The rule said yes: the permit, and the facts as the decision keeps them."""

    permit: Permit
    facts: dict[str, Any]


async def permitted(uow: UnitOfWork, asked: Asked, request: dict[str, Any]) -> Permitted:
    """Return the permit, or record the refusal and raise it.

    Args:
        uow: where the facts are read and the refusal is written.
        asked: what the rule is asked about.
        request: what was asked for, as it was put; without personal data.

    Raises:
        RecordedRefusal: the rule refused, and the refusal will be committed.
    """
    facts = await load_facts(uow, asked)
    answer = decide(facts)
    if isinstance(answer, Refusal):
        await refuse(uow, asked, facts, answer, request)
    return Permitted(answer, facts_as_json(facts))


def facts_as_json(facts: UseFacts | UpkeepFacts) -> dict[str, Any]:
    """Return the facts as plain JSON values: identifiers, times, codes and whole numbers."""
    built: dict[str, Any] = msgspec.to_builtins(facts)
    return built


async def record_refusal(
    uow: UnitOfWork,
    asked: Asked,
    facts: UseFacts,
    refusal: Refusal,
    request: dict[str, Any],
    *,
    said: dict[str, Any] | None = None,
) -> UUID:
    """Write a refusal with its ledger entry and return its id. `said` are words that people typed."""
    return await insert_refusal(
        uow,
        stage=asked.stage,
        use_id=asked.use_id,
        vehicle_id=asked.vehicle_id,
        requester_id=asked.requester_id,
        codes=refusal.codes,
        facts=facts_as_json(facts),
        request=request,
        said=said,
    )


async def insert_refusal(
    uow: UnitOfWork,
    *,
    stage: Stage,
    use_id: UUID | None,
    vehicle_id: UUID | None,
    requester_id: UUID,
    codes: tuple[str, ...],
    facts: dict[str, Any],
    request: dict[str, Any],
    said: dict[str, Any] | None = None,
) -> UUID:
    """Write a refusal with its ledger entry and return its id.

    `said` are words that people typed: kept with the request, in a group of the ledger that can be erased.
    """
    refusal_id = new_id()
    entry_id = await uow.enter(
        "use-refused",
        facts={
            "refusal_id": refusal_id,
            "stage": stage,
            "use_id": use_id,
            "vehicle_id": vehicle_id,
            "requester_id": requester_id,
            "reasons": codes,
            "facts": facts,
            "asked": request,
        },
        person=said,
    )
    await uow.insert(
        Row(
            bureau_id=uow.bureau_id,
            refusal_id=refusal_id,
            stage=stage.value,
            use_id=use_id,
            vehicle_id=vehicle_id,
            requester_id=requester_id,
            reasons=list(codes),
            facts=facts,
            asked=plain(request | (said or {})),
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
    return refusal_id


async def refuse(uow: UnitOfWork, asked: Asked, facts: UseFacts, refusal: Refusal, request: dict[str, Any]) -> NoReturn:
    """Record the refusal and raise it. Raises `RecordedRefusal`."""
    refusal_id = await record_refusal(uow, asked, facts, refusal, request)
    raise RecordedRefusal(
        refusal_id=str(refusal_id),
        reasons=[
            {"code": reason.code.value, "about": [str(one) for one in reason.about]} for reason in refusal.reasons
        ],
    )
