"""The laws that must hold at every step, whatever strikes."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import CloseKey, JobKind, Run, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from tests.simulation.backfill_laws import BackfillLaws
from tests.simulation.firing_laws import FiringLaws
from tests.simulation.law import BrokenLawError
from tests.simulation.letter_laws import LetterLaws
from tests.simulation.oracle import Oracle
from tests.simulation.retention_laws import RetentionLaws
from tests.simulation.seal_laws import SealLaws
from tests.simulation.snapshots import Snapshots
from tests.simulation.verification_laws import VerificationLaws
from tests.simulation.watched_state import Changes
from tests.simulation.word_laws import RetryLaws, WordLaws
from tests.simulation.world import CATCH_UP

if TYPE_CHECKING:
    from aegis_batch.domain.report import StoredReport

__all__ = ["Laws"]

# Written down apart from the program's own table: whence a run may go where.
_MOVES = {
    None: "held queued succeeded failed",
    "held": "queued cancelled",
    "queued": "running cancelled failed",
    "running": "succeeded waiting failed queued cancelled",
    "waiting": "running cancelled failed",
    "succeeded": "",
    "failed": "",
    "cancelled": "",
}
# What was due so lately may still be on its way.
_JUST_NOW = timedelta(minutes=20)
_UNDER_WAY = ("queued", "running", "waiting")


class Laws:
    """Holds each thing that is sent, and each commit, against what may be."""

    def __init__(  # noqa: PLR0913, PLR0917 - the whole world
        self,
        oracle: Oracle,
        backend: InMemoryReportGateway,
        queue: InMemoryWorkQueue,
        state: InMemoryState,
        snapshots: Snapshots,
        now: Callable[[], datetime],
        reached: Callable[[str], None],
    ) -> None:
        """Take the world as it is behind the faults, and whom to tell what was reached."""
        self._oracle = oracle
        self._backend = backend
        self._queue = queue
        self._now = now
        self._reached = reached
        self.snapshots = snapshots
        # The runs, be they by hand, that are there to hand reports over.
        self.senders: set[str] = set()
        self._first_stored: dict[CloseKey, StoredReport] = {}
        self._going: dict[CloseKey, str] = {}
        self.unfinished: dict[str, RunRecord] = {}
        self.nights_told: set[str] = set()
        self._nights: dict[str, RunRecord] = {}
        # What the world did to the attempt under way, and when it began.
        self.defect_is_due = False
        self.began_at = now()
        self._left_to_runs: dict[str, datetime] = {}
        self.letters = LetterLaws(reached)
        self.firing = FiringLaws(oracle, now, reached)
        self.word = WordLaws(oracle, now, self._stored_days)
        self._retrying = RetryLaws(oracle, now, CATCH_UP)
        self.seals = SealLaws(oracle, snapshots, state, reached)
        self.verification = VerificationLaws(oracle, snapshots, self.seals, backend, now, reached)
        self._retention = RetentionLaws(state, now, reached)
        self.backfills = BackfillLaws(snapshots, backend, queue, reached)

    def broken(self, how: str) -> None:
        """Say that a law is broken."""
        raise BrokenLawError(how)

    def _stored_days(self) -> set[date]:
        return {
            key.period.first_day
            for key in self._backend.stored
            if key.period.kind is PeriodKind.DAY
        }

    def is_stored(self, day: date) -> bool:
        """Say whether the Backend holds the report of a day."""
        return CloseKey("default", Period(PeriodKind.DAY, day)) in self._backend.stored

    # What goes outside

    def of_what_is_sent(self, run: Run, body: bytes) -> None:
        """Only a close sends, and what one snapshot holds, or the true seals of its days."""
        period = run.key.period
        if run.id not in self.senders:
            self.broken(f"{run.id} sends a report of {period}, and is there for something else")
        attempt = self.snapshots.attempt
        attempt.tried.add(run.key)
        self.seals.have_sent.add(run.id)
        if self.snapshots.holds(period, body):
            return
        merged = self.seals.merged(period)
        if merged is None or body != self._oracle.body(period.first_day, merged):
            self.broken(f"sent for {period} what no snapshot holds: {body!r}")
        if period.kind is PeriodKind.DAY:
            self.broken(f"sent for {period} what it was sealed with, and not read")
        if not self.verification.is_true_still(period) and not attempt.is_interrupted:
            self.broken(f"{period} is merged from seals that nobody has found true")

    def of_what_was_sent(self, key: CloseKey) -> None:
        """No report is replaced."""
        self._of_the_report(key)

    def of_all_reports(self) -> None:
        """Each day has one effective report, the first."""
        for key in self._backend.stored:
            self._of_the_report(key)
        periods = [key.period for key in self._backend.stored]
        if len(set(periods)) != len(periods):
            self.broken("a period has two reports")
        self.seals.of_the_chain()

    def _of_the_report(self, key: CloseKey) -> None:
        stored = self._backend.stored[key]
        if stored.report_date != key.period.first_day:
            self.broken(f"the report of {stored.report_date} stands for {key.period.first_day}")
        if self._first_stored.setdefault(key, stored) != stored:
            self.broken(f"the report of {key.period.first_day} was replaced")

    # What is committed

    def attempt_begins(self) -> None:
        """Take note that work comes out of the queue: nothing has happened to it yet."""
        self.began_at = self._now()
        self.snapshots.begin()
        self.defect_is_due = False
        self._left_to_runs = self.firing.left_to_runs()

    def committed(self, changes: Changes) -> None:
        """Hold a commit against all laws that speak of commits."""
        self.seals.of_commit(changes)
        left_out = self.letters.dead_closes() | set(self._going)
        self.verification.of_commit(changes, left_out)
        self._retention.of_commit(changes)
        self.backfills.of_commit(changes, self._retention.closed, self._going, self.unfinished)
        for before, after in changes.runs:
            self._of_a_run(before, after)
            self._retrying.of_a_run(before, after)
        self.letters.of_commit(changes)
        self._of_work(changes)
        self._of_nights(changes)
        added = {after.id: after for before, after in changes.runs if before is None}
        self.firing.of_withdrawals(changes.withdrawn)
        self.firing.of_decisions(changes.occurrences, added, changes.schedules)
        self.word.of_notices(changes.notices)
        for notice in changes.notices:
            if notice.key.startswith("night:"):
                self.nights_told.add(notice.key.removeprefix("night:"))
            self._reached(f"notice: {notice.event}")

    def _of_a_run(self, before: RunRecord | None, after: RunRecord) -> None:
        state = None if before is None else before.state.value
        if after.state != state:
            if after.state.value not in _MOVES[state].split():
                self.broken(f"run {after.id} went from {state} to {after.state}")
            self._reached(f"run: {after.state}")
            if state is not None:
                self._reached(f"move: {state} to {after.state}")
        self._of_an_attempt(before, after)
        if before is None and after.job.is_of_a_period:
            self.senders.add(after.id)
        self.letters.of_a_run(before, after)
        self._of_one_at_a_time(before, after)
        if after.outcome is not None and (before is None or before.outcome is not after.outcome):
            self._of_an_outcome(after)
        if after.state in _UNDER_WAY or after.state is RunState.HELD:
            self.unfinished[after.id] = after
        else:
            self.unfinished.pop(after.id, None)
        if after.job is JobKind.NIGHT:
            self._nights[after.id] = after

    def _of_an_attempt(self, before: RunRecord | None, after: RunRecord) -> None:
        """Attempts are counted one by one; work of an older one is stale, and begins nothing."""
        if before is None or before.state is after.state or after.state is not RunState.RUNNING:
            return
        expected = before.attempt + (before.state is RunState.WAITING or before.attempt == 0)
        if after.attempt != expected:
            self.broken(f"run {after.id}: attempt {after.attempt}, and not {expected}")

    def _of_one_at_a_time(self, before: RunRecord | None, after: RunRecord) -> None:
        """Of a key one close goes on at a time, and none by itself over an open dead letter."""
        if after.job is not JobKind.CLOSE:
            return
        if after.state in _UNDER_WAY:
            if self._going.setdefault(after.key, after.id) != after.id:
                self.broken(f"{after.key.period.first_day} is closed twice at once")
        elif self._going.get(after.key) == after.id:
            del self._going[after.key]
        if before is None and after.trigger is Trigger.NIGHT and self.letters.is_dead(after.key):
            self.broken(f"{after.key.period.first_day} has a dead letter, and was enqueued")
        if after.state is RunState.SUCCEEDED and after.key not in self._backend.stored:
            self.broken(f"{after.key.period.first_day}: a success without a report")

    def _of_an_outcome(self, record: RunRecord) -> None:
        self._reached(f"outcome: {record.outcome}")
        code = None if record.problem is None else record.problem.code
        self._reached(f"problem: {code}")
        if code == "defect" and not self.defect_is_due:
            self.broken(f"run {record.id} met a defect: {record.problem}")

    def _of_work(self, changes: Changes) -> None:
        """A run waits for work just where work is queued for it, from one commit on."""
        last = {after.id: after for _, after in changes.runs}
        waiting = [r.work_id for r in last.values() if r.state in ("queued", "waiting")]
        if waiting and self._queue.lost(waiting):
            self.broken(f"committed without its work: {self._queue.lost(waiting)}")
        for work in changes.work:
            record = last.get(work.run_id)
            if record is None or record.work_id != work.id or record.state not in _UNDER_WAY:
                is_cancelled = record is not None and record.state is RunState.CANCELLED
                if not is_cancelled:
                    self.broken(f"work {work.id} was queued without its run")

    def _of_nights(self, changes: Changes) -> None:
        """When a night has ended well, none of its days is left out."""
        for before, after in changes.runs:
            if after.job is not JobKind.NIGHT or after.state is not RunState.SUCCEEDED:
                continue
            if before is not None and before.state is after.state:
                continue
            nominal = after.nominal or after.enqueued_at
            nominal = max(nominal, self._left_to_runs.get(after.schedule or "", nominal))
            now = self._now()
            due = self._oracle.days_due(min(nominal, self.began_at, now), now)
            self.word.night_ended_well(after.id, due)
            for day in due:
                key = CloseKey(after.key.tenant, Period(PeriodKind.DAY, day))
                known = self.letters.is_dead(key) or key in self._going
                if not known and key not in self._backend.stored:
                    self.broken(f"the night of {nominal} has left {day} out")

    def a_close_is_broken_off(self) -> bool:
        """Say, between two steps, whether a death broke a close off."""
        return any(
            record.state is RunState.RUNNING and record.job is JobKind.CLOSE
            for record in self.unfinished.values()
        )

    def a_night_is_queued(self) -> bool:
        """Say, between two steps, whether a night has not begun yet."""
        return any(
            record.state is RunState.QUEUED and record.job is JobKind.NIGHT
            for record in self.unfinished.values()
        )

    def _is_of_the_newest_day(self, night: RunRecord) -> bool:
        """Say whether a night came by itself, or looked at the newest day that had ended."""
        if night.trigger is Trigger.SCHEDULE or night.nominal is None:
            return True
        return self._oracle.day_of(night.nominal) >= self._oracle.day_of(night.enqueued_at)

    # What must be by and by

    def of_calm(self, since: timedelta) -> None:
        """After hours without any trouble, nothing is left to do, and the last night is told of."""
        now = self._now()
        for record in self.unfinished.values():
            is_to_come = record.state is RunState.QUEUED and record.due_at > now - _JUST_NOW
            is_behind = record.state is RunState.HELD and any(
                other.schedule == record.schedule and other.state is not RunState.HELD
                for other in self.unfinished.values()
            )
            # A close that was begun in a leap of the clock waits for the end of its day.
            ends_at = self._oracle.end_of(record.key.period.first_day)
            is_of_a_day_to_come = record.job is JobKind.CLOSE and record.due_at == ends_at
            if not is_to_come and not is_behind and not is_of_a_day_to_come:
                self.broken(f"after {since} of calm a run is {record.state}: {record}")
        nights = [
            night
            for night in self._nights.values()
            if self.firing.stands(night) and self._is_of_the_newest_day(night)
        ]
        night = max(nights, key=_age, default=None)
        is_judged = night is not None and night.state in (RunState.SUCCEEDED, RunState.FAILED)
        if night is not None and is_judged and not self._going and night.id not in self.nights_told:
            self.broken(f"nobody was told of the night {night.id}, which {night.state}")
        for name in self.firing.waiting_for_runs():
            if all(record.schedule != name for record in self.unfinished.values()):
                self.broken(f"{name} waits for a run, and there is none")
        self.firing.of_all(now)
        self.word.of_calm()
        self.seals.of_the_chain()
        self.backfills.of_calm()


def _age(record: RunRecord) -> tuple[datetime, str]:
    return (record.enqueued_at, record.id)
