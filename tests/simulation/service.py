"""`zhuanche serve` in a process of its own, under a clock that another process moves.

A process that has imported everything and done nothing yet is forked for each start: to import costs seconds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final

from api.cli import waiting as command
from api.cli.command_line import main
from api.first_look import Look, first_look
from tests.simulation.clock import FiledClock

FORKED: Final = get_context("forkserver")
FORKED.set_forkserver_preload(["__main__", __name__])


def started(clock: Path, environment: Mapping[str, str]) -> ForkServerProcess:
    """Return a process that serves by an environment's settings and the clock in a file, soon."""
    process = FORKED.Process(target=_serve, args=(clock, dict(environment)), daemon=True)
    process.start()
    return process


def _serve(clock: Path, environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    filed: Any = FiledClock(clock)

    async def under_filed(*asked: Any, **how: Any) -> Look:
        """Look as the service does, then go by the clock in the file: no database's and no time server's speaks."""
        return replace(await first_look(*asked, **how), clock=filed, doubt=None, unless_vouched=None)

    command.first_look = under_filed
    sys.argv = ["zhuanche", "serve"]
    main()
