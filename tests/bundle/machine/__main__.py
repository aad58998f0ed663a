"""Tries the bundle, the systemd unit and the container on machines of their own: `make machine`.

    python -m tests.bundle.machine [--debian bookworm|trixie|all] [--by kvm|tcg|namespaces] BUNDLE

On each, which has no network, docs/install.md is followed word by word, and then all is struck: killed, restarted,
stopped, booted again, its power cut. It is a virtual one, by KVM or by an imitated processor (tcg, very slow), or
lives in namespaces. As root. The disk it begins with is made once, which needs a network, into build/machine; a copy of
it is used and thrown away. Exit code 1 where anything is not as promised, 2 where this machine cannot make another.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.bundle.machine.container import Container
from tests.bundle.machine.guest import Guest, Otherwise
from tests.bundle.machine.image import made
from tests.bundle.machine.service import Service, Step
from tests.bundle.machine.spawned import Spawned
from tests.bundle.machine.virtual import Virtual

BUILD: Final = Path(__file__).resolve().parents[3] / "build"
DEBIANS: Final = ("bookworm", "trixie")
_QEMU: Final = {"qemu-system-x86_64": "qemu-system-x86"}
MADE_BY: Final = {"kvm": _QEMU, "tcg": _QEMU, "namespaces": {"systemd-nspawn": "systemd-container"}}
"""What makes a machine, and which programs it needs."""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def tried(steps: Iterable[tuple[str, Step]]) -> int:
    """Take the steps one after the other, say how each went, and return how many are not as promised."""
    amiss = 0
    for name, step in steps:
        began = time.monotonic()
        try:
            told = step()
        except (Otherwise, OSError) as fault:
            amiss += 1
            say(f"  NOT  {name}: {fault}")
        else:
            note = f", {told}" if isinstance(told, str) and "\n" not in told else ""
            say(f"  ok   {name} ({time.monotonic() - began:.0f} s{note})")
    return amiss


def missing(by: str) -> list[str]:
    """Return what this machine lacks to make another one in itself."""
    lacks = [] if os.geteuid() == 0 else ["root"]
    if by == "kvm" and not os.access("/dev/kvm", os.R_OK | os.W_OK):
        lacks.append("KVM (/dev/kvm)")
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    by_program = {"debootstrap": "debootstrap", "mkfs.ext4": "e2fsprogs", "dpkg-deb": "dpkg"} | MADE_BY[by]
    return lacks + [
        f"{program} (Debian's package {package})"
        for program, package in by_program.items()
        if shutil.which(program, path=path) is None
    ]


@contextmanager
def a_guest(disk: Path, bundle: Path, by: str) -> Iterator[Guest]:
    """Yield a machine that is on, with a copy of a disk and the bundle in root's home; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="zhuanche-machine-") as folder:
        for name in ("disk", "kernel", "initrd"):
            subprocess.run(["cp", "--sparse=always", disk / name, f"{folder}/{name}"], check=True)
        guest = Spawned(Path(folder)) if by == "namespaces" else Virtual(Path(folder), bundle, by)
        try:
            guest.switch_on()
            guest.put(bundle)
            yield guest
        finally:
            guest.cut()


def try_on(debian: str, bundle: Path, by: str) -> int:
    """Try all on a machine of a release of Debian, and return how much is not as promised."""
    say(f"Debian {debian}, {by}")
    try:
        with a_guest(made(debian, BUILD / "machine"), bundle, by) as guest:
            return tried(Service(guest).steps()) + tried(Container(guest).steps())
    except Otherwise as fault:
        say(f"  NOT  {fault}")
        return 1


def main() -> int:
    """Try what the command line asks for, and return the exit code."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("bundle", type=Path)
    asked.add_argument("--debian", choices=[*DEBIANS, "all"], default="all")
    asked.add_argument("--by", choices=sorted(MADE_BY), default="kvm")
    options = asked.parse_args()
    if lacks := missing(options.by):
        say(f"machine: this machine lacks {', '.join(lacks)}.")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was switched on is switched off
    debians = [one for one in DEBIANS if options.debian in {one, "all"}]
    amiss = sum(try_on(one, options.bundle.absolute(), options.by) for one in debians)
    say("All is as promised." if amiss == 0 else f"{amiss} not as promised.")
    return 1 if amiss else 0


if __name__ == "__main__":
    raise SystemExit(main())
