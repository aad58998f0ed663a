"""A disk that hangs, as a mount does whose server went away: whoever asks anything of it waits until it goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from api.aside import Hands


class Disk:
    """A disk that hangs and goes on as it is told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._goes = threading.Event()
        self._goes.set()

    def imitate(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let all that is begun below its path wait while it hangs."""
        begin = Hands.begin

        def begun(hands: Hands, work: Callable[[], Any]) -> Future[Any]:
            def wait() -> Any:
                if Path(hands._place).is_relative_to(self.path):
                    self._goes.wait(60)
                return work()

            return begin(hands, wait)

        monkeypatch.setattr(Hands, "begin", begun)

    def hang(self) -> None:
        """Answer nobody from now on."""
        self._goes.clear()

    def go_on(self) -> None:
        """Answer all who wait."""
        self._goes.set()


class Mount(Disk):
    """A true one: a file system whose server is stopped in the midst."""

    def __init__(self, path: Path, below: Path) -> None:
        super().__init__(path)
        self._server = subprocess.Popen(["bindfs", "-f", str(below), str(path)])

    def hang(self) -> None:
        """Stop its server."""
        os.kill(self._server.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let its server go on."""
        os.kill(self._server.pid, signal.SIGCONT)

    def end(self) -> None:
        """Unmount it."""
        self.go_on()
        self._server.terminate()
        self._server.wait(30)


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Mount]:
    """Mount such a file system in a folder, or skip the test where this machine cannot."""
    if shutil.which("bindfs") is None or not os.access("/dev/fuse", os.W_OK):
        pytest.skip("this machine has no bindfs")
    below, path = folder / "below", folder / "mount"
    below.mkdir()
    path.mkdir()
    disk = Mount(path, below)
    try:
        for _ in range(500):
            if path.is_mount():
                break
            if disk._server.poll() is not None:
                pytest.skip("this machine mounts nothing")
            threading.Event().wait(0.02)
        yield disk
    finally:
        disk.end()


async def until(so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(30):
        while not so():  # noqa: ASYNC110 - a disk has no event to wait for
            await asyncio.sleep(0.01)
