"""The bundle on a machine without a network: `pytest tests/bundle --bundle build/zhuanche-….tar`, after `make bundle`.

"Without a network" is a network namespace of its own that has nothing but its loopback.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

import pytest

from tests.cli.follow import blocks_of, follow
from tests.live import PATIENCE_S

ALONE: Final = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-rn")
APART: Final = (*ALONE, "--", sys.executable, Path(__file__).with_name("loopback.py"))


@pytest.fixture(scope="module")
def bundle(request: pytest.FixtureRequest) -> Path:
    """Return the archive that the command line names."""
    named = request.config.getoption("--bundle")
    if named is None:
        pytest.skip("no bundle is named (--bundle); make bundle makes one")
    return Path(named).absolute()


@pytest.fixture
def home(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home with nothing but the archive, the place to install to beside it."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / bundle.name).symlink_to(bundle)
    monkeypatch.setenv("PREFIX", str(tmp_path / "prefix"))
    monkeypatch.setenv("PYTHON", "/usr/bin/python3")
    return folder


def test_a_machine_without_a_network_installs_the_bundle_by_one_command_and_serves(
    home: Path, tmp_path: Path, project: Path
) -> None:
    """The page is followed on the system's own Python; what was installed is what the list of parts names."""
    page = project / "docs" / "install.md"
    blocks = [block for part in ("Without a network", "A bureau", "Serve") for block in blocks_of(page, part)]
    follow(blocks, home, programs=tmp_path / "prefix" / "bin", through=APART)
    (folder,) = home.glob("zhuanche-*/")
    listed = json.loads((folder / "sbom.cdx.json").read_text())
    (python,) = (tmp_path / "prefix" / "lib" / "zhuanche").glob("*/bin/python")
    asked = "from importlib.metadata import distributions as d; print(*sorted(f'{x.name}=={x.version}' for x in d()))"
    answer = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    installed = {name.lower().replace("_", "-").replace(".", "-") for name in answer.stdout.split()}
    parts = [*listed["components"], listed["metadata"]["component"]]
    assert installed <= {f"{part['name']}=={part['version']}".replace(".", "-") for part in parts}
    assert len(installed) > 60


def test_a_bundle_that_was_damaged_on_its_way_is_refused(home: Path, bundle: Path) -> None:
    """One byte of one wheel, and nothing is installed."""
    with tarfile.open(bundle) as archive:
        archive.extractall(home, filter="data")
    (wheel,) = home.glob("zhuanche-*/wheels/typst-*.whl")
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 1
    wheel.write_bytes(content)
    refused = installed_by(home)
    assert refused.returncode == 1
    assert "not whole" in refused.stderr
    assert wheel.name in refused.stderr
    assert not (home.parent / "prefix").exists()


def installed_by(home: Path) -> subprocess.CompletedProcess[str]:
    """Run the installer of an unpacked bundle."""
    (install,) = home.glob("zhuanche-*/install")
    return subprocess.run([*APART, install], capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def test_on_an_older_system_all_but_the_embedded_database_is_installed(
    home: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, at install and at start, and what to do instead."""
    with tarfile.open(bundle) as archive:
        archive.extractall(home, filter="data")
    older = home / "python"
    faked = 'case "$*" in *CS_GNU_LIBC_VERSION*) echo 2.28 ;; *) exec /usr/bin/python3 "$@" ;; esac'
    older.write_text(f"#!/bin/sh\n{faked}\n")
    older.chmod(0o755)
    monkeypatch.setenv("PYTHON", str(older))
    made = installed_by(home)
    assert made.returncode == 0, made.stderr
    assert "ZHUANCHE_DATABASE_URL" in made.stdout
    program = home.parent / "prefix" / "bin" / "zhuanche"
    serve = subprocess.run([program, "serve"], capture_output=True, text=True, check=False, timeout=PATIENCE_S,
                           env={"HOME": str(home), "PATH": os.environ["PATH"]})  # fmt: skip
    assert serve.returncode == 1
    assert "ZHUANCHE_DATABASE_URL" in serve.stderr
    assert len(serve.stderr.strip().splitlines()) == 1
    shutil.rmtree(home.parent / "prefix")
