"""Which column of a stranger's sheet means what: guessed from its heading, shown to a person, who may say otherwise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from domain.errors import InvalidInput

Cell = str | int | float | date | datetime | time | None
"""What a cell holds; a formula holds what it came to."""

TITLE_ROWS_MOST = 20
"""How far down the headings are looked for: above them stand titles, the unit's name, the month."""
HEADINGS_LEAST = 2

_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]")
_NO_WORD = re.compile(r"[\W_]+")


class NoHeadings(InvalidInput):
    """No row of the sheet's first twenty has headings that are known; name the columns yourself."""

    code = "no-headings"
    zh = "前二十行中没有可识别的表头，请自行指定各列。"


class BadColumn(InvalidInput):
    """A column is named as field=heading or field=letter, each field and each column once."""

    code = "bad-column"
    zh = "列应写作“字段=表头”或“字段=列字母”，每个字段和每一列只用一次。"


class ColumnMissing(InvalidInput):
    """The sheet lacks a column that is needed; if it is there under another heading, name it."""

    code = "column-missing"
    zh = "表格缺少必需的列；如该列使用了其他表头，请指定。"


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is looked for: the field it fills, its names in both languages, other headings in use."""

    field: str
    zh: str
    en: str
    others: tuple[str, ...] = ()
    needed: bool = False

    @property
    def headings(self) -> tuple[str, ...]:
        """Every heading it is known by, as headings are compared."""
        return tuple(dict.fromkeys(plain(one) for one in (self.zh, self.en, self.field, *self.others)))


@dataclass(frozen=True, slots=True)
class Headings:
    """Where a sheet's headings stand, what they are, and which column fills which field."""

    row: int
    """As the spreadsheet counts, from 1."""
    texts: tuple[str, ...]
    of_field: Mapping[str, int]
    """Field to column, counted from 0."""


def plain(heading: str) -> str:
    """Return a heading as headings are compared: without width, case, blanks, signs and what stands in brackets."""
    folded = unicodedata.normalize("NFKC", heading).casefold()
    return _NO_WORD.sub("", _BRACKETS.sub("", folded))


def letter_of(column: int) -> str:
    """Return a column's letter: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def find_headings(rows: Sequence[Sequence[Cell]], wanted: Sequence[Column]) -> Headings:
    """Return the headings of a sheet with the guess what they mean.

    Raises `NoHeadings`.
    """
    best: Headings | None = None
    for number, row in enumerate(rows[:TITLE_ROWS_MOST], start=1):
        texts = tuple("" if cell is None else _printable(str(cell)).strip() for cell in row)
        found = guess(texts, wanted)
        if len(found) >= HEADINGS_LEAST and (best is None or len(found) > len(best.of_field)):
            best = Headings(number, texts, found)
    if best is None:
        raise NoHeadings
    return best


def _printable(heading: str) -> str:
    """Return a heading that moves no terminal's cursor: a stranger's sheet is shown before it is trusted."""
    return "".join(sign if sign.isprintable() else " " for sign in heading)


def guess(texts: Sequence[str], wanted: Sequence[Column]) -> dict[str, int]:
    """Return for each field the column whose heading names it; the closest names choose first, and none twice."""
    likely: list[tuple[int, int, int, str]] = []
    for place, text in enumerate(texts):
        heading = plain(text)
        if not heading:
            continue
        for rank, column in enumerate(wanted):
            closest = min((_distance(heading, name) for name in column.headings), default=_FAR)
            if closest < _FAR:
                likely.append((closest, rank, place, column.field))
    found: dict[str, int] = {}
    taken: set[int] = set()
    for _, _, place, field in sorted(likely):
        if field not in found and place not in taken:
            found[field] = place
            taken.add(place)
    return found


_FAR = 1_000
_SHORTEST = 2
"""A name of one character in a longer heading says nothing."""


def _distance(heading: str, name: str) -> int:
    if heading == name:
        return 0
    if len(name) >= _SHORTEST and name in heading:
        return len(heading) - len(name)
    return _FAR


def with_columns(headings: Headings, wanted: Sequence[Column], named: Sequence[str]) -> Headings:
    """Return the headings with what a person said (`field=heading` or `field=letter`; `field=` for none).

    Raises `BadColumn`, `ColumnMissing`.
    """
    fields = {column.field: column for column in wanted}
    chosen: dict[str, int | None] = {}
    for one in named:
        field, sign, text = (part.strip() for part in one.partition("="))
        if not sign or field not in fields or field in chosen:
            raise BadColumn(given=one, fields=sorted(fields))
        chosen[field] = _place_of(headings.texts, text, one) if text else None
    by_hand = set(chosen.values())
    of_field = {
        field: place for field, place in headings.of_field.items() if field not in chosen and place not in by_hand
    }
    of_field |= {field: place for field, place in chosen.items() if place is not None}
    if len(set(of_field.values())) < len(of_field):
        raise BadColumn(given=list(named))
    missing = [column.field for column in wanted if column.needed and column.field not in of_field]
    if missing:
        raise ColumnMissing(
            missing=missing, headings=[f"{letter_of(i)} {text}" for i, text in enumerate(headings.texts) if text]
        )
    return Headings(headings.row, headings.texts, of_field)


def _place_of(texts: Sequence[str], text: str, given: str) -> int:
    same = [place for place, heading in enumerate(texts) if heading and plain(heading) == plain(text)]
    letters = [place for place in range(len(texts)) if letter_of(place) == text.upper()]
    if not (same or letters):
        raise BadColumn(given=given, headings=[one for one in texts if one])
    return (same or letters)[0]
