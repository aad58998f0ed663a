"""`zhuanche import` as an operator uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.demo.bureau import PLATE
from tests.live import zhuanche

LOG = """2025年公务用车使用台账,,,,
出车时间,收车时间,起始公里,终止公里,司机
3月1日 08:30,10:05,12000,12031,郑某
3月2日 08:30,10:05,{second},12060,郑某
"""
LIST = """登记编号,登记时间,投诉人,联系电话,被投诉方,被投诉方地址,诉求,投诉内容
350302202601010001,2026-01-05 09:00,林某,13800000001,某店,步行街 12 号,退款,褪色
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the demo bureau."""
    folder = tmp_path_factory.mktemp("import") / "data"
    loaded = zhuanche("demo", data=folder)
    assert loaded.returncode == 0, loaded.stderr
    return folder


def saved(folder: Path, text: str, name: str = "台账.csv") -> str:
    """Save a sheet as a spreadsheet program in China does, and return its path."""
    path = folder.parent / name
    path.write_bytes(text.encode("gbk"))
    return str(path)


def test_a_list_of_complaints_is_shown_then_registered_and_the_second_time_left_out(data: Path) -> None:
    """The columns are shown, what the list lacks is filled in by hand, and nothing comes twice."""
    path = saved(data, LIST, "投诉.csv")
    lacks = zhuanche("import", "complaints", "350302", path, "--as", "dispatcher", "--yes", data=data)
    assert lacks.returncode == 1
    assert "2: 必填内容为空" in lacks.stdout
    command = ("import", "complaints", "350302", path, "--as", "dispatcher", "--fill", "complainant_address=未提供")
    dry = zhuanche(*command, "--dry-run", data=data)
    assert dry.returncode == 0, dry.stderr
    assert "source_number            登记编号: A 登记编号" in dry.stdout
    assert "1 rows can be taken over" in dry.stdout
    done = zhuanche(*command, "--yes", data=data)
    assert "1 rows are taken over." in done.stdout, done.stderr
    again = zhuanche(*command, "--yes", "--english", data=data)
    assert again.returncode == 0
    assert "taken over before; left out (350302202601010001)" in again.stdout


def test_an_old_log_with_a_fault_is_told_by_cell_and_a_good_one_needs_a_yes(data: Path) -> None:
    """Without a yes nothing is entered; who answers for it must be a person of the bureau."""
    wrong = zhuanche("import", "log", "350302", PLATE, saved(data, LOG.format(second="约")), "--as", "chief", data=data)
    assert wrong.returncode == 1
    assert "C4: 不是数字" in wrong.stdout
    path = saved(data, LOG.format(second=12035))
    unasked = zhuanche("import", "log", "350302", PLATE, path, "--as", "chief", data=data)
    assert unasked.returncode == 1
    assert "C4: 与上一行里程不衔接 (+4 km)" in unasked.stdout
    nobody = zhuanche("import", "log", "350302", PLATE, path, "--as", "nobody", "--yes", data=data)
    assert nobody.returncode == 1
    assert "not-found" in nobody.stderr
    done = zhuanche("import", "log", "350302", PLATE, path, "--as", "chief", "--yes", data=data)
    assert "2 rows are taken over." in done.stdout, done.stderr
