"""Pauses: of the whole scheduler, of groups of jobs, and of jobs without a schedule."""

from datetime import datetime

from aegis_batch.application.actor import Actor
from aegis_batch.application.job_refusals import refuse_foreign, refuse_hidden
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.scheduler_pauses import EVERYTHING
from aegis_batch.application.repeating import Once, once
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.schedule import Pause

__all__ = ["JobPauses"]


class JobPauses:
    """Pauses and resumes, each time with an entry in the audit."""

    def __init__(self, ledger: Ledger) -> None:
        """Take the ledger."""
        self._ledger = ledger

    def pause_all(
        self, scope: str | None, note: str, actor: Actor, request: Once | None = None
    ) -> Pause:
        """Pause the whole scheduler, or a group; what runs goes on, and firings are skipped.

        Raises ``InvalidRequest`` where it is paused already.
        """
        key = scope or EVERYTHING
        with self._ledger.turn() as turn:

            def deed() -> str:
                _pause(turn, key, Pause(actor.name, turn.now, note))
                _note(turn, actor, "scheduler.pause", key, note)
                return turn.now.isoformat()

            at, _ = once(turn, request, deed)
        return Pause(actor.name, datetime.fromisoformat(at), note)

    def resume_all(self, scope: str | None, actor: Actor, request: Once | None = None) -> None:
        """Let the scheduler, or a group, go on; raises ``InvalidRequest`` where it does already."""
        key = scope or EVERYTHING
        with self._ledger.turn() as turn:

            def deed() -> str:
                _resume(turn, key)
                _note(turn, actor, "scheduler.resume", key, "")
                return key

            once(turn, request, deed)

    def pause(self, job_id: str, note: str, actor: Actor) -> None:
        """Pause a job without a schedule: no event starts it until it is resumed.

        One with a schedule is paused with that. Raises ``InvalidRequest`` where it is paused
        already, or the note is empty.
        """
        if not note.strip():
            raise InvalidRequest("note_missing", "The note is empty.", "Say why, with --note.")
        with self._ledger.turn() as turn:
            definition = refuse_hidden(turn.state.job_definitions.get(job_id), job_id, actor)
            refuse_foreign(definition, actor)
            _pause(turn, definition.schedule_name, Pause(actor.name, turn.now, note))
            _note(turn, actor, "job.pause", job_id, note)

    def resume(self, job_id: str, actor: Actor) -> None:
        """Let a job that was paused by itself go on; ``InvalidRequest`` for one that does."""
        with self._ledger.turn() as turn:
            definition = refuse_hidden(turn.state.job_definitions.get(job_id), job_id, actor)
            refuse_foreign(definition, actor)
            _resume(turn, definition.schedule_name)
            _note(turn, actor, "job.resume", job_id, "")


def _pause(turn: LedgerTurn, scope: str, pause: Pause) -> None:
    before = turn.state.scheduler_pauses.all().get(scope)
    if before is not None:
        raise InvalidRequest(
            "paused_already", f"It was paused by {before.by}: {before.note}", "Resume it."
        )
    turn.state.scheduler_pauses.save(scope, pause)


def _resume(turn: LedgerTurn, scope: str) -> None:
    if scope not in turn.state.scheduler_pauses.all():
        raise InvalidRequest("not_paused", "It is not paused.", "Nothing needs to be done.")
    turn.state.scheduler_pauses.remove(scope)


def _note(turn: LedgerTurn, actor: Actor, action: str, subject: str, reason: str) -> None:
    turn.state.audit.add(AuditEntry(turn.now, actor.name, action, subject, reason, actor.origin))
