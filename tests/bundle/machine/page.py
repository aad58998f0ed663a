"""docs/install.md, followed word by word in a trial machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.bundle.machine.guest import Guest, Otherwise
from tests.cli.follow import Block, blocks_of, judge, script_of

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "install.md"
SERVICE: Final = "As a service"
CONTAINER: Final = "In a container"
"""Its sections that only such a machine can follow."""


def follow(
    guest: Guest, section: str, instead: Mapping[str, str] | None = None, *, only: int | None = None, at: str = "."
) -> str:
    """Type the blocks of a section, or only one command of its first block, and return what was printed.

    Raises:
        Otherwise: something else is printed than the page says.
    """
    blocks = blocks_of(PAGE, section)
    if only is not None:
        blocks = [Block(blocks[0].mark, (blocks[0].typed[only],))]
    screens = []
    for block in blocks:
        ran = guest.run(f"exec 2>&1; cd {at}\n{script_of(block, instead or {})}")
        try:
            judge(block, ran.out, instead or {})
        except AssertionError as fault:
            raise Otherwise(f"docs/install.md, {section}: {fault}") from fault
        screens.append(ran.out)
    return "".join(screens)
