"""A database that a newer release has been at, or that is of a schema nobody knows, is left alone by every command."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import domain
from api.cli.command_line import main
from api.db.migrate import migrate
from api.db.revision import program, steps
from tests.cli.as_found import commands
from tests.cli.test_commands import only_sentence
from tests.cli.test_import import LIST, LOG, saved
from tests.conftest import Server
from tests.db.nodes import empty_database
from tests.db.test_migrations import HEAD, alembic_config, dumped
from tests.live import zhuanche

pytestmark = pytest.mark.one_server

DEVICE = "0193a000-0000-7000-8000-000000000001"
NEEDS_NO_DATABASE = {"openapi", "replay", "backup-key", "restore", "doctor", "upgrade-db"}
"""These ask none, look at no schema (`upgrade-db`, `doctor`), or fill an empty one (`restore`)."""
ERASING = ["350302", "1", "--ground", "purpose-achieved", "--decided-by", "chief", "--confirmed-by", "auditor"]
ASKED = {
    "migrate": [],
    "demo": [],
    "distribute": [],
    "manifest": [],
    "backup": [],
    "move": ["--to", "postgresql://127.0.0.1:1/none"],
    "init": ["--file"],
    "serve": [],
    "upgrade": [],
    "calendar": [str(Path(domain.__file__).with_name("calendar_data") / "2026.json")],
    "seal": ["350302"],
    "retire": ["--month", "2021-05"],
    "clock": [],
    "erase restrict": ERASING,
    "erase lift": ERASING,
    "erase erase": ERASING,
    "erase files": ["350302"],
    "erase list": [],
    "user reset": ["350302", "admin", "--reason", "忘记"],
    "device enrol": ["350302", "手机", "--login", "admin"],
    "device rotate": ["350302", DEVICE],
    "device revoke": ["350302", DEVICE, "--reason", "遗失"],
    "import log": ["350302", "闽B12315", "--as", "admin"],
    "import complaints": ["350302", "--as", "admin"],
}
"""Every command, with what it cannot do without."""
BUREAU = """code = "350302"
name = "局"
admin = { name = "管理员", login = "admin" }
custodian = { name = "科长", login = "custodian" }
"""


@pytest.fixture(scope="module")
def newer(server: Server) -> Iterator[str]:
    """Return the URL of a database that a later release has migrated."""
    with empty_database(server.superuser) as url:
        migrate(url)
        say(url, "0999", "zhuanche 9.1.0")
        yield url


def say(url: str, revision: str, made_by: str | None) -> None:
    """Let a database say that it has been migrated otherwise."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", (revision,))
        connection.execute(f"COMMENT ON TABLE alembic_version IS {repr(made_by) if made_by else 'NULL'}".encode())


def _file(command: str, folder: Path) -> list[str]:
    """Return the file that a command takes in, with rows or answers in it."""
    if command == "init":
        path = folder / "bureau.toml"
        path.write_text(BUREAU)
        return [str(path)]
    rows = {"import complaints": LIST, "import log": LOG}.get(command)
    return [saved(folder, rows)] if rows else []


def test_no_command_is_forgotten_here() -> None:
    """Whoever adds a command says whether it needs a database, and how it is asked."""
    assert commands().keys() == ASKED.keys() | NEEDS_NO_DATABASE


@pytest.mark.parametrize("command", sorted(ASKED.keys() - {"serve"}))
def test_a_command_leaves_a_newer_database_as_it_is(
    newer: str, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It says which release made the database, which this is, and what to do."""
    before = dumped(newer)
    monkeypatch.setenv("ZHUANCHE_DATABASE_URL", newer)
    monkeypatch.setenv("ZHUANCHE_DATA", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["zhuanche", *command.split(), *ASKED[command], *_file(command, tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    told = only_sentence(capsys.readouterr().err)
    assert ended.value.code == 1
    assert told == (
        f"zhuanche: The database's schema is at revision 0999, made by zhuanche 9.1.0. This is {program()}, which knows"
        f" revisions up to {HEAD} and leaves the database as it is: use the newer release, or restore the backup that"
        " was made before the upgrade to it (docs/upgrade.md)."
    )
    assert dumped(newer) == before


def test_the_page_quotes_what_is_told_of_a_newer_database(newer: str, tmp_path: Path, project: Path) -> None:
    """Whoever searches for the sentence finds it, with whatever release."""
    told = only_sentence(zhuanche("clock", database_url=newer, data=tmp_path).stderr)
    page = " ".join((project / "docs/upgrade.md").read_text("utf-8").split())
    (quoted,) = re.findall(r"``` (zhuanche: The database's schema .*?) ```", page)
    assert re.fullmatch(re.escape(quoted).replace("…", r"\S+(?: \S+)?"), told), told


def test_a_newer_database_is_not_served(newer: str, tmp_path: Path) -> None:
    """The supervisor sees exit code 1, and why."""
    ended = zhuanche("serve", database_url=newer, data=tmp_path, port=0)
    assert ended.returncode == 1
    assert "made by zhuanche 9.1.0" in only_sentence(ended.stderr)


def test_a_schema_that_nobody_knows_is_left_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another program's database, which uses the same tool, is none of ours."""
    with empty_database(server.superuser) as url:
        migrate(url)
        say(url, "ae1027a6acf", None)
        monkeypatch.setenv("ZHUANCHE_DATABASE_URL", url)
        monkeypatch.setattr(sys, "argv", ["zhuanche", "migrate"])
        with pytest.raises(SystemExit):
            main()
    told = only_sentence(capsys.readouterr().err)
    assert "revision ae1027a6acf. This is" in told
    assert "no release up to this one has it" in told


def test_what_a_migration_would_do_is_listed_and_nothing_is_done(server: Server, tmp_path: Path) -> None:
    """Each revision with its sentence; once they are run, none is left."""
    with empty_database(server.superuser) as url:
        migrate(url, "0012")
        before = dumped(url)
        listed = zhuanche("migrate", "--dry-run", database_url=url, data=tmp_path)
        assert listed.returncode == 0, listed.stderr
        later = [f"{one.revision}  {one.sentence}" for one in steps(alembic_config()) if one.revision > "0012"]
        assert listed.stdout.splitlines() == later
        assert dumped(url) == before
        migrate(url)
        listed = zhuanche("migrate", "--dry-run", database_url=url, data=tmp_path)
        assert (listed.stdout, listed.stderr) == ("", "No migration waits.\n")


def test_to_ask_what_a_migration_would_do_makes_no_database(tmp_path: Path) -> None:
    """A data folder that is not there yet is not made by a look."""
    listed = zhuanche("migrate", "--dry-run", data=tmp_path / "data")
    assert listed.returncode == 0
    assert listed.stdout.splitlines()[-1].startswith(HEAD)
    assert not (tmp_path / "data").exists()
