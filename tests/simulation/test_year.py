"""A simulated year: whatever people do, in whatever order, every promise holds after every step.

`SEED=7 STEPS=100 YEARS=5 make test TEST=tests/simulation/test_year.py` plays other years, longer or more;
the same seed plays the same again, but for where in a request a kill falls.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from api.settings import Settings
from tests.conftest import Server, embedded_server
from tests.simulation.desk import Desk
from tests.simulation.served import Blow, Disaster

SEED = int(os.environ.get("SEED", "12315"))
STEPS = int(os.environ.get("STEPS", "6"))
YEARS = int(os.environ.get("YEARS", "2"))
"""The first one hypothesis plays is the dullest there is."""
METRES = st.integers(0, 60).map(lambda km: km * 1_000)
LATE_MIN = st.sampled_from([0, 0, 0, 3, 300, 3_000])
ACTS = st.one_of(
    st.tuples(st.just(Desk.trip), st.integers(0, 2), st.booleans(), METRES, st.integers(0, 40)),
    st.tuples(st.just(Desk.ask), st.integers(0, 2), st.integers(5, 90), st.booleans()),
    st.tuples(st.just(Desk.depart), st.booleans()),
    st.tuples(st.just(Desk.come_back), METRES, st.booleans()),
    st.tuples(st.just(Desk.drive), st.integers(1, 40), st.integers(-50, 50), LATE_MIN),
    st.tuples(st.just(Desk.again), st.integers(1, 60)),
    st.tuples(st.just(Desk.fuel), METRES, st.integers(1, 60)),
    st.tuples(st.just(Desk.read), st.sampled_from([0, 0, 1_000, 30_000])),
    st.tuples(st.just(Desk.correct), st.sampled_from([-90_000, -1_000, 1_000, 90_000])),
    st.tuples(st.just(Desk.borrow)),
    st.tuples(st.just(Desk.rush), st.sampled_from([0, 2_000]), st.integers(1, 40)),
)
"""What people do on a day, with what it depends on."""
MOMENTS = st.tuples(st.integers(0, 7), st.sampled_from([0.2, 0.0, 0.001, 0.004, 0.008, 0.015, 0.03, 0.06]))
"""After how many requests of the day a disaster falls, and how many seconds into the next; 0.2 is after its answer."""
DISASTERS = (
    (Disaster.SERVICE, True),
    (Disaster.DATABASE, False),
    (Disaster.BOTH, True),
    (Disaster.CONNECTIONS, True),
    (Disaster.SERVICE, False),
    (Disaster.DATABASE, True),
    (Disaster.BOTH, False),
    (Disaster.CONNECTIONS, False),
)
"""One a day, in turn: what is struck, and whether amid a request or between an answer and the next request."""


class Year(RuleBasedStateMachine):
    """Days at a desk."""

    server: ClassVar[Server]
    settings: ClassVar[Settings]
    folder: ClassVar[Path]
    struck: ClassVar[Counter[tuple[Disaster, bool]]]
    faults: ClassVar[list[Exception]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.disasters = cycle(DISASTERS)
        self.desk = Desk(self.server, self.settings, Path(mkdtemp(dir=self.folder)))
        self.runner.run(self.desk.open())

    def teardown(self) -> None:
        """Look once more at everything, and close the desk."""
        try:
            with self._kept():
                self.runner.run(self.desk.work_behind())
                self.desk.check()
                self.desk.check_ledger()
        finally:
            self.struck.update(self.desk.service.struck)
            self.runner.run(self.desk.close())
            self.runner.close()

    @contextmanager
    def _kept(self) -> Iterator[None]:
        """Keep what went wrong: hypothesis plays it again, and then a kill may fall elsewhere and nothing go wrong."""
        try:
            yield
        except Exception as fault:
            self.faults.append(fault)
            raise

    @rule(
        acts=st.lists(ACTS, min_size=3, max_size=8),
        days=st.sampled_from([1, 2, 3, 7, 16]),
        moment=MOMENTS,
        seal=st.booleans(),
    )
    def a_day(self, acts: list[tuple[Any, ...]], days: int, moment: tuple[int, float], *, seal: bool) -> None:
        """Some acts one after the other, each followed by a look at every promise; then another morning comes."""
        with self._kept():
            what, amid = next(self.disasters)
            self.desk.service.expect(Blow(what, moment[0], moment[1] if amid else None))
            for act, *how_it_was in acts:
                self.runner.run(act(self.desk, *how_it_was))
                self.desk.check()
            self.desk.next_morning(days)
            self.runner.run(self.desk.work_behind())
            self.runner.run(self.desk.renew_papers())
            self.runner.run(self.desk.answer_findings())
            if seal:
                self.runner.run(self.desk.seal())
            self.desk.check()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """Return a server that no other test looks at: it is killed, and it keeps months far ahead."""
    with embedded_server() as server:
        yield server


@pytest.mark.one_server
def test_every_promise_holds_all_year(own_server: Server, settings: Settings, tmp_path: Path) -> None:
    """Trips, upkeep, late and repeated data, corrections, seals, kill -9 of service and database break no promise."""
    Year.server, Year.settings, Year.folder, Year.struck, Year.faults = own_server, settings, tmp_path, Counter(), []
    played = how(
        max_examples=YEARS,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    try:
        run_state_machine_as_test(seed(SEED)(Year), settings=played)
    except Exception as fault:  # noqa: BLE001 - whatever it was, the first one is told
        raise (Year.faults or [fault])[0] from None
    if STEPS >= 6:
        assert Year.struck.keys() >= {
            (Disaster(what), amid) for what in ("service", "database") for amid in (True, False)
        }
