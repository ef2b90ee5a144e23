"""What people decide about dead letters: replay or discard, each once, and with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aegis_batch.application.day_standing import why_in_flight
from aegis_batch.application.history import unknown_dead_letter
from aegis_batch.application.job_starting import count_start
from aegis_batch.application.ledger import Ledger, LedgerTurn, first_work_id
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.dead_letter import DeadLetter, DeadLetterState
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["DeadLetterDecisions", "Decided", "decide", "newest_replay"]


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision came to; ``is_new`` is false where the same had been decided before."""

    letter: DeadLetter
    is_new: bool


class DeadLetterDecisions:
    """Carries out decisions about dead letters; all of a call, or none of it."""

    def __init__(self, ledger: Ledger, identifiers: Identifiers) -> None:
        """Take the ledger and the source of ids."""
        self._ledger = ledger
        self._identifiers = identifiers

    def replay(self, run_ids: Sequence[str], operator: str, reason: str) -> list[Decided]:
        """Start a run in the place of each; one that was replayed before starts no other.

        Raises ``InvalidRequest`` for an unknown or a discarded dead letter, and for one whose day
        has a run in flight.
        """
        _check_reason(reason)
        with self._ledger.turn() as turn:
            return [self.replay_within(turn, run_id, operator, reason) for run_id in run_ids]

    def discard(self, run_ids: Sequence[str], operator: str, reason: str) -> list[Decided]:
        """Put each away for good; the next night finds its day open, and tries it again.

        Raises ``InvalidRequest`` for an unknown or a replayed dead letter.
        """
        _check_reason(reason)
        with self._ledger.turn() as turn:
            return [_discard(turn, run_id, operator, reason) for run_id in run_ids]

    def replay_within(self, turn: LedgerTurn, run_id: str, operator: str, reason: str) -> Decided:
        """Do the same for one, within a turn and with a reason."""
        letter = _get(turn, run_id)
        if letter.state is DeadLetterState.REPLAYED:
            return Decided(letter, is_new=False)
        if letter.state is DeadLetterState.DISCARDED:
            raise _decided_before(letter)
        why = _why_in_flight(turn, letter)
        if why is not None:
            raise InvalidRequest(
                "day_in_flight",
                f"The dead letter {run_id} can't be replayed now: {why}.",
                "Wait until that run has ended.",
            )
        dead = turn.state.runs.get(run_id)
        new_id = self._identifiers.new_run_id()
        turn.dispatch(
            RunRecord(
                id=new_id,
                trace_id=self._identifiers.new_trace_id(),
                job=letter.job,
                key=letter.key,
                trigger=Trigger.REPLAY,
                requested_by=operator,
                state=RunState.QUEUED,
                work_id=first_work_id(new_id),
                enqueued_at=turn.now,
                due_at=turn.now,
                # A night looks at the days of its own time, whenever it runs.
                nominal=None if dead is None else dead.nominal,
                replay_of=run_id,
                # What the period means was settled when it was closed first.
                zone_name=None if dead is None else dead.zone_name,
                # A run of a defined job is known by its schedule, and is none of a firing's.
                schedule=None if dead is None or dead.task is None else dead.schedule,
                task=None if dead is None else dead.task,
            )
        )
        if dead is not None and dead.task is not None:
            count_start(turn.state, dead.task.job_name)
        decided = decide(letter, turn, DeadLetterState.REPLAYED, operator, reason)
        decided = replace(decided, replayed_as=new_id)
        turn.state.dead_letters.save(decided)
        turn.state.audit.add(AuditEntry(turn.now, operator, "dead_letter.replay", run_id, reason))
        return Decided(decided, is_new=True)


def _discard(turn: LedgerTurn, run_id: str, operator: str, reason: str) -> Decided:
    letter = _get(turn, run_id)
    if letter.state is DeadLetterState.DISCARDED:
        return Decided(letter, is_new=False)
    if letter.state is DeadLetterState.REPLAYED:
        raise _decided_before(letter)
    decided = decide(letter, turn, DeadLetterState.DISCARDED, operator, reason)
    turn.state.dead_letters.save(decided)
    turn.state.audit.add(AuditEntry(turn.now, operator, "dead_letter.discard", run_id, reason))
    return Decided(decided, is_new=True)


def decide(
    letter: DeadLetter, turn: LedgerTurn, state: DeadLetterState, operator: str, reason: str
) -> DeadLetter:
    """Return a dead letter as it is once a person has decided about it."""
    return replace(letter, state=state, decided_by=operator, decided_at=turn.now, reason=reason)


def newest_replay(turn: Turn, record: RunRecord) -> RunRecord:
    """Return the last run that was started in the place of a dead letter, or the run itself."""
    while (letter := turn.dead_letters.get(record.id)) and letter.replayed_as is not None:
        replay = turn.runs.get(letter.replayed_as)
        if replay is None:
            break
        record = replay
    return record


def _why_in_flight(turn: LedgerTurn, letter: DeadLetter) -> str | None:
    """Return which run is at the period of a dead letter: its close, or the same job."""
    if not letter.job.is_of_a_period:
        return None
    return why_in_flight(turn.state, letter.key) or why_in_flight(
        turn.state, letter.key, letter.job
    )


def _get(turn: LedgerTurn, run_id: str) -> DeadLetter:
    letter = turn.state.dead_letters.get(run_id)
    if letter is None:
        raise unknown_dead_letter(run_id)
    return letter


def _decided_before(letter: DeadLetter) -> InvalidRequest:
    return InvalidRequest(
        "decided_before",
        f"The dead letter {letter.run_id} was {letter.state} by {letter.decided_by}"
        f" ({letter.reason}).",
        "A dead letter is decided about once; see its runs with: aegis-batch runs --date"
        f" {letter.key.period.first_day}",
    )


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidRequest(
            "reason_missing", "The reason is empty.", "Say why, with --reason: the audit keeps it."
        )
