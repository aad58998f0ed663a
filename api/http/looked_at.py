"""What a request looks at, in words that a record of looks may keep: method and address, with no personal data."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, urlencode

from litestar.types import HTTPScope

SAYS_NO_MORE: Final = re.compile(
    r"[0-9]{4}(-[0-9]{2})?"  # a year, a month
    r"|[0-9a-f]{64}"  # a file
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # any record
)
"""What names a record or a month. A name, an address or a telephone number is none of these."""
NAMED: Final = ("vehicle_id", "month", "year", "from_month", "until_month")
"""Which of what is asked for by name says what is looked at."""


def looked_at(scope: HTTPScope) -> str:
    """Return method and address with ids and months filled in; words that somebody typed are left out."""
    address = scope["path_template"]
    for name, value in scope["path_params"].items():
        if SAYS_NO_MORE.fullmatch(str(value)):
            address = address.replace("{" + name + "}", str(value))
    asked = parse_qsl(scope["query_string"].decode("latin-1"))
    told = {name: value for name, value in asked if name in NAMED and SAYS_NO_MORE.fullmatch(value)}
    return f"{scope['method']} {address}" + (f"?{urlencode(told)}" if told else "")
