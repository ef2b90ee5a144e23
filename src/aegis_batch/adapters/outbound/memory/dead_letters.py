"""Dead letters in memory."""

from collections.abc import Iterator, Sequence
from itertools import islice

from aegis_batch.adapters.outbound.memory.sorted_index import SortedIndex
from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.dead_letter import DeadLetter, DeadLetterState
from aegis_batch.domain.run import CloseKey, JobKind

__all__ = ["InMemoryDeadLetters"]


class InMemoryDeadLetters:
    """Keeps dead letters by the id of their run."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[str, DeadLetter] = {}
        self._index = SortedIndex(log)

    def save(self, letter: DeadLetter) -> None:
        """Keep a dead letter, in the place of the one of the same run."""
        before = self._kept.get(letter.run_id)
        self._log.put(self._kept, letter.run_id, letter)
        if before is not None:
            for facet in _facets(before):
                self._index.remove(facet, (before.died_at, before.run_id))
        for facet in _facets(letter):
            self._index.add(facet, (letter.died_at, letter.run_id))

    def get(self, run_id: str) -> DeadLetter | None:
        """Return the dead letter of a run; ``None`` where there is none."""
        return self._kept.get(run_id)

    def newest(
        self, state: DeadLetterState | None, limit: int, *, tenant: str | None = None
    ) -> Sequence[DeadLetter]:
        """Return dead letters, in one state or in any, the last to die first."""
        found = (each for each in self._newest_of(state) if tenant in (None, each.key.tenant))
        return list(islice(found, limit))

    def of(self, key: CloseKey, limit: int) -> Sequence[DeadLetter]:
        """Return the dead letters of closes with this key, the last to die first."""
        found = (letter for letter in self._newest_of(key) if letter.job.is_of_a_period)
        return list(islice(found, limit))

    def open_of(self, key: CloseKey, job: JobKind) -> DeadLetter | None:
        """Return the newest open dead letter of a key's job, if there is one."""
        of_job = (letter for letter in self._newest_of(key) if letter.job is job)
        return next((letter for letter in of_job if letter.state is DeadLetterState.OPEN), None)

    def _newest_of(self, facet: DeadLetterState | CloseKey | None) -> Iterator[DeadLetter]:
        return (self._kept[run_id] for _, run_id in reversed(self._index.of(facet)))


def _facets(letter: DeadLetter) -> tuple[DeadLetterState | CloseKey | None, ...]:
    return (None, letter.state, letter.key)
