"""The ledger of runs in memory."""

from collections.abc import Hashable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice

from aegis_batch.adapters.outbound.memory.sorted_index import SortedIndex
from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.run_record import RunRecord

__all__ = ["InMemoryRuns"]

_EVERY = ("every", None)


class InMemoryRuns:
    """Keeps runs by their id, in order under whatever a filter can ask for."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
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

    def search(self, wanted: RunFilter, limit: int) -> Sequence[RunRecord]:
        """Return the runs that a filter lets through, in its order, at most ``limit``."""
        found = (self._kept[run_id] for _, run_id in self._candidates(wanted))
        return list(islice((record for record in found if _fits(record, wanted)), limit))

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


def _facets(record: RunRecord) -> list[tuple[str, Hashable]]:
    return [
        _EVERY,
        ("state", record.state),
        ("job", record.job),
        ("day", record.key.period.first_day),
        ("key", record.key),
        ("schedule", record.schedule),
        ("parent", record.parent),
    ]


def _asked(wanted: RunFilter) -> list[tuple[str, Hashable]]:
    asked: list[tuple[str, Hashable]] = [
        ("job", wanted.job),
        ("day", wanted.day),
        ("key", wanted.key),
        ("schedule", wanted.schedule),
        ("parent", wanted.parent),
    ]
    return [facet for facet in asked if facet[1] is not None]


def _fits(record: RunRecord, wanted: RunFilter) -> bool:
    facets = _facets(record)
    is_in_state = not wanted.states or record.state in wanted.states
    was_there = wanted.backend is None or record.backend == wanted.backend
    return is_in_state and was_there and all(facet in facets for facet in _asked(wanted))
