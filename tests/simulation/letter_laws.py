"""The laws of dead letters: of each job of a key one is open at most, and no doubt is forgotten."""

from collections.abc import Callable

from aegis_batch.domain.dead_letter import DeadLetter, DeadLetterState
from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.run_record import RunRecord
from tests.simulation.law import BrokenLawError
from tests.simulation.watched_state import Changes

__all__ = ["LetterLaws"]


class LetterLaws:
    """Knows every dead letter as it was saved last."""

    def __init__(self, reached: Callable[[str], None]) -> None:
        """Take whom to tell what was reached."""
        self._reached = reached
        self._known: dict[str, DeadLetter] = {}
        self._open: dict[tuple[CloseKey, JobKind], set[str]] = {}
        self._replayed: set[str] = set()

    def dead_closes(self) -> set[CloseKey]:
        """Return the keys of which a close has an open dead letter."""
        return {key for (key, job), ids in self._open.items() if ids and job is JobKind.CLOSE}

    def is_dead(self, key: CloseKey) -> bool:
        """Say whether the close of a key has an open dead letter."""
        return bool(self._open.get((key, JobKind.CLOSE)))

    def of_a_run(self, before: RunRecord | None, after: RunRecord) -> None:
        """A dead letter is replayed once; more often only where that was taken back."""
        if before is None and after.replay_of is not None:
            if after.replay_of in self._replayed:
                raise BrokenLawError(f"run {after.replay_of} was replayed twice")
            self._replayed.add(after.replay_of)

    def of_commit(self, changes: Changes) -> None:
        """Hold what was written of dead letters against their runs."""
        last = {after.id: after for _, after in changes.runs}
        for letter in changes.letters:
            before = self._known.get(letter.run_id)
            self._known[letter.run_id] = letter
            self._reached(f"dead letter: {letter.state}")
            open_ones = self._open.setdefault((letter.key, letter.job), set())
            if letter.state is not DeadLetterState.OPEN:
                open_ones.discard(letter.run_id)
                continue
            open_ones.add(letter.run_id)
            if before is None:
                self._of_a_new_one(letter, last, changes)
            else:
                self._of_one_taken_back(before, last)
        for letter in changes.letters:
            open_ones = self._open[letter.key, letter.job]
            if letter.job.is_of_a_period and len(open_ones) > 1:
                raise BrokenLawError(f"of one {letter.job} several are open: {sorted(open_ones)}")
        for run in last.values():
            if run.state is RunState.CANCELLED and run.job is JobKind.REBUILD:
                self._of_a_cancelled_rebuild(run)

    def _of_a_new_one(
        self, letter: DeadLetter, last: dict[str, RunRecord], changes: Changes
    ) -> None:
        run = last.get(letter.run_id)
        if run is None or run.state is not RunState.FAILED:
            raise BrokenLawError(f"dead letter {letter.run_id} of a run that has not failed")
        if f"dead_letter:{letter.run_id}" not in {notice.key for notice in changes.notices}:
            raise BrokenLawError(f"dead letter {letter.run_id} is told to nobody")

    def _of_one_taken_back(self, before: DeadLetter, last: dict[str, RunRecord]) -> None:
        run = last.get(before.replayed_as or "")
        if run is None or run.state is not RunState.CANCELLED:
            raise BrokenLawError(f"dead letter {before.run_id} is open again: it was {before}")
        self._replayed.discard(before.run_id)
        self._reached("dead letter: open again")

    def _of_a_cancelled_rebuild(self, run: RunRecord) -> None:
        dead = self._known.get(run.replay_of or "")
        if dead is not None and dead.state is not DeadLetterState.OPEN:
            raise BrokenLawError(f"that {run.key.period} is in doubt was forgotten with {run.id}")
