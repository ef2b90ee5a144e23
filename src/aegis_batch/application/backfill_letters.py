"""What a backfill does with dead letters: it replays them, and gives back what it did not do."""

from dataclasses import replace

from aegis_batch.application.dead_letter_decisions import decide
from aegis_batch.application.ledger import LedgerTurn
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.backfill import Backfill
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.run_record import RunRecord

__all__ = ["open_again", "replay"]

_LETTERS_MAX = 1_000


def replay(turn: LedgerTurn, backfill: Backfill, record: RunRecord) -> None:
    """Let a run stand for all that has failed before it in the same job."""
    operator, reason = record.requested_by, f"backfill {backfill.id}"
    while (letter := turn.state.dead_letters.open_of(record.key, record.job)) is not None:
        decided = decide(letter, turn, DeadLetterState.REPLAYED, operator, reason)
        turn.state.dead_letters.save(replace(decided, replayed_as=record.id))
        turn.state.audit.add(
            AuditEntry(turn.now, operator, "dead_letter.replay", letter.run_id, reason)
        )


def open_again(turn: LedgerTurn, backfill: Backfill, record: RunRecord) -> None:
    """Let the dead rebuild be open again whose replay, this run, was cancelled.

    A close that is not replayed leaves its day open, which the next night sees; that a closed day
    is in doubt nobody would see any more.
    """
    if record.job is not JobKind.REBUILD:
        return
    for letter in turn.state.dead_letters.of(record.key, _LETTERS_MAX):
        if letter.replayed_as == record.id:
            turn.state.dead_letters.save(
                replace(
                    letter,
                    state=DeadLetterState.OPEN,
                    decided_by=None,
                    decided_at=None,
                    reason=None,
                    replayed_as=None,
                )
            )
            turn.state.audit.add(
                AuditEntry(
                    turn.now,
                    letter.decided_by or backfill.planned_by,
                    "dead_letter.reopen",
                    letter.run_id,
                    f"backfill {backfill.id} was cancelled before it came to an end",
                )
            )
