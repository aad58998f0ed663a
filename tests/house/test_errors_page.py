"""docs/errors.md and the faults of the product are one list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from api.errors import status_of
from domain.errors import DomainError
from tests.house.everything import import_everything


def faults(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    """Yield every class of fault of the product."""
    import_everything()
    if kind.__module__.startswith(("api.", "domain.")):
        yield kind
    for child in kind.__subclasses__():
        yield from faults(child)


def test_every_fault_has_a_code_of_its_own_and_a_sentence_in_both_languages() -> None:
    """A client tells faults apart by the code, and a person by the sentence."""
    by_code: dict[str, type[DomainError]] = {}
    for fault in faults():
        assert by_code.setdefault(fault.code, fault) is fault, f"{fault} has the code of {by_code[fault.code]}"
        assert re.search(r"[一-鿿]", fault.zh), fault
        assert fault.sentence("en"), fault


def test_the_page_of_errors_has_a_heading_for_each_code_with_its_status_and_sentences(project: Path) -> None:
    """Whoever meets a code finds it explained, and no explanation outlives its code."""
    page = (project / "docs" / "errors.md").read_text("utf-8")
    sections = dict(re.findall(r"^## ([a-z0-9-]+)\n\n(.*)$", page, re.MULTILINE))
    known = {fault.code: fault for fault in faults()}
    assert sorted(sections) == sorted(known)
    for code, fault in known.items():
        status = status_of(fault.__new__(fault))
        assert sections[code] == f"{status} · {fault.sentence('en')} {fault.zh}", code
