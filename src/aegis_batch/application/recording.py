"""Records closes made by hand, which go without the work queue."""

from aegis_batch.application.ledger import first_work_id
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.state import State
from aegis_batch.domain.outcome import CloseResult
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["RecordCloseUseCase"]


class RecordCloseUseCase:
    """Keeps in the ledger how a close by hand ended."""

    def __init__(self, state: State, clock: Clock, executor: str) -> None:
        """Take the state, and the name of the machine that it ran on."""
        self._state = state
        self._clock = clock
        self._executor = executor

    def record(self, result: CloseResult, operator: str) -> None:
        """Keep a result. Raises ``StateUnavailable`` and ``StateMisfit``."""
        now = self._clock.now()
        record = RunRecord(
            id=result.run.id,
            trace_id=result.run.trace_id,
            job=JobKind.CLOSE,
            key=result.run.key,
            trigger=Trigger.HAND,
            requested_by=operator,
            state=RunState.SUCCEEDED if result.outcome.is_success else RunState.FAILED,
            work_id=first_work_id(result.run.id),
            enqueued_at=now,
            due_at=now,
            attempt=1,
            started_at=now,
            ended_at=now,
            executor=self._executor,
            outcome=result.outcome,
            orders=None if result.seal is None else result.seal.orders_read,
            seal=result.seal,
            problem=result.problem,
            duration_ms=result.duration_ms,
        )
        with self._state.turn() as turn:
            turn.runs.add(record)
