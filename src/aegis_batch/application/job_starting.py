"""Starts runs of defined jobs within turns, whatever made it time for them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from aegis_batch.application.close_request import last_ended
from aegis_batch.application.day_standing import why_in_flight
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.job_dependencies import what_keeps_back
from aegis_batch.application.ledger import LedgerTurn, first_work_id
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.scheduler_pauses import EVERYTHING
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.day_range import day_of, range_of
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.firing import Verdict
from aegis_batch.domain.job import JobDefinition, TaskKind, job_id_of
from aegis_batch.domain.job_event import JobEvent
from aegis_batch.domain.job_total import SCHEDULED, JobTotal
from aegis_batch.domain.run import CloseKey, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import Decision, Pause, Schedule
from aegis_batch.domain.task import Task
from aegis_batch.domain.tenant import EVERYONE

__all__ = ["JobStarting", "Start", "count_start", "pause_over", "waiting_in"]

WAITING_MAX = 1_000
_KINDS = {
    TaskKind.DAILY_CLOSE: PeriodKind.DAY,
    TaskKind.WEEKLY_CLOSE: PeriodKind.WEEK,
    TaskKind.MONTHLY_CLOSE: PeriodKind.MONTH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Why a run of a job starts: from what, by whom, and for which time or event.

    ``tenant`` stands in the place of the job's own where that is everyone's, and ``zone_name`` is
    the zone of its calendar. ``arguments`` are those of a person.
    """

    trigger: Trigger
    requested_by: str
    due_at: datetime
    nominal: datetime | None = None
    event: JobEvent | None = None
    tenant: str | None = None
    arguments: Mapping[str, Any] | None = None
    is_held: bool = False
    zone_name: str | None = None


class JobStarting:
    """Says whether a run of a defined job may start, and makes it."""

    def __init__(
        self, identifiers: Identifiers, expectations: Expectations, waiting_max: int = WAITING_MAX
    ) -> None:
        """Take new ids, the calendars that name a run's day, and how many runs may wait."""
        self._identifiers = identifiers
        self._expectations = expectations
        self.waiting_max = waiting_max

    def definition_of(self, turn: Turn, schedule: Schedule) -> JobDefinition | None:
        """Return the job that a schedule fires; ``None`` for those of the settings."""
        job_id = job_id_of(schedule.name)
        return None if job_id is None else turn.job_definitions.get(job_id)

    def judged(self, turn: LedgerTurn, definition: JobDefinition, verdict: Verdict) -> Verdict:
        """Return what becomes of a firing once all has been looked at that the job asks for."""
        if verdict.decision is not Decision.RAN:
            return verdict
        why_not = self.why_not(turn, definition, verdict.nominal)
        if why_not is None and self.is_full(turn.state):
            why_not = f"{self.waiting_max:,} runs wait already"
        if why_not is None:
            return verdict
        return replace(
            verdict, decision=Decision.SKIPPED, reason=why_not, is_held=False, cancels=False
        )

    def why_not(
        self, turn: LedgerTurn, definition: JobDefinition, at: datetime, tenant: str | None = None
    ) -> str | None:
        """Return why a job is not to run for a moment; ``None`` where it is.

        ``tenant`` is that of an event, if one is what starts it.
        """
        zone = self._expectations.of(_zone_of(definition)).calendar.zone
        for condition in definition.conditions:
            if not condition.holds(at.astimezone(zone).replace(tzinfo=None)):
                return f"its condition does not hold: {condition}"
        whose = _whose(definition, tenant)
        kept_back = what_keeps_back(turn.state, definition, whose)
        if kept_back is not None and kept_back.is_final:
            return kept_back.why
        if definition.task in _KINDS:
            return why_in_flight(turn.state, self._key(definition, at, _start_at(at), {}))
        try:
            self._arguments(turn, definition, _start_at(at))
        except InvalidRequest as error:
            return error.message
        return None

    def is_full(self, turn: Turn) -> bool:
        """Say whether as many runs wait as may."""
        return waiting_in(turn) >= self.waiting_max

    def refuse_full(self, turn: Turn) -> None:
        """Raise ``InvalidRequest`` (``queue_full``) where as many runs wait as may."""
        if self.is_full(turn):
            raise InvalidRequest(
                "queue_full",
                f"{self.waiting_max:,} runs wait already.",
                "Ask again when some of them have ended.",
            )

    def record(self, turn: LedgerTurn, definition: JobDefinition, start: Start) -> RunRecord:
        """Return a new run of a job, to be dispatched.

        Raises ``InvalidRequest`` where its payload and what it starts for name no day or range.
        """
        arguments = self._arguments(turn, definition, start)
        at = start.nominal or turn.now
        run_id = self._identifiers.new_run_id()
        return RunRecord(
            id=run_id,
            trace_id=self._identifiers.new_trace_id(),
            job=definition.task.job,
            key=self._key(definition, at, start, arguments),
            trigger=start.trigger,
            requested_by=start.requested_by,
            state=RunState.HELD if start.is_held else RunState.QUEUED,
            work_id=first_work_id(run_id),
            enqueued_at=turn.now,
            due_at=start.due_at,
            nominal=start.nominal,
            schedule=definition.schedule_name,
            zone_name=self._zone_name(definition, start),
            task=Task(
                job_name=definition.name,
                priority=definition.priority,
                attempts_max=definition.attempts_max,
                timeout_seconds=definition.timeout_seconds,
                immediate_retry=definition.immediate_retry,
                arguments=json.dumps(arguments, ensure_ascii=False, separators=(",", ":")),
            ),
        )

    def start(self, turn: LedgerTurn, definition: JobDefinition, start: Start) -> RunRecord:
        """Start a run of a job, and return it.

        Raises ``InvalidRequest`` as ``record`` does, and where as many wait as may.
        """
        self.refuse_full(turn.state)
        record = self.record(turn, definition, start)
        turn.dispatch(record)
        count_start(turn.state, definition.name)
        return record

    def _key(
        self,
        definition: JobDefinition,
        at: datetime,
        start: Start,
        arguments: Mapping[str, Any],
    ) -> CloseKey:
        expected = self._expectations.of(self._zone_name(definition, start))
        kind = _KINDS.get(definition.task)
        if kind is not None:
            period = last_ended(kind, expected.calendar.business_date(at))
        else:
            asked = arguments.get("day")
            day = expected.newest_day(at) if asked is None else date.fromisoformat(asked)
            period = Period(PeriodKind.DAY, day)
        return CloseKey(_whose(definition, start.tenant), period)

    def _arguments(
        self, turn: LedgerTurn, definition: JobDefinition, start: Start
    ) -> dict[str, Any]:
        """Return what the run is started with: days that were named in words are days here."""
        event = start.event
        told: dict[str, Any] = {}
        given: dict[str, Any] = dict(start.arguments or {})
        if event is not None:
            data = json.loads(event.data)
            told["event"] = {
                "id": event.id,
                "type": event.type,
                "tenant": event.tenant,
                "at": event.at.isoformat(),
                "data": data,
            }
            given = data | given
        asked = json.loads(definition.payload or "{}") | given
        expected = self._expectations.of(self._zone_name(definition, start))
        newest_day = expected.newest_day(start.nominal or turn.now)
        try:
            if definition.task is TaskKind.REBUILD:
                first, last = range_of(_range_named(asked, given), newest_day)
                told |= {"from": first.isoformat(), "to": last.isoformat()}
            elif definition.task is TaskKind.VERIFY:
                told["day"] = day_of(asked.get("date"), "date", newest_day).isoformat()
            elif given and event is None:
                told["given"] = given
        except ValueError as error:
            raise InvalidRequest(
                "invalid_arguments",
                f"The job {definition.name} can't start: {error}.",
                "Name days as in 2026-11-21, or as yesterday.",
            ) from None
        return told

    def _zone_name(self, definition: JobDefinition, start: Start) -> str | None:
        """Return the zone that the run's days are of; ``None``: the deployment's own."""
        zone_name = start.zone_name or definition.zone_name
        return None if zone_name == self._expectations.own.calendar.zone_name else zone_name


