"""Defined jobs, executions and figures, for whoever asks."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aegis_batch.application.actor import Actor
from aegis_batch.application.job_refusals import refuse_hidden, unknown_job
from aegis_batch.application.job_starts import unknown_execution
from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.application.ports.open_runs import OpenCount
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.scheduler_pauses import EVERYTHING
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.job import JobDefinition, schedule_name_of
from aegis_batch.domain.job_result import JobResult
from aegis_batch.domain.job_status import JobStatus
from aegis_batch.domain.job_total import JobTotal
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord, TimelineEntry
from aegis_batch.domain.schedule import Pause, ScheduleState

__all__ = ["Execution", "Figures", "JobView", "JobViews"]

_PAGE = 1_000
_NAMED_MAX = 10


@dataclass(frozen=True, slots=True)
class JobView:
    """A job, and where its schedule stands; ``None`` without one, or where it is not active.

    ``own_pause`` is that of the job itself, beside which its schedule may be paused.
    """

    definition: JobDefinition
    state: ScheduleState | None
    own_pause: Pause | None = None

    @property
    def next_at(self) -> datetime | None:
        """When it fires next."""
        return None if self.state is None else self.state.next_at

    @property
    def pause(self) -> Pause | None:
        """What keeps it from being started by anything but hands, if it is paused by itself."""
        return self.own_pause or (None if self.state is None else self.state.pause)


@dataclass(frozen=True, slots=True)
class Execution:
    """A run, what it came to, and where it is asked for alone what happened to it."""

    record: RunRecord
    result: JobResult | None
    timeline: tuple[TimelineEntry, ...] = ()

    @property
    def status(self) -> JobStatus:
        """How it stands."""
        return JobStatus.of(self.record)


@dataclass(frozen=True, slots=True)
class Figures:
    """How all, or one tenant, stands: what is paused, under way, waiting, and has been so far."""

    at: datetime
    active_jobs: int
    pauses: Mapping[str, Pause]
    open_runs: Sequence[OpenCount]
    totals: Sequence[JobTotal]
    next_due_at: datetime | None
    executors: Collection[str]

    @property
    def running(self) -> int:
        """How many runs are under way."""
        return sum(each.count for each in self.open_runs if each.state is RunState.RUNNING)

    @property
    def waiting(self) -> int:
        """How many runs have not begun."""
        return sum(each.count for each in self.open_runs if each.state is not RunState.RUNNING)

    def waiting_by_priority(self) -> Mapping[str, int]:
        """Return how many runs of tasks wait, of each priority."""
        waiting: Counter[str] = Counter()
        for each in self.open_runs:
            if each.priority is not None and each.state is not RunState.RUNNING:
                waiting[each.priority.value] += each.count
        return waiting


class JobViews:
    """Reads the state, whoever writes to it meanwhile."""

    def __init__(self, state: State) -> None:
        """Take the state."""
        self._state = state

    def jobs(self, wanted: JobFilter, limit: int, actor: Actor) -> list[JobView]:
        """Return the jobs that a filter lets through, and that somebody sees, newest first."""
        if actor.tenant is not None:
            wanted = replace(wanted, tenants=(actor.tenant,))
        with self._state.look() as turn:
            pauses = turn.scheduler_pauses.all()
            found = turn.job_definitions.search(wanted, limit)
            states = turn.many_schedules.of([each.schedule_name for each in found])
        return [_view(each, states, pauses) for each in found]

    def job(self, job_id: str, actor: Actor) -> JobView:
        """Return one job; raises ``InvalidRequest`` (``unknown_job``)."""
        with self._state.look() as turn:
            definition = refuse_hidden(turn.job_definitions.get(job_id), job_id, actor)
            states = turn.many_schedules.of([definition.schedule_name])
            return _view(definition, states, turn.scheduler_pauses.all())

    def named(self, name: str, actor: Actor, tenant: str | None = None) -> JobView:
        """Return the job of a name or an id, of a tenant if one is named.

        Raises ``InvalidRequest`` (``unknown_job``), and where several have the name
        (``ambiguous_job``).
        """
        tenants = () if tenant is None else (tenant,)
        found = self.jobs(JobFilter(name=name, tenants=tenants), _NAMED_MAX + 1, actor)
        if len(found) > 1:
            raise _ambiguous(name, [view.definition for view in found])
        view = found[0] if found else self.job(name, actor)
        if tenant not in (None, view.definition.tenant):
            raise unknown_job(name)
        return view

    def executions(
        self, wanted: RunFilter, limit: int, actor: Actor, status: JobStatus | None = None
    ) -> list[Execution]:
        """Return the runs that a filter lets through, and that somebody sees, newest first.

        ``status`` takes the place of the filter's states.
        """
        if actor.tenant is not None:
            wanted = replace(wanted, tenant=actor.tenant)
        if status is not None:
            wanted = replace(wanted, states=status.states, timed_out=status.timed_out)
        with self._state.look() as turn:
            found = turn.runs.search(wanted, limit)
            results = turn.job_results.of([record.id for record in found])
        return [Execution(record, results.get(record.id)) for record in found]

    def executions_of(
        self, job_id: str, limit: int, actor: Actor, status: JobStatus | None = None
    ) -> list[Execution]:
        """Return the runs of a job, newest first."""
        return self.executions(RunFilter(schedule=schedule_name_of(job_id)), limit, actor, status)

    def execution(self, run_id: str, actor: Actor) -> Execution:
        """Return one run; raises ``InvalidRequest`` (``unknown_run``)."""
        with self._state.look() as turn:
            record = turn.runs.get(run_id)
            if record is None or not actor.may_see(record.key.tenant):
                raise unknown_execution(run_id)
            result = turn.job_results.of([run_id]).get(run_id)
            return Execution(record, result, tuple(turn.timeline.of(run_id)))

    def look(self) -> None:
        """See whether the state can be read; raises ``StateUnavailable`` and ``StateMisfit``."""
        with self._state.look() as turn:
            turn.scheduler_pauses.all()

    def figures(
        self, now: datetime, actor: Actor | None = None, *, with_totals: bool = True
    ) -> Figures:
        """Return how all stands; for somebody who sees one tenant, how that one does.

        The totals are rows of every job: whoever doesn't tell them leaves them out. They are kept
        by the names of jobs, whosever these are: who sees one tenant alone is refused them, by
        ``InvalidRequest`` (``tenant_forbidden``).
        """
        tenant = None if actor is None else actor.tenant
        if tenant is not None and with_totals:
            raise InvalidRequest(
                "tenant_forbidden",
                "These figures are of the jobs of all tenants together.",
                "Ask who sees all, or count one's own executions.",
            )
        with self._state.look() as turn:
            if tenant is not None:
                return _figures_of_one(turn, now, tenant)
            return Figures(
                at=now,
                active_jobs=turn.job_definitions.count_active(),
                pauses=turn.scheduler_pauses.all(),
                open_runs=turn.open_runs.counts(),
                totals=turn.job_totals.all() if with_totals else (),
                next_due_at=turn.schedules.next_due_at(),
                executors=sorted(turn.executors.living()),
            )


def _figures_of_one(turn: Turn, now: datetime, tenant: str) -> Figures:
    """Return the figures of one tenant.

    Of the pauses those of its own jobs, and without their notes, which may speak of others, those
    that keep its jobs back with all others.
    """
    pauses = turn.scheduler_pauses.all()
    active_jobs, next_at, told = 0, list[datetime](), dict[str, Pause]()
    shared = {EVERYTHING}
    for page in _pages_of(turn, tenant):
        active_jobs += sum(each.is_active for each in page)
        shared.update(each.group for each in page if each.group is not None)
        states = turn.many_schedules.of([each.schedule_name for each in page])
        next_at += [s.next_at for s in states.values() if s.next_at is not None and not s.retired]
        own = {each.schedule_name for each in page} & pauses.keys()
        told.update({scope: pauses[scope] for scope in own})
    told.update({scope: replace(pauses[scope], note="") for scope in shared & pauses.keys()})
    return Figures(
        at=now,
        active_jobs=active_jobs,
        pauses=told,
        open_runs=turn.open_runs.counts(tenant=tenant),
        totals=(),
        next_due_at=min(next_at, default=None),
        executors=sorted(turn.executors.living()),
    )


def _pages_of(turn: Turn, tenant: str) -> Iterator[Sequence[JobDefinition]]:
    """Yield the jobs of a tenant, newest first, some at a time."""
    wanted = JobFilter(tenants=(tenant,))
    while page := turn.job_definitions.search(wanted, _PAGE):
        yield page
        wanted = replace(wanted, before=(page[-1].created_at, page[-1].id))


def _ambiguous(name: str, found: Sequence[JobDefinition]) -> InvalidRequest:
    told = [f"{each.id} of {each.tenant}" for each in found[:_NAMED_MAX]]
    more = ", and more" if len(found) > _NAMED_MAX else ""
    return InvalidRequest(
        "ambiguous_job",
        f"Several jobs have the name {name}: {', '.join(told)}{more}.",
        "Name the tenant with --tenant, or give the id in the place of the name.",
    )


def _view(
    definition: JobDefinition, states: Mapping[str, ScheduleState], pauses: Mapping[str, Pause]
) -> JobView:
    state = states.get(definition.schedule_name)
    own_pause = pauses.get(definition.schedule_name)
    return JobView(definition, None if state is None or state.retired else state, own_pause)
