"""The job that derives a range of closed days again, and closes those of it that are open."""

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from aegis_batch.application.backfill_planning import PlanBackfillUseCase
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.application.jobs import Ended
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.backfill import PERIODS_MAX, Backfill, BackfillState, Reprocess
from aegis_batch.domain.job_events import JobCompleted, JobStarted
from aegis_batch.domain.job_result import JobResult
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord

__all__ = ["RebuildRangeJob"]

# A long range is looked at less often.
_LOOKS = 20
_LOOK_AGAIN_SECONDS_MAX = 30.0


class RebuildRangeJob:
    """Plans and starts a backfill of its own, known by the run's id, and waits for its end.

    It holds no thread while it waits: the attempt is put back, and looks again. Days that others
    were at are derived once they are through with them, so that none is missing in the end.
    """

    def __init__(  # noqa: PLR0913 - the ports, and what carries ranges out
        self,
        *,
        ledger: Ledger,
        planning: PlanBackfillUseCase,
        clock: Clock,
        metrics: MetricsSink,
        zone_of: Callable[[str], str | None],
        max_active: int,
    ) -> None:
        """Take the ports, what plans backfills, and the zone that each tenant has.

        ``zone_of`` returns ``None`` for that of the deployment. ``max_active`` is how many days of
        one range are derived at a time.
        """
        self._ledger = ledger
        self._planning = planning
        self._clock = clock
        self._metrics = metrics
        self._zone_of = zone_of
        self._max_active = max_active

    def do(self, record: RunRecord) -> Ended:
        """Begin, or look how far it has come; see ``Job``."""
        started = self._clock.monotonic_seconds()
        with self._ledger.look() as turn:
            backfill = turn.backfills.get(record.id)
            now = turn.runs.get(record.id)
        if now is not None and now.cancel_requested:
            return Ended(None, 0.0, cancelled_because="a person cancelled it")
        if backfill is None:
            self._metrics.emit(JobStarted(run=record.run, at=self._clock.now(), job=record.job))
            self._plan(record)
        if backfill is None or backfill.state is BackfillState.PLANNED:
            # Nobody looks at the plan in between: what has changed since is found as it goes on.
            backfill = self._planning.start(
                record.id, record.requested_by, whatever_changed=True
            ).backfill
        duration_ms = (self._clock.monotonic_seconds() - started) * 1000
        if backfill.state is BackfillState.CANCELLED:
            return Ended(None, duration_ms, cancelled_because="its backfill was cancelled")
        if backfill.state is not BackfillState.ENDED:
            return self._put_back(backfill, backfill.remaining, duration_ms)
        left = 0 if backfill.failed else self._planning.take_up(backfill)
        return (
            self._put_back(backfill, left, duration_ms) if left else self._ended(record, backfill)
        )

    def _plan(self, record: RunRecord) -> None:
        assert record.task is not None  # noqa: S101 - whoever starts one gives it its range
        asked = json.loads(record.task.arguments)
        request = BackfillRequest(
            tenant=record.key.tenant,
            first_day=date.fromisoformat(asked["from"]),
            last_day=date.fromisoformat(asked["to"]),
            reprocess=Reprocess.ALL,
            max_active=self._max_active,
            zone_name=self._zone_of(record.key.tenant),
        )
        self._planning.plan(request, record.requested_by, backfill_id=record.id)

    def _put_back(self, backfill: Backfill, remaining: int, duration_ms: float) -> Ended:
        return Ended(
            Outcome.UNAVAILABLE,
            duration_ms,
            _under_way(backfill, remaining),
            put_back_until=self._clock.now() + _until_next_look(remaining),
        )

    def _ended(self, record: RunRecord, backfill: Backfill) -> Ended:
        assert backfill.started_at is not None  # noqa: S101 - it was started, and has ended
        ended_at = backfill.ended_at or self._clock.now()
        duration_ms = (ended_at - backfill.started_at).total_seconds() * 1000
        with self._ledger.look() as turn:
            runs = _runs_of(turn, backfill)
        text = _result_text(backfill, runs)

        def keep(turn: LedgerTurn) -> None:
            turn.state.job_results.keep(JobResult(record.id, turn.now, text))
            turn.tell(
                JobCompleted(
                    run=record.run,
                    at=turn.now,
                    job=record.job,
                    told=f"{backfill.done} days derived",
                    duration_ms=duration_ms,
                )
            )

        if backfill.failed:
            return Ended(Outcome.REFUSED, duration_ms, _some_failed(backfill))
        return Ended(None, duration_ms, in_turn=keep)


def _until_next_look(remaining: int) -> timedelta:
    seconds = remaining / _LOOKS
    return timedelta(seconds=min(max(seconds, 1.0), _LOOK_AGAIN_SECONDS_MAX))


def _runs_of(turn: Turn, backfill: Backfill) -> Sequence[RunRecord]:
    succeeded = frozenset({RunState.SUCCEEDED})
    return turn.runs.search(RunFilter(parent=backfill.id, states=succeeded), PERIODS_MAX)


def _result_text(backfill: Backfill, runs: Sequence[RunRecord]) -> str:
    """Return the figures that ``spec/4`` shows: a report is a row, an order a listing."""
    days = [run.key.period.first_day for run in runs]
    result = {
        "daysProcessed": len(days),
        "rowsUpserted": sum(run.outcome is Outcome.CREATED for run in runs),
        "listingsProcessed": sum(run.orders or 0 for run in runs),
        "dateRange": {
            "from": backfill.first_day.isoformat(),
            "to": backfill.last_day.isoformat(),
            "maxDateAfterRebuild": max(days).isoformat() if days else None,
        },
    }
    return json.dumps(result, separators=(",", ":"))


def _under_way(backfill: Backfill, remaining: int) -> Problem:
    return Problem(
        code="range_under_way",
        message=f"{remaining} days of {backfill.first_day} to {backfill.last_day} have"
        " not ended yet.",
        remedy="Nothing needs to be done.",
        retryable=True,
    )


def _some_failed(backfill: Backfill) -> Problem:
    return Problem(
        code="days_failed",
        message=f"{backfill.failed} of {backfill.to_do} days could not be derived.",
        remedy=f"Each is a dead letter: aegis-batch backfill status {backfill.id} names them.",
        retryable=False,
    )
