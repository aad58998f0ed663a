"""Follows a page of docs word by word: runs what its ```console blocks type, and compares what they say is printed.

A line that begins with `$ ` is typed, and those below that begin with `> ` go on with it; all others must be printed,
on standard output or error, as they stand. `…` stands for anything within a line, and a line of nothing else for any
lines. Whatever is typed must end with exit code 0. A block is one shell, in the same empty home as those before it;
what it leaves running is told to stop when it ends. A word after `console` is the block's mark, by which a test may
choose (```console root).
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.live import PATIENCE_S, ZHUANCHE, environment

_BLOCK = re.compile(r"^(```+|~~~+)console(?: +([^\n]*))?\n(.*?)^\1 *$", re.DOTALL | re.MULTILINE)
_MARK = "\x1e"


@dataclass(frozen=True, slots=True)
class Typed:
    """What is typed, and the lines that must follow."""

    command: str
    printed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A console block of a page, with the word it is marked by."""

    mark: str
    typed: tuple[Typed, ...]


def blocks_of(page: Path, section: str | None = None) -> list[Block]:
    """Return the console blocks of a page, or of its one section of this heading (with all below it)."""
    text = page.read_text("utf-8")
    if section is not None:
        found = re.search(rf"^(#+) {re.escape(section)}$", text, re.MULTILINE)
        assert found, f"{page.name} has no section {section!r}"
        text = text[found.end() :]
        after = re.search(rf"^#{{1,{len(found[1])}}} ", text, re.MULTILINE)
        text = text[: after.start()] if after else text
    return [Block(mark or "", _typed(body)) for _, mark, body in _BLOCK.findall(text)]


def _typed(body: str) -> tuple[Typed, ...]:
    typed: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            typed.append((line[2:], []))
        elif line.startswith(">") and typed and not typed[-1][1]:
            typed[-1] = (f"{typed[-1][0]}\n{line[2:]}", [])
        else:
            assert typed, f"a console block begins with what is typed, not with {line!r}"
            typed[-1][1].append(line)
    return tuple(Typed(command, tuple(printed)) for command, printed in typed)


def follow(
    blocks: list[Block],
    place: Path,
    instead: Mapping[str, str] | None = None,
    *,
    programs: Path = ZHUANCHE.parent,
    through: Sequence[str | Path] = (),
    **settings: object,
) -> None:
    """Run the blocks in a home at `place`, made if need be, and fail where something else is printed.

    `instead` names words of the page that a test must put others for, a port that is taken say; `settings` are those of
    the environment. Programs are looked for in `programs` first, and the shell runs under the command `through`.
    """
    place.mkdir(parents=True, exist_ok=True)
    assert blocks, "the page types nothing"
    for block in blocks:
        _run([*through, "bash"], block, place, instead or {}, _environment(place, programs, settings))


def _environment(place: Path, programs: Path, settings: Mapping[str, object]) -> dict[str, str]:
    kept = {name: value for name, value in environment(**settings).items() if not name.startswith("XDG_")}
    return kept | {"HOME": str(place), "PATH": f"{programs}:{kept['PATH']}", "COLUMNS": "120"}


def _run(
    shell: list[str | Path], block: Block, place: Path, instead: Mapping[str, str], environ: dict[str, str]
) -> None:
    screen = place.with_name(f"{place.name}.screen")
    with screen.open("w") as out:
        process = subprocess.Popen(
            [*shell, "-c", script_of(block, instead)], cwd=place, env=environ, stdin=subprocess.DEVNULL, stdout=out,
            stderr=out, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(PATIENCE_S)
        finally:
            _end_group(process.pid)
    judge(block, screen.read_text("utf-8"), instead)


def script_of(block: Block, instead: Mapping[str, str]) -> str:
    """Return a script of bash that types a block and marks where what each command prints ends, and with which code."""
    return "".join(f"{_put(typed.command, instead)}\nprintf '\\n{_MARK}%s{_MARK}' \"$?\"\n" for typed in block.typed)


def judge(block: Block, screen: str, instead: Mapping[str, str]) -> None:
    """Fail where the screen of a block's script shows something else than the page does."""
    parts = re.split(rf"\n{_MARK}(\d+){_MARK}", screen)
    codes, screens = parts[1::2], parts[0::2]
    for typed, code, shown in zip(block.typed, codes, screens, strict=False):
        assert code == "0", f"$ {typed.command}\nends with {code}:\n{shown}"
        wanted = _put("\n".join(typed.printed), instead)
        assert prints(wanted, shown), f"$ {typed.command}\nprints\n{shown}\ninstead of\n{wanted}"
    assert len(codes) == len(block.typed), f"the shell ended early:\n{parts[-1]}"


def prints(wanted: str, shown: str) -> bool:
    """Tell whether what is shown is what was wanted, `…` standing for anything."""
    lines = [
        r"(?:.*\n)*?" if line.strip() == "…" else ".*?".join(map(re.escape, line.rstrip().split("…"))) + r"[ \t]*\n"
        for line in wanted.splitlines()
    ]
    return re.fullmatch("".join(lines), f"{shown.rstrip()}\n" if shown.strip() else "") is not None


def _put(text: str, instead: Mapping[str, str]) -> str:
    for word, other in instead.items():
        text = text.replace(word, other)
    return text


def _end_group(group: int) -> None:
    """Tell what a block left running to stop, and see it end."""
    end = time.monotonic() + PATIENCE_S
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < end:
            os.killpg(group, signal.SIGTERM)
            time.sleep(0.1)
        os.killpg(group, signal.SIGKILL)
