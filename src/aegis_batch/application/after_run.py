"""What follows from the end of a run: the next of its schedule, and the word about the night."""

from dataclasses import replace

from aegis_batch.application.ledger import LedgerTurn
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.notice import NoticeKind
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import ScheduleKind

__all__ = ["AfterRun"]

_IN_FLIGHT = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.WAITING})
_DEAD_LETTERS_MAX = 1_000


class AfterRun:
    """Does, within the turn in which a run ends, what its end brings about."""

    def __init__(self, expectation: Expectation) -> None:
        """Take which days a night looks at."""
        self._expectation = expectation

    def ended(self, turn: LedgerTurn, record: RunRecord) -> None:
        """Follow up on a run that is final now."""
        if record.schedule is not None:
            self._go_on(turn, record.schedule)
        if record.job in (JobKind.CLOSE, JobKind.NIGHT):
            self._judge_night(turn)

    def _go_on(self, turn: LedgerTurn, schedule: str) -> None:
        """Release what was held behind the run, and start the delay counted from its end."""
        if turn.state.runs.search(RunFilter(schedule=schedule, states=_IN_FLIGHT), 1):
            return
        held = turn.state.runs.search(
            RunFilter(schedule=schedule, states=frozenset({RunState.HELD}), oldest_first=True), 1
        )
        for record in held:
            turn.release(record)
        state = turn.state.schedules.get(schedule)
        if state is None or state.retired or held or state.next_at is not None:
            return
        timing = state.schedule.timing
        if timing.kind is ScheduleKind.FIXED_DELAY and timing.every is not None:
            turn.state.schedules.save(replace(state, next_at=turn.now + timing.every))

    def _judge_night(self, turn: LedgerTurn) -> None:
        """Tell, once, how the last night came out when none of its days is in flight any more."""
        nights = turn.state.runs.search(RunFilter(job=JobKind.NIGHT), 1)
        if not nights or not nights[0].state.is_final:
            return
        night = nights[0]
        if turn.state.runs.search(RunFilter(job=JobKind.CLOSE, states=_IN_FLIGHT), 1):
            return
        days = set(self._expectation.days(night.nominal or night.enqueued_at, turn.now))
        dead = sorted(
            letter.key.period.first_day
            for letter in turn.state.dead_letters.newest(DeadLetterState.OPEN, _DEAD_LETTERS_MAX)
            if letter.job is JobKind.CLOSE and letter.key.period.first_day in days
        )
        if night.state is RunState.SUCCEEDED and not dead:
            turn.announce(
                NoticeKind.NIGHT_COMPLETE,
                key=f"night:{night.id}",
                event="night.complete",
                text=f"The night of {night.key.period.first_day} is complete.",
            )
            return
        turn.announce(
            NoticeKind.NIGHT_FAILED,
            key=f"night:{night.id}",
            event="night.failed",
            text=f"The night of {night.key.period.first_day} failed:"
            f" not closed: {', '.join(map(str, dead)) or 'unknown'}.",
        )
