"""Raise a finding 异常, once a kind and subject; it waits for the custodian's explanation and the auditor's ruling."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import select

from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id, plain
from api.db.queries.settings import settings_of
from api.db.tables.answers import Finding
from domain.findings.kinds import COLOURS, Colour, FindingKind


async def raise_finding(
    uow: UnitOfWork,
    kind: FindingKind,
    *,
    vehicle_id: UUID,
    use_id: UUID | None,
    subject_id: UUID,
    evidence: dict[str, Any],
    colour: Colour | None = None,
    span: tuple[datetime, datetime] | None = None,
    place: dict[str, Any] | None = None,
) -> UUID:
    """Write the finding and return its id; the same kind on the same subject is found once.

    Args:
        uow: the transaction of the act that shows it.
        kind: what does not add up.
        vehicle_id: the vehicle it burdens.
        use_id: the trip or upkeep order it is about, if one is.
        subject_id: what it was found on.
        evidence: identifiers, times, codes and whole numbers.
        colour: how grave it is, where it is not as grave as its kind always is.
        span: from when until when it happened, where it is a happening.
        place: where, in whole numbers (`lat_e7`, `lon_e7`): shown with the evidence, and erased apart from it.
    """
    grave = colour or COLOURS[kind]
    from_at, until_at = span or (None, None)
    known: UUID | None = await uow.one(
        select(Finding.finding_id).where(
            Finding.bureau_id == uow.bureau_id, Finding.kind == kind.value, Finding.subject_id == subject_id
        )
    )
    if known is not None:
        return known
    finding_id = new_id()
    term_at = uow.now + timedelta(days=(await settings_of(uow))["finding_term_days"])
    entry_id = await uow.enter(
        "finding-raised",
        facts={
            "finding_id": finding_id,
            "finding": kind,
            "colour": grave,
            "vehicle_id": vehicle_id,
            "use_id": use_id,
            "subject_id": subject_id,
            "evidence": evidence,
            "from_at": from_at,
            "until_at": until_at,
            "term_at": term_at,
        },
        place=place,
    )
    await uow.insert(
        Finding(
            bureau_id=uow.bureau_id,
            finding_id=finding_id,
            kind=kind.value,
            colour=grave.value,
            vehicle_id=vehicle_id,
            use_id=use_id,
            subject_id=subject_id,
            evidence=plain(evidence | (place or {})),
            term_at=term_at,
            recorded_at=uow.now,
            from_at=from_at,
            until_at=until_at,
            entry_id=entry_id,
        )
    )
    return finding_id
