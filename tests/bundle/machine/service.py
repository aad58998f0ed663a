"""The service under systemd in a trial machine: installed by the page, struck in every way that a cupboard knows."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Final
from uuid import uuid4

from tests.bundle.machine.desk import Desk
from tests.bundle.machine.guest import Guest, Otherwise
from tests.bundle.machine.page import SERVICE, follow
from tests.http.test_complaints import BODY

Step = Callable[[], object]
PID: Final = "$(systemctl show --property MainPID --value zhuanche)"
STOPS_S: Final = 30
"""How long a service may take to stop that has nothing to finish."""
DATABASE: Final = "$(head -n 1 /var/lib/zhuanche/postgres/pgdata/postmaster.pid)"
UNDER_RESTART: Final = 40
SANDBOX: Final = {"CapEff": "0000000000000000", "CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"}
DONE_WITHOUT: Final = {"435": "clone3", "237": "mbind", "122": "setfsuid"}
"""System calls (x86-64) that are tried, denied, and done without: an older way to start a thread, a hint where memory
lies, and an identity that is had already."""
SECRET: Final = """
mkdir -p /etc/zhuanche /etc/systemd/system/zhuanche.service.d
(umask 077; echo 'a vault secret that has more than 32 characters' > /etc/zhuanche/vault_secret)
cat > /etc/systemd/system/zhuanche.service.d/secret.conf <<'END'
[Service]
LoadCredential=vault_secret:/etc/zhuanche/vault_secret
Environment=ZHUANCHE_VAULT_SECRET_FILE=%d/vault_secret
END
systemctl daemon-reload
systemctl restart zhuanche
"""


class Service:
    """What is tried of the service, one after the other."""

    def __init__(self, guest: Guest) -> None:
        """Try it in a machine that is on."""
        self.guest = guest
        self.desk = Desk(guest, "http://127.0.0.1:8000")
        self.printed = ""

    def steps(self) -> Iterator[tuple[str, Step]]:
        """Yield what is tried, in its order, with how it is called."""
        yield "the bundle installs by its one command", lambda: follow(self.guest, "Without a network")
        yield "the page sets up a bureau and starts the service", self.installs
        yield "/readyz answers, people sign in, a complaint is taken", self.works
        yield "the sandbox holds", self.holds
        yield "a backup by hand while it serves", self.backs_up
        yield "the doctor speaks", self.doctor
        yield "a secret is handed over as a credential", self.credential
        yield "kill -9 of the service", lambda: self.struck(f"kill -9 {PID}")
        yield "kill -9 of its database", lambda: self.struck(f"kill -9 {DATABASE}")
        yield "restarted under requests", self.restarted
        yield "told to stop, it ends in time and leaves nothing", self.stops
        yield "the machine boots again", self.boots
        yield "the power is cut", self.power_cut
        yield "the log is free of faults and of denied calls", self.log

    def installs(self) -> None:
        """Follow the page from an empty machine to a service that runs."""
        follow(self.guest, "A bureau", only=0)
        self.printed = follow(self.guest, SERVICE)

    def works(self) -> None:
        """Do what a desk does on its first day."""
        self.desk.ready()
        self.active()
        self.desk.open(self.printed)
        self.desk.complain()
        self.desk.look()

    def active(self) -> None:
        """Ask systemd."""
        self.guest.do("systemctl is-active zhuanche")

    def holds(self) -> None:
        """Look at each process of the service, and at what it sees of the machine, from inside."""
        group = self.guest.do("systemctl show --property ControlGroup --value zhuanche").strip()
        processes = self.guest.do(f"cat /sys/fs/cgroup{group}/cgroup.procs").split()
        if len(processes) < 3:
            raise Otherwise(f"it has {len(processes)} processes")
        for pid in processes:
            status = dict(line.split(":\t", 1) for line in self.guest.do(f"cat /proc/{pid}/status").splitlines())
            found = {name: status[name] for name in SANDBOX}
            if found != SANDBOX or status["Uid"].startswith("0\t"):
                raise Otherwise(f"process {pid} {status['Name']}: {found}, user {status['Uid']}")
        inside = f"nsenter --target {PID} --mount --"
        for place in ("/usr", "/etc", "/var", "/home", "/root", "/boot"):
            ran = self.guest.run(f"{inside} touch {place}/x")
            if ran.code == 0 or "Read-only file system" not in ran.err:
                raise Otherwise(f"touch {place}: {ran.code} {ran.screen}")
        for place in ("/var/lib/zhuanche", "/run/zhuanche"):
            self.guest.do(f"{inside} sh -c 'touch {place}/x && rm {place}/x'")
        seen = self.guest.do(f"{inside} ls -A /home /root")
        if seen.split() != ["/home:", "/root:"]:
            raise Otherwise(f"homes are seen: {seen}")
        judged = self.guest.do("systemd-analyze security --no-pager zhuanche | tail -n 1")
        if (found := re.search(r"(\d+\.\d+)", judged)) is None or float(found[1]) > 1.5:
            raise Otherwise(judged)

    def backs_up(self) -> None:
        """Make a backup, which is whole, and belongs to the service's user alone."""
        printed = self.guest.do("as-zhuanche backup")
        path = printed.split()[0]
        self.guest.do(f"cd /; tar tf {path} && [ $(stat -c %U:%a {path}) = zhuanche:600 ]")
        self.desk.look()

    def doctor(self) -> None:
        """Hear what it says: nobody has set up daily backups here, so it need not be content."""
        ran = self.guest.run("as-zhuanche doctor")
        if (
            ran.code not in {0, 1}
            or "Traceback" in ran.screen
            or not re.search(r"^(All is well|Not well)", ran.out, re.MULTILINE)
        ):
            raise Otherwise(f"{ran.code} {ran.screen}")

    def credential(self) -> None:
        """Hand a secret over, which the service reads, whoever else may not."""
        self.guest.do(SECRET)
        self.desk.ready()
        named = self.guest.do(
            f"tr '\\0' '\\n' < /proc/{PID}/environ | sed -n 's/^ZHUANCHE_VAULT_SECRET_FILE=//p'"
        ).strip()
        self.guest.do(f"nsenter --target {PID} --mount -- cmp {named} /dev/stdin < /etc/zhuanche/vault_secret")
        if self.guest.run(f"setpriv --reuid nobody --clear-groups cat {named} /etc/zhuanche/vault_secret").out:
            raise Otherwise("others read the secret")
        ran = self.guest.run("as-zhuanche doctor --json")
        if ran.code not in {0, 1}:
            raise Otherwise(ran.screen)
        self.guest.do("! journalctl --unit zhuanche | grep 'a vault secret'")
        self.desk.look()

    def struck(self, blow: str) -> str:
        """Strike it after an acknowledged complaint, and see it serve again on its own."""
        self.desk.complain()
        self.guest.do(blow)
        time.sleep(1)
        back_s = self.desk.ready()
        self.desk.look()
        self.active()
        return f"back after {back_s + 1:.1f} s"

    def restarted(self) -> str:
        """Restart it while complaints come: each that was acknowledged is there, and the rest may be sent again."""
        keys = [str(uuid4()) for _ in range(UNDER_RESTART)]
        self.guest.do("cat > keys", given="\n".join(keys) + "\n")
        self.guest.do("cat > complaint.json", given=json.dumps(BODY))
        sends = f"""while read -r key; do
            curl -s -m 30 -o answer -w '%{{http_code}} ' -X POST --data-binary @complaint.json \\
                -H 'Content-Type: application/json' -H 'Authorization: Bearer {self.desk.token}' \\
                -H "Idempotency-Key: $key" {self.desk.url}/v1/complaints
            sed -n 's/.*"complaint_id":"\\([^"]*\\)".*/\\1/p' answer | head -n 1; rm -f answer; echo; sleep 0.2
        done < keys"""
        self.guest.do(f"({sends}) > sent & sleep 3; systemctl restart zhuanche; wait")
        first = re.findall(r"^201 (\S+)$", self.guest.do("cat sent"), re.MULTILINE)
        self.desk.ready()
        second = re.findall(r"^201 (\S+)$", self.guest.do(sends), re.MULTILINE)
        if not first or len(second) != UNDER_RESTART or not set(first) <= set(second):
            raise Otherwise(f"{len(first)} acknowledged, {len(second)} of {UNDER_RESTART} when sent again")
        self.desk.acknowledged += second
        self.desk.look()
        return f"{UNDER_RESTART - len(first)} of {UNDER_RESTART} unanswered"

    def stops(self) -> str:
        """Stop it."""
        began = time.monotonic()
        self.guest.do("systemctl stop zhuanche")
        took_s = time.monotonic() - began
        ended = self.guest.do("systemctl show --property Result,ExecMainStatus,ActiveState zhuanche").split()
        left = self.guest.run("pgrep --list-full --euid zhuanche").out
        in_time = took_s <= STOPS_S * self.guest.slower
        if set(ended) != {"Result=success", "ExecMainStatus=0", "ActiveState=inactive"} or left or not in_time:
            raise Otherwise(f"{took_s:.1f} s, {ended}, left: {left}")
        self.guest.do("systemctl start zhuanche")
        self.desk.ready()
        self.desk.look()
        return f"{took_s:.1f} s"

    def boots(self) -> str:
        """Boot the machine again: nobody starts the service."""
        self.desk.complain()
        self.guest.boot_again()
        back_s = self.desk.ready()
        self.desk.look()
        return f"serves {back_s:.1f} s after"

    def power_cut(self) -> str:
        """Cut the power right after an acknowledged complaint."""
        self.desk.complain()
        self.guest.cut()
        self.guest.switch_on()
        back_s = self.desk.ready()
        self.desk.look()
        return f"serves {back_s:.1f} s after"

    def log(self) -> None:
        """Read all that systemd and the kernel wrote of it since the machine was new."""
        told = self.guest.do("journalctl --unit zhuanche --output cat")
        faults = [line for line in told.splitlines() if re.search(r"Traceback|Operation not permitted|EPERM", line)]
        kernel = self.guest.do("journalctl --dmesg --output cat")
        denied = set(
            re.findall(r"type=1326 .* exe=\"[^\"]*(?:python|postgres)[^\"]*\" .* syscall=(\d+)", kernel)
        ) - set(DONE_WITHOUT)
        if faults or denied:
            raise Otherwise("\n".join([*faults[:10], f"system calls denied: {sorted(denied)}"]))
