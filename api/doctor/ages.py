"""Looks once a minute at what grows old or ends unseen: the newest backup and the certificates."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.aside import Hangs, asked_aside
from api.clock import Clock, SteadyClock
from api.doctor.machine import backup_of, certificates_of
from api.metrics import Metrics
from api.settings import Settings
from api.space import places_of
from domain.doctor.facts import Backup, Certificate
from domain.doctor.machine import is_overdue

log = structlog.get_logger()

LOOK_S: Final = 60.0
"""How often they are looked at."""


class AgeWatch:
    """One process's watch; a disk that does not answer holds nothing up."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Look where the settings say, and reckon by `clock`."""
        self._settings = settings
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self.certificates: tuple[Certificate, ...] = ()
        self.backup: Backup | None = None
        """The newest, once it was looked for.

        Of another PostgreSQL whose service makes none, its operator may make backups by other means: nothing is said.
        """

    @property
    def backup_age_s(self) -> float | None:
        """Return how old the newest backup is, endlessly where there is none; None where nothing is said of it."""
        if self.backup is None:
            return None
        taken_at = self.backup.taken_at
        return float("inf") if taken_at is None else (self._clock() - taken_at).total_seconds()

    @property
    def is_overdue(self) -> bool:
        """Tell whether there should be a newer backup by now."""
        return self.backup is not None and is_overdue(self.backup, self._clock())

    def look(self) -> None:
        """Look once."""
        self.certificates = certificates_of(self._settings)
        if self._settings.backup_to is not None or "database" in places_of(self._settings):
            self.backup = backup_of(self._settings)

    async def start(self) -> None:
        """Begin to look; nothing waits for it."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await asked_aside(f"ages {self._settings.data}", self.look)
            except Hangs:
                pass  # what was seen last stands, and grows older
            except Exception:
                log.exception("ages-not-looked-at")
            await asyncio.sleep(LOOK_S)


class AgeNumbers(Collector):
    """What the watch saw."""

    def __init__(self, ages: AgeWatch) -> None:
        self._ages = ages

    def collect(self) -> Iterator[Metric]:
        """Tell how old the newest backup is, and when each certificate ends."""
        age_s = self._ages.backup_age_s
        backup = GaugeMetricFamily("zhuanche_backup_age_seconds", "Age of the newest backup; +Inf where there is none.")
        if age_s is not None:
            backup.add_metric([], age_s)
        yield backup
        ends = GaugeMetricFamily(
            "zhuanche_certificate_ends_timestamp_seconds", "When a certificate ends.", labels=["serves"]
        )
        for one in self._ages.certificates:
            for serves, until in ((one.serves, one.until), ("authority", one.authority_until)):
                if until is not None:
                    ends.add_metric([serves], until.timestamp())
        yield ends


def age_watch(clock: Clock, settings: Settings, metrics: Metrics) -> AgeWatch | None:
    """Return a watch whose numbers are told; under a clock that a test holds nothing has an age."""
    if not isinstance(clock, SteadyClock):
        return None
    ages = AgeWatch(settings, clock)
    metrics.add(AgeNumbers(ages))
    return ages
