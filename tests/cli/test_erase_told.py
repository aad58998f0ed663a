"""What `zhuanche erase` says of words that it did not take out: where they stand, and never what they are."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
import typer

from api.cli.erase import tell_named, words_of
from api.db.queries.named_people import Named

ID = UUID(int=7)


def test_what_can_be_confirmed_is_told_by_its_id_and_the_rest_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each row that can go, once, and one for all others."""
    row = Named("paper_trip", "places", ID)
    other = Named("refusal", "facts", None)
    tell_named([row, Named("paper_trip", "remark", ID), other, other])
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        f"paper_trip {ID} names a party: look at it, and take it out too by --found {ID}",
        "Named still, of them or of others called so, and not taken out by this step: refusal.facts 2",
    ]
    tell_named([])
    assert capsys.readouterr().err == ""


def test_names_to_look_for_come_from_a_file_and_not_from_what_is_typed(tmp_path: Path) -> None:
    """One a line; a file that is none is told as a wrong option."""
    path = tmp_path / "names"
    path.write_text("林大姐\n13800000000\n", "utf-8")
    assert words_of(path) == {"林大姐", "13800000000"}
    assert words_of(None) == frozenset()
    with pytest.raises(typer.BadParameter, match="cannot be read"):
        words_of(tmp_path / "nowhere")
