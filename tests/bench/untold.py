"""The product without word of what was stored to open pages (NOTIFY), to see what telling costs."""

from __future__ import annotations

from api.cli.command_line import main
from api.live.hub import Hub


def _nothing(*_: object, **__: object) -> None:
    return None


if __name__ == "__main__":
    Hub.stored = _nothing  # type: ignore[method-assign]
    main()
