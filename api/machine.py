"""What a process uses of its machine, for Prometheus: memory, open files, its pool, disks, jobs that failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from api.db.database import Database
from api.db.engine import use_of
from api.files_watch import FilesWatch
from api.jobs.runner import Runner
from api.space import Space

RELEASE: Final = version("zhuanche")
"""As it was when the process began: what is installed may be another one by now."""


class MachineNumbers(Collector):
    """The numbers of one process on its machine."""

    def __init__(
        self, space: Space, backup_space: Space, files: FilesWatch, database: Database, runners: Sequence[Runner]
    ) -> None:
        self._space = space
        self._backup_space = backup_space
        self._files = files
        self._database = database
        self._runners = runners

    def collect(self) -> Iterator[Metric]:
        """Tell of the release, of disks, of the pool and of jobs."""
        yield InfoMetricFamily("zhuanche_build", "The release that runs.", {"version": RELEASE})
        yield from self._disks()
        yield GaugeMetricFamily(
            "zhuanche_files_away", "Whether the object store of files did not answer last.", float(self._files.away)
        )
        pool = use_of(self._database.engine)
        yield GaugeMetricFamily("zhuanche_pool_connections", "Connections the pool may hold.", pool.size)
        yield GaugeMetricFamily("zhuanche_pool_open", "Connections the pool holds.", pool.open)
        yield GaugeMetricFamily("zhuanche_pool_used", "Connections that are worked on.", pool.used)
        failed = CounterMetricFamily("zhuanche_job_failures", "Background work that failed.", labels=["job"])
        for runner in self._runners:
            for job, number in sorted(runner.failed.items()):
                failed.add_metric([job], number)
        yield failed
        leads = any(runner.leads for runner in self._runners)
        yield GaugeMetricFamily("zhuanche_jobs_led", "Whether this process does background work.", float(leads))

    def _disks(self) -> Iterator[Metric]:
        free = GaugeMetricFamily("zhuanche_disk_free_bytes", "Room on a disk, for this account.", labels=["holds"])
        total = GaugeMetricFamily("zhuanche_disk_bytes", "Size of a disk, for this account.", labels=["holds"])
        used = GaugeMetricFamily("zhuanche_disk_used_percent", "How full a disk is.", labels=["holds"])
        for room in (*self._space.rooms, *self._backup_space.rooms):
            holds = [",".join(room.holds)]
            free.add_metric(holds, room.free_bytes)
            total.add_metric(holds, room.total_bytes)
            used.add_metric(holds, room.used_percent)
        ages = GaugeMetricFamily("zhuanche_disk_look_age_seconds", "Since a disk answered last.", labels=["holds"])
        for use, age_s in (self._space.ages_s | self._backup_space.ages_s).items():
            ages.add_metric([use], age_s)
        yield from (free, total, used, ages)
        yield GaugeMetricFamily("zhuanche_disk_full", "Whether nothing more is recorded.", float(self._space.short))
        yield CounterMetricFamily("zhuanche_disk_refused", "Writes refused for want of room.", self._space.refused)
