"""The state with the plan's faults, and with the laws looking on at what is committed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from typing import Any, cast

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.ports.work_queue import Work
from aegis_batch.domain.backfill import Backfill, PlannedPeriod
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.notice import Notice
from aegis_batch.domain.run_record import RunRecord, TimelineEntry
from aegis_batch.domain.schedule import Occurrence, ScheduleState
from aegis_batch.domain.seal_link import SealLink
from aegis_batch.domain.verification import Verification
from tests.simulation.plan import Fault, Plan, ProcessDiedError

__all__ = ["Changes", "FaultyState"]

_LOCKED = ("state_locked", "The plan has it so.", "Go on.")
_PARTS = (
    "schedules",
    "occurrences",
    "runs",
    "many_runs",
    "timeline",
    "dead_letters",
    "seals",
    "many_seals",
    "many_schedules",
    "retention",
    "verifications",
    "backfills",
    "audit",
    "known_tenants",
    "notices",
    "executors",
    "leases",
    "breakers",
    "rate_limits",
    "answered_requests",
    "job_definitions",
    "job_events",
    "job_results",
    "job_totals",
    "open_runs",
    "scheduler_pauses",
    "work",
)


@dataclass(slots=True)
class Changes:
    """What one turn wrote: of each kind, in the order in which it was written."""

    runs: list[tuple[RunRecord | None, RunRecord]] = field(default_factory=list)
    occurrences: list[Occurrence] = field(default_factory=list)
    withdrawn: list[Occurrence] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    schedules: list[ScheduleState] = field(default_factory=list)
    work: list[Work] = field(default_factory=list)
    seals: list[SealLink] = field(default_factory=list)
    timeline: list[TimelineEntry] = field(default_factory=list)
    # Who was buried, and the first days of tenants that were seen first.
    buried: list[Executor] = field(default_factory=list)
    first_days: dict[str, date] = field(default_factory=dict)
    verifications: list[Verification] = field(default_factory=list)
    backfills: list[tuple[Backfill, tuple[PlannedPeriod, ...]]] = field(default_factory=list)
    # How many runs and decisions were forgotten.
    forgotten: int = 0

    def __bool__(self) -> bool:
        """Say whether there was anything."""
        return any(getattr(self, name) for name in _KINDS)


_KINDS = tuple(kind.name for kind in fields(Changes))


class FaultyState:
    """The state, which can be locked, full or slow, and around whose commits one can die."""

    def __init__(
        self,
        state: InMemoryState,
        plan: Plan,
        clock: InMemoryClock,
        committed: Callable[[Changes], None],
        meanwhile: Callable[[], None],
    ) -> None:
        """Take the state, whom to tell of each commit, and what goes on while it is slow."""
        self._state = state
        self._plan = plan
        self._clock = clock
        self._committed = committed
        self._meanwhile = meanwhile

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Open a turn, unless a fault comes in between."""
        fault = self._plan.draw("turn")
        self._begin(fault)
        changes = Changes()
        with self._state.turn() as inner:
            watched = cast("Turn", _WatchedTurn(inner, changes))
            if fault is Fault.DIES_WITHIN or fault is Fault.BREAKS_WITHIN:
                watched = cast(
                    "Turn", _BreakingTurn(watched, fault, self._plan.random.randint(1, 6))
                )
            yield watched
            if fault is Fault.DIES_BEFORE_COMMIT or fault is Fault.DIES_WITHIN:
                raise ProcessDiedError("turn")
            if fault is Fault.FULL or fault is Fault.BREAKS_WITHIN:
                raise StateUnavailable(*_LOCKED)
        if changes:
            self._committed(changes)
        if fault is Fault.DIES_AFTER_COMMIT or fault is Fault.DIES_AFTER:
            raise ProcessDiedError("turn")
        if fault is Fault.BREAKS_AFTER_COMMIT:
            raise StateUnavailable(*_LOCKED)

    @contextmanager
    def look(self) -> Iterator[Turn]:
        """Open what only reads: people look, and nothing that they see comes to harm."""
        with self._state.look() as inner:
            yield inner

    def _begin(self, fault: Fault | None) -> None:
        if fault is Fault.DIES_BEFORE:
            raise ProcessDiedError("turn")
        if fault is Fault.LATE or fault is Fault.LOCKED:
            self._clock.advance(self._plan.between(timedelta(seconds=1), timedelta(seconds=30)))
            self._meanwhile()
        if fault is Fault.LOCKED:
            raise StateUnavailable(*_LOCKED)


class _WatchedTurn:
    """A turn that notes what is written; most turns need few of its parts."""

    def __init__(self, inner: Turn, changes: Changes) -> None:
        self._inner = inner
        self._changes = changes

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any part
        part = getattr(self._inner, name)
        if name == "many_runs":
            part = _ManyRuns(part, self._changes, self._inner.runs)
        elif name in _WRITTEN:
            part = _WRITTEN[name](part, self._changes)
        setattr(self, name, part)
        return part


class _Watched:
    """A part of a turn whose reading calls go through as they are."""

    def __init__(self, inner: Any, changes: Changes) -> None:  # noqa: ANN401 - any part
        self._inner = inner
        self._changes = changes

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any call
        return getattr(self._inner, name)


