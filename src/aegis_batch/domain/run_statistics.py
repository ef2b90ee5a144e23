"""What many runs come to: how they ended, how long they took, what they cost, which slow down."""

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median

from aegis_batch.domain import exact
from aegis_batch.domain.calendar import Period
from aegis_batch.domain.run import JobKind, RunState

__all__ = ["JobStatistics", "Percentiles", "Prices", "RunFigures", "SlowClose", "statistics_of"]

_DAYS_COMPARED_WITH = 28
_DAYS_COMPARED_WITH_MIN = 7
_SLOW_FACTOR = 2
# Below this a doubled duration is the noise of a small machine.
_SLOW_MS_MIN = 500.0
_SLOW_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """The figures of one run; ``requests`` are those to the Backend, over all attempts."""

    run_id: str
    job: JobKind
    tenant: str
    period: Period
    state: RunState
    enqueued_at: datetime
    started_at: datetime | None
    duration_ms: float | None
    cpu_seconds: float | None
    requests: int | None
    orders: int | None


@dataclass(frozen=True, slots=True)
class Prices:
    """What a second of CPU time and a request cost, in any one currency."""

    cpu_second: Decimal
    request: Decimal


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of some durations in milliseconds: below which half, 95 % and 99 % of them lie.

    Each is one of the durations themselves, by the nearest rank.
    """

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, durations_ms: Iterable[float]) -> "Percentiles | None":
        """Return those of any number of durations; ``None`` for none."""
        ranked = sorted(durations_ms)
        if not ranked:
            return None
        p50, p95, p99 = (ranked[math.ceil(len(ranked) * share / 100) - 1] for share in (50, 95, 99))
        return cls(p50, p95, p99)


@dataclass(frozen=True, slots=True)
class SlowClose:
    """A close that took more than twice the median of those of the periods before it."""

    period: Period
    run_id: str
    duration_ms: float
    usual_ms: float
    orders: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatistics:
    """What the runs of one job come to.

    ``success_rate`` is a share of those that succeeded or failed for good, ``None`` where there
    are none. ``queued_ms`` is the time from enqueueing to the first start. ``cost`` is ``None``
    where no prices are known.
    """

    job: JobKind
    runs: int
    states: Mapping[RunState, int]
    success_rate: float | None
    duration_ms: Percentiles | None
    queued_ms: Percentiles | None
    cpu_seconds: float
    requests: int
    cost: Decimal | None
    slow: tuple[SlowClose, ...]


def statistics_of(
    figures: Sequence[RunFigures], prices: Prices | None
) -> tuple[JobStatistics, ...]:
    """Return the statistics of each job that there are runs of, in the order of the jobs."""
    by_job: dict[JobKind, list[RunFigures]] = {}
    for run in figures:
        by_job.setdefault(run.job, []).append(run)
    return tuple(_of_job(job, by_job[job], prices) for job in JobKind if job in by_job)


def _of_job(job: JobKind, runs: Sequence[RunFigures], prices: Prices | None) -> JobStatistics:
    states = Counter(run.state for run in runs)
    ended = states[RunState.SUCCEEDED] + states[RunState.FAILED]
    cpu_seconds = math.fsum(run.cpu_seconds or 0.0 for run in runs)
    requests = sum(run.requests or 0 for run in runs)
    return JobStatistics(
        job=job,
        runs=len(runs),
        states={state: states[state] for state in RunState if states[state]},
        success_rate=states[RunState.SUCCEEDED] / ended if ended else None,
        duration_ms=Percentiles.of(run.duration_ms for run in runs if run.duration_ms is not None),
        queued_ms=Percentiles.of(
            (run.started_at - run.enqueued_at).total_seconds() * 1000
            for run in runs
            if run.started_at is not None
        ),
        cpu_seconds=cpu_seconds,
        requests=requests,
        cost=None if prices is None else _cost(cpu_seconds, requests, prices),
        slow=_slow(runs) if job.is_of_a_period else (),
    )


def _cost(cpu_seconds: float, requests: int, prices: Prices) -> Decimal:
    # What was measured has microseconds at best.
    seconds = exact.round_half_even(Decimal(cpu_seconds), 6)
    return exact.add(
        exact.multiply(seconds, prices.cpu_second),
        exact.multiply(Decimal(requests), prices.request),
    )


def _slow(runs: Sequence[RunFigures]) -> tuple[SlowClose, ...]:
    """Return the newest slow closes, of each tenant and kind of period beside its own."""
    found: list[SlowClose] = []
    before: dict[tuple[str, str], deque[float]] = {}
    for run in sorted(runs, key=lambda run: (run.period.first_day, run.enqueued_at, run.run_id)):
        if run.state is not RunState.SUCCEEDED or run.duration_ms is None:
            continue
        series = (run.tenant, run.period.kind.value)
        known = before.setdefault(series, deque(maxlen=_DAYS_COMPARED_WITH))
        if len(known) >= _DAYS_COMPARED_WITH_MIN:
            usual_ms = median(known)
            if run.duration_ms >= _SLOW_MS_MIN and run.duration_ms > _SLOW_FACTOR * usual_ms:
                found.append(
                    SlowClose(run.period, run.run_id, run.duration_ms, usual_ms, run.orders)
                )
        known.append(run.duration_ms)
    return tuple(reversed(found[-_SLOW_MAX:]))
