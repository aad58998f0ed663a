"""The product as its users run it: `zhuanche …` in processes of their own, answering on a real socket."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from api.db.leftover import THROWAWAY_NOTE
from tests.time_server import answer, time_server

ZHUANCHE = Path(sys.executable).with_name("zhuanche")
PATIENCE_S = 120


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def zhuanche(*arguments: str, patience_s: float = PATIENCE_S, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end with settings such as `data=…` and nothing else from our environment."""
    try:
        return subprocess.run(
            [ZHUANCHE, *arguments],
            env=environment(**settings),
            capture_output=True,
            text=True,
            timeout=patience_s,
            check=False,
        )
    finally:
        throw_away(settings.get("data"))


def throw_away(data: object) -> None:
    """Let the database of a test's command be cleared once the test's folder is gone, wherever its home lies."""
    home = Path(str(data)) / "postgres"
    if data is not None and home.is_symlink():
        with contextlib.suppress(FileNotFoundError):
            (home.resolve() / THROWAWAY_NOTE).touch()


_OPEN = contextlib.ExitStack()


@cache
def vouching() -> str:
    """Return the address of a time server that goes by this machine's clock, whatever tests have recorded."""
    return _OPEN.enter_context(time_server(lambda asked: answer(asked, time.time())))


def environment(**settings: object) -> dict[str, str]:
    """Return an environment that holds these settings; a bench or a walk asks more in a minute than people do."""
    settings = {"requests_a_minute": 100_000_000, "time_server": vouching()} | settings
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZHUANCHE_")}
    return kept | {f"ZHUANCHE_{name.upper()}": str(value) for name, value in settings.items()}


@dataclass
class Live:
    """A service that answers on a socket."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> int:
        """Tell it to stop as a supervisor does, wait, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


@contextmanager
def serving(log: Path, *command: str, program: Sequence[str] = (), **settings: object) -> Iterator[Live]:
    """Yield a service that has printed its address; `program` stands in for the product's own."""
    port = free_port()
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [*(program or (ZHUANCHE,)), *(command or ("serve",))],
            env=environment(port=port, **settings),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # Ctrl-C is for the one who started it, who then stops it in order
        ) as process,
    ):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if f":{port}" in line or "answers at" in line:
                    break
            else:
                raise AssertionError(f"the service did not start: {log.read_text()}")
            throw_away(settings.get("data"))
            yield Live(process, port, log)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
