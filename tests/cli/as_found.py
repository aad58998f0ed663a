"""Each command on a machine as found: what its help gives as an example, run as anybody may come to run it.

`commands` are those the command line has, `Condition` what they may find. A `Machine` tries one under the other and
says what is not as promised: the exit code is 0, 1 with one sentence, 2 with the usage or 130 with one sentence that
says how things stand; no traceback; where it says that it did its work, all rows and files are there that it leaves
plainly; where it failed, nothing is half written, and nothing left running; and the same command then works plainly. A
new command is tried by its own example, without anybody thinking of it.
"""

from __future__ import annotations

import inspect
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from api.cli.command_line import command_line
from api.db.address import SUPERUSER, running
from api.db.embedded import EmbeddedServer, start
from tests.cli.apart import Ended, Started
from tests.cli.places import BEGINS, Kind, Places, State, filled, give, running_on, state_of, tables_of
from tests.db.nodes import empty_database
from tests.live import Live, free_port, serving, vouching

NOT_WELL = {"distribute": "the embedded server is one", "doctor": "no service answers, no backup was made"}
"""Commands whose example ends with 1 here, and why."""
BY_STEPS = {"init", "migrate", "upgrade", "upgrade-db", "move", "restore", "seal"}
"""Commands whose steps are whole each by itself: run again they go on."""
ANEW = {"demo"}
"""What was ended in its midst says so when it is run again, and wants an empty place."""
DRAWN = {"demo": {"photo_request", "ledger_outbox", "ledger_payload"}}
"""Tables that a command leaves otherwise each time: of which readings a photo is asked for is drawn. `serve` does so
with any, for its jobs write as it runs."""
GOES_ON = "data/upgrade/"
"""Where `upgrade-db` keeps what it has done so far, for the next run."""
ELSEWHERE = ("move", "replay")
"""Commands that speak to another machine."""
DISK_MIB = 400
LEFT_MIB = 1
"""What a disk that fills up has yet: the database starts, and finds no room for what is more than a few rows."""
NOBODY, OTHER = "nobody", "daemon"
SELF = pwd.getpwuid(os.geteuid()).pw_name


class Condition(StrEnum):
    """What a command finds."""

    USER = "normal user"
    HOME_EMPTY = "empty home, no settings"
    HOME_UNSET = "no home"
    HOME_CLOSED = "home not writable"
    OFFLINE = "no network"
    FULL = "full disk"
    FILLING = "disk fills up"
    OWNER = "wrong owner"
    TWICE = "two at once"
    SERVED = "beside a service"
    AT_5 = "Ctrl-C at 5 %"
    AT_25 = "Ctrl-C at 25 %"
    AT_50 = "Ctrl-C at 50 %"
    AT_75 = "Ctrl-C at 75 %"
    AT_95 = "Ctrl-C at 95 %"

    @property
    def share(self) -> float | None:
        """Return at which part of its time the command is interrupted, None where it is not."""
        return int(self.value.split()[2]) / 100 if self.value.startswith("Ctrl-C") else None


AS_PLAIN = (Condition.USER, Condition.HOME_UNSET, Condition.OFFLINE)
"""What makes no difference."""
FOR_ROOT = frozenset(list(Condition)[:8])
"""What only root can make: accounts, networks and small disks."""
NO_DATA = (Condition.HOME_EMPTY, Condition.HOME_CLOSED)
"""What finds no data folder, and must leave none where it fails."""


def commands() -> dict[str, Any]:
    """Return all commands of the command line by their names."""
    found: dict[str, Any] = {}
    for name, one in typer.main.get_command(command_line()).commands.items():  # type: ignore[attr-defined]
        below = getattr(one, "commands", None)
        found |= {f"{name} {part}": each for part, each in below.items()} if below else {name: one}
    return found


def example_of(name: str) -> list[str]:
    """Return the words of the example that a command's help ends with, as they are typed after `zhuanche`."""
    text = inspect.cleandoc(commands()[name].callback.__doc__)
    found = re.findall(r"^Example: (.+?)\Z", text, re.DOTALL | re.MULTILINE)
    assert len(found) == 1, f"the help of {name} ends with no example"
    words = shlex.split(found[0])
    words = words[words.index("zhuanche") + 1 :]
    assert words[: len(name.split())] == name.split(), f"the example of {name} is of another command"
    return words[: words.index(">")] if ">" in words else words


def plain_code(command: str) -> int:
    """Return the exit code of a command's example where nothing is in its way."""
    return 1 if command in NOT_WELL else 0


