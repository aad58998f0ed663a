"""A virtual machine with one processor and no network card, told what to do through its guest agent."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.bundle.machine.guest import BOOTS_S, PATIENCE_S, POLL_S, Guest, Otherwise, Ran

MEMORY_MIB: Final = 2048
_TURNS: Final = itertools.count(int(time.time()))
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KERNEL: Final = "root=/dev/vda rw console=ttyS0 quiet systemd.mask=serial-getty@ttyS0.service SYSTEMD_LOG_SECCOMP=1"
"""What the kernel is told; denied system calls are logged."""
PROCESSOR: Final = {"kvm": "host", "tcg": "Nehalem"}
SLOWER: Final = {"kvm": 1, "tcg": 20}


class Virtual(Guest):
    """A machine that qemu makes; a power cut loses what it had not flushed."""

    def __init__(self, folder: Path, drive: Path, by: str = "kvm") -> None:
        """Make one that finds a file in its second drive, by the processor itself (kvm) or by imitating one (tcg)."""
        super().__init__(folder)
        self.drive = drive
        self.by = by
        self.slower = SLOWER[by]
        self._process: subprocess.Popen[bytes] | None = None

    def switch_on(self) -> None:
        """Switch the power on, and wait until it can be told what to do."""
        (self.folder / "agent").unlink(missing_ok=True)
        with (self.folder / "console").open("ab") as console:
            self._process = subprocess.Popen(
                [
                    "qemu-system-x86_64", "-machine", f"q35,accel={self.by}", "-cpu", PROCESSOR[self.by], "-smp", "1",
                    "-m", str(MEMORY_MIB), "-display", "none", "-nic", "none", "-monitor", "none", "-serial", "stdio",
                    "-kernel", self.folder / "kernel", "-initrd", self.folder / "initrd",
                    "-append", KERNEL,
                    "-drive", f"file={self.folder}/disk,format=raw,if=virtio",
                    "-drive", f"file={self.drive},format=raw,if=virtio,readonly=on",
                    "-device", "virtio-serial", "-device", "virtio-rng-pci",
                    "-chardev", f"socket,path={self.folder}/agent,server=on,wait=off,id=agent",
                    "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
                ],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + BOOTS_S
        while time.monotonic() < end:
            if self._process.poll() is not None or "KVM internal error" in self.console():
                raise Otherwise(f"the machine is off:\n{self.console()}")
            with contextlib.suppress(OSError), self._agent(5):
                return
            time.sleep(POLL_S)
        raise Otherwise(f"the machine does not boot:\n{self.console()}")

    def cut(self) -> None:
        """Cut the power."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def put(self, file: Path) -> None:
        """Read it from the second drive."""
        if file != self.drive:
            raise ValueError(f"the second drive holds {self.drive}")
        self.do(f"head -c {file.stat().st_size} /dev/vdb > {file.name}")

    def run(self, script: str, given: str = "", patience_s: float = PATIENCE_S) -> Ran:
        """Run a script of bash as root, as after a sign-in, and return how it ended."""
        with self._agent(20) as ask:
            asked: dict[str, Any] = {"input-data": base64.b64encode(given.encode()).decode()} if given else {}
            asked |= {"capture-output": True, "env": ["HOME=/root", "LANG=C.UTF-8", f"PATH={PATH}"]}
            pid = ask("guest-exec", path="/bin/bash", arg=["-lc", f"cd /root\n{script}"], **asked)["pid"]
            end = time.monotonic() + patience_s
            while time.monotonic() < end:
                status = ask("guest-exec-status", pid=pid)
                if status["exited"]:
                    out, err = (base64.b64decode(status.get(name, "")).decode() for name in ("out-data", "err-data"))
                    return Ran(status.get("exitcode", -status.get("signal", 0)), out, err)
                time.sleep(POLL_S)
        raise Otherwise(f"$ {script}\ndoes not end within {patience_s:.0f} s")

    @contextmanager
    def _agent(self, patience_s: float) -> Iterator[Any]:
        """Yield a function that asks the agent, once it answers."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(patience_s)
            line.connect(str(self.folder / "agent"))
            answers = line.makefile("rb")

            def ask(command: str, **arguments: object) -> Any:
                line.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
                answer = json.loads(answers.readline() or b"{}")
                if "return" not in answer:
                    raise ConnectionError(f"the agent: {answer}")
                return answer["return"]

            turn = next(_TURNS)
            line.sendall(json.dumps({"execute": "guest-sync", "arguments": {"id": turn}}).encode() + b"\n")
            for answer in answers:  # what was asked before, of an agent that had gone, may be answered first
                with contextlib.suppress(ValueError):
                    if json.loads(answer).get("return") == turn:
                        break
            else:
                raise ConnectionError("the agent has gone")
            yield ask
