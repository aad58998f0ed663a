"""`zhuanche init`: a bureau from a file or from answers, made once, and left alone ever after."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import socket
import subprocess
import sys
import termios
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql

from api.cli.command_line import main
from api.db.embedded import start
from api.db.faults import DatabaseAway
from api.db.migrate import has_no_bureau, migrate
from api.init.answers import NoBoundary, password_of, read_answers
from domain.errors import DomainError
from tests.cli.places import BUREAU
from tests.cli.test_commands import only_sentence
from tests.conftest import Server
from tests.db.catalogue import tenant_tables
from tests.db.nodes import empty_database
from tests.live import PATIENCE_S, ZHUANCHE, environment, serving, zhuanche
from tests.world import unused_code

FILE = """code = "{code}"
name = "某某区市场监督管理局"

[boundary]
file = "square.geojson"
datum = "GCJ-02"

[admin]
name = "系统管理员"
login = "admin"

[custodian]
name = "吴科长"
login = "custodian"
password_file = "password"

[vehicle]
plate = "闽B12315"
name = "消费维权专用车"
base_name = "局机关停车场"
base = {{ lat = 25.5, lon = 118.5, datum = "GCJ-02" }}
dedication = {{ document_no = "〔2026〕12号", effective_on = 2026-12-01 }}

