"""Addresses of other services as they may be shown: without the name, pass word or query that may be in them."""

from __future__ import annotations

import re
from typing import Final

_ADDRESS: Final = re.compile(r"://(?:[^/?#\s]*@)?([^?#\s]*)(?:[?#]\S*)?")


def without_secrets(text: str) -> str:
    """Return an address, or a text with addresses in it, without what may be secret in them."""
    return _ADDRESS.sub(r"://\1", text)


def in_a_line(fault: BaseException) -> str:
    """Return the first line of what a store said, which names the address that was asked and no key."""
    first = str(fault).strip().split("\n", maxsplit=1)[0]
    return without_secrets(first)[:300].rstrip(". ") + "."