def _whose(definition: JobDefinition, tenant: str | None) -> str:
    """Return whose a run is that starts in a tenant's context, if in one's."""
    return (tenant or EVERYONE) if definition.tenant == EVERYONE else definition.tenant


def _start_at(nominal: datetime) -> Start:
    return Start(trigger=Trigger.SCHEDULE, requested_by="", due_at=nominal, nominal=nominal)


def _range_named(asked: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the range that is asked for, of which that of an event stands for that of a job."""
    if "from" in given or "to" in given:
        return {name: given[name] for name in ("from", "to") if name in given}
    return asked


def _zone_of(definition: JobDefinition) -> str | None:
    """Return the zone that conditions are asked in."""
    of_timing = None if definition.timing is None else definition.timing.zone
    return of_timing or definition.zone_name


def pause_over(turn: Turn, definition: JobDefinition | None) -> Pause | None:
    """Return the pause of the whole scheduler, of a job's group, or of the job, if there is one.

    That of its schedule is another.
    """
    pauses = turn.scheduler_pauses.all()
    scopes = [EVERYTHING]
    if definition is not None:
        scopes += [definition.group or EVERYTHING, definition.schedule_name]
    return next((pauses[scope] for scope in scopes if scope in pauses), None)


def waiting_in(turn: Turn) -> int:
    """Return how many runs of defined jobs, and of requests from outside, have not begun."""
    counts: Sequence[Any] = turn.open_runs.counts()
    return sum(
        each.count
        for each in counts
        if each.priority is not None and each.state is not RunState.RUNNING
    )


def count_start(turn: Turn, job_name: str) -> None:
    """Count that a run of a job was started."""
    turn.job_totals.add(JobTotal(job_name, SCHEDULED, "", 0, 1, 0.0))
