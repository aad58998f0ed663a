"""What `zhuanche erase` says: words that it did not take out by where they stand, and what is done as done."""

from __future__ import annotations

from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import typer
from typer.testing import CliRunner

from api.backup.erasures import NAME
from api.cli import erase
from api.cli.erase import tell_named, words_of
from api.db.queries.named_people import Named
from api.folder import FilesAway
from api.usecases.erase_person_data import Done

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


@pytest.mark.parametrize(
    ("out", "told"),
    [
        (FilesAway(), "Its files are in the store yet: run zhuanche erase files 350302."),
        ((1, 0), "1 files taken out of the store."),
        ((0, 1), "1 files are in the store yet: a backup copies. Run zhuanche erase files 350302."),
    ],
    ids=["away", "gone", "copied"],
)
def test_an_erasing_is_told_and_listed_as_done_whatever_becomes_of_its_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, out: Any, told: str
) -> None:
    """It is done for good; what is left of it is said, and how it goes on."""

    @asynccontextmanager
    async def database_of(*_: object) -> Any:
        yield None

    async def erase_person_data(*_: object, **__: object) -> Done:
        return Done({"job": 1}, 1, [Named("refusal", "facts", None)])

    async def steps_on(*_: object) -> list[Any]:
        return []

    async def files_out(*_: object) -> Any:
        if isinstance(out, Exception):
            raise out
        return out

    monkeypatch.setattr(erase, "opened", lambda *_: nullcontext(SimpleNamespace(owner_url="")))
    monkeypatch.setattr(erase, "database_of", database_of)
    monkeypatch.setattr(erase, "erase_person_data", erase_person_data)
    monkeypatch.setattr(erase, "steps_on", steps_on)
    monkeypatch.setattr(erase, "_files_out", files_out)
    monkeypatch.setenv("ZHUANCHE_BACKUP_TO", str(tmp_path))
    decided = ["--ground", "unlawful", "--decided-by", "desk_chief", "--confirmed-by", "custodian"]
    done = CliRunner().invoke(erase.app, ["erase", "350302", "2026-000001", *decided])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == "2026-000001 erased: job 1; 1 files"
    assert "refusal.facts 1" in lines[1]
    assert lines[2].startswith(told)
    assert (tmp_path / NAME).exists()
