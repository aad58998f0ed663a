"""Ctrl-C in a command: exit code 130 and one sentence; and how far it is."""

from __future__ import annotations

import asyncio
import inspect
import io
import signal
import subprocess
import sys
import time

import psycopg
import pytest
from rich.console import Console

from api.cli.interrupted import Interrupted, on_interrupt
from api.cli.progress import PATIENCE_S, progress
from api.db.migrate import MIGRATION_LOCK
from api.loop import run_in_loop
from tests.cli.as_found import commands
from tests.conftest import Server
from tests.live import PATIENCE_S as COMMAND_S
from tests.live import ZHUANCHE, environment

WAITS = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"


def test_ctrl_c_ends_a_command_with_130_and_one_sentence(server: Server) -> None:
    """A script can tell it from a failure, and the operator reads that nothing is half done."""
    with psycopg.connect(server.superuser, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        with subprocess.Popen(
            [ZHUANCHE, "migrate"], env=environment(database_url=server.superuser), stderr=subprocess.PIPE, text=True
        ) as process:
            deadline = time.monotonic() + COMMAND_S
            while not holder.execute(WAITS, (MIGRATION_LOCK,)).fetchone():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=COMMAND_S)
    assert process.returncode == 130
    assert told.startswith("zhuanche: Interrupted: what was committed stays")
    assert len(told.strip().splitlines()) == 1


INTERRUPTED_WHILE_PUT_AWAY = """
import signal, time
from api.cli.interrupted import hear_swallowed
class PutAway:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
hear_swallowed()
try:
    PutAway()
    time.sleep(60)
except KeyboardInterrupt:
    raise SystemExit(130)
"""


def test_ctrl_c_is_heard_also_where_it_comes_while_an_object_is_put_away() -> None:
    """Python swallows it there, with a traceback, and the command would go on to its end."""
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_PUT_AWAY],
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (130, "")


INTERRUPTED_WHILE_LOADING = """
import runpy, sys
class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, CtrlC())
runpy.run_module("api", run_name="__main__")
"""


def test_ctrl_c_while_the_command_loads_is_no_traceback() -> None:
    """On a slow machine that takes seconds, in which a mistyped command is taken back."""
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_LOADING],
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (130, "zhuanche: Interrupted: nothing was begun.\n")


def test_ctrl_c_waits_until_a_loop_is_made_or_a_server_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is broken off half made tells so in tracebacks, beside the sentence; a server would outlive its command."""
    made = []

    def pressed() -> asyncio.AbstractEventLoop:
        signal.raise_signal(signal.SIGINT)
        made.append(True)
        return asyncio.SelectorEventLoop()

    async def work() -> None:
        made.append(False)

    monkeypatch.setattr(asyncio.events, "new_event_loop", pressed)
    with pytest.raises(KeyboardInterrupt):
        run_in_loop(work())
    assert made == [True]


def test_a_command_says_itself_how_things_stand_after_ctrl_c() -> None:
    """The innermost sentence is the one that knows."""
    with pytest.raises(Interrupted, match="nothing was restored"), on_interrupt("the rest"):  # noqa: SIM117 - nested
        with on_interrupt("nothing was restored."):
            raise KeyboardInterrupt


def test_a_bar_shows_only_what_takes_longer_than_a_second_and_only_at_a_terminal() -> None:
    """Logs and programs read stderr too; what is done at once needs no bar."""

    def shown(*, terminal: bool, takes_s: float) -> str:
        told = io.StringIO()
        with progress("copying", 2, console=Console(file=told, force_terminal=terminal, width=80)) as bar:
            bar.advance()
            time.sleep(takes_s)
        return told.getvalue()

    assert "copying" in shown(terminal=True, takes_s=PATIENCE_S + 0.3)
    assert shown(terminal=True, takes_s=0) == ""
    assert shown(terminal=False, takes_s=PATIENCE_S + 0.3) == ""


QUICK = {
    "clock": "asks the time; a time server has its own patience",
    "openapi": "prints a document",
    "serve": "says what it waits for",
    "user reset": "changes one row",
    "device enrol": "changes one row",
    "device rotate": "changes one row",
    "device revoke": "changes one row",
}


def test_every_command_that_may_take_longer_than_a_second_shows_that_it_goes_on() -> None:
    """A terminal that stands still for minutes is closed by whoever sits before it."""
    modules = {name: inspect.getmodule(command.callback) for name, command in commands().items()}
    drawn = {name for name, module in modules.items() if module and "progress(" in inspect.getsource(module)}
    assert set(commands()) - drawn == set(QUICK)
