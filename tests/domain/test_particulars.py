"""Credit codes and telephone numbers: slips of the pen are caught, every true form is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.complaint.credit_code import ALPHABET, BadCreditCode, check_credit_code, check_digit
from domain.complaint.telephone import BadTelephone, check_telephone

# Published codes of large companies and of the standard's own example.
KNOWN = ("91350100M000100Y43", "91330100799655058B", "914403001922038216", "9144030071526726XG")
BODIES = st.text(ALPHABET, min_size=17, max_size=17)


@pytest.mark.parametrize("code", KNOWN)
def test_known_credit_codes_are_taken(code: str) -> None:
    """Published codes of real businesses pass, also in small letters with spaces around them."""
    assert check_credit_code(code) == code
    assert check_credit_code(f" {code.lower()} ") == code


@given(BODIES, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_wrong_sign_is_always_noticed(body: str, place: int, sign: str) -> None:
    """Any single mistyped place breaks the check."""
    code = body + check_digit(body)
    wrong = code[:place] + sign + code[place + 1 :]
    if wrong == code:
        assert check_credit_code(wrong) == code
    else:
        with pytest.raises(BadCreditCode):
            check_credit_code(wrong)


@given(BODIES, st.integers(0, 16))
def test_two_neighbours_changed_about_are_always_noticed(body: str, place: int) -> None:
    """Swapping two signs side by side breaks the check unless they are the same."""
    code = body + check_digit(body)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped == code:
        assert check_credit_code(swapped) == code
    else:
        with pytest.raises(BadCreditCode):
            check_credit_code(swapped)


@pytest.mark.parametrize("text", ["", KNOWN[0][:17], KNOWN[0] + "0", "91350100I000100Y43", "９1350100M000100Y43"])
def test_what_has_not_the_form_of_a_credit_code_is_refused(text: str) -> None:
    """One place short, one too many, a sign the standard leaves out, a full-width digit; the text is not repeated."""
    with pytest.raises(BadCreditCode) as fault:
        check_credit_code(text)
    assert fault.value.detail == {"fault": "form"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("138-0000-1234", "13800001234"),
        ("+86 138 0000 1234", "13800001234"),
        ("0086 594 2691234", "05942691234"),
        ("0594-2691234 转 801", "05942691234,801"),
        ("(0594) 2691234 ext. 801", "05942691234,801"),
        ("１３８００００１２３４", "13800001234"),
        ("12315", "12315"),
        ("+44 20 7946 0958", "+442079460958"),
    ],
)
def test_telephone_numbers_come_into_one_form(text: str, number: str) -> None:
    """Mobile, fixed line with extension, short and foreign numbers, as people write them."""
    assert check_telephone(text) == number


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("1" * 4, False),
        ("1" * 5, True),
        ("1" * 20, True),
        ("1" * 21, False),
        ("", False),
        ("无", False),
        ("1+2345", False),
    ],
)
def test_a_telephone_number_has_from_5_to_20_digits(text: str, *, taken: bool) -> None:
    """Just too short, both ends, just too long, and words instead of a number."""
    if taken:
        assert check_telephone(text) == text
    else:
        with pytest.raises(BadTelephone) as fault:
            check_telephone(text)
        assert fault.value.detail == {}


@given(st.text(max_size=40) | st.from_regex(r"(\+|00)?(86)?(0086|0|\+86)?[0-9]{2,14}", fullmatch=True))
def test_a_number_in_its_form_stays_as_it_is(text: str) -> None:
    """Putting a taken number in twice changes nothing, so search and registration agree."""
    try:
        number = check_telephone(text)
    except BadTelephone:
        return
    assert check_telephone(number) == number
