"""Makes the schedules those of the settings, a short transaction at a time."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aegis_batch.application.firing import Firing
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.timings import Timings
from aegis_batch.domain.schedule import Schedule, ScheduleState

__all__ = ["ScheduleSync"]

# A clock that was set back by less changes nothing: it soon comes to where it was.
_AHEAD_MAX = timedelta(days=1)


# In one transaction; each of them may decide some hundred times in it.
_SCHEDULES_MAX = 20


class ScheduleSync:
    """Makes, changes and retires schedules."""

    def __init__(self, ledger: Ledger, timings: Timings, firing: Firing) -> None:
        """Take the ledger, what knows nominal times, and what decides about them."""
        self._ledger = ledger
        self._timings = timings
        self._firing = firing

    def sync(self, wanted: Sequence[Schedule], go_on: Callable[[], bool]) -> list[str]:
        """Make the schedules those of the settings, and return what people should know of it.

        It goes in turns of a few schedules each: what one decides by its old rule is kept before
        its rule changes, and those that stay as they are cost none. ``go_on`` is asked after each
        turn; where it says no, the rest is left.
        """
        told: list[str] = []
        with self._ledger.turn() as turn:
            known = {state.schedule.name: state for state in turn.state.schedules.all()}
            latest = turn.now + _AHEAD_MAX
        names = {schedule.name for schedule in wanted}
        deeds = [
            self._making(schedule, told)
            for schedule in wanted
            if not _stays(known.get(schedule.name), schedule, latest)
        ]
        deeds += [
            self._retiring(name)
            for name, state in known.items()
            if name not in names and not state.retired
        ]
        while deeds:
            with self._ledger.turn() as turn:
                unfinished = [deed for deed in deeds[:_SCHEDULES_MAX] if not deed(turn)]
            deeds = unfinished + deeds[_SCHEDULES_MAX:]
            if not go_on():
                break
        return told

    def _retiring(self, name: str) -> Callable[[LedgerTurn], bool]:
        def retire(turn: LedgerTurn) -> bool:
            known = turn.state.schedules.get(name)
            assert known is not None  # noqa: S101 - schedules are never taken away
            left = self._firing.settle(turn, known)
            if left is None:
                return False
            turn.state.schedules.save(replace(left, retired=True, next_at=None))
            return True

        return retire

    def _making(self, schedule: Schedule, told: list[str]) -> Callable[[LedgerTurn], bool]:
        def make(turn: LedgerTurn) -> bool:
            known = turn.state.schedules.get(schedule.name)
            if known is None:
                next_at = self._timings.first(schedule.timing, turn.now)
                turn.state.schedules.save(ScheduleState(schedule, next_at))
                return True
            if known.schedule == schedule and not known.retired:
                self._set_back(turn, known, told)
                return True
            return self._change(turn, known, schedule, told)

        return make

    def _change(
        self, turn: LedgerTurn, known: ScheduleState, schedule: Schedule, told: list[str]
    ) -> bool:
        if not known.retired:
            settled = self._firing.settle(turn, known)
            if settled is None:
                return False
            known = settled
        changed = replace(known, schedule=schedule, retired=False)
        if known.retired or known.schedule.timing != schedule.timing:
            waits = self._firing.waits_for_end(turn, schedule)
            next_at = None if waits else self._next_at(turn, changed)
            turn.state.schedules.save(replace(changed, next_at=next_at))
        else:
            turn.state.schedules.save(changed)
            self._set_back(turn, changed, told)
        return True

    def _set_back(self, turn: LedgerTurn, state: ScheduleState, told: list[str]) -> None:
        """Bring back a next time that only a clock far ahead can have set."""
        by_rule = self._timings.first(state.schedule.timing, turn.now)
        if state.next_at is None or by_rule is None or state.next_at - by_rule <= _AHEAD_MAX:
            return
        next_at = self._next_at(turn, state)
        turn.state.schedules.save(replace(state, next_at=next_at))
        told.append(
            f"schedule {state.schedule.name}: its next time was {state.next_at.isoformat()}, which"
            f" is far after {by_rule.isoformat()}, when its rule fires next: a clock was far ahead."
            f" Now it is {'none' if next_at is None else next_at.isoformat()}; times in between"
            " were decided by that clock"
        )

    def _next_at(self, turn: LedgerTurn, state: ScheduleState) -> datetime | None:
        """Return the first time of a rule from now on that was not decided."""
        timing, after = state.schedule.timing, turn.now
        until = state.decided_until
        # Never back before what was decided, if the clock was set back a little.
        if until is not None and after < until <= after + _AHEAD_MAX:
            after = until
        next_at = self._timings.first(timing, after)
        # It ends: only so many times have been decided.
        while next_at and turn.state.occurrences.find(state.schedule.name, next_at) is not None:
            next_at = self._timings.following(timing, next_at)
        return next_at


def _stays(known: ScheduleState | None, schedule: Schedule, latest: datetime) -> bool:
    """Say, at no cost, that nothing is to be done: the same rule, and a next time that is near."""
    if known is None or known.retired or known.schedule != schedule:
        return False
    return known.next_at is None or known.next_at <= latest
