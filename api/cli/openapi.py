"""`zhuanche openapi`: print the document that describes the API."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import typer

from api.http.openapi import document_of
from api.settings import Settings

NOWHERE = "postgresql://127.0.0.1/none"
"""The document is made without a database."""


def openapi() -> None:
    """Print the OpenAPI 3.1 document; docs/openapi.json is this output.

    Example: zhuanche openapi > openapi.json
    """
    typer.echo(document(), nl=False)


def document() -> str:
    """Return the document as JSON text, its keys in order."""
    from api.app import create_app  # noqa: PLC0415 - of all commands, only a server and this take the time to load it

    with tempfile.TemporaryDirectory() as nowhere:
        app = create_app(Settings(data=Path(nowhere), jobs=False), NOWHERE, NOWHERE)
    return json.dumps(document_of(app).to_schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
