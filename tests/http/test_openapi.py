"""The OpenAPI document and its viewer."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from jsonschema_rs import Draft202012Validator

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
async def document(anonymous: httpx.AsyncClient) -> dict[str, Any]:
    """Return the document as a client gets it."""
    answer = await anonymous.get("/schema/openapi.json")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return every operation with its name for messages."""
    return [
        (f"{method.upper()} {path}", item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


async def test_every_body_has_an_example_that_its_own_schema_takes(document: dict[str, Any]) -> None:
    """A client's author can send the example as it stands."""
    assert document["openapi"].startswith("3.1")
    for name, operation in operations(document):
        for kind, media in operation.get("requestBody", {}).get("content", {}).items():
            if not kind.endswith("json"):
                continue
            assert media.get("examples"), f"{name} has no example: give its fields `examples`"
            schema = media["schema"] | {"components": document["components"]}
            for example in media["examples"].values():
                faults = [f.message for f in Draft202012Validator(schema).iter_errors(example["value"])]
                assert not faults, f"{name}: {example['value']} {faults}"


async def test_every_operation_says_which_problems_it_answers(document: dict[str, Any]) -> None:
    """No client meets an answer that the document does not know."""
    for name, operation in operations(document):
        told = "text/xml" if " /openrosa/" in name else "application/problem+json"
        assert told in operation["responses"]["400"]["content"], name
        assert operation.get("summary"), name
        assert operation["security"] or "401" not in operation["responses"] or operation.get("requestBody"), name


async def test_the_viewer_needs_nothing_from_the_internet(anonymous: httpx.AsyncClient) -> None:
    """A bureau's network may have no way out."""
    page = await anonymous.get("/schema")
    assert page.status_code == 200
    sources = re.findall(r"(?:src|href)=[\"']([^\"']+)[\"']", page.text)
    assert sources
    for source in sources:
        assert source.startswith("/schema/"), source
        assert (await anonymous.get(source)).status_code == 200, source


def test_the_parts_of_the_document_are_listed_each_once_and_used(document: dict[str, Any]) -> None:
    """The viewer shows them in the order of a day's work, and no part stands alone by a slip of its name."""
    listed = [tag["name"] for tag in document["tags"]]
    assert len(listed) == len(set(listed))
    used = [operation.get("tags", []) for _, operation in operations(document)]
    assert all(len(tags) == 1 for tags in used)
    assert set(listed) == {tags[0] for tags in used}
