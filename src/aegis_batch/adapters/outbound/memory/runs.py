"""The ledger of runs in memory."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import date, datetime
from heapq import merge
from itertools import islice

from aegis_batch.adapters.outbound.memory.sorted_index import SortedIndex
from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.job_status import TIMED_OUT
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.run_statistics import RunFigures

__all__ = ["InMemoryRuns"]

_EVERY = ("every", None)


class InMemoryRuns:
    """Keeps runs by their id, in order under whatever a filter can ask for."""

    def __init__(self, log: UndoLog, has_link_of: Callable[[str, str], bool]) -> None:
        """Take where changes are written, and what says whether a tenant's chain has a run."""
        self._log = log
        self._has_link_of = has_link_of
        self._kept: dict[str, RunRecord] = {}
        self._index = SortedIndex(log)

    def add(self, record: RunRecord) -> None:
        """Keep a new run; ``ValueError`` where its id is known."""
        if record.id in self._kept:
            raise ValueError(f"known already: {record.id}")
        self._log.put(self._kept, record.id, record)
        for facet in _facets(record):
            self._index.add(facet, _place(record))

    def get(self, run_id: str) -> RunRecord | None:
        """Return a run; ``None`` where there is none with this id."""
        return self._kept.get(run_id)

    def save(self, record: RunRecord) -> None:
        """Keep a known run as it is now; ``KeyError`` where it isn't known."""
        before = self._kept[record.id]
        self._log.put(self._kept, record.id, record)
        have, want = _facets(before), _facets(record)
        if have == want and before.enqueued_at == record.enqueued_at:
            return
        for facet in have:
            self._index.remove(facet, _place(before))
        for facet in want:
            self._index.add(facet, _place(record))

    def of(self, facet: tuple[str, Hashable]) -> Sequence[RunRecord]:
        """Return the runs under something that they have in common, by their enqueueing."""
        return [self._kept[run_id] for _, run_id in self._index.of(facet)]

    def ended_before(self, instant: datetime) -> list[str]:
        """Return the ids of the runs that ended before an instant, oldest end first."""
        ended = (
            (record.ended_at, record.id)
            for record in self._kept.values()
            if record.ended_at is not None and record.ended_at < instant
        )
        return [run_id for _, run_id in sorted(ended)]

    def forget(self, run_id: str) -> None:
        """Take a known run away."""
        record = self._log.drop(self._kept, run_id)
        for facet in _facets(record):
            self._index.remove(facet, _place(record))

    def search(self, wanted: RunFilter, limit: int) -> Sequence[RunRecord]:
        """Return the runs that a filter lets through, in its order, at most ``limit``."""
        found = (self._kept[run_id] for _, run_id in self._candidates(wanted))
        asked = _asked(wanted)
        fitting = (record for record in found if _fits(record, wanted, asked))
        if wanted.unlinked:
            fitting = (record for record in fitting if self._lacks_its_link(record))
        return list(islice(fitting, limit))

    def _lacks_its_link(self, record: RunRecord) -> bool:
        was_sealed = record.seal is not None and record.requests is not None
        is_done = record.state is RunState.SUCCEEDED
        return is_done and was_sealed and not self._has_link_of(record.key.tenant, record.id)

    def figures(
        self, first_day: date, last_day: date, limit: int, *, tenant: str | None = None
    ) -> Sequence[RunFigures]:
        """Return the figures of the runs about some days, newest first, at most ``limit``."""
        whose: tuple[str, Hashable] = _EVERY if tenant is None else ("tenant", tenant)
        newest = (self._kept[run_id] for _, run_id in reversed(self._index.of(whose)))
        asked = (run for run in newest if first_day <= run.key.period.first_day <= last_day)
        return [_figures_of(record) for record in islice(asked, limit)]

    def _candidates(self, wanted: RunFilter) -> Iterator[tuple[datetime, str]]:
        """Yield the places of runs that may fit, in order, from the shortest list there is."""
        choices = [[facet] for facet in _asked(wanted)] or [[_EVERY]]
        if wanted.states:
            choices.append([("state", state) for state in sorted(wanted.states)])
        lists = [[self._index.of(facet) for facet in facets] for facets in choices]
        chosen = min(lists, key=lambda parts: sum(map(len, parts)))
        if wanted.oldest_first:
            return merge(*chosen)
        return merge(*map(reversed, chosen), reverse=True)


def _place(record: RunRecord) -> tuple[datetime, str]:
    return (record.enqueued_at, record.id)


def _figures_of(record: RunRecord) -> RunFigures:
    return RunFigures(
        run_id=record.id,
        job=record.job,
        tenant=record.key.tenant,
        period=record.key.period,
        state=record.state,
        enqueued_at=record.enqueued_at,
        started_at=record.started_at,
        duration_ms=record.duration_ms,
        cpu_seconds=record.cpu_seconds,
        requests=record.requests,
        orders=record.orders,
    )


def _facets(record: RunRecord) -> list[tuple[str, Hashable]]:
    return [
        _EVERY,
        ("state", record.state),
        ("job", record.job),
        ("day", record.key.period.first_day),
        ("key", record.key),
        ("tenant", record.key.tenant),
        ("schedule", record.schedule),
        ("parent", record.parent),
        ("work", record.work_id),
    ]


def _asked(wanted: RunFilter) -> list[tuple[str, Hashable]]:
    asked: list[tuple[str, Hashable]] = [
        ("job", wanted.job),
        ("day", wanted.day),
        ("key", wanted.key),
        ("tenant", wanted.tenant),
        ("schedule", wanted.schedule),
        ("parent", wanted.parent),
    ]
    return [facet for facet in asked if facet[1] is not None]


def _fits(record: RunRecord, wanted: RunFilter, asked: list[tuple[str, Hashable]]) -> bool:
    if wanted.states and record.state not in wanted.states:
        return False
    if wanted.backend is not None and record.backend != wanted.backend:
        return False
    has_timed_out = record.problem is not None and record.problem.code == TIMED_OUT
    if wanted.timed_out not in (None, has_timed_out):
        return False
    if wanted.before is not None and _place(record) >= wanted.before:
        return False
    facets = _facets(record)
    return all(facet in facets for facet in asked)