[settings]
finding_term_days = 5
"""


def test_a_network_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether there is a bureau yet is asked within a time, and who does not answer is away."""
    monkeypatch.setattr("api.db.migrate.CONNECT_S", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(DatabaseAway):
        has_no_bureau(f"postgresql://127.0.0.1:{silent.getsockname()[1]}/none?sslmode=disable")


@pytest.fixture
def code() -> str:
    """Return the code of a bureau that no other test has."""
    return unused_code()


@pytest.fixture
def answers(tmp_path: Path, code: str) -> Path:
    """Return a file of answers, with what it names beside it."""
    ring = [[118.0, 25.0], [119.0, 25.0], [119.0, 26.0], [118.0, 26.0], [118.0, 25.0]]
    (tmp_path / "square.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    (tmp_path / "password").write_text("a good long sentence\n")
    path = tmp_path / "bureau.toml"
    path.write_text(FILE.format(code=code))
    return path


def facts(server: Server, code: str) -> list[tuple[str, int]]:
    """Return how many ledger entries of each kind a bureau has."""
    with psycopg.connect(server.superuser) as connection:
        found = connection.execute(
            "SELECT kind, count(*) FROM ledger_payload WHERE bureau_id = %s GROUP BY kind ORDER BY kind", [code]
        )
        return list(found.fetchall())


def rows(server: Server, code: str) -> dict[str, str]:
    """Return the rows of each table that a bureau has, as text."""
    row = "SELECT coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '') FROM {} t WHERE bureau_id = %s"
    found = {}
    with psycopg.connect(server.superuser) as connection:
        for table in tenant_tables(connection):
            told = connection.execute(sql.SQL(row).format(sql.Identifier(table)), [code]).fetchone()
            found[table] = told[0] if told else ""
    return found


def test_a_bureau_is_made_from_a_file_and_its_people_sign_in(
    server: Server, answers: Path, code: str, tmp_path: Path
) -> None:
    """A pass word of a file is taken from it and shown nowhere; another is made and shown once; both are changed."""
    made = zhuanche("init", "--file", str(answers), database_url=server.superuser)
    assert made.returncode == 0, made.stderr
    assert [line.split()[0] for line in made.stdout.splitlines()].count("made") == 6
    assert "a good long sentence" not in made.stdout
    shown = re.findall(r"pass word (\S{12}) ", made.stdout)
    assert len(shown) == 1
    with serving(tmp_path / "log", database_url=server.superuser, data=tmp_path / "data", jobs=0) as live:
        for login, password, role in (("admin", shown[0], "admin"), ("custodian", "a good long sentence", "custodian")):
            body = {"bureau_id": code, "login": login, "password": password}
            me = httpx.post(f"{live.url}/v1/session", json=body).json()["me"]
            assert (me["roles"], me["must_change_password"]) == ([role], True)


@pytest.mark.one_server
def test_no_bureau_is_set_up_under_a_clock_earlier_than_the_release(
    server: Server, answers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty battery and no network: what begins in the year 2000 would be of that year for ever."""
    monkeypatch.setattr("domain.clock.RELEASED_AFTER", datetime(2999, 1, 1, tzinfo=UTC))
    monkeypatch.setenv("ZHUANCHE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ZHUANCHE_TIME_SERVER", "none")
    with empty_database(server.superuser) as url:
        monkeypatch.setenv("ZHUANCHE_DATABASE_URL", url)
        monkeypatch.setattr(sys, "argv", ["zhuanche", "init", "--file", str(answers)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert has_no_bureau(url)
    told = only_sentence(capsys.readouterr().err)
    assert (ended.value.code, "earlier than this release. Set the clock right" in told) == (1, True), told


def test_run_again_it_changes_nothing_and_tells_what_differs(server: Server, answers: Path, code: str) -> None:
    """An operator who is not sure runs it once more; the bureau has lived on, and a file takes nothing back."""
    zhuanche("init", "--file", str(answers), database_url=server.superuser)
    before = rows(server, code)
    assert before["person"]
    again = zhuanche("init", "--file", str(answers), database_url=server.superuser)
    assert again.returncode == 0, again.stderr
    assert {line.split()[0] for line in again.stdout.splitlines()} == {"there", "No"}
    text = answers.read_text().replace("GCJ-02", "WGS-84", 1)
    for old, new in (("某某区", "另一区"), ("吴科长", "林科长"), ("局机关", "分局"), ("12号", "13号"), ("= 5", "= 6")):
        text = text.replace(old, new)
    answers.write_text(text)
    again = zhuanche("init", "--file", str(answers), database_url=server.superuser)
    assert again.returncode == 0, again.stderr
    told = [line for line in again.stdout.splitlines() if "left as it is" in line]
    kept = ["某某区市场监督管理局; another boundary is drawn", "吴科长", "局机关", "12号", "value is 5"]
    assert [word in line for word, line in zip(kept, told, strict=True)] == [True] * 5
    assert rows(server, code) == before


def test_run_again_after_the_file_of_the_pass_word_was_deleted_it_changes_nothing(
    server: Server, answers: Path, code: str
) -> None:
    """A pass word that was changed at the first sign-in is of no use, and a file of it nobody should keep."""
    zhuanche("init", "--file", str(answers), database_url=server.superuser)
    before = rows(server, code)
    answers.with_name("password").unlink()
    again = zhuanche("init", "--file", str(answers), database_url=server.superuser)
    assert again.returncode == 0, again.stderr
    assert {line.split()[0] for line in again.stdout.splitlines()} == {"there", "No"}
    assert rows(server, code) == before


@pytest.mark.parametrize("database", [True, False])
@pytest.mark.parametrize("also", [[], ["--dry-run"]])
def test_without_the_file_of_a_pass_word_that_is_needed_nothing_is_made(
    server: Server, answers: Path, code: str, tmp_path: Path, *, database: bool, also: list[str]
) -> None:
    """The administrator's account would be there, and the custodian's not."""
    answers.with_name("password").unlink()
    place = {"database_url": server.superuser} if database else {"data": tmp_path / "data"}
    refused = zhuanche("init", "--file", str(answers), *also, **place)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "The pass word of custodian cannot be read" in only_sentence(refused.stderr)
    assert facts(server, code) == []
    assert not (tmp_path / "data").exists()


@pytest.mark.one_server
def test_without_the_file_of_a_pass_word_an_empty_database_stays_empty(server: Server, answers: Path) -> None:
    """Where another server's database is named, nothing of ours is in it before all answers are there."""
    answers.with_name("password").unlink()
    with empty_database(server.superuser) as url:
        refused = zhuanche("init", "--file", str(answers), database_url=url)
        assert (refused.returncode, refused.stdout) == (1, "")
        with psycopg.connect(url) as connection:
            held = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert held == (0,)


def test_a_dry_run_asks_for_the_pass_word_of_an_account_that_is_missing(
    server: Server, answers: Path, code: str
) -> None:
    """The custodian of the file is another one than was made: what would be made must be possible."""
    zhuanche("init", "--file", str(answers), database_url=server.superuser)
    before = facts(server, code)
    answers.write_text(answers.read_text().replace('login = "custodian"', 'login = "another"'))
    answers.with_name("password").unlink()
    for also in ([], ["--dry-run"]):
        refused = zhuanche("init", "--file", str(answers), *also, database_url=server.superuser)
        assert refused.returncode == 1
        assert "The pass word of another cannot be read" in refused.stderr
    assert facts(server, code) == before


def test_run_again_it_makes_no_second_administrator(server: Server, answers: Path, code: str) -> None:
    """Another login in the file is told and left: who runs it again shall not get an administrator's pass word."""
    zhuanche("init", "--file", str(answers), database_url=server.superuser)
    before = facts(server, code)
    answers.write_text(answers.read_text().replace('login = "admin"', 'login = "another"'))
    again = zhuanche("init", "--file", str(answers), database_url=server.superuser)
    assert again.returncode == 0, again.stderr
    assert [line.split()[0] for line in again.stdout.splitlines()].count("differs") == 1
    assert "has administrators of its own" in again.stdout
    assert "pass word" not in again.stdout
    assert facts(server, code) == before


def test_nothing_is_made_on_a_disk_without_room(server: Server, answers: Path, code: str, tmp_path: Path) -> None:
    """The reserve that keeps the running service's database from its end binds commands too, and stdout stays clean."""
    full = zhuanche(
        "init", "--file", str(answers), database_url=server.superuser, data=tmp_path, disk_reserve_mib=10**9
    )
    assert (full.returncode, full.stdout) == (1, "")
    assert "no-space" in full.stderr
    assert facts(server, code) == []


def test_what_was_cut_short_is_finished(server: Server, answers: Path, code: str) -> None:
    """What is missing is made, whatever is there already."""
    whole = answers.read_text()
    answers.write_text(whole[: whole.index("[vehicle]")])
    assert zhuanche("init", "--file", str(answers), database_url=server.superuser).returncode == 0
    answers.write_text(whole)
    again = zhuanche("init", "--file", str(answers), database_url=server.superuser)
    assert [line.split()[0] for line in again.stdout.splitlines()] == ["there"] * 3 + ["made"] * 3 + ["No"]
    assert dict(facts(server, code))["setting-changed"] == 1


def test_a_dry_run_makes_nothing(server: Server, answers: Path, code: str, tmp_path: Path) -> None:
    """It says what would be made: in a database that is there, and without one, which it does not make."""
    dry = zhuanche("init", "--file", str(answers), "--dry-run", database_url=server.superuser)
    assert [line[:10] for line in dry.stdout.splitlines()] == ["to be made"] * 6
    assert facts(server, code) == []
    without = zhuanche("init", "--file", str(answers), "--dry-run", data=tmp_path / "data")
    assert without.stdout == dry.stdout
    assert not (tmp_path / "data").exists()


def test_it_asks_at_a_terminal(server: Server, answers: Path, code: str) -> None:
    """Whoever has no file answers one question after the other; what is answered wrongly makes nothing."""
    said = [
        code,
        "某某区市场监督管理局",
        "",
        str(answers.with_name("square.geojson")),
        "",
        "系统管理员",
        "",
        "吴科长",
        "",
    ]
    vehicle = ["闽B12315", "", "局机关停车场", "25.5", "118.5", "GCJ-02", "〔2026〕12号", "2026-12-01"]
    refused = answered(server, [*said, *vehicle, "finding_term_days=500", ""])
    assert refused.returncode == 1
    assert "setting-out-of-bounds" in refused.stderr
    assert facts(server, code) == []
    made = answered(server, [*said, *vehicle, "finding_term_days=5", ""])
    assert made.returncode == 0, made.stderr
    assert [line.split()[0] for line in made.stdout.splitlines()].count("made") == 6
    assert dict(facts(server, code))["vehicle-dedicate"] == 1


def test_an_answer_of_another_form_is_asked_for_at_once(server: Server, answers: Path, code: str) -> None:
    """Told after the last question, nine answers would be typed for nothing."""
    said = [
        "城厢",
        code,
        "某某区市场监督管理局",
        "",
        str(answers.with_name("square.geojson")),
        "somewhere",
        "",
        "系统管理员",
    ]
    made = answered(server, [*said, "", "吴科长", "", "", ""])
    assert made.returncode == 0, made.stderr
    assert made.stderr.count("Error: ") == 2
    assert [line.split()[0] for line in made.stdout.splitlines()].count("made") == 3


def answered(server: Server, lines: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the command at a terminal where these lines are typed."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, "".join(f"{line}\n" for line in lines).encode())
        return subprocess.run(
            [ZHUANCHE, "init"],
            env=environment(database_url=server.superuser),
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('code = "', 'code = "x', "code"),
        ("[custodian]", "[keeper]", "keeper"),
        ('login = "custodian"', 'login = "admin"', "two people"),
        ("= 5", "= 500", "setting-out-of-bounds"),
        ("square.geojson", "nowhere.geojson", "nowhere.geojson"),
        ("lat = 25.5", "lat = 95.5", "lat"),
        ('name = "', "name = ", "bureau.toml"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_before_anything_is_done(
    answers: Path, old: str, new: str, told: str
) -> None:
    """The sentence names the place in the file."""
    answers.write_text(answers.read_text().replace(old, new, 1))
    with pytest.raises(DomainError) as refused:
        read_answers(answers)
    assert told in f"{refused.value} {refused.value.code}"


@pytest.mark.parametrize(
    ("held", "told"),
    [("", "holds no pass word"), ("\na good long sentence\n", "holds no pass word"), ("short\n", "password-too-weak")],
)
def test_a_pass_word_that_cannot_be_used_is_told_before_anything_is_done(answers: Path, held: str, told: str) -> None:
    """Told after the bureau was made, it would leave half of it."""
    answers.with_name("password").write_text(held)
    with pytest.raises(DomainError) as refused:
        read_answers(answers)
    assert told in f"{refused.value} {refused.value.code}"


def test_a_pass_word_is_the_first_line_of_its_file(answers: Path) -> None:
    """Nobody can type a line break: a second line would lock its person out."""
    answers.with_name("password").write_text("a good long sentence\r\nof the custodian\n")
    assert password_of(read_answers(answers).custodian) == "a good long sentence"


def test_a_boundary_without_a_line_is_told(answers: Path) -> None:
    """GeoJSON allows a feature without a geometry; a district has one."""
    answers.with_name("square.geojson").write_text('{"type": "Feature", "geometry": null}')
    with pytest.raises(NoBoundary, match="is not GeoJSON"):
        read_answers(answers)


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ctrl_c_and_ctrl_d_at_a_question_are_130_and_one_sentence(tmp_path: Path, key: str) -> None:
    """A script can tell it from a failure, and nothing was made."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [ZHUANCHE, "init"],
        env=environment(data=tmp_path / "data"),
        stdin=theirs,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),  # noqa: PLW1509 - no threads here
    ) as process:
        assert process.stderr is not None
        asked = process.stderr.read1(1)
        os.write(ours, key.encode())
        told = (asked + process.stderr.read()).decode()
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 130
    assert told.splitlines()[-1].startswith("zhuanche: Interrupted: ")
    assert "Aborted" not in told
    assert not (tmp_path / "data").exists()


def test_without_file_and_terminal_it_says_what_to_do(tmp_path: Path) -> None:
    """A script that forgot the file is told so, and nothing is made."""
    ended = subprocess.run(
        [ZHUANCHE, "init"],
        env=environment(data=tmp_path / "data"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 1
    assert "--file" in ended.stderr
    assert not (tmp_path / "data").exists()


def test_a_first_run_that_was_interrupted_between_migrations_goes_on(tmp_path: Path) -> None:
    """There is no bureau yet, so nothing to back up: the same command again does all of it."""
    data = tmp_path / "data"
    with start(data, durable=False) as server:
        migrate(server.dsn("postgres"), "0012")
    answers = tmp_path / "bureau.toml"
    answers.write_text(BUREAU)
    made = zhuanche("init", "--file", str(answers), data=data)
    assert made.returncode == 0, made.stderr
    assert "made        bureau 350302" in made.stdout
