"""Holds the ledger against the work queue: no run may wait for work that will never come."""

from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.work_queue import WorkQueue
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord

__all__ = ["ReconcileUseCase"]

_RUNS_MAX = 1_000
_REQUEUES_MAX = 3
_IN_FLIGHT = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.WAITING})


class ReconcileUseCase:
    """Queues anew what the work queue has lost, a few times; then it is a dead letter."""

    def __init__(self, ledger: Ledger, queue: WorkQueue, after_run: AfterRun) -> None:
        """Take the ledger, the queue, and what follows from the end of a run."""
        self._ledger = ledger
        self._queue = queue
        self._after_run = after_run

    def reconcile(self) -> int:
        """Put right what differs, and return how many runs did."""
        with self._ledger.turn() as turn:
            going = turn.state.runs.search(
                RunFilter(states=_IN_FLIGHT, oldest_first=True), _RUNS_MAX
            )
        lost = self._queue.lost([record.work_id for record in going])
        for work_id in lost:
            self._put_right(work_id)
        return len(lost)

    def _put_right(self, work_id: str) -> None:
        with self._ledger.turn() as turn:
            record = turn.state.runs.get(work_id.partition("#")[0])
            if record is None or record.work_id != work_id or record.state not in _IN_FLIGHT:
                # It has ended, or gone on, since it was looked at.
                return
            if record.cancel_requested:
                # The attempt that broke off was to be its last.
                self._after_run.ended(turn, turn.cancel_as_asked(record))
            elif record.requeues < _REQUEUES_MAX:
                turn.requeue(record, "taken_up_again")
            else:
                dead = turn.bury(record, Outcome.DEFECT, _problem(record))
                self._after_run.ended(turn, dead)


def _problem(record: RunRecord) -> Problem:
    return Problem(
        code="work_lost",
        message=f"The work of run {record.id} got lost or broke its process"
        f" {record.requeues + 1} times.",
        remedy="Look into the log for what ended the process at that time, or whether an upgrade"
        " came in between; then replay the dead letter.",
        retryable=False,
    )
