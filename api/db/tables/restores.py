"""When the record was rolled back to an earlier state."""

from uuid import UUID

from sqlmodel import SQLModel

from api.db.tables.columns import FACT, At, Big, BureauKey, IdKey, Str, belongs_to_bureau, check, entered


class Restore(SQLModel, table=True):
    """The record was restored from a backup: what was recorded between its snapshot and the restore is not here."""

    __tablename__ = "restore"
    __table_args__ = (
        belongs_to_bureau(),
        entered(),
        check("backup_sha256", "backup_sha256 ~ '^[0-9a-f]{64}$'"),
        check("entries", "entries >= 0 AND ledger_faults >= 0"),
        FACT,
    )
    bureau_id: BureauKey
    restore_id: IdKey
    taken_at: At
    """When the backup's snapshot was taken, by the clock of the database that was backed up."""
    backup_sha256: Str
    """Of the backup's file."""
    entries: Big
    """How many entries the bureau's ledger had in it."""
    last_entry_id: UUID | None = None
    """The last of them."""
    leaves_sha256: Str
    """SHA-256 over the rows of their leaves, as the manifest takes it."""
    made_by: Str
    """Version of the release that made the backup."""
    schema_revision: Str
    """Of the database in it."""
    ledger_faults: Big
    """Entries whose payload does not fit their leaf, restored all the same because the operator said so."""
    recorded_at: At
    entry_id: UUID
