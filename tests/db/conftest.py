"""A place for an embedded server that is a test's alone, and its service in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.db.embedded import SERVICE, commands

Service = tuple[subprocess.Popen[str], dict[str, Any]]


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a folder that every user may pass through; servers left in it are ended afterwards."""
    folder = Path(tempfile.gettempdir()).resolve() / f"zhuanche-test-{secrets.token_hex(4)}"
    folder.mkdir()
    folder.chmod(0o711)
    yield folder
    for pid, command in commands():
        if str(folder) in command and "postgres" in command:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data(place: Path) -> Path:
    """Return the name of a data folder that does not exist yet."""
    return place / "data"


@pytest.fixture
def service(project: Path) -> Iterator[Callable[..., Service]]:
    """Return a function that starts a service in a process of its own and returns what it says."""
    begun: list[subprocess.Popen[str]] = []

    def begin(data: Path, uid: int | None = None, **options: Any) -> Service:
        command = [sys.executable, str(SERVICE), str(data), json.dumps({"durable": False} | options)]
        process = subprocess.Popen(
            [*command, *([str(uid)] if uid is not None else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=project,
            env=os.environ | {"PYTHONPATH": str(project)},
            start_new_session=True,
        )
        begun.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())

    yield begin
    for process in begun:
        process.kill()
        process.communicate()
