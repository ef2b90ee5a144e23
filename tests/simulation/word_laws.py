"""The laws of what people are told, and of how long a run is tried: held against the oracle."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta

from aegis_batch.domain.notice import Notice, NoticeKind, NoticeState
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from tests.simulation.law import BrokenLawError
from tests.simulation.oracle import Oracle

__all__ = ["RetryLaws", "WordLaws"]

_MINUTE = timedelta(minutes=1)
# Written down apart from the settings of the program: the last wait of a close is repeated.
_WAITS = (_MINUTE, 2 * _MINUTE, 4 * _MINUTE, 15 * _MINUTE)
_OTHERS_ATTEMPTS_MAX = 4
_PASSING = (
    "answer_lost",
    "backend_away",
    "day_not_over",
    "malformed_answer",
    "orders_away",
    "orders_broke_off",
    "state_locked",
)
_REQUEUES_MAX = 3
_CLOSES = (JobKind.CLOSE, JobKind.REBUILD)


class WordLaws:
    """Knows what the program said, to whom it got, and whether it was true."""

    def __init__(
        self, oracle: Oracle, now: Callable[[], datetime], stored: Callable[[], Collection[date]]
    ) -> None:
        """Take the oracle, the clock on the wall, and the days that the Backend holds."""
        self._oracle = oracle
        self._now = now
        self._stored = stored
        self._due_by_night: dict[str, list[date]] = {}
        self._added: set[str] = set()
        self._arrived: Counter[str] = Counter()
        self._broken_off: Counter[str] = Counter()
        self._sending: str | None = None
        # Somebody has read that the clock was far ahead: what fell into that time is missed.
        self.tells_of_a_leap = False

    def night_ended_well(self, run_id: str, due: list[date]) -> None:
        """Take the days that a night was to see closed."""
        self._due_by_night[run_id] = due

    def of_notices(self, notices: Sequence[Notice]) -> None:
        """A night is called complete only when each of its days is at the Backend."""
        for notice in notices:
            if notice.state is NoticeState.SENT:
                # A memory of what other notices tell.
                continue
            self._added.add(notice.key)
            is_complete = notice.kind is NoticeKind.NIGHT_COMPLETE
            if is_complete != (notice.event == "night.complete"):
                raise BrokenLawError(f"{notice.event} is told as {notice.kind}")
            if is_complete:
                self._of_a_complete_night(notice.key.removeprefix("night:"))

    def _of_a_complete_night(self, run_id: str) -> None:
        if run_id not in self._due_by_night:
            raise BrokenLawError(f"the night {run_id} is called complete, and didn't end well")
        now = self._now()
        looked_after = set(self._oracle.days_due(now, now))
        open_days = looked_after.intersection(self._due_by_night[run_id]) - set(self._stored())
        if open_days:
            told = ", ".join(map(str, sorted(open_days)))
            raise BrokenLawError(f"the night {run_id} is called complete without {told}")

    def arrived(self, key: str) -> None:
        """A notice arrives once, and again only where its sending was broken off before."""
        self._arrived[key] += 1
        self.tells_of_a_leap |= key.startswith("set_back:")
        self._sending = key
        if self._arrived[key] > 1 + self._broken_off[key]:
            raise BrokenLawError(f"{key} is told twice")

    def sending_was_broken_off(self) -> None:
        """Take note that a death, or the state, came before it was noted what had arrived."""
        if self._sending is not None:
            self._broken_off[self._sending] += 1

    def of_calm(self) -> None:
        """All that was to be told has arrived."""
        silent = sorted(self._added - set(self._arrived))
        if silent:
            raise BrokenLawError(f"never told, though nothing kept it: {silent[:5]}")


class RetryLaws:
    """Knows when a failed attempt is to be repeated, and when it is given up."""

    def __init__(self, oracle: Oracle, now: Callable[[], datetime], window: timedelta) -> None:
        """Take the oracle, the clock on the wall, and how long a close is tried."""
        self._oracle = oracle
        self._now = now
        self._window = window

    def of_a_run(self, before: RunRecord | None, after: RunRecord) -> None:
        """A failed attempt is repeated after its wait, as long as the policy has it."""
        if before is None or before.state is after.state or after.problem is None:
            return
        code = after.problem.code
        if after.state is RunState.WAITING:
            if self._expected(after, code) != after.due_at:
                raise BrokenLawError(
                    f"run {after.id}, after {code}, is due at {after.due_at},"
                    f" and not at {self._expected(after, code)}"
                )
        elif after.state is RunState.FAILED and code == "work_lost":
            if before.requeues < _REQUEUES_MAX:
                raise BrokenLawError(f"run {after.id} is given up after {before.requeues} losses")
        elif after.state is RunState.FAILED and self._expected(after, code) is not None:
            raise BrokenLawError(f"run {after.id} is given up too early, after {code}")

    def _expected(self, record: RunRecord, code: str) -> datetime | None:
        due = self._now() + _WAITS[min(record.attempt, len(_WAITS)) - 1]
        if code == "day_not_over":
            due = max(due, self._oracle.end_of(record.key.period.last_day))
        if code == "defect" or (record.job not in _CLOSES and code in _PASSING):
            return due if record.attempt < _OTHERS_ATTEMPTS_MAX else None
        if code not in _PASSING:
            return None
        end = self._oracle.end_of(record.key.period.last_day)
        if record.trigger in (Trigger.REPLAY, Trigger.BACKFILL):
            end = max(end, record.enqueued_at)
        return due if due <= end + self._window else None
