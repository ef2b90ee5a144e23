"""The ledger: what changes in a run is kept, put into its timeline and told, from one event."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from aegis_batch.application.dead_letter_text import dead_letter_text
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.notifier import Notifier
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.ports.work_queue import BACKFILL, JOBS, TASKS, Lane, Work
from aegis_batch.application.timeline_text import timeline_text
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.events import Event, RunEvent
from aegis_batch.domain.job_events import JobCancelled, JobDispatched, JobRetried, JobSentToDlq
from aegis_batch.domain.notice import LETTER_KEY, Notice, NoticeKind
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.printable import printable, shortened
from aegis_batch.domain.run import RunState, Trigger
from aegis_batch.domain.run_record import RunRecord, TimelineEntry
from aegis_batch.domain.tenant import EVERYONE, check_tenant_id

__all__ = [
    "Ledger",
    "LedgerTurn",
    "attempt_of",
    "first_work_id",
    "put_back_id",
    "subject_of",
    "took_its_place",
]

_TEXT_CHARACTERS_MAX = 2_000
_RANK_MAX = 2_147_483_647


def first_work_id(subject: str) -> str:
    """Return the id of the work that is the first attempt at a run, or at a shard of runs."""
    return f"{subject}#1"


def _check_tenants(records: Sequence[RunRecord]) -> None:
    for record in records:
        if record.job.is_of_a_period or record.key.tenant != EVERYONE:
            check_tenant_id(record.key.tenant)


def subject_of(work_id: str) -> str:
    """Return which run, or shard of runs, a piece of work is an attempt at."""
    return work_id.rpartition("#")[0]


def put_back_id(work_id: str) -> str:
    """Return the id of work that is the same attempt, put back before it was begun."""
    attempt, _, put_back = work_id.partition("@")
    return f"{attempt}@{int(put_back or 0) + 1}"


def took_its_place(nominal: datetime | None) -> str:
    """Return the word about a run that a later firing cancelled."""
    at = "of a later time" if nominal is None else f"at {nominal.isoformat()}"
    return f"the firing {at} took its place"


def attempt_of(work_id: str) -> int:
    """Return which attempt a piece of work is; queued anew or put back it is the same one."""
    return int(work_id.rpartition("#")[2].partition("@")[0].partition(".")[0])


@dataclass(slots=True)
class LedgerTurn:
    """One transaction on the state, with the events that tell of it once it is committed."""

    state: Turn
    now: datetime
    notifier: Notifier
    events: list[Event] = field(default_factory=list)
    _noted: list[TimelineEntry] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        """Put an event into its run's timeline, and tell it when the turn has come about."""
        self.events.append(event)
        if isinstance(event, RunEvent):
            self.note([event])

    def note(self, events: Sequence[RunEvent]) -> None:
        """Put events into the timelines of their runs that have been told already."""
        self._noted += (
            TimelineEntry(event.run.id, event.at, event.name, timeline_text(event))
            for event in events
        )

    def keep_notes(self) -> None:
        """Keep what was put into timelines; all at once, at the end of the turn."""
        self.state.timeline.add(self._noted)
        self._noted = []

    def dispatch(self, record: RunRecord, *, newest_first: bool = False) -> None:
        """Keep a new run, and queue its first attempt unless it is held.

        Of the runs that wait in one lane the older day comes first, unless ``newest_first``.
        Raises ``InvalidRequest`` for a tenant that can be none.
        """
        _check_tenants([record])
        self.state.runs.add(record)
        if record.state is RunState.QUEUED:
            self._queue_first([record], newest_first=newest_first)

    def dispatch_together(
        self, records: Sequence[RunRecord], *, newest_first: bool = False
    ) -> None:
        """Keep new runs, and queue the one piece of work that is the first attempt at them all.

        They have it in common, are about the same period, and are due at the same time. Raises as
        ``dispatch`` does.
        """
        _check_tenants(records)
        self.state.many_runs.add(records)
        self._queue_first(records, newest_first=newest_first)

    def release(self, record: RunRecord) -> None:
        """Queue a run that was held behind another."""
        released = record.moved(RunState.QUEUED, due_at=max(record.due_at, self.now))
        self.state.runs.save(released)
        self._queue_first([released])

    def try_again(self, record: RunRecord, due_at: datetime, code: str) -> None:
        """Let a run wait for its next attempt; ``record`` is as the failed one left it."""
        self.try_again_together([record], due_at, [code])

    def try_again_together(
        self, records: Sequence[RunRecord], due_at: datetime, codes: Sequence[str]
    ) -> None:
        """Let runs of one piece of work wait for the next attempt at them all, at least one."""
        waiting = [
            record.moved(
                RunState.WAITING,
                due_at=due_at,
                work_id=f"{subject_of(record.work_id)}#{record.attempt + 1}",
                # This attempt came to an end: whatever was lost on the way to it counts no more.
                requeues=0,
            )
            for record in records
        ]
        self._queue_again(waiting, codes)

    def requeue(self, record: RunRecord, code: str) -> None:
        """Queue the present attempt anew, which the engine lost or a stopped process left."""
        requeues = record.requeues + 1
        again = replace(
            record,
            requeues=requeues,
            work_id=f"{subject_of(record.work_id)}#{attempt_of(record.work_id)}.{requeues}",
            due_at=max(record.due_at, self.now),
        )
        if record.state is RunState.RUNNING:
            again = again.moved(RunState.QUEUED)
        self._queue_again([again], [code])

    def put_back(self, records: Sequence[RunRecord], due_at: datetime, code: str) -> None:
        """Queue runs of one piece of work for later, which came to nothing yet; at least one.

        It is the same attempt, and counts as none: ``code`` says what it has to wait for. Who
        waits long is put back again and again; that is told the first time alone.
        """
        later = [
            replace(
                record.moved(RunState.QUEUED) if record.state is RunState.RUNNING else record,
                due_at=due_at,
                work_id=put_back_id(record.work_id),
            )
            for record in records
        ]
        self.state.many_runs.save(later)
        self.state.work.enqueue(_work_of(later[0]))
        for before, record in zip(records, later, strict=True):
            if "@" not in before.work_id:
                self._tell_again(record, code)

    def cancel(self, record: RunRecord, why: str) -> RunRecord:
        """End a run that something else takes the place of, tell what, and return it."""
        [cancelled] = self.cancel_together([record], why)
        return cancelled

    def cancel_together(self, records: Sequence[RunRecord], why: str) -> Sequence[RunRecord]:
        """End many runs so, and return them."""
        cancelled = [record.moved(RunState.CANCELLED, ended_at=self.now) for record in records]
        self.state.many_runs.save(cancelled)
        for record in cancelled:
            self.tell(JobCancelled(run=record.run, at=self.now, job=record.job, why=why))
        return cancelled

    def cancel_as_asked(self, record: RunRecord) -> RunRecord:
        """End a run whose attempt was asked, by a later firing or a person, to be the last."""
        if record.task is not None:
            return self.cancel(record, "a person cancelled it")
        if record.schedule is None:
            return self.cancel(record, "its backfill was cancelled")
        newest = self.state.runs.search(RunFilter(schedule=record.schedule), 1)
        return self.cancel(record, took_its_place(newest[0].nominal if newest else None))

    def bury(self, record: RunRecord, outcome: Outcome, problem: Problem) -> RunRecord:
        """End a run as a dead letter, and tell people."""
        dead = record.moved(RunState.FAILED, outcome=outcome, problem=problem, ended_at=self.now)
        self.state.runs.save(dead)
        self.state.dead_letters.save(
            DeadLetter(
                run_id=dead.id,
                job=dead.job,
                key=dead.key,
                outcome=outcome,
                problem=problem,
                attempts=dead.attempt,
                died_at=self.now,
            )
        )
        self.tell(
            JobSentToDlq(
                run=dead.run, at=self.now, job=dead.job, attempts=dead.attempt, code=problem.code
            )
        )
        self.announce(
            NoticeKind.MESSAGE,
            key=f"{LETTER_KEY}{dead.id}",
            event=JobSentToDlq.name,
            text=dead_letter_text(dead, problem),
        )
        return dead

    def announce(
        self,
        kind: NoticeKind,
        *,
        key: str,
        event: str,
        text: str,
        characters_max: int = _TEXT_CHARACTERS_MAX,
    ) -> None:
        """Have something told outside, once, where the settings name somewhere to tell it.

        ``text`` may hold what came from outside: it is made one line, and ends with an ellipsis
        where it is longer than ``characters_max``.
        """
        if self.notifier.takes(kind):
            self.state.notices.add(
                Notice(
                    key=key,
                    kind=kind,
                    event=event,
                    text=shortened(printable(text), characters_max),
                    created_at=self.now,
                    due_at=self.now,
                )
            )

    def _queue_first(self, records: Sequence[RunRecord], *, newest_first: bool = False) -> None:
        work = _work_of(records[0])
        if newest_first:
            work = replace(work, rank=_RANK_MAX - work.rank)
        self.state.work.enqueue(work)
        for record in records:
            self.tell(
                JobDispatched(
                    run=record.run,
                    at=self.now,
                    job=record.job,
                    trigger=record.trigger,
                    requested_by=record.requested_by,
                    due_at=record.due_at,
                )
            )

    def _queue_again(self, records: Sequence[RunRecord], codes: Sequence[str]) -> None:
        self.state.many_runs.save(records)
        self.state.work.enqueue(_work_of(records[0]))
        for record, code in zip(records, codes, strict=True):
            self._tell_again(record, code)

    def _tell_again(self, record: RunRecord, code: str) -> None:
        self.tell(
            JobRetried(
                run=record.run,
                at=self.now,
                job=record.job,
                attempt=record.attempt,
                code=code,
                due_at=record.due_at,
            )
        )


