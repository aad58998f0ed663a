"""`/v1/restores`: when the record was rolled back, from what, and how far its ledger had come then."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency

from api.db.database import Actor, Database
from api.db.queries.restores import restores
from api.http.access import Allow
from domain.values import Role


class RestoreView(msgspec.Struct, frozen=True, kw_only=True):
    """The record was restored from a backup: what was recorded between `taken_at` and `restored_at` is not here."""

    restore_id: UUID
    taken_at: datetime
    """When the backup's snapshot was taken."""
    restored_at: datetime
    backup_sha256: str
    entries: int
    """How many entries the bureau's ledger had in it."""
    last_entry_id: UUID | None
    """The last of them."""
    leaves_sha256: str
    """SHA-256 over the rows of their leaves, as `zhuanche manifest` takes it."""
    made_by: str
    schema_revision: str
    ledger_faults: int
    """Entries that do not fit their leaf and were restored all the same, because the operator said so."""
    entry_id: UUID


@get(
    "/v1/restores",
    guards=[Allow(Role.AUDITOR, Role.CUSTODIAN, Role.DESK_CHIEF)],
    summary="When the record was rolled back",
    tags=["ledger"],
    name="restores.list",
)
async def list_restores(actor: NamedDependency[Actor], database: NamedDependency[Database]) -> list[RestoreView]:
    """List each restore of the record from a backup, the newest first."""
    async with database.read(actor.bureau_id) as reader:
        return [
            RestoreView(
                restore_id=row.restore_id,
                taken_at=row.taken_at,
                restored_at=row.recorded_at,
                backup_sha256=row.backup_sha256,
                entries=row.entries,
                last_entry_id=row.last_entry_id,
                leaves_sha256=row.leaves_sha256,
                made_by=row.made_by,
                schema_revision=row.schema_revision,
                ledger_faults=row.ledger_faults,
                entry_id=row.entry_id,
            )
            for row in await restores(reader)
        ]
