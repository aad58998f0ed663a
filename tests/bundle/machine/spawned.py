"""A machine in namespaces of its own (systemd-nspawn): its own init, processes, users, mounts, and no network.

It has this machine's kernel, is as fast as this machine, and needs no KVM. A power cut is a kill -9 of all of it: what
it wrote is kept by this machine's kernel.
"""

from __future__ import annotations

import itertools
import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from tests.bundle.machine.guest import BOOTS_S, PATIENCE_S, POLL_S, Guest, Otherwise, Ran

STARTED: Final = """
[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$1"
echo $$ > "/sys/fs/cgroup/$1/cgroup.procs"
mkdir -p root
mount -o loop disk root
exec systemd-nspawn --quiet --keep-unit --register=no --private-network --machine=cupboard --directory="$PWD/root" \\
    --capability=all --system-call-filter='@keyring bpf' --setenv=SYSTEMD_LOG_SECCOMP=1 --boot
"""
LIMITS: Final = """[containers]
pids_limit = 0
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
"""
ENDS_S: Final = 120
"""How long it may take to go down: a service may finish its work."""
_SCRIPTS: Final = itertools.count()


class Spawned(Guest):
    """A machine that systemd-nspawn makes."""

    def __init__(self, folder: Path) -> None:
        """Make one of a folder with a `disk`."""
        super().__init__(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._group = f"zhuanche-machine-{os.getpid()}"

    def switch_on(self) -> None:
        """Start it, and wait until it can be told what to do."""
        with (self.folder / "console").open("ab") as console:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--propagation=private", "bash", "-ec", STARTED, "machine", self._group],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + BOOTS_S
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise Otherwise(f"the machine is off:\n{self.console()}")
            if self.run("systemctl is-system-running --wait").out.strip() in {"running", "degraded"}:
                # It is given no more files and processes than we may have, nor a controller that is not there.
                files, processes = (
                    resource.getrlimit(one)[1] for one in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC)
                )
                self.do("cat > /etc/containers/containers.conf", LIMITS.format(files=files, processes=processes))
                return
            time.sleep(POLL_S)
        raise Otherwise(f"the machine does not boot:\n{self.console()}")

    def cut(self) -> None:
        """Kill all of it at once."""
        if self._process is None:
            return
        for pid in filter(None, [self._init()]):
            os.kill(int(pid), signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        self._process = None
        time.sleep(1)
        for mounted in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
            groups = Path(mounted, self._group).rglob("cgroup.procs")
            for group in sorted((one.parent for one in groups), reverse=True):  # those within others first
                group.rmdir()

    def boot_again(self) -> None:
        """Tell it to boot again: it ends, which is told to whoever started it, and is started anew."""
        if self._process is not None:
            self.run("systemctl --no-block reboot")
            self._process.wait(ENDS_S)
            self.switch_on()

    def put(self, file: Path) -> None:
        """Copy it."""
        shutil.copy(file, self._root(self._init()) / "root" / file.name)

    def run(self, script: str, given: str = "", patience_s: float = PATIENCE_S) -> Ran:
        """Run a script of bash as root, as after a sign-in, and return how it ended."""
        init = self._init()
        if init is None:
            return Ran(255, "", "the machine is off")
        name = f"run/script-{next(_SCRIPTS)}"
        try:
            (self._root(init) / name).write_text(f"cd /root\n{script}\n", "utf-8")
            done = subprocess.run(
                ["nsenter", "--all", f"--target={init}", "systemd-run", "--quiet", "--pipe", "--wait",
                 "--collect", "--property=KillMode=process", "--setenv=HOME=/root", "--setenv=LANG=C.UTF-8", "bash",
                 "-l", f"/{name}"],
                input=given, capture_output=True, text=True, check=False, timeout=patience_s,
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            raise Otherwise(f"$ {script}\ndoes not end within {patience_s:.0f} s") from late
        except OSError as gone:
            return Ran(255, "", str(gone))
        return Ran(done.returncode, done.stdout, done.stderr)

    @staticmethod
    def _root(process: str | None) -> Path:
        """Return what a process has for its root."""
        return Path("/proc", str(process), "root")

    def _init(self) -> str | None:
        """Return the process that is the machine's first."""
        if self._process is None:
            return None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for child in children.read_text().split() if children.exists() else []:
            if (self._root(child) / "run" / "systemd" / "private").exists():
                return child
        return None
