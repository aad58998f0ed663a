"""The machine that `make machine` tries all on: what of it needs no machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bundle.machine.__main__ import main, missing, tried
from tests.bundle.machine.container import Container
from tests.bundle.machine.guest import Guest, Otherwise, Ran
from tests.bundle.machine.page import CONTAINER, PAGE, SERVICE, follow
from tests.cli.follow import blocks_of


class Recorded(Guest):
    """A machine that only says what it was told."""

    def __init__(self, folder: Path, answer: str) -> None:
        """Answer each script so."""
        super().__init__(folder)
        self.answer = answer
        self.told: list[str] = []

    def switch_on(self) -> None:
        """Be on."""

    def cut(self) -> None:
        """Be off."""

    def put(self, file: Path) -> None:
        """Take it."""

    def run(self, script: str, given: str = "", patience_s: float = 0) -> Ran:
        """Remember it."""
        del patience_s
        self.told.append(f"{script}{given}")
        return Ran(0, self.answer, "")


def test_the_page_is_typed_into_the_machine_as_it_stands(tmp_path: Path) -> None:
    """A command that fails there is told with the section that it stands in."""
    guest = Recorded(tmp_path, "no such user\n\x1e1\x1e")
    with pytest.raises(Otherwise, match=r"As a service: .*useradd"):
        follow(guest, SERVICE)
    (script,) = guest.told
    for typed in blocks_of(PAGE, SERVICE)[0].typed:
        assert typed.command in script


def test_the_last_command_for_the_container_runs_it_anew(tmp_path: Path) -> None:
    """The page builds the image first and runs the service last, and only the making of the bundle is left out."""
    guest = Recorded(tmp_path, "\n\x1e0\x1e")
    follow(guest, CONTAINER, at="/checkout", only=-1)
    assert "podman run --detach" in guest.told[0]
    assert "podman build" not in guest.told[0]
    guest.answer = "\n\x1e0\x1e\n\x1e0\x1e\n\x1e0\x1e"
    Container(guest).runs()
    assert "make bundle" not in guest.told[-1]
    assert "podman build --format docker" in guest.told[-1]


def test_a_step_that_is_not_as_promised_is_told_and_the_next_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """One run names all that is amiss."""

    def fails() -> None:
        raise Otherwise("it is not")

    assert tried([("first", fails), ("second", lambda: "soon")]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told == ["  NOT  first: it is not", "  ok   second (0 s, soon)"]


def test_a_machine_that_cannot_make_another_says_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Root, KVM, a program and the package that brings it; nothing is begun."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert {"root", "KVM (/dev/kvm)", "debootstrap (Debian's package debootstrap)"} <= set(missing("kvm"))
    assert not any("KVM" in one for one in missing("namespaces"))
    monkeypatch.setattr("sys.argv", ["machine", "zhuanche.tar"])
    assert main() == 2
    assert "lacks root, KVM" in capsys.readouterr().out
