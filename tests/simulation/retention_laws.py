"""The laws of forgetting: only what is old and over goes, and all of that does."""

from collections.abc import Callable
from datetime import datetime

from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from tests.simulation.law import BrokenLawError
from tests.simulation.watched_state import Changes
from tests.simulation.world import KEPT

__all__ = ["RetentionLaws"]

_OVER = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)


class RetentionLaws:
    """Knows every run, decision and dead letter that must still be there."""

    def __init__(
        self, state: InMemoryState, now: Callable[[], datetime], reached: Callable[[str], None]
    ) -> None:
        """Take the state behind its faults, and the clock on the wall."""
        self._state = state
        self._now = now
        self._reached = reached
        self._runs: dict[str, RunRecord] = {}
        self._decisions: dict[tuple[str, datetime], datetime] = {}
        self._letters: set[str] = set()
        self._begun: dict[str, datetime] = {}

    def of_commit(self, changes: Changes) -> None:
        """Take what a commit wrote, and hold what it forgot against the law."""
        for before, after in changes.runs:
            self._runs[after.id] = after
            if after.job is JobKind.RETENTION:
                self._of_a_retention(before, after)
        for occurrence in changes.occurrences:
            self._decisions[occurrence.schedule, occurrence.nominal] = occurrence.decided_at
        for occurrence in changes.withdrawn:
            self._decisions.pop((occurrence.schedule, occurrence.nominal), None)
        self._letters.update(letter.run_id for letter in changes.letters)
        if changes.forgotten:
            self._of_what_went(changes.forgotten)

    def closed(self) -> set[CloseKey]:
        """Return what runs of the queue have closed that are not forgotten."""
        return {
            run.key
            for run in self._runs.values()
            if run.job is JobKind.CLOSE
            and run.state is RunState.SUCCEEDED
            and run.trigger is not Trigger.HAND
        }

    def _of_what_went(self, forgotten: int) -> None:
        before = self._now() - KEPT
        with self._state.turn() as turn:
            runs = [run for run in self._runs.values() if turn.runs.get(run.id) is None]
            decisions = [at for at in self._decisions if turn.occurrences.find(*at) is None]
            letters = [run_id for run_id in self._letters if turn.dead_letters.get(run_id) is None]
        if letters:
            raise BrokenLawError(f"dead letters are forgotten: {sorted(letters)[:5]}")
        if len(runs) + len(decisions) != forgotten:
            raise BrokenLawError(f"{len(runs)} runs and {len(decisions)} decisions: {forgotten}")
        for run in runs:
            if run.ended_at is None or run.state not in _OVER or run.ended_at >= before:
                raise BrokenLawError(f"run {run.id} is forgotten, and is {run.state}: {run}")
            if run.id in self._letters:
                raise BrokenLawError(f"run {run.id} is forgotten, and is a dead letter")
            del self._runs[run.id]
        for at in decisions:
            if self._decisions.pop(at) >= before:
                raise BrokenLawError(f"the decision {at} is forgotten too early")
        self._reached("retention: runs" if runs else "retention: decisions")

    def _of_a_retention(self, before: RunRecord | None, after: RunRecord) -> None:
        is_same = before is not None and before.state is after.state
        is_begun = before is None or before.state is not after.state or before.fence != after.fence
        if after.state is RunState.RUNNING and is_begun:
            self._begun[after.id] = self._now()
        elif after.state is RunState.SUCCEEDED and not is_same:
            # A clock that was set back since has made things younger.
            limit = self._begun.pop(after.id) - KEPT
            left = [
                run.id
                for run in self._runs.values()
                if run.ended_at is not None and run.ended_at < limit and run.id not in self._letters
            ]
            left += [name for (name, _), at in self._decisions.items() if at < limit]
            if left:
                raise BrokenLawError(f"retention has left {len(left)}: {left[:5]}")
