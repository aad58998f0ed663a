"""Go through the rows of a sheet: what each field's cell says, and every problem by row and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from domain.sheet.cells import text_of
from domain.sheet.columns import Cell, Headings, letter_of
from domain.sheet.problems import CellFault, Problem, ProblemKind, hindering

T = TypeVar("T")

_SUMS: Final = frozenset({"合计", "总计", "小计", "total", "sum"})
_YEAR: Final = re.compile(r"(?<!\d)(20\d\d)\s*年")


@dataclass(slots=True)
class Row:
    """One row; what is wrong with it gathers in `problems`."""

    number: int
    """As the spreadsheet counts, from 1."""
    cells: Sequence[Cell]
    headings: Headings
    fill: Mapping[str, str]
    """What a field holds whose cell is empty."""
    problems: list[Problem] = field(default_factory=list)

    def cell(self, name: str) -> Cell:
        """Return what stands in a field's column, None where nothing does."""
        place = self.headings.of_field.get(name)
        found = self.cells[place] if place is not None and place < len(self.cells) else None
        return self.fill.get(name) if found is None or not str(found).strip() else found

    def read(self, name: str, how: Callable[[Cell], T], *, needed: bool = False) -> T | None:
        """Return what a field says, None where it is empty or wrong."""
        found = self.cell(name)
        if found is None:
            if needed:
                self.wrong(name, ProblemKind.EMPTY)
            return None
        try:
            return how(found)
        except CellFault as fault:
            self.wrong(name, fault.kind, fault.detail)
            return None

    def text(self, name: str, *, needed: bool = False) -> str:
        """Return a field's text."""
        return self.read(name, text_of, needed=needed) or ""

    def wrong(self, name: str, kind: ProblemKind, detail: str = "") -> None:
        """Say what is wrong with a field; an empty name means the row."""
        place = self.headings.of_field.get(name)
        self.problems.append(Problem(self.number, "" if place is None else letter_of(place), kind, detail))

    @property
    def is_wrong(self) -> bool:
        """Whether anything hinders that it is taken over."""
        return bool(hindering(self.problems))


def rows_of(rows: Sequence[Sequence[Cell]], headings: Headings, fill: Mapping[str, str]) -> Iterator[Row]:
    """Yield the rows below the headings that hold anything; a line of sums is none."""
    for number, cells in enumerate(rows[headings.row :], start=headings.row + 1):
        said = [str(cell).strip().casefold() for cell in cells if cell is not None and str(cell).strip()]
        if said and not _SUMS & {one.replace(" ", "").rstrip(":：") for one in said}:
            yield Row(number, cells, headings, fill)


def year_of(rows: Sequence[Sequence[Cell]], headings: Headings) -> int | None:
    """Return the year that a title above the headings names, if it names one."""
    for cells in rows[: headings.row - 1]:
        for cell in cells:
            match = _YEAR.search(str(cell or ""))
            if match:
                return int(match[1])
    return None
