"""Sets back what waits for a moment that only a clock far ahead can have named."""

from dataclasses import replace
from datetime import datetime, timedelta

from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.ledger import LedgerTurn
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.timings import AHEAD_MAX
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.run_record import RunRecord

__all__ = ["WorkSetBack"]

_RUNS_MAX = 1_000
_NOTICES_MAX = 1_000
_IN_A_TURN_MAX = 100
_VOID = "a clock that was far ahead had started it for a time to come"
_EVER = timedelta(days=36_500)
_WAITING = frozenset({RunState.HELD, RunState.QUEUED, RunState.WAITING})


class WorkSetBack:
    """Cancels the runs of void decisions, and lets all else that waits too long begin now."""

    def __init__(self, expectations: Expectations, after_run: AfterRun) -> None:
        """Take what is expected in each zone, and what follows from the end of a run."""
        self._calendars = expectations.calendars
        self._after_run = after_run

    def mend(self, turn: LedgerTurn) -> bool:
        """Set a number of runs and notices back, and say whether there may be more."""
        latest = turn.now + AHEAD_MAX
        newest = turn.state.runs.search(RunFilter(), _RUNS_MAX)
        ahead = [record for record in newest if record.enqueued_at > latest]
        for record in ahead[:_IN_A_TURN_MAX]:
            # It would count as newer than all that come.
            turn.state.runs.save(replace(record, enqueued_at=turn.now))
        runs = turn.state.runs.search(RunFilter(states=_WAITING), _RUNS_MAX)
        void = [record for record in runs if self._is_void(turn, record)]
        late = [record for record in runs if record.due_at > latest and record not in void]
        for record in void[:_IN_A_TURN_MAX]:
            turn.state.work.withdraw(record.work_id)
            self._after_run.ended(turn, [turn.cancel(record, _VOID)])
        for record in late[:_IN_A_TURN_MAX]:
            _begin_now(turn, record)
        notices = turn.state.notices.due(turn.now + _EVER, _NOTICES_MAX)
        for notice in notices:
            if notice.due_at > latest:
                turn.state.notices.save(replace(notice, due_at=turn.now))
        return max(len(ahead), len(void), len(late)) > _IN_A_TURN_MAX

    def _is_void(self, turn: LedgerTurn, record: RunRecord) -> bool:
        """Say whether a run came of a decision that was withdrawn; or closes a day to come."""
        if record.job is JobKind.CLOSE:
            ends_at = self._end_of(record)
            if ends_at is None:
                return False
            return ends_at > turn.now and max(ends_at, record.due_at) > turn.now + AHEAD_MAX
        schedule, nominal = record.schedule, record.nominal
        if schedule is None or nominal is None or nominal <= turn.now:
            return False
        return turn.state.occurrences.find(schedule, nominal) is None

    def _end_of(self, record: RunRecord) -> datetime | None:
        try:
            calendar = self._calendars.of(record.zone_name)
        except InvalidRequest:
            # Another version of the zones knew it: whoever carries the run out says so.
            return None
        return calendar.window(record.key.period.first_day).end


def _begin_now(turn: LedgerTurn, record: RunRecord) -> None:
    due_now = replace(record, due_at=turn.now)
    if record.state is RunState.HELD:
        turn.state.runs.save(due_now)
        return
    turn.state.work.withdraw(record.work_id)
    turn.requeue(due_now, "clock_set_back")
