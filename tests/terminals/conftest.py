"""The application with a port for terminals, on the test's loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from litestar import Litestar

from api.settings import Settings
from api.terminals.server import Terminals
from tests.terminal import Line, Terminal, dial

Dial = Callable[[Terminal], Awaitable[Line]]


@pytest.fixture
def app_settings(settings: Settings) -> Settings:
    """Listen at any free port."""
    return replace(settings, jt808_port=0, jt808_host="127.0.0.1")


@pytest.fixture
def terminals(app: Litestar) -> Terminals:
    """Return the server for terminals."""
    server: Terminals = app.state.terminals
    return server


@pytest.fixture
async def connect(terminals: Terminals) -> AsyncIterator[Dial]:
    """Return a function that connects a terminal; all connections are closed after the test."""
    lines: list[Line] = []

    async def dialled(terminal: Terminal) -> Line:
        lines.append(await dial(terminals, terminal))
        return lines[-1]

    yield dialled
    for line in lines:
        await line.close()
