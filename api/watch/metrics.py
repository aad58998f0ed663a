"""What the watch of a process did, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from api.watch.watch import Watch


class WatchNumbers(Collector):
    """The numbers of one process's watch."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        """Tell what was glanced at, looked at and recorded, and how far behind the last look was."""
        stats = self._watch.stats
        yield CounterMetricFamily("zhuanche_watch_fixes", "Fixes that were glanced at.", stats.glanced)
        yield CounterMetricFamily("zhuanche_watch_left", "Fixes that were left to the sweep.", stats.left)
        yield CounterMetricFamily("zhuanche_watch_looks", "Vehicles that were looked at.", stats.looks)
        yield CounterMetricFamily("zhuanche_watch_recorded", "Facts that looks recorded.", stats.recorded)
        yield GaugeMetricFamily(
            "zhuanche_watch_delay_seconds", "From a commit to the end of the last look it led to.", stats.last_delay_s
        )
