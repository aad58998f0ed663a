"""The commands: what they do, and that what an operator can mend is one sentence, never a traceback."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.live import zhuanche


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


def test_a_bureau_is_set_up_once_and_its_administrator_gets_a_pass_word(data: Path) -> None:
    """The second time is refused; the first pass word is printed once, and a forgotten one is given back."""
    made = zhuanche("user", "bureau", "350302", "城厢区市场监督管理局", "--admin-name", "管理员", data=data)
    assert made.returncode == 0, made.stderr
    assert re.search(r"pass word \S{12}\n", made.stdout)
    again = zhuanche("user", "bureau", "350302", "城厢区市场监督管理局", "--admin-name", "管理员", data=data)
    assert again.returncode == 1
    assert "bureau-exists" in only_sentence(again.stderr)
    given_back = zhuanche("user", "reset", "350302", "admin", "--reason", "忘记密码", data=data)
    assert given_back.returncode == 0, given_back.stderr
    nobody = zhuanche("user", "reset", "350302", "nobody", "--reason", "忘记密码", data=data)
    assert nobody.returncode == 1
    assert "not-found" in only_sentence(nobody.stderr)


def test_a_device_is_enrolled_given_another_token_and_revoked(data: Path) -> None:
    """The whole life of a phone, from the command line."""
    zhuanche("user", "bureau", "350303", "x", "--admin-name", "x", "--boundary", str(square(data)), data=data)
    enrolled = zhuanche("device", "enrol", "350303", "手机一", "--login", "admin", data=data)
    assert enrolled.returncode == 0, enrolled.stderr
    told = re.match(r"Device (\S+), token (\S+)\n", enrolled.stdout)
    assert told
    rotated = zhuanche("device", "rotate", "350303", told[1], data=data)
    assert rotated.returncode == 0
    assert told[2] not in rotated.stdout
    assert zhuanche("device", "revoke", "350303", told[1], "--reason", "遗失", data=data).returncode == 0
    again = zhuanche("device", "revoke", "350303", told[1], "--reason", "遗失", data=data)
    assert "device-revoked" in only_sentence(again.stderr)


def square(folder: Path) -> Path:
    """Write a district of one square and return its file."""
    path = folder.parent / "square.geojson"
    ring = [[118.0, 25.0], [119.0, 25.0], [119.0, 26.0], [118.0, 26.0], [118.0, 25.0]]
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    return path


def test_a_holiday_notice_is_entered_from_a_file(data: Path, project: Path) -> None:
    """Entering one that is known already moves nothing."""
    shipped = project / "domain" / "calendar_data" / "2026.json"
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
