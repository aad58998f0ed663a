"""Mandates of outside auditors, and whether one was ended."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from api.db.database import Reader
from api.db.tables.people import AuditMandate


async def mandate_ended(reader: Reader, mandate_id: UUID) -> bool:
    """Tell whether a mandate was ended early."""
    return (
        await reader.one(
            select(AuditMandate.mandate_id).where(
                AuditMandate.bureau_id == reader.bureau_id, AuditMandate.ends == mandate_id
            )
        )
        is not None
    )


async def mandates_given_to(reader: Reader, home_bureau_id: str, home_person_id: UUID) -> Sequence[AuditMandate]:
    """Return the mandates that this bureau ever gave to a person of another one, and their ends, the newest first."""
    rows: Sequence[AuditMandate] = await reader.all(
        select(AuditMandate)
        .where(
            AuditMandate.bureau_id == reader.bureau_id,
            AuditMandate.home_bureau_id == home_bureau_id,
            AuditMandate.home_person_id == home_person_id,
        )
        .order_by(col(AuditMandate.mandate_id).desc())
    )
    return rows
