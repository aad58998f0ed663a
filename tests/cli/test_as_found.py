"""Every command on a machine as found: one condition for each here, all for all by `make found`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.cli.as_found import FOR_ROOT, Condition, Machine, commands, example_of
from tests.endure.found import places_for_all

SHORT = {
    "backup": Condition.FULL,
    "backup-key": Condition.FULL,
    "calendar": Condition.USER,
    "clock": Condition.OFFLINE,
    "demo": Condition.AT_50,
    "device enrol": Condition.AT_75,
    "device revoke": Condition.TWICE,
    "device rotate": Condition.SERVED,
    "distribute": Condition.OFFLINE,
    "doctor": Condition.OWNER,
    "erase erase": Condition.AT_50,
    "erase files": Condition.HOME_UNSET,
    "erase lift": Condition.TWICE,
    "erase list": Condition.USER,
    "erase restrict": Condition.AT_25,
    "import complaints": Condition.FILLING,
    "import log": Condition.AT_95,
    "init": Condition.HOME_EMPTY,
    "manifest": Condition.OWNER,
    "migrate": Condition.AT_50,
    "move": Condition.AT_75,
    "openapi": Condition.HOME_CLOSED,
    "replay": Condition.OFFLINE,
    "restore": Condition.AT_75,
    "retire": Condition.FULL,
    "seal": Condition.SERVED,
    "serve": Condition.TWICE,
    "upgrade": Condition.FULL,
    "upgrade-db": Condition.AT_50,
    "user reset": Condition.AT_5,
}
"""What each command may well not stand; one that is not named here is interrupted."""


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """Return what tries commands."""
    with places_for_all() as places:
        tries = Machine(places)
        yield tries
        tries.close()


def test_the_help_of_every_command_ends_with_an_example() -> None:
    """Whoever has never typed it sees how; what is tried here is that."""
    assert all(example_of(name) for name in commands())


@pytest.mark.parametrize("command", sorted(commands()))
def test_a_command_does_its_work_or_says_why_not_and_leaves_nothing_half_done(machine: Machine, command: str) -> None:
    """Whatever it finds, and when it is interrupted; run again plainly, it works."""
    condition = SHORT.get(command, Condition.AT_50)
    if condition in FOR_ROOT and os.geteuid() != 0:
        pytest.skip("accounts, networks and small disks are made by root alone")
    tried = machine.tried(command, condition)
    assert not tried.amiss, tried.told
