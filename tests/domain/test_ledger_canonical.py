"""Canonical bytes: one value has one spelling, and it is RFC 8785's."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from domain.ledger.canonical import MAX_DEPTH, MAX_INTEGER, Json, NotCanonical, canonical, parse

texts = st.text(st.characters(codec="utf-8"))
ascii_keys = st.text(st.characters(max_codepoint=127), max_size=6)
scalars = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(ascii_keys, inner, max_size=6),
    max_leaves=30,
)


class Colour(StrEnum):
    """Text that is more than text."""

    RED = "red"


class Level(IntEnum):
    """A number that is more than a number."""

    HIGH = 3


@given(values)
@example({"a_": 1, "a": 2, "Z": 3, "aa": 4, "": 5, "1": 6, "10": 7, "2": 8, "\x7f": 9, "\x00": 10, '"': 11, "\\": 12})
@example("\x00\x1f\x7f\u2028\ufeff\U0001f600 e\u0301")
@example([MAX_INTEGER, -MAX_INTEGER, 0, True, False, None])
def test_the_bytes_are_those_of_rfc_8785(value: Json) -> None:
    """An auditor with any RFC 8785 library writes the same bytes as we do."""
    assert canonical(value) == rfc8785.dumps(value)


@given(values)
def test_what_was_written_reads_back_the_same(value: Json) -> None:
    """Nothing is lost or rounded on the way into the ledger; true stays true and does not become 1."""
    again = parse(canonical(value))
    assert again == value
    assert canonical(again) == canonical(value)


@given(st.permutations(["aa", "a", "Z", "_", "1", "10"]))
def test_the_order_in_which_a_fact_was_put_together_does_not_matter(keys: list[str]) -> None:
    """Two services that fill the same fact in another order seal the same bytes."""
    assert canonical(dict.fromkeys(keys, 0)) == b'{"1":0,"10":0,"Z":0,"_":0,"a":0,"aa":0}'


@pytest.mark.parametrize(("number", "taken"), [(2**53 - 2, True), (2**53 - 1, True), (2**53, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_whole_numbers_end_where_other_readers_begin_to_round(*, number: int, taken: bool, sign: int) -> None:
    """A number that a browser would round never enters the ledger."""
    if taken:
        assert canonical(sign * number) == str(sign * number).encode()
    else:
        with pytest.raises(NotCanonical) as refused:
            canonical({"distance_m": [sign * number]})
        assert refused.value.detail["at"] == "$.distance_m[0]"


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        1.0,
        -0.0,
        float("nan"),
        float("inf"),
        Decimal(1),
        b"bytes",
        (1, 2),
        {1, 2},
        UUID(int=0),
        Ellipsis,
        Colour.RED,
        Level.HIGH,
        {"车": 1},
        {1: "number as key"},
        {Colour.RED: 1},
        {None: 1},
        "\ud800",
        "\udfff\ud800",
        {"\ud800": 1},
    ],
    ids=repr,
)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"a": [None, value]}], ids=["bare", "nested"])
def test_everything_else_is_refused(value: Any, wrap: Any) -> None:
    """Floats, NaN, large types, keys that sort in two ways and half characters have no single spelling: none enters."""
    with pytest.raises(NotCanonical):
        canonical(wrap(value))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" 1",
        b"1 ",
        b'{"b":1,"a":2}',
        b'{"a":1, "b":2}',
        b'{"a":1,"a":1}',
        b"1.0",
        b"1e2",
        b"-0",
        b"01",
        b"NaN",
        b"9007199254740992",
        b"123456789012345678901234567890",
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u000A"',
        b'"\\u000a"',
        b'"\\ud800"',
        b'"\xff"',
        b"\xef\xbb\xbf1",
        '{"车":1}'.encode(),
        b"[" * 5000 + b"]" * 5000,
    ],
    ids=lambda data: repr(data[:24]),
)
def test_another_spelling_of_a_value_is_not_read(data: bytes) -> None:
    """Only the one spelling is accepted, so nobody can hold two different files for the same entry."""
    with pytest.raises(NotCanonical):
        parse(data)


@pytest.mark.parametrize(("depth", "taken"), [(MAX_DEPTH - 1, True), (MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_nesting_has_an_end(*, depth: int, taken: bool) -> None:
    """A payload that nests without end is refused, not a crash."""
    value: Any = 0
    for _ in range(depth):
        value = [value]
    if taken:
        assert canonical(value) == b"[" * depth + b"0" + b"]" * depth
    else:
        with pytest.raises(NotCanonical):
            canonical(value)
