"""Holds the ledger against the work queue: no run may wait for work that will never come."""

from dataclasses import replace

from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.work_queue import WorkQueue
from aegis_batch.application.taking import tokens_of
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord

__all__ = ["ReconcileUseCase"]

_WORKS_MAX = 500
_REQUEUES_MAX = 3
_IN_FLIGHT = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.WAITING})


class ReconcileUseCase:
    """Queues anew what the work queue has lost, a few times; then it is a dead letter.

    What another living process is at, it puts right itself: it alone knows whether it is.
    """

    def __init__(
        self, ledger: Ledger, queue: WorkQueue, after_run: AfterRun, executor: str | None = None
    ) -> None:
        """Take the ledger, the queue, and what follows from the end of a run.

        ``executor`` is the name of this one, ``None`` where there is no other.
        """
        self._ledger = ledger
        self._queue = queue
        self._after_run = after_run
        self._executor = executor
        self._looked_at = ""

    def reconcile(self) -> int:
        """Put right what differs, and return how many pieces of work did.

        Each time it looks at a number of them, and begins anew after the last.
        """
        self._queue.widen()
        with self._ledger.look() as turn:
            works = turn.many_runs.works(self._looked_at, _WORKS_MAX)
            left = self._after_run.left(turn)
        self._looked_at = works[-1] if len(works) == _WORKS_MAX else ""
        lost = self._queue.lost(works)
        for work_id in lost:
            self._put_right(work_id)
        for backfill_id in left:
            with self._ledger.turn() as ledger_turn:
                self._after_run.go_on(ledger_turn, backfill_id)
        return len(lost)

    def _put_right(self, work_id: str) -> None:
        with self._ledger.turn() as turn:
            others: set[str] = set()
            if self._executor is not None:
                others = set(turn.state.executors.living()) - {self._executor}
            # Those that have ended, or gone on, since they were looked at, are other work's.
            given_up = [
                self._given_up(turn, record)
                for record in turn.state.many_runs.of_work(work_id)
                if record.state in _IN_FLIGHT
                and not (record.state is RunState.RUNNING and record.executor in others)
            ]
            self._after_run.ended(turn, [record for record in given_up if record is not None])

    def _given_up(self, turn: LedgerTurn, record: RunRecord) -> RunRecord | None:
        """Queue a run anew, or return it as it is given up."""
        if record.state is RunState.RUNNING and record.executor is not None:
            # Nobody is at it, so nobody would give its lease back: the next run about the same
            # period would wait for as long as that executor lives.
            turn.state.leases.give_back(tokens_of([record]), record.executor)
        if record.cancel_requested:
            # The attempt that broke off was to be its last.
            return turn.cancel_as_asked(record)
        if record.requeues < _REQUEUES_MAX:
            # Where nobody may have worked at its tenant's own queue, somebody does at that of all.
            turn.requeue(replace(record, queue=None), "taken_up_again")
            return None
        return turn.bury(record, Outcome.DEFECT, _problem(record))


def _problem(record: RunRecord) -> Problem:
    return Problem(
        code="work_lost",
        message=f"The work of run {record.id} got lost or broke its process"
        f" {record.requeues + 1} times.",
        remedy="Look into the log for what ended the process at that time, or whether an upgrade"
        " came in between; then replay the dead letter.",
        retryable=False,
    )
