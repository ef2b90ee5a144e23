"""The ledger: what changes in a run is kept, put into its timeline and told, from one event."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.notifier import Notifier
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.ports.work_queue import Lane, Work
from aegis_batch.application.timeline_text import timeline_text
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.events import (
    Event,
    JobCancelled,
    JobDispatched,
    JobRetried,
    JobSentToDlq,
    RunEvent,
)
from aegis_batch.domain.notice import Notice, NoticeKind
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.printable import printable
from aegis_batch.domain.run import RunState, Trigger
from aegis_batch.domain.run_record import RunRecord, TimelineEntry

__all__ = ["Ledger", "LedgerTurn", "attempt_of", "first_work_id", "took_its_place"]

_TEXT_CHARACTERS_MAX = 2_000
_RANK_MAX = 2_147_483_647


def first_work_id(run_id: str) -> str:
    """Return the id of the work that is a run's first attempt."""
    return f"{run_id}#1"


def took_its_place(nominal: datetime | None) -> str:
    """Return the word about a run that a later firing cancelled."""
    at = "of a later time" if nominal is None else f"at {nominal.isoformat()}"
    return f"the firing {at} took its place"


def attempt_of(work_id: str) -> int:
    """Return which attempt at its run a piece of work is; requeued work is the same attempt."""
    return int(work_id.rpartition("#")[2].partition(".")[0])


@dataclass(slots=True)
class LedgerTurn:
    """One transaction on the state, with the events that tell of it once it is committed."""

    state: Turn
    now: datetime
    notifier: Notifier
    events: list[Event] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        """Put an event into its run's timeline, and tell it when the turn has come about."""
        self.events.append(event)
        if isinstance(event, RunEvent):
            self.note([event])

    def note(self, events: Sequence[RunEvent]) -> None:
        """Put events into the timelines of their runs that have been told already."""
        self.state.timeline.add(
            [
                TimelineEntry(event.run.id, event.at, event.name, timeline_text(event))
                for event in events
            ]
        )

    def dispatch(self, record: RunRecord, *, newest_first: bool = False) -> None:
        """Keep a new run, and queue its first attempt unless it is held.

        Of the runs that wait in one lane the older day comes first, unless ``newest_first``.
        """
        self.state.runs.add(record)
        if record.state is RunState.QUEUED:
            self._queue_first(record, newest_first=newest_first)

    def release(self, record: RunRecord) -> None:
        """Queue a run that was held behind another."""
        released = record.moved(RunState.QUEUED, due_at=max(record.due_at, self.now))
        self.state.runs.save(released)
        self._queue_first(released)

    def try_again(self, record: RunRecord, due_at: datetime, code: str) -> None:
        """Let a run wait for its next attempt; ``record`` is as the failed one left it."""
        waiting = record.moved(
            RunState.WAITING,
            due_at=due_at,
            work_id=f"{record.id}#{record.attempt + 1}",
            # This attempt came to an end: whatever was lost on the way to it counts no more.
            requeues=0,
        )
        self._queue_again(waiting, code)

    def requeue(self, record: RunRecord, code: str) -> None:
        """Queue the present attempt anew, which the engine lost or a stopped process left."""
        requeues = record.requeues + 1
        again = replace(
            record,
            requeues=requeues,
            work_id=f"{record.id}#{attempt_of(record.work_id)}.{requeues}",
            due_at=max(record.due_at, self.now),
        )
        if record.state is RunState.RUNNING:
            again = again.moved(RunState.QUEUED)
        self._queue_again(again, code)

    def cancel(self, record: RunRecord, why: str) -> RunRecord:
        """End a run that something else takes the place of, tell what, and return it."""
        cancelled = record.moved(RunState.CANCELLED, ended_at=self.now)
        self.state.runs.save(cancelled)
        self.tell(JobCancelled(run=cancelled.run, at=self.now, job=cancelled.job, why=why))
        return cancelled

    def cancel_as_asked(self, record: RunRecord) -> RunRecord:
        """End a run whose attempt was asked, by a later firing or a person, to be the last."""
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
            key=f"dead_letter:{dead.id}",
            event=JobSentToDlq.name,
            text=f"{_named(dead)} failed for good ({problem.code})."
            f" Look at it with: aegis-batch dead-letters show {dead.id}."
            f" {problem.message} {problem.remedy}",
        )
        return dead

    def announce(self, kind: NoticeKind, *, key: str, event: str, text: str) -> None:
        """Have something told outside, once, where the settings name somewhere to tell it.

        ``text`` may hold what came from outside: it is made one line, and cut where it is long.
        """
        if self.notifier.takes(kind):
            self.state.notices.add(
                Notice(
                    key=key,
                    kind=kind,
                    event=event,
                    text=printable(text)[:_TEXT_CHARACTERS_MAX],
                    created_at=self.now,
                    due_at=self.now,
                )
            )

    def _queue_first(self, record: RunRecord, *, newest_first: bool = False) -> None:
        work = _work_of(record)
        if newest_first:
            work = replace(work, rank=_RANK_MAX - work.rank)
        self.state.work.enqueue(work)
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

    def _queue_again(self, record: RunRecord, code: str) -> None:
        self.state.runs.save(record)
        self.state.work.enqueue(_work_of(record))
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
        for event in turn.events:
            self._metrics.emit(event)

    def look(self) -> AbstractContextManager[Turn]:
        """Open what only reads; see the port."""
        return self._state.look()


def _named(record: RunRecord) -> str:
    named = f"The {record.job}" if record.job.is_of_a_period else f"The {record.job} job"
    return f"{named} of {record.key.period}"


def _lane_of(record: RunRecord) -> Lane:
    if record.trigger is Trigger.BACKFILL:
        return Lane.BACKFILL
    return Lane.CLOSES if record.job.is_of_a_period else Lane.JOBS


def _work_of(record: RunRecord) -> Work:
    return Work(
        id=record.work_id,
        run_id=record.id,
        lane=_lane_of(record),
        due_at=record.due_at,
        # The older day first, whatever was enqueued when.
        rank=min(record.key.period.first_day.toordinal(), _RANK_MAX),
    )
