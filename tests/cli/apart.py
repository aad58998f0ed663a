"""Commands in processes of their own, forked from one that has loaded the program: loading it anew takes seconds.

What a process finds is set before the program's own first line: account, environment, folder, network, standard files.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

from api.cli.command_line import COMMANDS
from api.db.datafolder import Account, closed_folder
from tests.bundle.loopback import bring_up
from tests.live import PATIENCE_S

CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str
    seconds: float
    """From the first line of the program to its end."""
    pressed_s: float | None = None
    """When Ctrl-C was pressed, where it was."""


@cache
def _loaded() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    commands = {f"api.cli.{place.partition(':')[0]}" for place in COMMANDS.values()}
    context.set_forkserver_preload(
        [*sorted(commands), "api.cli.told", "api.app", "api.init.answers", "tests.cli.apart"]
    )
    return context


def _become(
    words: Sequence[str],
    place: Path,
    environ: Mapping[str, str],
    account: tuple[int, int],
    said: Path,
    *,
    offline: bool,
) -> None:
    """Be a command: in a session of its own, as a terminal starts one."""
    os.setsid()
    for number, name in ((0, os.devnull), (1, said.with_suffix(".out")), (2, said.with_suffix(".err"))):
        file = os.open(name, os.O_RDWR | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - as a new interpreter has it
    if offline:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "no network of its own")
        bring_up()
    os.chdir(place)
    os.environ.clear()
    os.environ.update(environ)
    tempfile.tempdir = None
    os.umask(0o022)
    if account[0] != os.geteuid():
        _let_through(Path(sys.base_prefix), account)
        os.setgroups([])
        os.setresgid(account[1], account[1], account[1])
        os.setresuid(account[0], account[0], account[0])
    sys.argv = ["zhuanche", *words]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from api.__main__ import main  # noqa: PLC0415 - it is loaded already, but for this

    said.with_suffix(".began").touch()
    main()


def _let_through(base: Path, account: tuple[int, int]) -> None:
    """Let an account pass to Python itself, which may lie in a home that is closed to it: root's, of pyenv say."""
    closed = closed_folder(base, Account("", *account, other=True))
    if closed is None:
        return
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "no mounts of its own")
    beside = tempfile.mkdtemp()
    for command in (
        ["mount", "--make-rprivate", "/"],
        ["mount", "--bind", base, beside],
        ["mount", "-t", "tmpfs", "-o", "mode=0755", "none", closed],
        ["mkdir", "-p", base],
        ["mount", "--bind", beside, base],
    ):
        subprocess.run(command, check=True)


class Started:
    """A command that runs."""

    def __init__(
        self,
        words: Sequence[str],
        place: Path,
        environ: Mapping[str, str],
        account: pwd.struct_passwd,
        *,
        offline: bool = False,
    ) -> None:
        """Start it in a place, as an account, with this environment and no other."""
        self._said = Path(tempfile.mkdtemp(prefix="zhuanche-said-")) / "said"
        self._said.parent.chmod(0o777)  # the command itself says that it has begun
        who = account.pw_uid, account.pw_gid
        self._process = _loaded().Process(
            target=_become, args=(words, place, environ, who, self._said), kwargs={"offline": offline}
        )
        self._process.start()
        began = self._said.with_suffix(".began")
        while self._process.is_alive() and not began.exists():
            self._process.join(0.005)
        self._began = time.monotonic()

    def ended(self, after_s: float | None, *, until: str | None) -> Ended:
        """Return how it ended; Ctrl-C is pressed after so many seconds, or as soon as it prints some words."""
        out, err = (self._said.with_suffix(suffix) for suffix in (".out", ".err"))
        pressed_s = None
        while self._process.is_alive() and pressed_s is None:
            passed = time.monotonic() - self._began
            is_time = after_s is not None and passed >= after_s
            if is_time or (until is not None and out.exists() and until in out.read_text()):
                self._press()
                pressed_s = passed
            elif passed > PATIENCE_S:
                break
            else:
                self._process.join(0.01)
        self._process.join(PATIENCE_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        seconds = time.monotonic() - self._began
        texts = [one.read_text(errors="replace") if one.exists() else "" for one in (out, err)]
        shutil.rmtree(self._said.parent)
        return Ended(self._process.exitcode or 0, texts[0], texts[1], seconds, pressed_s)

    def _press(self) -> None:
        """Press Ctrl-C: all of the terminal's processes hear it."""
        assert self._process.pid is not None
        try:
            os.killpg(self._process.pid, signal.SIGINT)
        except ProcessLookupError:  # it is no session of its own yet, or over
            os.kill(self._process.pid, signal.SIGINT)
