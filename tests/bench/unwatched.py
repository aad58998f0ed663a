"""The product without its watch, to see what the watch costs."""

from __future__ import annotations

from api.cli.command_line import main
from api.watch.watch import Watch


def _nothing(*_: object, **__: object) -> None:
    return None


if __name__ == "__main__":
    Watch.stored = _nothing  # type: ignore[method-assign]
    main()
