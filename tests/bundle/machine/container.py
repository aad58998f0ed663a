"""The container in a trial machine: built from its file and run by the page, without a network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from tests.bundle.machine.desk import Desk
from tests.bundle.machine.guest import Guest, Otherwise
from tests.bundle.machine.image import BASE
from tests.bundle.machine.page import CONTAINER, follow

Step = Callable[[], object]
CHECKOUT: Final = "checkout"
HEALTHY_S: Final = 180
STOPS_S: Final = 30
SANDBOX: Final = {"CapEff": "0000000000000000", "CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"}
CHECKED_OUT: Final = f"""
mkdir -p {CHECKOUT}/build {CHECKOUT}/docs
ln -f zhuanche-*.tar {CHECKOUT}/build/
cp -r zhuanche-*/docs/install {CHECKOUT}/docs/
cp bureau.toml {CHECKOUT}/
"""


class Container:
    """What is tried of the container, one after the other."""

    def __init__(self, guest: Guest) -> None:
        """Try it in a machine that is on, beside a service that is told to stop."""
        self.guest = guest
        self.desk = Desk(
            guest, "https://desk.lan:8443", "curl --resolve desk.lan:8443:127.0.0.1 --cacert authority.pem"
        )
        self.printed = ""

    def steps(self) -> Iterator[tuple[str, Step]]:
        """Yield what is tried, in its order, with how it is called."""
        yield "the image is built and run by the page", self.runs
        yield "it answers over HTTPS by its own authority, people sign in", self.works
        yield "it holds no right, and writes its volume alone", self.holds
        yield "its health is told", self.healthy
        yield "told to stop, it ends in time", self.stops
        yield "its data outlives it", self.run_anew
        yield "kill -9 of the container", self.killed

    def runs(self) -> None:
        """Take the base from a file instead of a registry, and follow the page from a checkout whose bundle is made."""
        self.guest.do("systemctl disable --now zhuanche")
        self.guest.do(CHECKED_OUT)
        self.guest.do(f"podman import base.tar docker.io/library/debian:{BASE}-slim")
        self.printed = follow(self.guest, CONTAINER, {"make bundle PYTHON_VERSIONS=3.13 && ": ""}, at=CHECKOUT)

    def works(self) -> None:
        """Trust its authority, as a phone is told to, and do what a desk does on its first day."""
        authority = "$(podman volume inspect --format '{{.Mountpoint}}' zhuanche)/tls/authority.pem"
        self.guest.do(f"until cp {authority} . ; do sleep 0.5; done", patience_s=60 * self.guest.slower)
        self.desk.ready()
        self.desk.open(self.printed)
        self.desk.complain()
        self.desk.look()

    def holds(self) -> None:
        """Look at each process of it from outside, and try to write from inside."""
        for pid in self.guest.do("podman top zhuanche hpid | tail -n +2").split():
            ran = self.guest.run(f"cat /proc/{pid}/status")
            status = dict(line.split(":\t", 1) for line in ran.out.splitlines())
            found = {name: status[name] for name in SANDBOX if name in status}
            if ran.code == 0 and (found != SANDBOX or status["Uid"].startswith("0\t")):
                raise Otherwise(f"process {pid} {status['Name']}: {found}, user {status['Uid']}")
        for place in ("/usr/x", "/etc/x", "/var/x"):
            ran = self.guest.run(f"podman exec --user 0 zhuanche touch {place}")
            if ran.code == 0 or "Read-only file system" not in ran.err:
                raise Otherwise(f"touch {place}: {ran.code} {ran.screen}")
        self.guest.do("podman exec zhuanche sh -c 'touch /var/lib/zhuanche/x && rm /var/lib/zhuanche/x'")

    def healthy(self) -> None:
        """Wait until podman's own timer has asked."""
        end = time.monotonic() + HEALTHY_S
        told = ""
        while time.monotonic() < end:
            told = self.guest.do("podman inspect --format '{{.State.Health.Status}}' zhuanche").strip()
            if told == "healthy":
                return
            time.sleep(2)
        raise Otherwise(f"its health is {told!r}: {self.guest.run('podman healthcheck run zhuanche').screen}")

    def stops(self) -> str:
        """Stop it."""
        began = time.monotonic()
        self.guest.do("podman stop zhuanche")
        took_s = time.monotonic() - began
        code = self.guest.do("podman inspect --format '{{.State.ExitCode}}' zhuanche").strip()
        if code != "0" or took_s > STOPS_S * self.guest.slower:
            raise Otherwise(
                f"{took_s:.1f} s, exit code {code}\n{self.guest.run('podman logs zhuanche').screen[-2000:]}"
            )
        return f"{took_s:.1f} s"

    def run_anew(self) -> None:
        """Throw it away, and run another on the same volume by the page's last line."""
        self.guest.do("podman rm zhuanche")
        follow(self.guest, CONTAINER, at=CHECKOUT, only=-1)
        self.desk.ready()
        self.desk.look()

    def killed(self) -> None:
        """Kill it, and start it again."""
        self.desk.complain()
        self.guest.do("podman kill --signal KILL zhuanche; podman wait zhuanche; podman start zhuanche")
        self.desk.ready()
        self.desk.look()
        told = self.guest.run("podman logs zhuanche").screen
        if "Traceback" in told:
            raise Otherwise(told[-3000:])
