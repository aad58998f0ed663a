"""What the hub of a process did, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from api.live.hub import Hub


class LiveNumbers(Collector):
    """The numbers of one process's open pages."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        """Tell how many pages are open, what was handed on to them, and how often one could not keep up."""
        stats = self._hub.stats
        yield GaugeMetricFamily("zhuanche_live_pages", "Pages that are open.", self._hub.pages)
        yield CounterMetricFamily("zhuanche_live_acts", "Acts that were handed on to pages.", stats.acts)
        yield CounterMetricFamily("zhuanche_live_fixes", "Places of vehicles that were.", stats.fixes)
        yield CounterMetricFamily("zhuanche_live_told", "Messages sent of what was stored here.", stats.told)
        yield CounterMetricFamily("zhuanche_live_lost", "How often a page was told to ask anew.", stats.lost)
        yield GaugeMetricFamily("zhuanche_live_show_seconds", "How long showing fixes took last.", stats.last_show_s)
