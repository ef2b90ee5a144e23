"""The laws of schedules: each nominal time is decided exactly once, and no other is."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aegis_batch.domain.run import Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import (
    Decision,
    Occurrence,
    ScheduleKind,
    ScheduleState,
    Timing,
)
from tests.simulation.law import BrokenLawError
from tests.simulation.oracle import Oracle

__all__ = ["FiringLaws"]

# A clock that was ahead by less has set nothing back.
_FAR_AHEAD = timedelta(days=1)


@dataclass(slots=True)
class _Known:
    """A schedule as it was saved: by its rule, nominal times are expected after ``checked``."""

    state: ScheduleState
    since: datetime
    # What the next nominal times are counted from, for rules that count.
    counted_from: datetime
    checked: datetime
    decided: list[datetime] = field(default_factory=list)


class FiringLaws:
    """Knows which nominal times each schedule has, and which were decided."""

    def __init__(
        self, oracle: Oracle, now: Callable[[], datetime], reached: Callable[[str], None]
    ) -> None:
        """Take the oracle, the clock on the wall, and whom to tell what was reached."""
        self._oracle = oracle
        self._now = now
        self._reached = reached
        self._known: dict[str, _Known] = {}
        self._all: set[tuple[str, datetime]] = set()
        self._by_hand: set[tuple[str, datetime]] = set()
        self._left_to_runs: dict[str, datetime] = {}
        self._runs: dict[tuple[str, datetime], str | None] = {}

    def of_decisions(
        self,
        occurrences: Sequence[Occurrence],
        added: Mapping[str, RunRecord],
        schedules: Sequence[ScheduleState],
    ) -> None:
        """Each decision is made once, with its run and its schedule's move in one commit."""
        moved = {state.schedule.name: state for state in schedules}
        for occurrence in occurrences:
            self._of_a_decision(occurrence, added, moved)
        for state in schedules:
            self._of_a_schedule(state)

    def of_withdrawals(self, withdrawn: Sequence[Occurrence]) -> None:
        """Only a decision about a time still to come is ever taken away."""
        for occurrence in withdrawn:
            name, nominal = occurrence.schedule, occurrence.nominal
            if nominal <= self._now():
                raise BrokenLawError(f"{name}: the decision about {nominal}, which was, is gone")
            self._reached("decision: withdrawn")
            self._all.remove((name, nominal))
            del self._runs[name, nominal]
            self._by_hand.discard((name, nominal))
            known = self._known[name]
            if nominal in known.decided:
                known.decided.remove(nominal)
            if self._left_to_runs.get(name) == nominal:
                del self._left_to_runs[name]

    def of_all(self, now: datetime) -> None:
        """All that has come by now is decided, and every schedule goes on."""
        for name, known in self._known.items():
            if known.state.retired:
                continue
            self._check(name, known, now)
            timing = known.state.schedule.timing
            goes_on = timing.kind in (ScheduleKind.CRON, ScheduleKind.FIXED_RATE)
            if goes_on and known.state.next_at is None:
                raise BrokenLawError(f"{name} stands still")

    def stands(self, record: RunRecord) -> bool:
        """Say whether the decision that a run came of, if one did, has not been withdrawn."""
        if record.schedule is None or record.nominal is None:
            return True
        return self._runs.get((record.schedule, record.nominal)) == record.id

    def known_since(self, name: str) -> datetime:
        """Return when a schedule was made."""
        return self._known[name].since

    def next_at(self) -> datetime | None:
        """Return the next nominal time of any schedule."""
        states = [known.state for known in self._known.values() if not known.state.retired]
        return min((state.next_at for state in states if state.next_at), default=None)

    def left_to_runs(self) -> dict[str, datetime]:
        """Return, by schedule, the newest firing that was skipped behind a run, if not paused."""
        return {
            name: nominal
            for name, nominal in self._left_to_runs.items()
            if self._known[name].state.pause is None
        }

    def waiting_for_runs(self) -> list[str]:
        """Return the schedules whose next time is counted from the end of a run."""
        return [
            name
            for name, known in self._known.items()
            if known.state.schedule.timing.kind is ScheduleKind.FIXED_DELAY
            and known.state.next_at is None
        ]

    def _of_a_decision(
        self,
        occurrence: Occurrence,
        added: Mapping[str, RunRecord],
        moved: Mapping[str, ScheduleState],
    ) -> None:
        name, nominal = occurrence.schedule, occurrence.nominal
        if (name, nominal) in self._all:
            raise BrokenLawError(f"{name}: {nominal} is decided twice")
        self._all.add((name, nominal))
        self._runs[name, nominal] = occurrence.run_id
        self._reached(f"decision: {occurrence.decision}")
        record = added.get(occurrence.run_id or "")
        if (record is not None) != (occurrence.decision is Decision.RAN):
            raise BrokenLawError(f"{name}: {nominal} {occurrence.decision}, with run {record}")
        if record is not None and record.nominal != nominal:
            raise BrokenLawError(f"{name}: the run of {nominal} goes by {record.nominal}")
        if record is not None and record.trigger is Trigger.HAND:
            self._by_hand.add((name, nominal))
            return
        known = self._known[name]
        overlap = known.state.schedule.overlap
        self._reached(f"overlap {overlap}: {occurrence.reason.partition(':')[0]}"[:70])
        if occurrence.decision is Decision.SKIPPED and known.state.pause is None:
            self._left_to_runs[name] = nominal
        known.decided.insert(bisect_left(known.decided, nominal), nominal)
        state = moved.get(name)
        if state is None or (state.next_at is not None and state.next_at <= nominal):
            raise BrokenLawError(f"{name}: {nominal} is decided, and the next time is not set")

    def _of_a_schedule(self, state: ScheduleState) -> None:
        name, now = state.schedule.name, self._now()
        known = self._known.get(name)
        if known is None:
            self._known[name] = _Known(state, now, now, now)
            return
        before, known.state = known.state, state
        if known.checked > now + _FAR_AHEAD:
            # It was set back, and goes on from there.
            known.checked = now
        if state.retired == before.retired and state.schedule.timing == before.schedule.timing:
            return
        # Whatever had come by the rule until now is decided by it, and by no other.
        if not before.retired:
            self._check(name, known, now, before.schedule.timing)
        known.checked = max(now, known.checked, *known.decided[-1:])
        known.counted_from = known.checked

    def _check(self, name: str, known: _Known, now: datetime, timing: Timing | None = None) -> None:
        timing = timing or known.state.schedule.timing
        if now <= known.checked or timing.kind is ScheduleKind.FIXED_DELAY:
            return
        first = bisect_right(known.decided, known.checked)
        decided = known.decided[first : bisect_right(known.decided, now)]
        expected = self._oracle.nominals(timing, known.counted_from, known.checked, now)
        expected = [at for at in expected if (name, at) not in self._by_hand]
        if decided != expected:
            odd = ", ".join(map(str, sorted(set(decided) ^ set(expected))[:5]))
            raise BrokenLawError(f"{name}: decided {len(decided)} of {len(expected)}: {odd}")
        known.checked = now
