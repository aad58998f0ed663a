"""The unified social credit code (统一社会信用代码) of a respondent: GB 32100-2015, 18 places, the last a check."""

from __future__ import annotations

from typing import Final

from domain.errors import InvalidInput

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 signs, in the order of their values: I, O, S, V and Z are left out."""

LENGTH: Final = 18


class BadCreditCode(InvalidInput):
    """A unified social credit code has 18 places of digits and capital letters, and its last one does not fit here."""

    code = "bad-credit-code"
    zh = "统一社会信用代码应为 18 位，且校验位不符，请核对。"


def check_credit_code(text: str) -> str:
    """Return the code in capitals, without spaces around it. Raises `BadCreditCode`, which does not repeat it."""
    code = text.strip().upper()
    if len(code) != LENGTH or any(sign not in ALPHABET for sign in code):
        raise BadCreditCode(fault="form")
    if check_digit(code[:-1]) != code[-1]:
        raise BadCreditCode(fault="check digit")
    return code


def check_digit(body: str) -> str:
    """Return the 18th sign for the first 17: weights are powers of 3, modulus 31."""
    total = sum(ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return ALPHABET[-total % 31]
