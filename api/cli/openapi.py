"""`zhuanche openapi`: print the document that describes the API."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import typer

from api.app import create_app
from api.settings import Settings

NOWHERE = "postgresql://127.0.0.1/none"
"""The document is made without a database."""


def openapi() -> None:
    """Print the OpenAPI 3.1 document; docs/openapi.json is this output."""
    typer.echo(document(), nl=False)


def document() -> str:
    """Return the document as JSON text, its keys in order."""
    with tempfile.TemporaryDirectory() as nowhere:
        app = create_app(Settings(data=Path(nowhere), jobs=False), NOWHERE, NOWHERE)
    return json.dumps(app.openapi_schema.to_schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
