"""Starting runs by hand, by events and by other systems, and starting them again."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aegis_batch.application.actor import Actor
from aegis_batch.application.dead_letter_decisions import DeadLetterDecisions, newest_replay
from aegis_batch.application.event_jobs import jobs_that, left_out_text, paused_text
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.job_refusals import refuse_foreign, refuse_hidden
from aegis_batch.application.job_starting import JobStarting, Start, count_start, pause_over
from aegis_batch.application.ledger import Ledger, LedgerTurn, first_work_id
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.repeating import Once, once
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.backfill import PERIODS_MAX
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.day_range import range_of
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.job import JobDefinition, job_id_of
from aegis_batch.domain.job_event import JobEvent
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import Pause
from aegis_batch.domain.task import Priority, Task
from aegis_batch.domain.tenant import EVERYONE

__all__ = ["REBUILD_DAILY_METRICS", "EventTaken", "JobStarts"]

REBUILD_DAILY_METRICS = "rebuild-daily-metrics"


@dataclass(frozen=True, slots=True)
class EventTaken:
    """What an event came to: the runs that it started, and the jobs that it did not, with why.

    ``is_new`` is false where it had come before: then nothing was started.
    """

    is_new: bool
    started: tuple[RunRecord, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


class JobStarts:
    """Starts runs, each with an entry in the audit."""

    def __init__(  # noqa: PLR0913 - the ports, and what starts runs
        self,
        *,
        ledger: Ledger,
        starting: JobStarting,
        letters: DeadLetterDecisions,
        expectations: Expectations,
        identifiers: Identifiers,
        zone_of: Callable[[str], str | None],
    ) -> None:
        """Take the ledger, what makes runs, and the zones of tenants; see ``JobRules``."""
        self._ledger = ledger
        self._starting = starting
        self._letters = letters
        self._expectations = expectations
        self._identifiers = identifiers
        self._zone_of = zone_of

    def execute(
        self,
        job_id: str,
        actor: Actor,
        request: Once | None = None,
        *,
        arguments: Mapping[str, Any] | None = None,
    ) -> RunRecord:
        """Start a job now, whatever its times, conditions, dependencies and pauses say.

        Raises ``InvalidRequest`` for an unknown job, one that isn't active, one of everyone for
        somebody who sees one tenant alone, and where as many runs wait as may.
        """
        with self._ledger.turn() as turn:

            def deed() -> str:
                found = turn.state.job_definitions.get(job_id)
                definition = refuse_hidden(found, job_id, actor)
                refuse_foreign(definition, actor)
                return self._by_hand(turn, definition, actor, arguments).id

            return _known(turn.state, once(turn, request, deed)[0])

    def take_event(self, event: JobEvent, actor: Actor, request: Once | None = None) -> EventTaken:
        """Start every active job that names the event's type, in its tenant's context, once.

        Raises ``InvalidRequest`` for a tenant that is unknown or not the actor's own, and where as
        many runs wait as may: then nothing of it is kept, and it may be sent again. Of more jobs
        than may ever wait, those start that there is room for, and the others are told.
        """
        del request  # An event's id is what tells that it is sent again.
        if not actor.may_change(event.tenant):
            raise InvalidRequest(
                "tenant_forbidden", "The event is of another tenant.", "Send one's own."
            )
        zone_name = self._zone_of(event.tenant)
        with self._ledger.turn() as turn:
            if not turn.state.job_events.add(event, turn.now):
                return EventTaken(is_new=False)
            wanted = JobFilter(
                event=event.type, is_active=True, tenants=tuple({event.tenant, EVERYONE})
            )
            started, left_out = [], []
            definitions = jobs_that(turn.state, wanted)
            may_all_wait = len(definitions) <= self._starting.waiting_max
            for definition in definitions:
                pause = pause_over(turn.state, definition) or _pause_of(turn.state, definition)
                why_not = self._starting.why_not(turn, definition, event.at, event.tenant)
                if pause is not None:
                    why_not = paused_text(pause, actor)
                if why_not is not None:
                    left_out.append((definition.name, why_not))
                    continue
                start = Start(
                    trigger=Trigger.EVENT,
                    requested_by=actor.name,
                    due_at=turn.now,
                    event=event,
                    tenant=event.tenant,
                    zone_name=zone_name,
                )
                try:
                    started.append(self._starting.start(turn, definition, start))
                except InvalidRequest as error:
                    # What the event says may be no day for this job; others may do with it. Sent
                    # again, an event that more jobs name than may wait would be refused again.
                    is_too_many = error.code == "queue_full" and started and not may_all_wait
                    if error.code != "invalid_arguments" and not is_too_many:
                        raise
                    left_out.append((definition.name, error.message))
            told = f"{event.type}: {len(started)} started{left_out_text(left_out)}"
            _note(turn, actor, "event.take", event.id, told)
        return EventTaken(is_new=True, started=tuple(started), left_out=tuple(left_out))

    def rebuild(
        self, tenant: str, asked: Mapping[str, Any], actor: Actor, request: Once | None = None
    ) -> RunRecord:
        """Start deriving a range of a tenant's days again.

        Its days are those of the tenant's own zone. Raises ``InvalidRequest`` for a range that is
        none or has not ended, for a tenant that is unknown or not the actor's own, and where as
        many runs wait as may.
        """
        if not actor.may_change(tenant):
            raise InvalidRequest("tenant_forbidden", "The tenant is another.", "Name one's own.")
        zone_name = self._zone_of(tenant)
        with self._ledger.turn() as turn:

            def deed() -> str:
                record = self._rebuild(turn, tenant, asked, actor, zone_name)
                told = json.loads(record.task.arguments) if record.task else {}
                _note(turn, actor, "job.rebuild", record.id, f"{told['from']} to {told['to']}")
                return record.id

            return _known(turn.state, once(turn, request, deed)[0])

    def retry(self, run_id: str, actor: Actor, request: Once | None = None) -> RunRecord:
        """Start a run in the place of one that has ended; of a dead letter, its replay.

        Where it was replayed before, its newest replay is started again. Raises ``InvalidRequest``
        for an unknown run, for one that has not ended, and where as many runs wait as may.
        """
        with self._ledger.turn() as turn:
            return _known(
                turn.state, once(turn, request, lambda: self._retry(turn, run_id, actor))[0]
            )

    def retry_job(self, job_id: str, actor: Actor, request: Once | None = None) -> RunRecord:
        """Start the newest run of a job again that has ended; without any, its first.

        Raises ``InvalidRequest`` as ``retry`` does, and for a job that isn't active.
        """
        with self._ledger.turn() as turn:

            def deed() -> str:
                found = turn.state.job_definitions.get(job_id)
                definition = refuse_hidden(found, job_id, actor)
                _refuse_inactive(definition)
                newest = turn.state.runs.search(RunFilter(schedule=definition.schedule_name), 1)
                if newest:
                    return self._retry(turn, newest[0].id, actor)
                refuse_foreign(definition, actor)
                return self._by_hand(turn, definition, actor).id

            return _known(turn.state, once(turn, request, deed)[0])

    def _retry(self, turn: LedgerTurn, run_id: str, actor: Actor) -> str:
        record = seen_run(turn.state, run_id, actor)
        if not actor.may_change(record.key.tenant):
            raise InvalidRequest("tenant_forbidden", "The run is everyone's.", "Ask who sees all.")
        record = newest_replay(turn.state, record)
        if not record.state.is_final:
            which = f"run {run_id}" if record.id == run_id else f"replay {record.id} of {run_id}"
            raise InvalidRequest(
                "run_goes_on", f"The {which} is {record.state}.", "Wait for its end."
            )
        self._starting.refuse_full(turn.state)
        letter = turn.state.dead_letters.get(record.id)
        if letter is None or letter.state is DeadLetterState.REPLAYED:
            return self._again(turn, record, actor)
        decided = self._letters.replay_within(
            turn, record.id, actor.name, "asked for by a retry"
        ).letter
        replayed_as = decided.replayed_as or record.id
        _note(turn, actor, "run.retry", record.id, f"as {replayed_as}")
        return replayed_as

    def _by_hand(
        self,
        turn: LedgerTurn,
        definition: JobDefinition,
        actor: Actor,
        arguments: Mapping[str, Any] | None = None,
    ) -> RunRecord:
        _refuse_inactive(definition)
        start = Start(
            trigger=Trigger.HAND,
            requested_by=actor.name,
            due_at=turn.now,
            tenant=actor.tenant,
            arguments=arguments,
        )
        record = self._starting.start(turn, definition, start)
        _note(turn, actor, "job.execute", definition.id, f"run {record.id}")
        return record

    def _again(self, turn: LedgerTurn, record: RunRecord, actor: Actor) -> str:
        """Start what a run did once more, with what that was started with."""
        run_id = self._identifiers.new_run_id()
        again = RunRecord(
            id=run_id,
            trace_id=self._identifiers.new_trace_id(),
            job=record.job,
            key=record.key,
            trigger=Trigger.REPLAY,
            requested_by=actor.name,
            state=RunState.QUEUED,
            work_id=first_work_id(run_id),
            enqueued_at=turn.now,
            due_at=turn.now,
            nominal=record.nominal,
            schedule=record.schedule if job_id_of(record.schedule) else None,
            replay_of=record.id,
            zone_name=record.zone_name,
            task=record.task,
        )
        turn.dispatch(again)
        if record.task is not None:
            count_start(turn.state, record.task.job_name)
        _note(turn, actor, "run.retry", record.id, f"as {run_id}")
        return run_id

    def _rebuild(
        self,
        turn: LedgerTurn,
        tenant: str,
        asked: Mapping[str, Any],
        actor: Actor,
        zone_name: str | None,
    ) -> RunRecord:
        own = self._expectations.own.calendar.zone_name
        zone_name = None if zone_name == own else zone_name
        expected = self._expectations.of(zone_name)
        newest_day = expected.newest_day(turn.now)
        try:
            first, last = range_of(asked, newest_day)
            if last > newest_day:
                raise ValueError(f"to ({last}) has not ended; the last day is {newest_day}")  # noqa: TRY301 - all are told in one way
            # At the edge of all dates a day has no beginning.
            expected.calendar.window(first)
        except (OverflowError, ValueError) as error:
            raise InvalidRequest(
                "invalid_range",
                f"The range is unfit: {error}.",
                f"Name days that have ended, {PERIODS_MAX:,} at most.",
            ) from None
        self._starting.refuse_full(turn.state)
        run_id = self._identifiers.new_run_id()
        record = RunRecord(
            id=run_id,
            trace_id=self._identifiers.new_trace_id(),
            job=JobKind.REBUILD_RANGE,
            key=CloseKey(tenant, Period(PeriodKind.DAY, last)),
            trigger=Trigger.HAND,
            requested_by=actor.name,
            state=RunState.QUEUED,
            work_id=first_work_id(run_id),
            enqueued_at=turn.now,
            due_at=turn.now,
            zone_name=zone_name,
            task=Task(
                job_name=REBUILD_DAILY_METRICS,
                priority=Priority.HIGH,
                arguments=json.dumps({"from": first.isoformat(), "to": last.isoformat()}),
            ),
        )
        turn.dispatch(record)
        count_start(turn.state, REBUILD_DAILY_METRICS)
        return record


def _refuse_inactive(definition: JobDefinition) -> None:
    if not definition.is_active:
        raise InvalidRequest(
            "job_inactive", f"The job {definition.name} is not active.", "Make it active first."
        )


def _pause_of(turn: Turn, definition: JobDefinition) -> Pause | None:
    """Return the pause of a job's own schedule, which holds for its events too."""
    state = turn.schedules.get(definition.schedule_name)
    return None if state is None or state.retired else state.pause


def seen_run(turn: Turn, run_id: str, actor: Actor) -> RunRecord:
    """Return a run that somebody sees; raise ``InvalidRequest`` (``unknown_run``) for others."""
    record = turn.runs.get(run_id)
    if record is None or not actor.may_see(record.key.tenant):
        raise unknown_execution(run_id)
    return record


def _known(turn: Turn, run_id: str) -> RunRecord:
    record = turn.runs.get(run_id)
    if record is None:
        raise unknown_execution(run_id)
    return record


def unknown_execution(run_id: str) -> InvalidRequest:
    """Return the error of whoever asks for a run that there is none of, or not for him."""
    return InvalidRequest(
        "unknown_run", f"There is no run {run_id}.", "See which there are: aegis-batch runs"
    )


def _note(turn: LedgerTurn, actor: Actor, action: str, subject: str, reason: str) -> None:
    turn.state.audit.add(AuditEntry(turn.now, actor.name, action, subject, reason, actor.origin))
