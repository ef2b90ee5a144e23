"""Cancelling a run that has not ended."""

from dataclasses import replace

from aegis_batch.application.actor import Actor
from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.backfill_control import BackfillControl
from aegis_batch.application.job_starts import seen_run
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.repeating import Once, once
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.backfill import BackfillState
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord

__all__ = ["CancelRunUseCase"]


class CancelRunUseCase:
    """Cancels runs: what has not begun never does; an attempt under way is its last."""

    def __init__(self, ledger: Ledger, after_run: AfterRun, backfills: BackfillControl) -> None:
        """Take the ledger, what follows from the end of a run, and what cancels its backfill."""
        self._ledger = ledger
        self._after_run = after_run
        self._backfills = backfills

    def cancel(self, run_id: str, actor: Actor, request: Once | None = None) -> RunRecord:
        """Cancel a run, and return it as it is then; what a rebuild has not begun is left.

        Raises ``InvalidRequest`` for an unknown run, and for one that has ended.
        """
        with self._ledger.turn() as turn:

            def deed() -> str:
                self._cancel(turn, run_id, actor)
                return run_id

            once(turn, request, deed)
            cancelled = seen_run(turn.state, run_id, actor)
            backfill = turn.state.backfills.get(run_id)
            has_backfill = backfill is not None and backfill.state is not BackfillState.ENDED
        if has_backfill:
            self._backfills.cancel(run_id, actor.name, f"the run {run_id} was cancelled")
        return cancelled

    def _cancel(self, turn: LedgerTurn, run_id: str, actor: Actor) -> None:
        record = seen_run(turn.state, run_id, actor)
        if record.state.is_final:
            raise InvalidRequest(
                "run_ended", f"The run {run_id} is {record.state}.", "Nothing needs to be done."
            )
        if not actor.may_change(record.key.tenant):
            raise InvalidRequest("tenant_forbidden", "The run is everyone's.", "Ask who sees all.")
        was = record.state.value
        turn.state.audit.add(
            AuditEntry(turn.now, actor.name, "run.cancel", run_id, was, actor.origin)
        )
        if record.state is RunState.RUNNING:
            turn.state.runs.save(replace(record, cancel_requested=True))
            return
        turn.state.work.withdraw(record.work_id)
        cancelled = turn.cancel(record, f"{actor.name} cancelled it")
        self._after_run.ended(turn, [cancelled])
