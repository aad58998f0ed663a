"""What was erased since a backup is back once it is restored: restore and doctor say so until it is done again."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from api.backup.erasures import NAME
from api.cli.restore import tell_erasures
from api.db.database import Database
from api.db.migrate import migrate
from api.db.roles import OWNER
from api.db.tables.complaints import Complaint
from api.settings import Settings
from api.usecases.act_on_complaint import act_on_complaint
from domain.complaint.acts import Withdraw
from tests.backup.conftest import an_empty_database
from tests.complaints import accepted_complaint
from tests.conftest import Server
from tests.live import environment, zhuanche
from tests.world import HeldClock, make_world

SECRET = "林欣悦"
DECIDED = ("--ground", "unlawful", "--decided-by", "desk_chief", "--confirmed-by", "custodian")


@dataclass(frozen=True)
class Erased:
    """A record in which a complaint's parties were erased, and its backup from before."""

    url: str
    data: Path
    folder: Path
    backup: Path
    bureau_id: str
    number: str


async def _withdrawn(url: str, settings: Settings) -> tuple[str, str]:
    """Make a bureau with a complaint that is over; return the bureau and the complaint's number."""
    clock = HeldClock(datetime.now(UTC))
    owner, service = Database(url, settings, clock, role=OWNER), Database(url, settings, clock)
    try:
        world = await make_world(owner, service, clock)
        complaint_id = await accepted_complaint(world, complainant_name=SECRET)
        await act_on_complaint(service, world["dispatcher"], complaint_id, Withdraw)
        async with service.read(world.bureau_id) as reader:
            number = await reader.one(select(Complaint.number).where(Complaint.bureau_id == world.bureau_id))
    finally:
        await service.close()
        await owner.close()
    return world.bureau_id, number


@pytest.fixture(scope="module")
def erased(server: Server, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erased]:
    """Return a record whose only complaint was erased after its backup."""
    if server.distributed:
        pytest.skip("a cluster is backed up by its own tools")
    home = tmp_path_factory.mktemp("erased")
    with an_empty_database(server) as url:
        migrate(url)
        bureau_id, number = asyncio.run(_withdrawn(url, settings))
        data, folder = home / "data", home / "to"
        made = zhuanche("backup", data=data, database_url=url, backup_to=folder)
        assert made.returncode == 0, made.stderr
        (backup,) = folder.glob("zhuanche-*.tar")
        for step in ("restrict", "erase"):
            done = zhuanche("erase", step, bureau_id, number, *DECIDED, data=data, database_url=url, backup_to=folder)
            assert done.returncode == 0, done.stderr
        yield Erased(url, data, folder, backup, bureau_id, number)


def doctor(data: Path, url: str) -> tuple[str, str]:
    """Return how it stands with erasures, and what is said of it."""
    told = json.loads(zhuanche("doctor", "--json", data=data, database_url=url, time_server="none").stdout)
    (check,) = [one for one in told["checks"] if one["check"] == "erasures"]
    return check["state"], check["said"]["en"]


def test_the_list_beside_the_backups_names_the_steps_and_nobody(erased: Erased) -> None:
    """Number, step, ground and instant: no name and no login, and the record itself prints the same."""
    text = (erased.folder / NAME).read_text("utf-8")
    listed = json.loads(text)
    assert [(one["number"], one["step"], one["ground"]) for one in listed] == [
        (erased.number, "restricted", "unlawful"),
        (erased.number, "erased", "unlawful"),
    ]
    assert {*listed[0]} == {"recorded_at", "bureau_id", "complaint_id", "number", "step", "ground"}
    assert SECRET not in text
    printed = zhuanche("erase", "list", data=erased.data, database_url=erased.url)
    assert json.loads(printed.stdout) == listed


def test_a_restore_names_what_was_erased_since_and_the_doctor_goes_on_until_it_is_done_again(
    erased: Erased, server: Server, tmp_path: Path
) -> None:
    """From the list beside the backup: on the restore's own lines, then by the doctor, until the same step is taken."""
    data = tmp_path / "new"
    with an_empty_database(server) as url:
        restored = zhuanche("restore", str(erased.backup), data=data, database_url=url)
        assert restored.returncode == 0, restored.stderr
        assert f"{erased.bureau_id} {erased.number}. Do it again: zhuanche erase restrict" in restored.stderr
        assert doctor(data, url) == ("not-well", f"back since a restore: {erased.number} (erased)")
        step = ("restrict", erased.bureau_id, erased.number, *DECIDED)
        assert zhuanche("erase", *step, data=data, database_url=url).returncode == 0
        assert doctor(data, url)[0] == "not-well"
        assert zhuanche("erase", "erase", *step[1:], data=data, database_url=url).returncode == 0
        assert doctor(data, url) == ("well", "none was undone by a restore")


def test_a_restore_that_cannot_look_up_what_is_back_is_done_nevertheless(
    erased: Erased, server: Server, tmp_path: Path
) -> None:
    """It says that it is, and that the doctor names what is to be erased again."""
    program = (
        "import api.cli.command_line, api.cli.restore as one; from api.db.faults import Busy;"
        " one._undone = lambda *_: (_ for _ in ()).throw(Busy()); api.cli.command_line.main()"
    )
    with an_empty_database(server) as url:
        made = subprocess.run(
            [sys.executable, "-c", program, "restore", erased.backup],
            env=environment(data=tmp_path / "new", database_url=url),
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        assert "Restored and checked" in made.stdout
        assert "What is to be erased again is not known yet: zhuanche doctor names it." in made.stderr
        assert doctor(tmp_path / "new", url)[0] == "not-well"


def test_a_restore_takes_the_list_that_is_given_and_no_other_file(
    erased: Erased, server: Server, tmp_path: Path
) -> None:
    """A backup that was fetched alone, with what the newer record printed; what is no list is refused at once."""
    alone = tmp_path / "alone" / erased.backup.name
    alone.parent.mkdir()
    shutil.copy(erased.backup, alone)
    (tmp_path / "none.json").write_text("{}")
    with an_empty_database(server) as url:
        for name, said in (("none.json", "none.json is no list of erasures"), ("nowhere.json", "There is no file")):
            asked = ("restore", str(alone), "--erasures", str(tmp_path / name))
            refused = zhuanche(*asked, data=tmp_path / "new", database_url=url)
            assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr
        asked = ("restore", str(alone), "--erasures", str(erased.folder / NAME))
        given = zhuanche(*asked, data=tmp_path / "new", database_url=url)
        assert given.returncode == 0, given.stderr
        assert f"{erased.bureau_id} {erased.number}. Do it again" in given.stderr
        assert "nobody knows" not in given.stderr


def test_without_a_list_a_restore_says_that_nobody_knows(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list says that nothing was erased; none says nothing."""
    tell_erasures([], [], datetime(2026, 11, 26, tzinfo=UTC))
    assert capsys.readouterr().err == ""
    tell_erasures(None, [], datetime(2026, 11, 26, tzinfo=UTC))
    assert "erased after 2026-11-26T00:00:00+00:00 is back, and nobody knows which" in capsys.readouterr().err
