"""What has been: runs, dead letters and the audit, for people to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.dead_letter import DeadLetter, DeadLetterState
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run_record import RunRecord, TimelineEntry

__all__ = ["HistoryUseCase", "RunHistory", "unknown_dead_letter"]


@dataclass(frozen=True, slots=True)
class RunHistory:
    """One run with all that happened to it."""

    record: RunRecord
    timeline: tuple[TimelineEntry, ...]
    dead_letter: DeadLetter | None


class HistoryUseCase:
    """Reads the ledger, whoever writes to it meanwhile."""

    def __init__(self, state: State) -> None:
        """Take the state."""
        self._state = state

    def runs(self, wanted: RunFilter, limit: int) -> Sequence[RunRecord]:
        """Return the runs that a filter lets through; those of one moment go by their day."""
        with self._state.look() as turn:
            found = turn.runs.search(wanted, limit)
        return sorted(found, key=_moment_and_day, reverse=not wanted.oldest_first)

    def run(self, run_id: str) -> RunHistory:
        """Return one run; raises ``InvalidRequest`` where there is none with this id."""
        with self._state.look() as turn:
            record = turn.runs.get(run_id)
            if record is None:
                raise InvalidRequest(
                    "unknown_run",
                    f"There is no run {run_id}.",
                    "See which there are: aegis-batch runs",
                )
            return RunHistory(
                record, tuple(turn.timeline.of(run_id)), turn.dead_letters.get(run_id)
            )

    def dead_letters(
        self, state: DeadLetterState | None, limit: int, *, tenant: str | None = None
    ) -> Sequence[DeadLetter]:
        """Return dead letters, of one state or tenant or of any, the last to die first."""
        with self._state.look() as turn:
            return turn.dead_letters.newest(state, limit, tenant=tenant)

    def dead_letter(self, run_id: str) -> DeadLetter:
        """Return the dead letter of a run; raises ``InvalidRequest`` where there is none."""
        with self._state.look() as turn:
            letter = turn.dead_letters.get(run_id)
        if letter is None:
            raise unknown_dead_letter(run_id)
        return letter

    def audit(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last entries of the audit, newest first."""
        with self._state.look() as turn:
            return turn.audit.newest(limit)


def _moment_and_day(record: RunRecord) -> tuple[datetime, date, str]:
    return (record.enqueued_at, record.key.period.first_day, record.id)


def unknown_dead_letter(run_id: str) -> InvalidRequest:
    """Return the error of whoever asks for a dead letter that is none."""
    return InvalidRequest(
        "unknown_dead_letter",
        f"There is no dead letter {run_id}.",
        "See which there are: aegis-batch dead-letters list --status all",
    )
