"""`zhuanche`, and `python -m api`: the command line, told in a sentence also where Ctrl-C comes while it loads."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Load a command, which takes a second on a slow machine, and run it."""
    try:
        from api.cli.command_line import main as run  # noqa: PLC0415 - what is loaded here is what may be interrupted
    except KeyboardInterrupt:
        sys.stderr.write("zhuanche: Interrupted: nothing was begun.\n")
        raise SystemExit(130) from None
    try:
        run()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done and said: what is put away yet is no traceback
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
