"""What a register of the administration is made of: a list that `/v1` answers, and the acts on it that `/v1` takes.

A register says where its list is and what its columns are called; the page draws it from what the API answers, with the
rights and the words the API has. There is one template for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from domain.values import Named, Role

Said = tuple[str, str]
"""A text in Chinese and in English."""
Words = Mapping[str, Said]
"""What the codes of a column or a choice are called."""


def words_of(*kinds: type[Named]) -> dict[str, Said]:
    """Return what the members of the domain's own words are called."""
    return {one.value: (one.zh, one.en) for kind in kinds for one in kind}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a key of the list's rows, its heading, and how its values are read.

    `kind` is `text`, `day`, `at` (an instant), `who` (a person), `unit`, `vehicle`, `device`, `yes`, `km` (of metres),
    `word` or `words` (of `words`), `count` (of a list), `told` (deliveries of a notice), `detail` (an object, its keys
    in `words`), `json`, `yuan` (of fen), `file` (its SHA-256), or `said` (its key is the language).
    """

    key: str
    said: Said
    kind: str = "text"
    words: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a form.

    `kind` is that of an `<input>`, or `area`, `select`, `yes`, `list` (several of `options`), `place` (with its datum).
    A `file` is sent first, and its SHA-256 in its place. `options` are words, or one of the names that the page has:
    `people`, `units`, `vehicles`, `jobs`.
    """

    name: str
    said: Said
    kind: str = "text"
    options: Words | str = ""
    needed: bool = True
    reads: str = ""
    """How act.js reads the text: `int`, `km`, `instant` …"""
    most: int = 500
    pattern: str = ""
    hint: Said = ("", "")


@dataclass(frozen=True, slots=True)
class RegisterAct:
    """An act on a register or on one row of it: what is sent where, and who may.

    `{id}` in `sends` is the row's id, `{of}` that of the thing whose page it stands on, `{new}` one made for it.
    """

    said: Said
    sends: str
    controls: Sequence[Control] = ()
    roles: frozenset[Role] = frozenset({Role.ADMIN})
    when: Mapping[str, Any] = field(default_factory=dict)
    """The row is so; None means that there is nothing yet."""
    grave: bool = False
    """It is asked for twice."""
    filled: bool = False
    """Its controls say at first what the row says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A list with its acts. `items` is where the answer has its rows (a dotted path; empty: the answer is the list)."""

    said: Said
    list: str
    id: str
    columns: Sequence[Column]
    items: str = "items"
    adds: Sequence[RegisterAct] = ()
    acts: Sequence[RegisterAct] = ()
    way: str = ""
    """The address of a row's own page, with `{id}`."""
    way_when: Mapping[str, str] = field(default_factory=dict)
    """What a row says that has one, by its keys; empty: each has."""
    undone_by: str = ""
    """The key in which a row names another that it takes back."""
    roles: frozenset[Role] = frozenset(Role)
    """Who may read it, as the API has it."""
    note: Said = ("", "")

    def told(self, language: str, of: str) -> str:
        """Return what the page's module is told of it, as JSON, in the reader's language."""
        which = 0 if language == "zh" else 1
        columns = [
            {
                "key": language if one.kind == "said" else one.key,
                "kind": "text" if one.kind == "said" else one.kind,
                "words": {code: said[which] for code, said in one.words.items()},
            }
            for one in self.columns
        ]
        return msgspec.json.encode(
            {
                "list": self.list.replace("{of}", of),
                "items": self.items,
                "id": self.id,
                "way": self.way,
                "way_when": self.way_when,
                "undone_by": self.undone_by,
                "columns": columns,
            }
        ).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminPage:
    """A page of the administration: registers one below the other, and those of one thing where it has a `file`."""

    key: str
    said: Said
    registers: Sequence[Register]
    file: Sequence[Register] = ()
    file_acts: Sequence[RegisterAct] = ()
    note: Said = ("", "")
    roles: frozenset[Role] = frozenset({Role.ADMIN, Role.DESK_CHIEF, Role.CUSTODIAN, Role.DISPATCHER})
