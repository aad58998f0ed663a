"""Every check, in the order in which they are told. What is not known is no fault."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.doctor import bureau, machine
from domain.doctor.facts import Facts
from domain.doctor.verdict import State, Verdict

CHECKS: Final = (
    machine.service,
    machine.database,
    machine.backup,
    machine.disks,
    machine.files,
    machine.clock,
    bureau.jumps,
    machine.positions,
    machine.calendar,
    machine.certificates,
    machine.ingest,
    bureau.held,
    bureau.notices,
    machine.jobs,
    bureau.terminals,
    bureau.seals,
    bureau.erasures,
    bureau.late,
    bureau.kept,
    machine.homes,
)


def verdicts_of(facts: Facts) -> list[Verdict]:
    """Return what is said of everything."""
    return [verdict for check in CHECKS for verdict in check(facts)]


def is_well(verdicts: Iterable[Verdict]) -> bool:
    """Tell whether nothing is amiss."""
    return all(verdict.state is not State.UNWELL for verdict in verdicts)