class Ledger:
    """Opens turns on the state, and tells of what they did when they have come about."""

    def __init__(
        self, state: State, clock: Clock, metrics: MetricsSink, notifier: Notifier
    ) -> None:
        """Take the ports."""
        self._state = state
        self._clock = clock
        self._metrics = metrics
        self._notifier = notifier

    @contextmanager
    def turn(self) -> Iterator[LedgerTurn]:
        """Open a turn; its events are told after the commit. See the port for its errors."""
        with self._state.turn() as state:
            turn = LedgerTurn(state, self._clock.now(), self._notifier)
            yield turn
            turn.keep_notes()
        for event in turn.events:
            self._metrics.emit(event)

    def now(self) -> datetime:
        """Return the present instant."""
        return self._clock.now()

    def look(self) -> AbstractContextManager[Turn]:
        """Open what only reads; see the port."""
        return self._state.look()


def _lane_of(record: RunRecord) -> Lane:
    if record.trigger is Trigger.BACKFILL:
        return BACKFILL
    if record.job.is_a_task:
        return TASKS
    return Lane.of_queue(record.queue) if record.job.is_of_a_period else JOBS


def _rank_of(record: RunRecord) -> int:
    if record.task is not None and record.job.is_a_task:
        return record.task.priority.rank
    # The older day first, whatever was enqueued when.
    return min(record.key.period.first_day.toordinal(), _RANK_MAX)


def _work_of(record: RunRecord) -> Work:
    return Work(
        id=record.work_id,
        run_id=subject_of(record.work_id),
        lane=_lane_of(record),
        due_at=record.due_at,
        rank=_rank_of(record),
    )
