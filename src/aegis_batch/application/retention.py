"""Retention: forget runs and decisions that are older than anybody asks for."""

from collections.abc import Callable
from datetime import datetime, timedelta

from aegis_batch.application.jobs import Ended
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.retention import Retention
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.job_events import JobCompleted, JobStarted
from aegis_batch.domain.job_result import RESULT_KEPT_MAX
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.run_record import RunRecord

__all__ = ["RetentionJob"]

_BATCH = 500
# Ten million records of each kind; what is left after that goes the next day.
_BATCHES_MAX = 20_000
# Whoever is gone for so long has nothing left that anybody asks for.
_EXECUTORS_KEPT = timedelta(days=7)
# Nobody sends an event, or a request with a key, again after so long.
_REPEATED_MAX = timedelta(days=30)


class RetentionJob:
    """Deletes history in small batches, each a turn of its own, so that nobody waits long."""

    def __init__(  # noqa: PLR0913 - the ports, and how long history is kept
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        metrics: MetricsSink,
        kept: timedelta,
        pause: Callable[[], None],
        batch: int = _BATCH,
    ) -> None:
        """Take the ports and how long history is kept.

        ``pause`` lets a moment pass between two turns, so that others come to theirs.
        """
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._kept = kept
        self._pause = pause
        self._batch = batch

    def do(self, record: RunRecord) -> Ended:
        """Forget all that is old; see ``Job``."""
        started = self._clock.monotonic_seconds()
        now = self._clock.now()
        self._metrics.emit(JobStarted(run=record.run, at=now, job=JobKind.RETENTION))
        before = now - self._kept
        runs = self._forget(lambda old: old.forget_runs(before, self._batch))
        decisions = self._forget(lambda old: old.forget_occurrences(before, self._batch))
        self._forget_executors(now - _EXECUTORS_KEPT)
        self._forget_of_jobs(now)
        duration_ms = (self._clock.monotonic_seconds() - started) * 1000

        def tell(turn: LedgerTurn) -> None:
            turn.tell(
                JobCompleted(
                    run=record.run,
                    at=turn.now,
                    job=JobKind.RETENTION,
                    told=f"{runs} runs and {decisions} decisions from before"
                    f" {before:%Y-%m-%d %H:%M} UTC are deleted",
                    duration_ms=duration_ms,
                )
            )

        return Ended(None, duration_ms, in_turn=tell)

    def _forget_of_jobs(self, now: datetime) -> None:
        """Forget results, and what only has to be known while it may be repeated."""
        results_before = now - min(self._kept, RESULT_KEPT_MAX)
        repeated_before = now - _REPEATED_MAX
        self._forget_in_turns(lambda turn: turn.job_results.forget(results_before, self._batch))
        self._forget_in_turns(lambda turn: turn.job_events.forget(repeated_before, self._batch))
        self._forget_in_turns(
            lambda turn: turn.answered_requests.forget(repeated_before, self._batch)
        )

    def _forget_executors(self, before: datetime) -> None:
        with self._ledger.turn() as turn:
            turn.state.retention.forget_executors(before, self._batch)

    def _forget(self, forget: Callable[[Retention], int]) -> int:
        return self._forget_in_turns(lambda turn: forget(turn.retention))

    def _forget_in_turns(self, forget: Callable[[Turn], int]) -> int:
        forgotten = 0
        for _ in range(_BATCHES_MAX):
            with self._ledger.turn() as turn:
                in_this_turn = forget(turn.state)
            forgotten += in_this_turn
            if in_this_turn < self._batch:
                break
            self._pause()
        return forgotten
