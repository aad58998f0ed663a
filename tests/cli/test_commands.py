"""The commands: what they do, and that what an operator can mend is one sentence, never a traceback."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from api.cli.command_line import main
from api.cli.connections import NoDatabase, check_url
from tests.live import zhuanche
from tests.time_server import answer, time_server


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder whose database is migrated."""
    folder = tmp_path_factory.mktemp("commands") / "data"
    assert zhuanche("migrate", data=folder).returncode == 0
    return folder


def only_sentence(stderr: str) -> str:
    """Return what was told, after checking that it is one line."""
    assert "Traceback" not in stderr
    lines = stderr.strip().splitlines()
    assert len(lines) == 1, stderr
    return lines[0]


def test_migrating_again_changes_nothing_and_says_so(data: Path) -> None:
    """An operator who is not sure runs it once more."""
    again = zhuanche("migrate", data=data)
    assert again.returncode == 0
    assert "already" in again.stdout


@pytest.fixture(scope="module")
def bureau(data: Path) -> str:
    """Return the code of a bureau that is set up there."""
    answers = data.parent / "bureau.toml"
    people = "\n".join(f'[{login}]\nname = "x"\nlogin = "{login}"' for login in ("admin", "custodian"))
    answers.write_text(f'code = "350302"\nname = "城厢区市场监督管理局"\n{people}')
    made = zhuanche("init", "--file", str(answers), data=data)
    assert made.returncode == 0, made.stderr
    return "350302"


def test_a_forgotten_pass_word_is_given_back(data: Path, bureau: str) -> None:
    """It is printed once; nobody's is refused."""
    given_back = zhuanche("user", "reset", bureau, "admin", "--reason", "忘记密码", data=data)
    assert given_back.returncode == 0, given_back.stderr
    assert re.search(r"Pass word of admin: \S{12}\n", given_back.stdout)
    nobody = zhuanche("user", "reset", bureau, "nobody", "--reason", "忘记密码", data=data)
    assert nobody.returncode == 1
    assert "not-found" in only_sentence(nobody.stderr)


def test_a_device_is_enrolled_given_another_token_and_revoked(data: Path, bureau: str) -> None:
    """The whole life of a phone, from the command line."""
    enrolled = zhuanche("device", "enrol", bureau, "手机一", "--login", "admin", data=data)
    assert enrolled.returncode == 0, enrolled.stderr
    told = re.match(r"Device (\S+), token (\S+)\n", enrolled.stdout)
    assert told
    rotated = zhuanche("device", "rotate", bureau, told[1], data=data)
    assert rotated.returncode == 0
    assert told[2] not in rotated.stdout
    assert zhuanche("device", "revoke", bureau, told[1], "--reason", "遗失", data=data).returncode == 0
    again = zhuanche("device", "revoke", bureau, told[1], "--reason", "遗失", data=data)
    assert "device-revoked" in only_sentence(again.stderr)


def test_a_holiday_notice_is_entered_from_a_file(data: Path, project: Path) -> None:
    """Entering one that is known already moves nothing."""
    shipped = project / "domain" / "calendar_data" / "2026.json"
    shown = zhuanche("calendar", str(shipped), "--dry-run", data=data)
    assert (shown.returncode, shown.stdout) == (
        0, "The notice of 2026 would be entered; 0 terms of open complaints would move.\n",
    ), shown.stderr  # fmt: skip
    entered = zhuanche("calendar", str(shipped), data=data)
    assert entered.returncode == 0, entered.stderr
    assert "2026" in entered.stdout
    broken = data.parent / "broken.json"
    broken.write_text("{}")
    assert "notice" in only_sentence(zhuanche("calendar", str(broken), data=data).stderr)


def test_the_openapi_document_is_printed_without_a_database() -> None:
    """Whoever builds a client needs no server for it."""
    printed = zhuanche("openapi")
    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout)["openapi"].startswith("3.1")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"port": "many"}, "ZHUANCHE_PORT"),
        ({"port": "70000"}, "65535"),
        ({"nonsense": "1"}, "ZHUANCHE_NONSENSE"),
        ({"log_level": "loud"}, "ZHUANCHE_LOG_LEVEL"),
        ({"log_file": "/nowhere/at/all.log"}, "ZHUANCHE_LOG_FILE"),
        ({"host": "192.0.2.1"}, "ZHUANCHE_HOST"),
        ({"database_url": "postgresql://127.0.0.1:1/none"}, "cannot be reached"),
        ({"owner_url": "postgresql://127.0.0.1:1/none", "database_url": "mysql://127.0.0.1/none"}, "postgresql://"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_in_one_sentence(
    settings: dict[str, str], told: str, tmp_path: Path
) -> None:
    """The sentence names the variable, and the exit code tells the supervisor."""
    ended = zhuanche("serve", **({"data": tmp_path, "port": "0"} | settings))
    assert ended.returncode == 1
    assert told in only_sentence(ended.stderr)


@pytest.mark.parametrize(
    ("fault", "told"),
    [(TimeoutError(), "did not answer in time: TimeoutError"), (ConnectionRefusedError("refused"), "in time: refused")],
)
def test_who_does_not_answer_is_not_told_of_as_a_file(
    fault: OSError, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python takes both for faults of an operating system, as it does a full disk."""

    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr("api.cli.command_line.command_line", fail)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = only_sentence(capsys.readouterr().err)
    assert told in said
    assert "file" not in said


def test_serving_a_database_without_schema_is_refused(tmp_path: Path) -> None:
    """Nothing is migrated behind the operator's back."""
    ended = zhuanche("serve", data=tmp_path / "data", port=0)
    assert ended.returncode == 1
    assert "zhuanche migrate" in only_sentence(ended.stderr)


def test_distributing_needs_a_database_of_several_servers(tmp_path: Path) -> None:
    """The embedded server is one."""
    ended = zhuanche("distribute", data=tmp_path)
    assert ended.returncode == 1
    assert "ZHUANCHE_DATABASE_URL" in only_sentence(ended.stderr)


@pytest.mark.parametrize(
    "url", ["mysql://u:secret@h/d", "postgresql://u:se@cret@h/d", "postgresql://u:secret@h:no/d?x=y"]
)
def test_a_new_place_that_is_no_url_is_told_without_its_pass_word(url: str) -> None:
    """A pass word is in no sentence of ours."""
    with pytest.raises(NoDatabase, match="The new place") as told:
        check_url("The new place", url)
    assert "cret" not in str(told.value)


def test_a_time_that_a_time_server_speaks_against_is_not_let_count(data: Path, bureau: str) -> None:
    """It would be doubted again at each start, and the record would say that it counts."""
    with time_server(lambda asked: answer(asked, time.time() + 86_400)) as address:
        refused = zhuanche("clock", "--accept", "compared with a watch", data=data, time_server=address)
    assert refused.returncode == 1
    assert "name another time server" in only_sentence(refused.stderr)
    found = zhuanche("clock", data=data)
    assert (found.returncode, "Nothing speaks against it." in found.stdout) == (0, True), bureau