def kind_of(command: str) -> Kind:
    """Return what a command begins with."""
    return BEGINS.get(command, Kind.DESK)


def unlike(some: Mapping[str, object], others: Mapping[str, object]) -> list[str]:
    """Return the tables that are not alike in both."""
    return sorted(name for name in some.keys() | others.keys() if some.get(name) != others.get(name))


@dataclass
class Tried:
    """A command under a condition: how it ended, and what is not as promised."""

    command: str
    condition: Condition | None
    ended: list[Ended]
    amiss: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """Return what it was, how it ended, and what is amiss."""
        codes = " and ".join(str(one.code) for one in self.ended)
        said = " / ".join(" ".join(one.err.split())[-300:] for one in self.ended)
        when = "".join(f" pressed at {e.pressed_s:.1f} of {e.seconds:.1f} s" for e in self.ended if e.pressed_s)
        return (
            f"{self.command}, {self.condition or 'plainly'}: {codes}{when} {said!r}: {'; '.join(self.amiss) or 'well'}"
        )


class Machine:
    """Tries commands, each in a place of its own; what takes long to make is made once."""

    def __init__(self, places: Places) -> None:
        """Take over places that were made."""
        self.places = places
        self._open = ExitStack()
        self._plain: dict[tuple[str, Kind], tuple[float, State]] = {}
        self._before: dict[Kind, State] = {}
        self._number = 0
        self._elsewhere: EmbeddedServer | None = None
        self._service: Live | None = None
        self._arrived: dict[str, tuple[int, str]] = {}
        """What was in the new place after the last move."""

    def close(self) -> None:
        """Stop what was started."""
        self._open.close()

    def plainly(self, command: str, kind: Kind | None = None) -> Tried:
        """Run a command's example as root in a place as it should be, and keep how long it takes and what it does."""
        kind = kind or kind_of(command)
        with self._place(kind) as place:
            tried = Tried(command, None, [self._run(command, place)])
            self._judge(tried)
            if tried.ended[0].code != plain_code(command):
                tried.amiss.append("its example does not work")
            self._plain[command, kind] = tried.ended[0].seconds, state_of(place)
        return tried

    def tried(self, command: str, condition: Condition) -> Tried:
        """Run a command's example under a condition."""
        if condition is Condition.SERVED:
            return self._beside_a_service(command)
        kind = kind_of(command)
        with self._place(kind, small=condition in (Condition.FULL, Condition.FILLING)) as place:
            if condition.share is not None:
                self._done(command, kind)
            tried = Tried(command, condition, self._under(command, condition, place))
            if condition.share is not None and tried.ended[0].pressed_s is None:
                # It was faster than plainly.
                self._plain[command, kind] = tried.ended[0].seconds, self._done(command, kind)
                return self.tried(command, condition)
            self._judge(tried)
            if condition in NO_DATA:
                self._look_at_home(tried, place)
            elif all(one.code for one in tried.ended):
                self._look(tried, place)
            else:
                self._compare(tried, state_of(place))
        return tried

    def _done(self, command: str, kind: Kind) -> State:
        """Return what a command leaves where nothing is in its way."""
        if (command, kind) not in self._plain:
            self.plainly(command, kind)
        return self._plain[command, kind][1]

    def _begun(self, kind: Kind) -> State:
        """Return what a command begins with."""
        if kind not in self._before:
            with self._place(kind) as place:
                self._before[kind] = state_of(place)
        return self._before[kind]

    def _compare(self, tried: Tried, after: State) -> None:
        """Look whether what a command says it did is there: all rows and files that it leaves plainly."""
        kind = kind_of(tried.command)
        before, done = self._begun(kind).rows, self._done(tried.command, kind)
        wanted, drawn = [done.rows], DRAWN.get(tried.command, set())
        if [one.code for one in tried.ended] == [0, 0]:  # or each did it once
            wanted.append({name: 2 * rows - before.get(name, 0) for name, rows in done.rows.items()})
        if tried.command != "serve" and not any(set(unlike(after.rows, one)) <= drawn for one in wanted):
            tried.amiss.append(f"said to be done, and is not: {unlike(after.rows, done.rows)}")
        if (after.revision, after.is_moved) != (done.revision, done.is_moved):
            tried.amiss.append(f"said to be done: {after.revision}, {after.is_moved}")
        if missing := done.names - after.names:
            tried.amiss.append(f"said to be done, without {sorted(missing)}")
        if tried.command == "move" and self._arrived != self._begun(kind).tables:
            tried.amiss.append("did not arrive whole")

    def _look_at_home(self, tried: Tried, place: Path) -> None:
        """Look at what was made in a home, where no data folder is named."""
        home, kind = place / "home", kind_of(tried.command)
        if tried.ended[0].code:
            tried.amiss += [f"left {one}" for one in home.rglob("*") if one.is_file()]
        elif kind is Kind.NEW:
            after, done = state_of(place, home / ".local" / "share" / "zhuanche"), self._done(tried.command, kind)
            other = set(unlike(after.rows, done.rows)) - DRAWN.get(tried.command, set())
            if other or after.revision != done.revision:
                tried.amiss.append(f"said to be done, and is not: {sorted(other)}, {after.revision}")

    def _under(self, command: str, condition: Condition, place: Path) -> list[Ended]:
        """Run it once, or twice at once, as the condition has it."""
        if condition is Condition.TWICE:
            with ThreadPoolExecutor() as at_once:
                return list(at_once.map(lambda _: self._run(command, place), range(2)))
        with ExitStack() as meanwhile:
            found: dict[str, Any] = {}
            match condition:
                case Condition.USER | Condition.HOME_UNSET:
                    give(place, NOBODY)
                    found = {"user": NOBODY, "at_home": condition is Condition.USER}
                case Condition.HOME_EMPTY | Condition.HOME_CLOSED:
                    give(place, NOBODY if condition is Condition.HOME_EMPTY else "root")
                    found = {"user": NOBODY, "named": False}
                case Condition.OFFLINE:
                    found = {"offline": True}
                case Condition.FULL:
                    meanwhile.enter_context(filled(place, 0))
                case Condition.FILLING:
                    meanwhile.enter_context(filled(place, LEFT_MIB))
                    found = {"ZHUANCHE_DISK_RESERVE_MIB": "0"}
                case Condition.OWNER:
                    give(place / "data", OTHER)
                    found = {"user": NOBODY}
                case _:
                    found = {"after_s": (condition.share or 0) * self._plain[command, kind_of(command)][0]}
            return [self._run(command, place, **found)]

    def _beside_a_service(self, command: str) -> Tried:
        """Run it on the data folder of a service that goes on answering and writes nothing by itself."""
        with self._place(Kind.DESK) as place, serving(place / "served", data=place / "data", jobs=0) as service:
            if kind_of(command) is Kind.SAVED:
                subprocess.run(["cp", "-a", *(self.places.root / Kind.SAVED).iterdir(), place], check=True)
            url = running(place / "data").dsn(SUPERUSER)
            before = tables_of(url)
            tried = Tried(command, Condition.SERVED, [self._run(command, place)])
            self._judge(tried)
            if service.process.poll() is not None:
                tried.amiss.append("the service ended")
            else:
                self._compare_beside(tried, before, tables_of(url))
        return tried

    def _compare_beside(
        self, tried: Tried, before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]
    ) -> None:
        """Look whether it did what it does without a service, or nothing."""
        if tried.ended[0].code:
            changed = unlike(before, after)
        else:
            begun, done = self._begun(Kind.DESK).rows, self._done(tried.command, Kind.DESK).rows
            wanted = {name: rows + done.get(name, 0) - begun.get(name, 0) for name, (rows, _) in before.items()}
            changed = unlike({name: rows for name, (rows, _) in after.items()}, wanted)
        if changed:
            tried.amiss.append(f"said {tried.ended[0].code}, and these are not so: {changed}")

    def _answering(self) -> Live:
        """Return a service that answers to whoever speaks to another machine."""
        if self._service is None:
            place = self._open.enter_context(self._place(Kind.DESK))
            self._service = self._open.enter_context(serving(place / "served", data=place / "data"))
        return self._service

    def _run(
        self,
        command: str,
        place: Path,
        *,
        user: str = SELF,
        at_home: bool = True,
        named: bool = True,
        offline: bool = False,
        after_s: float | None = None,
        **settings: str,
    ) -> Ended:
        """Run a command's example to its end, or to Ctrl-C after so many seconds."""
        words = [self.places.instead.get(word, word) for word in example_of(command) if word != "--dry-run"]
        environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TMPDIR": str(place / "tmp"), "COLUMNS": "120"}
        environ |= {"ZHUANCHE_PORT": str(free_port()), "DEVICE_TOKEN": self.places.token}
        if at_home:
            environ["HOME"] = str(place / "home")
        if named:
            environ["ZHUANCHE_DATA"] = str(place / "data")
        if not offline:
            environ["ZHUANCHE_TIME_SERVER"] = vouching()
        with ExitStack() as meanwhile:
            words = [self._elsewhere_in(word, meanwhile) for word in words]
            if words[0] == "move":  # its new place has a pass word here, which is no argument
                _, _, environ["MOVE_TO"], *rest = words
                words = ["move", *rest]
            until = "answers at" if command == "serve" else None
            started = Started([*words], place, environ | settings, pwd.getpwnam(user), offline=offline)
            ended = started.ended(after_s, until=until)
            if words == ["move"] and not ended.code:
                self._arrived = tables_of(environ["MOVE_TO"])
            return ended

    def _elsewhere_in(self, word: str, meanwhile: ExitStack) -> str:
        """Return a word with another machine's address in the place of an example's."""
        if word == "http://127.0.0.1:8000":
            return self._answering().url
        if not word.startswith("postgresql://"):
            return word
        if self._elsewhere is None:
            data = self.places.root / "elsewhere"
            self._elsewhere = self._open.enter_context(start(data, durable=False, port=free_port()))
        return meanwhile.enter_context(empty_database(self._elsewhere.tcp_dsn("postgres")))

    def _judge(self, tried: Tried) -> None:
        """Look at exit codes and what was said."""
        for ended in tried.ended:
            tried.amiss += amiss_in(tried.command, ended)
            codes = {0, 1, 2} if tried.condition is None or tried.condition.share is None else {0, 1, 130}
            if ended.code not in codes:
                tried.amiss.append(f"exit code {ended.code}")
        unreachable = tried.condition is Condition.OFFLINE and tried.command in ELSEWHERE
        if tried.condition in AS_PLAIN and tried.ended[0].code != plain_code(tried.command) and not unreachable:
            tried.amiss.append("does not work")

    def _look(self, tried: Tried, place: Path) -> None:
        """Look at what is left where it did not do its work, then run it plainly."""
        command = tried.command
        left = running_on(place / "data")
        if left:
            tried.amiss.append(f"left running: {left}")
        kind = kind_of(command)
        before, after, done = self._begun(kind), state_of(place), self._done(command, kind)
        untouched = after.tables == before.tables
        if not untouched and after.rows != done.rows and command not in {"serve", *BY_STEPS, *ANEW}:
            changed = {name for name in after.rows if after.tables[name] != before.tables.get(name)}
            tried.amiss.append(f"half done: {sorted(changed)}")
        if new := {one for one in after.names - before.names - done.names if not one.startswith(GOES_ON)}:
            tried.amiss.append(f"left {sorted(new)}")
        again = self._run(command, place, ZHUANCHE_DISK_RESERVE_MIB="0")
        said = amiss_in(command, again)
        if said or (again.code != plain_code(command) and (untouched or command in BY_STEPS)):
            tried.amiss.append(f"afterwards {again.code}: {again.err[-300:]} {said}")
        elif command in BY_STEPS and (found := state_of(place).rows) != done.rows:
            tried.amiss.append(f"afterwards it is not what it would have been: {unlike(found, done.rows)}")

    @contextmanager
    def _place(self, kind: Kind, *, small: bool = False) -> Iterator[Path]:
        """Yield a copy of a place, on a small disk where asked."""
        self._number += 1
        folder = self.places.root / f"trial-{os.getpid()}-{self._number}"
        folder.mkdir(mode=0o755)
        with ExitStack() as gone:
            gone.callback(shutil.rmtree, folder, ignore_errors=True)
            if small:
                options = ["-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0755", "none", str(folder)]
                subprocess.run(["mount", *options], check=True)
                gone.callback(subprocess.run, ["umount", "--lazy", folder], check=True)
            place = self.places.copy(kind, folder / "place")
            (place / "home").mkdir()
            (place / "tmp").mkdir()
            (place / "tmp").chmod(0o1777)
            yield place


def amiss_in(command: str, ended: Ended) -> list[str]:
    """Return what is wrong with what a command said as it ended."""
    found = [word for word in ("Traceback", "Exception ignored", "RuntimeWarning", "Error:") if word in ended.err]
    lines = [line for line in ended.err.splitlines() if line.startswith("zhuanche: ")]
    match ended.code:
        case 1 if command != "doctor" or not ended.out:
            if len(lines) != 1:
                found.append(f"{len(lines)} sentences")
        case 2:
            if "Usage:" not in ended.err:
                found.append("no usage")
        case 130:
            if len(lines) != 1 or not lines[0].startswith("zhuanche: Interrupted: "):
                found.append("does not say how things stand")
    if ended.code < 0:
        found.append(f"ended by {signal.Signals(-ended.code).name}")
    return found
