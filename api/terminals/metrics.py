"""What the server for terminals counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.terminals.server import Terminals


class TerminalNumbers(Collector):
    """The numbers of one process's terminals."""

    def __init__(self, terminals: Terminals) -> None:
        self._terminals = terminals

    def collect(self) -> Iterator[Metric]:
        """Tell who is connected and what came."""
        terminals, stats = self._terminals, self._terminals.stats
        yield GaugeMetricFamily("zhuanche_terminals_connected", "Terminals that are connected.", terminals.connected)
        yield GaugeMetricFamily(
            "zhuanche_terminals_unproved", "Connections that have not proved whose they are.", terminals.unproved
        )
        yield CounterMetricFamily("zhuanche_terminal_connections", "Connections taken.", stats.connections)
        yield CounterMetricFamily("zhuanche_terminal_frames", "Frames that came.", stats.frames)
        yield CounterMetricFamily(
            "zhuanche_terminal_unwritten", "Messages not answered because they could not be written.", stats.unwritten
        )
        bad = CounterMetricFamily("zhuanche_terminal_bad_frames", "Frames not as the standard has it.", labels=["code"])
        for code, number in sorted(stats.bad_frames.items()):
            bad.add_metric([code], number)
        yield bad
        ended = CounterMetricFamily("zhuanche_terminal_ended", "Connections by why they ended.", labels=["why"])
        for why, number in sorted(stats.ended.items()):
            ended.add_metric([why], number)
        yield ended
