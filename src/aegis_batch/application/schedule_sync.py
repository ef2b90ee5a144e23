"""Makes the schedules those of the settings, a short transaction at a time."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from aegis_batch.application.firing import Firing
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.set_back import SetBack
from aegis_batch.application.timings import AHEAD_MAX, Timings
from aegis_batch.domain.job import job_id_of
from aegis_batch.domain.schedule import Schedule, ScheduleState

__all__ = ["ScheduleSync"]

# In one transaction; each of them may decide some hundred times in it.
_SCHEDULES_MAX = 20


class ScheduleSync:
    """Makes, changes and retires schedules."""

    def __init__(self, ledger: Ledger, timings: Timings, firing: Firing) -> None:
        """Take the ledger, what knows nominal times, and what decides about them."""
        self._ledger = ledger
        self._timings = timings
        self._firing = firing
        self._set_back = SetBack(timings)

    def sync(self, wanted: Sequence[Schedule], go_on: Callable[[], bool]) -> None:
        """Make the schedules those of the settings.

        It goes in turns of a few schedules each: what one decides by its old rule is kept before
        its rule changes, and those that stay as they are cost none. ``go_on`` is asked after each
        turn; where it says no, the rest is left.
        """
        with self._ledger.turn() as turn:
            known = {state.schedule.name: state for state in turn.state.schedules.all()}
            now = turn.now
        names = {schedule.name for schedule in wanted}
        deeds: list[Callable[[LedgerTurn], bool]] = [
            partial(self.make, schedule=schedule)
            for schedule in wanted
            if not _stays(known.get(schedule.name), schedule, now)
        ]
        deeds += [
            partial(self.retire, name=name)
            for name, state in known.items()
            if name not in names and not state.retired and job_id_of(name) is None
        ]
        while deeds:
            with self._ledger.turn() as turn:
                unfinished = [deed for deed in deeds[:_SCHEDULES_MAX] if not deed(turn)]
            deeds = unfinished + deeds[_SCHEDULES_MAX:]
            if not go_on():
                break

    def retire(self, turn: LedgerTurn, name: str) -> bool:
        """Retire a schedule; ``False``: more has come, so commit and go on in another turn.

        Where there is none of the name, nothing is to be done.
        """
        known = turn.state.schedules.get(name)
        if known is None or known.retired:
            return True
        left = self._firing.settle(turn, known)
        if left is None:
            return False
        turn.state.schedules.save(replace(left, retired=True, next_at=None))
        return True

    def make(self, turn: LedgerTurn, schedule: Schedule) -> bool:
        """Make a schedule, or change the one of its name; ``False`` as ``retire`` says it."""
        known = turn.state.schedules.get(schedule.name)
        if known is None:
            next_at = self._timings.first(schedule.timing, turn.now)
            turn.state.schedules.save(ScheduleState(schedule, next_at))
            return True
        if known.schedule == schedule and not known.retired:
            return self._set_back.mend(turn, known) is not None
        return self._change(turn, known, schedule)

    def _change(self, turn: LedgerTurn, known: ScheduleState, schedule: Schedule) -> bool:
        mended = self._set_back.mend(turn, known)
        settled = mended
        if mended is not None and not known.retired:
            settled = self._firing.settle(turn, mended)
        if settled is None:
            return False
        known = settled
        changed = replace(known, schedule=schedule, retired=False)
        if known.retired or known.schedule.timing != schedule.timing:
            waits = self._firing.waits_for_end(turn, schedule)
            next_at = None if waits else self._set_back.next_at(turn, changed)
            turn.state.schedules.save(replace(changed, next_at=next_at))
        else:
            turn.state.schedules.save(changed)
        return True


def _stays(known: ScheduleState | None, schedule: Schedule, now: datetime) -> bool:
    """Say, at no cost, that nothing is to be done: the same rule, and a next time that is near."""
    if known is None or known.retired or known.schedule != schedule:
        return False
    if known.decided_until is not None and known.decided_until > now:
        return False
    return known.next_at is None or known.next_at <= now + AHEAD_MAX
