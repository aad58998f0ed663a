"""What the books can catch: the table in docs/books.md is what the simulation says, and it says enough."""

from __future__ import annotations

import re

import pytest

from tests.simulation.detection import HONEST, found, line, rows, written

ROWS = rows()


def shares() -> dict[str, float]:
    """Return the share found by the first words of each row of the document, in per cent."""
    told = re.findall(r"^\| ([^|]+) \| (\d+) (%|of 1,000)[^|]*\|", written(), flags=re.MULTILINE)
    return {what: float(number) / (1 if unit == "%" else 10) for what, number, unit in told}


def test_the_document_has_every_row_and_no_other() -> None:
    """Attacks that are hardly caught stand there too."""
    assert list(shares()) == [row.what for row in ROWS]


@pytest.mark.parametrize("number", [3, 8, 19, 26, 37, 52], ids=lambda number: ROWS[number].what)
def test_a_row_of_the_document_comes_out_the_same_again(number: int) -> None:
    """The seeds are fixed; the table is made by `make detection`."""
    assert line(ROWS[number], found(number, ROWS[number])) in written().splitlines()


def test_a_side_trip_of_a_kilometre_is_found_by_the_terminal_and_honest_trips_are_left_alone() -> None:
    """At least 95 in 100, however short its stop, and at most 5 false alarms in 1,000 honest trips."""
    seen = {what: share for what, share in shares().items() if what.endswith(", terminal")}
    assert all(share >= 95 for what, share in seen.items() if "1 km" in what or "5 km" in what)
    assert all(share <= 0.5 for what, share in shares().items() if what.startswith("honest"))
    assert all(row.count >= HONEST for row in ROWS if row.what.startswith("honest"))


def test_a_phone_that_is_not_where_the_car_is_is_found_from_a_kilometre_on() -> None:
    """Left at the office, or at the site: below the limit of 300 m nobody can tell."""
    seen = {what: share for what, share in shares().items() if what.startswith("phone left")}
    assert len(seen) == 6
    assert all(share >= 95 for what, share in seen.items() if "300 m" not in what)


def test_kilometres_between_two_trips_are_found_from_two_on_and_hidden_ones_from_five_on() -> None:
    """A dashboard of whole kilometres shows no less; who types them into the next trip makes that trip odd."""
    seen = shares()
    for size in ("2 km", "5 km", "20 km"):
        assert seen[f"drive of {size} between two trips, no terminal, readings typed as they are"] == 100
    for size in ("5 km", "20 km"):
        assert seen[f"drive of {size} between two trips, no terminal, departure typed as if it had stood"] >= 95


def test_a_made_up_complaint_is_found_by_its_second_sign_and_never_by_the_first_alone() -> None:
    """A desk of four must be able to live honestly."""
    seen = {what: share for what, share in shares().items() if what.startswith("complaint made up at the counter")}
    found = {what for what, share in seen.items() if share == 100}
    assert {what.rpartition(", ")[2] for what in found} == {"nobody answers two calls", "a stranger denies it"}
    assert all(share == 0 for what, share in seen.items() if what not in found)