class _Runs(_Watched):
    def add(self, record: RunRecord) -> None:
        self._inner.add(record)
        self._changes.runs.append((None, record))

    def save(self, record: RunRecord) -> None:
        before = self._inner.get(record.id)
        self._inner.save(record)
        self._changes.runs.append((before, record))

    def search(self, wanted: RunFilter, limit: int) -> Sequence[RunRecord]:
        return cast("Sequence[RunRecord]", self._inner.search(wanted, limit))


class _ManyRuns(_Watched):
    def __init__(self, inner: Any, changes: Changes, runs: Any) -> None:  # noqa: ANN401 - any part
        super().__init__(inner, changes)
        self._runs = runs

    def add(self, records: Sequence[RunRecord]) -> None:
        self._inner.add(records)
        self._changes.runs += ((None, record) for record in records)

    def save(self, records: Sequence[RunRecord]) -> None:
        before = [self._runs.get(record.id) for record in records]
        self._inner.save(records)
        self._changes.runs += zip(before, records, strict=True)


class _Occurrences(_Watched):
    def add(self, occurrence: Occurrence) -> None:
        self._inner.add(occurrence)
        self._changes.occurrences.append(occurrence)

    def withdraw(self, schedule: str, after: datetime, limit: int) -> Sequence[Occurrence]:
        taken = cast("Sequence[Occurrence]", self._inner.withdraw(schedule, after, limit))
        self._changes.withdrawn.extend(taken)
        return taken


class _DeadLetters(_Watched):
    def save(self, letter: DeadLetter) -> None:
        self._inner.save(letter)
        self._changes.letters.append(letter)


class _Seals(_Watched):
    def add(self, link: SealLink) -> None:
        self._inner.add(link)
        self._changes.seals.append(link)


class _ManySeals(_Watched):
    def add(self, links: Sequence[SealLink]) -> None:
        self._inner.add(links)
        self._changes.seals += links


class _Backfills(_Watched):
    def save(self, backfill: Backfill, periods: Sequence[PlannedPeriod] = ()) -> None:
        self._inner.save(backfill, periods)
        self._changes.backfills.append((backfill, tuple(periods)))


class _Timeline(_Watched):
    def add(self, entries: Sequence[TimelineEntry]) -> None:
        self._inner.add(entries)
        self._changes.timeline += entries


class _Executors(_Watched):
    def bury_silent(self, limit: int) -> Sequence[Executor]:
        buried = cast("Sequence[Executor]", self._inner.bury_silent(limit))
        self._changes.buried += buried
        return buried


class _KnownTenants(_Watched):
    def first_days(self, newest_days: Mapping[str, date], seen_at: datetime) -> Mapping[str, date]:
        kept = cast("Mapping[str, date]", self._inner.first_days(newest_days, seen_at))
        self._changes.first_days.update(kept)
        return kept


class _Verifications(_Watched):
    def save(self, verification: Verification) -> None:
        self._inner.save(verification)
        self._changes.verifications.append(verification)


class _Retention(_Watched):
    def forget_runs(self, ended_before: datetime, limit: int) -> int:
        forgotten = int(self._inner.forget_runs(ended_before, limit))
        self._changes.forgotten += forgotten
        return forgotten

    def forget_occurrences(self, decided_before: datetime, limit: int) -> int:
        forgotten = int(self._inner.forget_occurrences(decided_before, limit))
        self._changes.forgotten += forgotten
        return forgotten


class _Notices(_Watched):
    def add(self, notice: Notice) -> bool:
        is_new = bool(self._inner.add(notice))
        if is_new:
            self._changes.notices.append(notice)
        return is_new


class _Schedules(_Watched):
    def save(self, state: ScheduleState) -> None:
        self._inner.save(state)
        self._changes.schedules.append(state)

    def next_due_at(self) -> datetime | None:
        return cast("datetime | None", self._inner.next_due_at())


class _Work(_Watched):
    def enqueue(self, work: Work) -> None:
        self._inner.enqueue(work)
        self._changes.work.append(work)


_WRITTEN = {
    "schedules": _Schedules,
    "occurrences": _Occurrences,
    "runs": _Runs,
    "dead_letters": _DeadLetters,
    "seals": _Seals,
    "many_seals": _ManySeals,
    "timeline": _Timeline,
    "executors": _Executors,
    "known_tenants": _KnownTenants,
    "backfills": _Backfills,
    "retention": _Retention,
    "verifications": _Verifications,
    "notices": _Notices,
    "work": _Work,
}


class _BreakingTurn:
    """A turn at one of whose calls the process dies, or the state breaks."""

    def __init__(self, inner: Turn, fault: Fault, calls: int) -> None:
        self._fault = fault
        self._calls_left = calls
        for name in _PARTS:
            setattr(self, name, _Breaking(getattr(inner, name), self))

    def count(self) -> None:
        self._calls_left -= 1
        if self._calls_left == 0 and self._fault is Fault.DIES_WITHIN:
            raise ProcessDiedError("turn")
        if self._calls_left == 0:
            raise StateUnavailable(*_LOCKED)


class _Breaking:
    """A part of a turn whose calls are counted."""

    def __init__(self, inner: Any, turn: _BreakingTurn) -> None:  # noqa: ANN401 - any part
        self._inner = inner
        self._turn = turn

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any call
        self._turn.count()
        return getattr(self._inner, name)
