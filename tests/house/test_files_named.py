"""One list says what names a file: what is not in it does not keep a file from being deleted for good."""

from __future__ import annotations

import re

import psycopg

from api.db.queries.attachments import NAMING
from api.db.tables import metadata
from tests.conftest import Server

NO_FILE = {
    ("attachment", "sha256"),
    ("attachment_step", "sha256"),
    ("file_to_drop", "sha256"),
    ("card_statement", "file_sha256"),
    ("history_import", "file_sha256"),
    ("form_submission", "xml_sha256"),
    ("visit_note", "body_sha256"),
    ("visit_note_conflict", "body_sha256"),
    ("idempotency_key", "request_sha256"),
    ("month_seal", "statement_sha256"),
    ("month_seal", "previous_sha256"),
    ("month_seed", "seed_sha256"),
    ("restore", "backup_sha256"),
    ("restore", "leaves_sha256"),
    ("retired_month", "sha256"),
    ("position_digest", "sha256"),
    ("device", "token_sha256"),
    ("device", "code_sha256"),
    ("sign_in_session", "token_sha256"),
}
"""Hashes of something else, and what is on record of a file itself."""


def test_every_column_that_names_a_file_keeps_it(server: Server) -> None:
    """A new table that names files is seen by the sweep, by erasing, and by the database's own look."""
    hashes = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("sha256")
    }
    assert hashes == {*NAMING, *NO_FILE}
    with psycopg.connect(server.superuser) as connection:
        row = connection.execute("SELECT prosrc FROM pg_proc WHERE proname = 'file_is_named'").fetchone()
    assert row is not None
    looked_at = re.findall(r"FROM (\w+) WHERE bureau_id = of_bureau AND (\w+) = of_file", row[0])
    assert sorted(looked_at) == sorted(NAMING)
