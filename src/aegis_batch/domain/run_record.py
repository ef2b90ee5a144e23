"""What the ledger knows of one run."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import CloseKey, JobKind, Run, RunState, Trigger
from aegis_batch.domain.seal import Seal
from aegis_batch.domain.task import Task

__all__ = ["IllegalMoveError", "RunRecord", "TimelineEntry"]


class IllegalMoveError(Exception):
    """A run was to make a move that the table of moves doesn't have: a defect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run from its first moment on; every change makes a new record.

    ``key`` names the period that the run is about; for a night, the newest business day that it
    looks at. ``work_id`` is what the work queue knows the next or present attempt by: an attempt
    that comes with another one is stale. ``attempt`` counts from 1; 0 before the first;
    ``requeues`` says how often the present one was queued anew. ``due_at`` is when the next
    attempt may start. ``nominal`` and ``schedule`` say which firing it came from, ``parent`` which
    night enqueued it, ``replay_of`` which run it stands in for. ``cancel_requested`` asks an
    attempt under way to be the last. ``requests`` counts those to the Backend, over all attempts.
    ``backend`` is the identity of the Backend that has confirmed
    a close; ``None`` where none has, or where that was not kept. ``zone_name`` is the zone of the
    tenant's calendar as it was when the run was made; ``None``: the deployment's. ``fence`` is the
    token of the lease under which the present attempt was begun, 0 before the first. ``queue`` is
    the tenant's own, through which its closes go; ``None``: that of all. ``task`` is what a run of
    a defined job was started with.
    """

    id: str
    trace_id: str
    job: JobKind
    key: CloseKey
    trigger: Trigger
    requested_by: str
    state: RunState
    work_id: str
    enqueued_at: datetime
    due_at: datetime
    attempt: int = 0
    requeues: int = 0
    nominal: datetime | None = None
    schedule: str | None = None
    parent: str | None = None
    replay_of: str | None = None
    cancel_requested: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    executor: str | None = None
    outcome: Outcome | None = None
    orders: int | None = None
    seal: Seal | None = None
    backend: str | None = None
    problem: Problem | None = None
    duration_ms: float | None = None
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    requests: int | None = None
    zone_name: str | None = None
    fence: int = 0
    queue: str | None = None
    task: Task | None = None

    def __post_init__(self) -> None:
        """See that it is somebody's; ``ValueError`` for a run of nobody: a defect."""
        if not self.key.tenant:
            raise ValueError("a run without a tenant")

    @property
    def run(self) -> Run:
        """The identity under which events tell of this run."""
        return Run(self.id, self.trace_id, self.key, self.parent)

    def run_on(self, day: date) -> Run:
        """Return the identity under which this run asks about a day of its tenant."""
        key = CloseKey(self.key.tenant, Period(PeriodKind.DAY, day))
        return Run(self.id, self.trace_id, key, self.parent)

    def begun_by(self, executor: str, fence: int) -> "RunRecord":
        """Return the record of an attempt that an executor begins under a lease's token."""
        return replace(self, executor=executor, fence=fence)

    def moved(self, target: RunState, **changes: Any) -> "RunRecord":  # noqa: ANN401 - fields of many types
        """Return the record after a legal move, with further fields changed.

        Raises ``IllegalMoveError`` where the table of moves has no such move.
        """
        if not self.state.may_become(target):
            raise IllegalMoveError(f"{self.state} -> {target}")
        return replace(self, state=target, **changes)


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """Something that happened to a run, as its history shows it; ``text`` is safe to show."""

    run_id: str
    at: datetime
    name: str
    text: str
