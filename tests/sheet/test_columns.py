"""Which column of somebody's sheet means what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sheet.columns import (
    BadColumn,
    Column,
    ColumnMissing,
    NoHeadings,
    find_headings,
    guess,
    letter_of,
    with_columns,
)

WANTED = (
    Column("began", "出车时间", "departed", ("出发时间",), needed=True),
    Column("from_m", "起始里程", "odometer out", ("出车里程", "起始公里数"), needed=True),
    Column("until_m", "终止里程", "odometer in", ("返回里程",)),
    Column("driver", "驾驶员", "driver", ("司机",)),
)
TITLED = [
    ["2025 年公务用车行驶记录表", None, None, None, None],
    ["单位：", "12315 投诉举报中心", None, None, None],
    ["序号", "出车 时间", "起始里程（公里）", "司 机", "返回里程"],
    [1, "2025-03-01 08:30", 12000, "郑某", 12031],
]


def test_headings_are_found_below_the_title_and_know_their_columns() -> None:
    """Blanks, brackets and other names in use hinder nobody."""
    found = find_headings(TITLED, WANTED)
    assert found.row == 3
    assert found.of_field == {"began": 1, "from_m": 2, "driver": 3, "until_m": 4}


def test_a_heading_moves_no_cursor_of_who_looks_at_it() -> None:
    """What each column is taken for is shown in a terminal before anything of a stranger's sheet is believed."""
    found = find_headings([["出车时间\x1b[2J", "起始里程\n（公里）", "司机\u202e"]], WANTED)
    assert found.texts == ("出车时间 [2J", "起始里程 （公里）", "司机")


def test_a_sheet_without_headings_says_so() -> None:
    """Numbers alone are not guessed at."""
    with pytest.raises(NoHeadings):
        find_headings([[1, 2, 3], [4, 5, 6]], WANTED)


def test_the_person_has_the_last_word_by_heading_or_by_letter() -> None:
    """A wrong guess is put right, a column can be left out, and the column taken is no one else's."""
    found = find_headings(TITLED, WANTED)
    said = with_columns(found, WANTED, ["until_m=C", "from_m=返回里程", "driver="])
    assert said.of_field == {"began": 1, "from_m": 4, "until_m": 2}


@pytest.mark.parametrize(
    "said", [["nobody=A"], ["driver"], ["driver=ZZ"], ["driver=A", "driver=B"], ["driver=A", "until_m=A"]]
)
def test_a_column_that_is_named_wrongly_is_told(said: list[str]) -> None:
    """Neither an unknown field nor an unknown column is passed over in silence."""
    with pytest.raises(BadColumn):
        with_columns(find_headings(TITLED, WANTED), WANTED, said)


def test_a_needed_column_that_is_not_there_is_named_with_the_headings_that_are() -> None:
    """Who imports sees what there is to choose from."""
    with pytest.raises(ColumnMissing) as missing:
        with_columns(find_headings(TITLED, WANTED), WANTED, ["began="])
    assert missing.value.detail["missing"] == ["began"]
    assert "B 出车 时间" in missing.value.detail["headings"]


@given(st.lists(st.text(max_size=12), max_size=12))
def test_no_column_fills_two_fields(texts: list[str]) -> None:
    """However headings read, each field has one column and each column one field."""
    found = guess(texts, WANTED)
    assert len(set(found.values())) == len(found)
    assert all(0 <= place < len(texts) for place in found.values())


def test_columns_are_called_as_the_spreadsheet_calls_them() -> None:
    """A problem is found by the letter that stands above it."""
    assert [letter_of(place) for place in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
