"""What follows from the end of a run: the next one, and the word about the night."""

from dataclasses import replace
from datetime import date

from aegis_batch.application.backfilling import Backfilling
from aegis_batch.application.day_standing import Standing, standing_of
from aegis_batch.application.ledger import LedgerTurn
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.timings import AHEAD_MAX, whole_second
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.notice import NoticeKind
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import ScheduleKind

__all__ = ["AfterRun"]

_IN_FLIGHT = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.WAITING})
_DEAD_LETTERS_MAX = 1_000
_DAYS_MAX = 1_000
_NIGHTS_MAX = 100


class AfterRun:
    """Does, within the turn in which a run ends, what its end brings about."""

    def __init__(self, expectation: Expectation, backend: str, backfilling: Backfilling) -> None:
        """Take which days a night looks at, and what carries backfills on.

        ``backend`` is the identity of the one that days are closed with.
        """
        self._expectation = expectation
        self._backend = backend
        self._backfilling = backfilling

    def ended(self, turn: LedgerTurn, record: RunRecord) -> None:
        """Follow up on a run that is final now."""
        if record.schedule is not None:
            self._go_on(turn, record.schedule)
        if record.trigger is Trigger.BACKFILL:
            self._backfilling.ended(turn, record)
        if record.job is JobKind.NIGHT or (
            record.job is JobKind.CLOSE and self._is_of_night(record, turn)
        ):
            self._judge_night(turn)

    def put_off(self, turn: LedgerTurn, record: RunRecord) -> None:
        """Follow up on a run that waits for its next attempt now."""
        if record.trigger is Trigger.BACKFILL and record.parent is not None:
            self._backfilling.go_on(turn, record.parent)

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
            next_at = whole_second(turn.now + timing.every)
            turn.state.schedules.save(replace(state, next_at=next_at))

    def _judge_night(self, turn: LedgerTurn) -> None:
        """Tell, once, how the last night came out when none of its days is in flight any more."""
        night = self._newest_night(turn)
        if night is None or not night.state.is_final:
            return
        if self._has_closes_in_flight(turn):
            return
        still_open = self._still_open(turn, night)
        day = night.key.period.first_day
        if night.state is RunState.SUCCEEDED and not still_open:
            kind, event = NoticeKind.NIGHT_COMPLETE, "night.complete"
            text = f"The night of {day} is complete."
        else:
            kind, event = NoticeKind.NIGHT_FAILED, "night.failed"
            which = ", ".join(map(str, still_open)) or "it could not find out which days are open"
            text = f"The night of {day} failed: {which}. See: aegis-batch dead-letters list"
        turn.announce(kind, key=f"night:{night.id}", event=event, text=text)

    def _newest_night(self, turn: LedgerTurn) -> RunRecord | None:
        """Return the last night that looked at the newest day, and whose decision is not void."""
        # Nearly always the first that is found is the one.
        for limit in (1, _NIGHTS_MAX):
            for night in turn.state.runs.search(RunFilter(job=JobKind.NIGHT), limit):
                if self._is_of_the_newest_day(night) and _stands(turn, night):
                    return night
        return None

    def _is_of_the_newest_day(self, night: RunRecord) -> bool:
        # A person may start one for a time gone by, which says nothing of the days since.
        if night.trigger is Trigger.SCHEDULE or night.nominal is None:
            return True
        newest_day = self._expectation.newest_day
        return newest_day(night.nominal) >= newest_day(night.enqueued_at)

    def _is_of_night(self, record: RunRecord, turn: LedgerTurn) -> bool:
        """Say whether the end of a close may complete a night; that of a long past day can't."""
        return record.trigger is not Trigger.BACKFILL or self._is_looked_at(record.key, turn)

    def _is_looked_at(self, key: CloseKey, turn: LedgerTurn) -> bool:
        days = self._expectation.days(turn.now, turn.now)
        return key.period.kind is PeriodKind.DAY and key.period.first_day in days

    def _has_closes_in_flight(self, turn: LedgerTurn) -> bool:
        going = turn.state.runs.search(RunFilter(job=JobKind.CLOSE, states=_IN_FLIGHT), _DAYS_MAX)
        # A clock that was far ahead may have left closes of days to come; and a night leaves a day
        # to the backfill that is at it, but waits for no other of its days.
        newest = self._expectation.newest_day(turn.now + AHEAD_MAX)
        return any(
            record.key.period.first_day <= newest and self._is_of_night(record, turn)
            for record in going
        )

    def _still_open(self, turn: LedgerTurn, night: RunRecord) -> list[date]:
        """Return the days that are not closed: the night's own, and those given up before it."""
        days = self._expectation.days(turn.now, turn.now)
        keys = {
            letter.key
            for letter in turn.state.dead_letters.newest(DeadLetterState.OPEN, _DEAD_LETTERS_MAX)
            if letter.job is JobKind.CLOSE
            and letter.key.period.kind is PeriodKind.DAY
            and letter.key.period.first_day in days
        }
        # A day that the night left to a backfill is left to nobody where that was cancelled since.
        given_up = RunFilter(job=JobKind.CLOSE, states=frozenset({RunState.CANCELLED}))
        keys.update(
            record.key
            for record in turn.state.runs.search(given_up, _DAYS_MAX)
            if record.trigger is Trigger.BACKFILL and self._is_looked_at(record.key, turn)
        )
        found = turn.state.runs.search(RunFilter(parent=night.id), _DAYS_MAX)
        keys.update(record.key for record in found)
        return sorted(
            key.period.first_day
            for key in keys
            if standing_of(turn.state, key, self._backend).standing is not Standing.CLOSED
        )


def _stands(turn: LedgerTurn, night: RunRecord) -> bool:
    if night.schedule is None or night.nominal is None:
        return True
    decision = turn.state.occurrences.find(night.schedule, night.nominal)
    return decision is not None and decision.run_id == night.id
