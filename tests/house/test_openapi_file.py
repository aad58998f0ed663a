"""The OpenAPI document in docs is the application's own."""

from __future__ import annotations

from pathlib import Path

from api.cli.openapi import document


def test_the_document_in_docs_is_what_the_application_says(project: Path) -> None:
    """A change of the interface is seen in review: `make openapi` writes the file anew."""
    kept = (project / "docs" / "openapi.json").read_text("utf-8")
    assert kept == document(), "the interface changed: run `make openapi` and look at what it changed"
