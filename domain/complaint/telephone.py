"""Telephone numbers as people give them, in one form so that search finds them."""

from __future__ import annotations

import re
import unicodedata

from domain.errors import InvalidInput

_SIGNS = re.compile(r"[\s().\-–—]")
_EXTENSION = re.compile(r"(?:转|分机|ext\.?|x|#)\s*", re.IGNORECASE)
_NUMBER = re.compile(r"(?:\+(?!86)[1-9][0-9]{4,19}|[1-9][0-9]{4,19}|0[1-9][0-9]{3,18})(?:,[0-9]{1,6})?")
_AREA_WITHOUT_ZERO = re.compile(r"[2-9][0-9]{8,}")


class BadTelephone(InvalidInput):
    """A telephone number has 5 to 20 digits, perhaps with an extension."""

    code = "bad-telephone"
    zh = "电话号码应为 5 至 20 位数字，可带分机号。"


def check_telephone(text: str) -> str:
    """Return the number as digits, +86 of the mainland taken off, an extension after a comma.

    Short numbers such as 12315 and any foreign number are taken. Raises `BadTelephone`, which does not repeat it.
    """
    plain = _SIGNS.sub("", _EXTENSION.sub(",", unicodedata.normalize("NFKC", text)))
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    number = plain.removeprefix("+86")
    if number != plain and _AREA_WITHOUT_ZERO.match(number):
        number = f"0{number}"
    if not _NUMBER.fullmatch(number):
        raise BadTelephone
    return number
