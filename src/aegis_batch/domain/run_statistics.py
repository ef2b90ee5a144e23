"""What many runs come to: how they ended, how long they took, what they cost, which slow down."""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from statistics import median

from aegis_batch.domain import exact
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import JobKind, RunState

__all__ = [
    "JobStatistics",
    "Percentiles",
    "Prices",
    "RunFigures",
    "SlowClose",
    "begin_of_comparison",
    "statistics_of",
]

# A job, and for a close the kind of its period, since a month takes longer than a day.
_Group = tuple[JobKind, PeriodKind | None]
_COMPARED_WITH = 28
_COMPARED_WITH_MIN = 7
_DAYS_OF_A = {PeriodKind.DAY: 1, PeriodKind.WEEK: 7, PeriodKind.MONTH: 31}
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
    """What the runs of one job come to; of a close, those about one kind of period.

    ``success_rate`` is a share of those that succeeded or failed for good, ``None`` where there
    are none. ``queued_ms`` is the time from enqueueing to the first start. ``cost`` is ``None``
    where no prices are known.
    """

    job: JobKind
    kind: PeriodKind | None
    runs: int
    states: Mapping[RunState, int]
    success_rate: float | None
    duration_ms: Percentiles | None
    queued_ms: Percentiles | None
    cpu_seconds: float
    requests: int
    cost: Decimal | None
    slow: tuple[SlowClose, ...]


def begin_of_comparison(figures: Iterable[RunFigures], first_day: date) -> date:
    """Return the first day of the closes that those of a range are compared with.

    It is ``first_day``, with which the range begins, where none is of a period; else it lies
    before that by 28 of the longest periods that there are.
    """
    days = max(
        (_DAYS_OF_A[run.period.kind] for run in figures if run.job.is_of_a_period), default=0
    )
    # No calendar has days before the first one.
    return date.fromordinal(max(first_day.toordinal() - _COMPARED_WITH * days, 1))


def statistics_of(
    figures: Sequence[RunFigures], prices: Prices | None, before: Iterable[RunFigures] = ()
) -> tuple[JobStatistics, ...]:
    """Return the statistics of each job and kind of period that there are runs of, in their order.

    With the closes ``before`` them those of ``figures`` are compared, and that is all they are for.
    """
    of_range, earlier = _grouped(figures), _grouped(before)
    groups = ((job, kind) for job in JobKind for kind in (None, *PeriodKind))
    return tuple(
        _of_group(group, of_range[group], prices, earlier.get(group, []))
        for group in groups
        if group in of_range
    )


def _grouped(figures: Iterable[RunFigures]) -> dict[_Group, list[RunFigures]]:
    grouped: dict[_Group, list[RunFigures]] = {}
    for run in figures:
        kind = run.period.kind if run.job.is_of_a_period else None
        grouped.setdefault((run.job, kind), []).append(run)
    return grouped


def _of_group(
    group: _Group,
    runs: Sequence[RunFigures],
    prices: Prices | None,
    before: Sequence[RunFigures],
) -> JobStatistics:
    job, kind = group
    states = Counter(run.state for run in runs)
    ended = states[RunState.SUCCEEDED] + states[RunState.FAILED]
    cpu_seconds = math.fsum(run.cpu_seconds or 0.0 for run in runs)
    requests = sum(run.requests or 0 for run in runs)
    return JobStatistics(
        job=job,
        kind=kind,
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
        slow=() if kind is None else _slow(runs, before),
    )


def _cost(cpu_seconds: float, requests: int, prices: Prices) -> Decimal:
    # What was measured has microseconds at best.
    seconds = exact.round_half_even(Decimal(cpu_seconds), 6)
    return exact.add(
        exact.multiply(seconds, prices.cpu_second),
        exact.multiply(Decimal(requests), prices.request),
    )


def _slow(runs: Iterable[RunFigures], before: Iterable[RunFigures]) -> tuple[SlowClose, ...]:
    """Return the newest slow closes of a kind of period, of each tenant beside its own."""
    found: list[SlowClose] = []
    known: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_COMPARED_WITH))
    for run, duration_ms in _timed(before):
        known[run.tenant].append(duration_ms)
    for run, duration_ms in _timed(runs):
        series = known[run.tenant]
        if len(series) >= _COMPARED_WITH_MIN:
            usual_ms = median(series)
            if duration_ms >= _SLOW_MS_MIN and duration_ms > _SLOW_FACTOR * usual_ms:
                found.append(SlowClose(run.period, run.run_id, duration_ms, usual_ms, run.orders))
        series.append(duration_ms)
    return tuple(reversed(found[-_SLOW_MAX:]))


def _timed(runs: Iterable[RunFigures]) -> Iterator[tuple[RunFigures, float]]:
    """Yield those that succeeded with how long they took, the oldest first."""
    for run in sorted(runs, key=lambda run: (run.period.first_day, run.enqueued_at, run.run_id)):
        if run.state is RunState.SUCCEEDED and run.duration_ms is not None:
            yield run, run.duration_ms
