"""Metrics of defined jobs by the names of ``spec/2``, whoever hands them out."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from aegis_batch.application.job_views import Figures
from aegis_batch.domain.job_status import FAILURES
from aegis_batch.domain.job_total import BUCKETS_SECONDS, FAILED_BY_PRIORITY, SCHEDULED
from aegis_batch.domain.task import Priority

__all__ = ["Metric", "MetricKind", "Point", "Spread", "scheduler_metrics"]


class MetricKind(StrEnum):
    """What a metric is, in the words that OpenTelemetry and Prometheus share."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Spread:
    """How values lie in buckets.

    ``counts`` has those up to each of ``bounds`` and above the one before it, and at its end those
    above all; ``total`` is what the values add up to.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float


@dataclass(frozen=True, slots=True)
class Point:
    """What there is to tell under some labels; a ``Spread`` in a histogram, and only there."""

    labels: Mapping[str, str]
    value: float | Spread


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, what it is, and its points; counters are counted over all processes, for good."""

    name: str
    kind: MetricKind
    about: str
    points: Sequence[Point]


def scheduler_metrics(figures: Figures, refused: Mapping[str, int]) -> list[Metric]:
    """Return the metrics; ``refused`` counts callers that were, by the code that says why."""
    # A copy at once: callers are refused meanwhile.
    return [*_of_ends(figures), *_of_starts(figures), *_of_now(figures, dict(refused))]


def _of_ends(figures: Figures) -> Iterator[Metric]:
    executed: dict[tuple[str, str], int] = defaultdict(int)
    failed: dict[tuple[str, str], int] = defaultdict(int)
    buckets: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    seconds: dict[str, float] = defaultdict(float)
    for each in figures.totals:
        if not each.is_of_ends:
            continue
        executed[each.job, each.status] += each.count
        buckets[each.job][each.bucket_seconds] += each.count
        seconds[each.job] += each.duration_ms / 1000
        if each.status in FAILURES:
            failed[each.job, each.reason] += each.count
    yield Metric(
        "scheduler_jobs_executed_total",
        MetricKind.COUNTER,
        "Executions that have ended.",
        [Point({"job": job, "status": status}, n) for (job, status), n in executed.items()],
    )
    yield Metric(
        "scheduler_jobs_failed_total",
        MetricKind.COUNTER,
        "Executions that have failed.",
        [Point({"job": job, "reason": reason}, n) for (job, reason), n in failed.items()],
    )
    yield Metric(
        "scheduler_execution_duration",
        MetricKind.HISTOGRAM,
        "How long executions took, in seconds.",
        [Point({"job": job}, _spread(lying, seconds[job])) for job, lying in buckets.items()],
    )


def _spread(buckets: Mapping[int, int], seconds: float) -> Spread:
    # Above all bounds they are counted under zero.
    counts = tuple(buckets.get(bound, 0) for bound in (*BUCKETS_SECONDS, 0))
    return Spread(BUCKETS_SECONDS, counts, seconds)


def _of_starts(figures: Figures) -> Iterator[Metric]:
    scheduled = sum(each.count for each in figures.totals if each.status == SCHEDULED)
    yield Metric(
        "scheduler_jobs_scheduled_total",
        MetricKind.COUNTER,
        "Executions that were started.",
        [Point({}, scheduled)],
    )
    yield Metric(
        "scheduler_jobs_failed_by_priority_total",
        MetricKind.COUNTER,
        "Executions that have failed, by how urgent they were.",
        [
            Point({"job": each.job, "priority": each.reason}, each.count)
            for each in figures.totals
            if each.status == FAILED_BY_PRIORITY
        ],
    )


def _of_now(figures: Figures, refused: Mapping[str, int]) -> Iterator[Metric]:
    waiting = figures.waiting_by_priority()
    yield Metric(
        "scheduler_active_jobs_gauge",
        MetricKind.GAUGE,
        "Jobs that are active.",
        [Point({}, figures.active_jobs)],
    )
    yield Metric(
        "scheduler_queue_size",
        MetricKind.GAUGE,
        "Executions of defined jobs that wait.",
        [Point({"priority": each.value}, waiting.get(each, 0)) for each in Priority],
    )
    yield Metric(
        "scheduler_running_executions",
        MetricKind.GAUGE,
        "Executions that are under way.",
        [Point({}, figures.running)],
    )
    yield Metric(
        "scheduler_control_refused_total",
        MetricKind.COUNTER,
        "Callers that this process has refused.",
        [Point({"code": code}, count) for code, count in sorted(refused.items())],
    )
