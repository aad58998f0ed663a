"""What the service counts, for Prometheus: requests by route, and what the position writer does."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.ingest.door import Door

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The numbers of one process."""

    def __init__(self, door: Door) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "zhuanche_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "zhuanche_request_seconds", "Time to answer.", ["route"], buckets=BUCKETS_S, registry=self._registry
        )
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._signatures = Counter(
            "zhuanche_bad_signatures",
            "Signed acts and keys refused for what is wrong with their signature.",
            ["why"],
            registry=self._registry,
        )
        self._registry.register(_Ingest(door))
        ProcessCollector(registry=self._registry)
        self.months_ahead: int | None = None
        """Months after this one that positions can be stored in, as last looked up; None while it is not known."""
        self._registry.register(_Months(self))

    def add(self, numbers: Collector) -> None:
        """Tell these numbers too."""
        self._registry.register(numbers)

    def answered(self, method: str, route: str, status: int, took_s: float) -> None:
        """Count a request; `route` is the template, never the path."""
        counted = self._counted.get((method, route, status))
        if counted is None:
            # Finding a label's counter takes longer than counting; there are as many as routes and statuses.
            counted = self._requests.labels(method, route, str(status)), self._seconds.labels(route)
            self._counted[method, route, status] = counted
        counted[0].inc()
        counted[1].observe(took_s)

    def bad_signature(self, why: str) -> None:
        """Count what was refused for its signature."""
        self._signatures.labels(why).inc()

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self._registry)


class _Months(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Tell how far ahead positions can be stored, where that is known."""
        if self._metrics.months_ahead is not None:
            yield GaugeMetricFamily(
                "zhuanche_position_months_ahead",
                "Months after this one that positions can be stored in.",
                self._metrics.months_ahead,
            )


class _Ingest(Collector):
    def __init__(self, door: Door) -> None:
        self._door = door

    def collect(self) -> Iterator[Metric]:
        """Tell what the writer did."""
        writer, stats = self._door.writer, self._door.writer.stats
        yield GaugeMetricFamily("zhuanche_ingest_waiting_fixes", "Fixes that wait or are written.", writer.unanswered)
        yield GaugeMetricFamily("zhuanche_ingest_last_batch_fixes", "Fixes of the last transaction.", stats.last_batch)
        yield GaugeMetricFamily(
            "zhuanche_ingest_last_commit_seconds", "Time of the last transaction.", stats.last_commit_s
        )
        yield CounterMetricFamily("zhuanche_ingest_batches", "Transactions of the writer.", stats.batches)
        yield CounterMetricFamily("zhuanche_ingest_commit_seconds", "Time in transactions.", stats.commit_s)
        outcomes = CounterMetricFamily("zhuanche_ingest_fixes", "Fixes by what became of them.", labels=["outcome"])
        for outcome in ("stored", "repeated", "held", "aside", "refused"):
            outcomes.add_metric([outcome], getattr(stats, outcome))
        yield outcomes
        rejected = CounterMetricFamily("zhuanche_ingest_rejected_fixes", "Fixes that can never count.", labels=["code"])
        for code, number in sorted(stats.reasons.items()):
            rejected.add_metric([code], number)
        yield rejected
