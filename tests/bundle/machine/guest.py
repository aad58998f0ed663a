"""A trial machine: switched on and off, told what to do as root, and never on a network."""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BOOTS_S: Final = 600
PATIENCE_S: Final = 1800
"""Enough for each script without KVM too."""
POLL_S: Final = 0.2
BOOT: Final = "cat /proc/sys/kernel/random/boot_id; stat --format %Z /proc/1"


class Otherwise(Exception):
    """Something in the machine is not as promised."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a script ended in the machine."""

    code: int
    out: str
    err: str

    @property
    def screen(self) -> str:
        """Return all that it printed."""
        return self.out + self.err


class Guest(ABC):
    """A machine that is switched on and off, and what it runs as root."""

    slower: int = 1
    """So many times slower than this machine: without KVM, what is to be there in time is given so much more of it."""

    def __init__(self, folder: Path) -> None:
        """Make one of a folder that holds its `disk`, `kernel` and `initrd`, and is its own."""
        self.folder = folder

    @abstractmethod
    def switch_on(self) -> None:
        """Switch the power on, and wait until it can be told what to do."""

    @abstractmethod
    def cut(self) -> None:
        """Cut the power."""

    @abstractmethod
    def put(self, file: Path) -> None:
        """Put a file into root's home."""

    @abstractmethod
    def run(self, script: str, given: str = "", patience_s: float = PATIENCE_S) -> Ran:
        """Run a script of bash as root, as after a sign-in, and return how it ended."""

    def do(self, script: str, given: str = "", patience_s: float = PATIENCE_S) -> str:
        """Run a script that must end well, and return what it printed on standard output.

        Raises:
            Otherwise: it does not.
        """
        ran = self.run(script, given, patience_s)
        if ran.code != 0:
            raise Otherwise(f"$ {script}\nends with {ran.code}:\n{ran.screen[-3000:]}")
        return ran.out

    def boot_again(self) -> None:
        """Tell the machine to boot again, and wait until it has."""
        before = self.run(BOOT).out
        with contextlib.suppress(OSError, Otherwise):
            self.run("systemctl reboot", patience_s=20)
        end = time.monotonic() + BOOTS_S
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                now = self.run(BOOT)
                if now.code == 0 and now.out != before:
                    return
            time.sleep(POLL_S)
        raise Otherwise("the machine did not boot again")

    def console(self) -> str:
        """Return the end of what it showed."""
        return (self.folder / "console").read_text("utf-8", "replace")[-3000:]
