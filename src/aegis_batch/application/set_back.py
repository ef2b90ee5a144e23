"""Brings back next times that only a clock far ahead can have set."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.timings import Timings
from aegis_batch.domain.events import ScheduleSetBack
from aegis_batch.domain.schedule import ScheduleState

__all__ = ["AHEAD_MAX", "SetBack", "SetBackUseCase"]

# A clock that was set back by less changes nothing: it soon comes to where it was.
AHEAD_MAX = timedelta(days=1)

# In one transaction; each of them may look up some hundred decisions in it.
_SCHEDULES_MAX = 20


class SetBack:
    """Sets next times back, within a turn. What was decided stays decided."""

    def __init__(self, timings: Timings) -> None:
        """Take what knows nominal times."""
        self._timings = timings

    def is_far_ahead(self, state: ScheduleState, now: datetime) -> bool:
        """Say whether a next time lies far after the one at which its rule fires next."""
        # Asked of all schedules: nearly all of them are answered for by this comparison.
        if state.retired or state.next_at is None or state.next_at <= now + AHEAD_MAX:
            return False
        by_rule = self._timings.first(state.schedule.timing, now)
        return by_rule is not None and state.next_at - by_rule > AHEAD_MAX

    def mend(self, turn: LedgerTurn, state: ScheduleState) -> None:
        """Set a next time back where it lies far ahead, and tell of it."""
        if state.next_at is None or not self.is_far_ahead(state, turn.now):
            return
        next_at = self.next_at(turn, state)
        until = state.decided_until
        if next_at == state.next_at and (until is None or until <= turn.now + AHEAD_MAX):
            # It is where it belongs: its rule fires seldom, and has fired for this time already.
            return
        turn.state.schedules.save(replace(state, next_at=next_at))
        turn.tell(
            ScheduleSetBack(
                at=turn.now, schedule=state.schedule.name, was_at=state.next_at, next_at=next_at
            )
        )

    def next_at(self, turn: LedgerTurn, state: ScheduleState) -> datetime | None:
        """Return the first time of a rule from now on that was not decided."""
        timing, after = state.schedule.timing, turn.now
        until = state.decided_until
        # Never back before what was decided, if the clock was set back a little.
        if until is not None and after < until <= after + AHEAD_MAX:
            after = until
        next_at = self._timings.first(timing, after)
        # It ends: only so many times have been decided.
        while next_at and turn.state.occurrences.find(state.schedule.name, next_at) is not None:
            next_at = self._timings.following(timing, next_at)
        return next_at


class SetBackUseCase:
    """Sets back, a few at a time, all next times that lie far ahead, once it was told to begin."""

    def __init__(self, ledger: Ledger, set_back: SetBack) -> None:
        """Take the ledger, and what sets a next time back."""
        self._ledger = ledger
        self._set_back = set_back
        # What is still to be set back, and since when it is yet to be found out what else is.
        self._names: Sequence[str] = ()
        self._went_back_to: datetime | None = None

    def begin(self, now: datetime) -> None:
        """Have every schedule looked at, since the clock was seen to go back, to an instant."""
        self._went_back_to = now

    def go_on(self) -> bool:
        """Set a few back, and say whether there are more; at rest it costs nothing.

        Raises ``StateUnavailable`` and ``StateMisfit``; it is all still to be done then.
        """
        if self._went_back_to is not None:
            self._names = self._far_ahead(self._went_back_to)
            self._went_back_to = None
        if self._names:
            with self._ledger.turn() as turn:
                for name in self._names[:_SCHEDULES_MAX]:
                    state = turn.state.schedules.get(name)
                    assert state is not None  # noqa: S101 - schedules are never taken away
                    self._set_back.mend(turn, state)
            self._names = self._names[_SCHEDULES_MAX:]
        return bool(self._names)

    def _far_ahead(self, now: datetime) -> Sequence[str]:
        with self._ledger.look() as turn:
            states = turn.schedules.all()
        # Outside of it: to work a next time out takes longer than to read it.
        return [state.schedule.name for state in states if self._set_back.is_far_ahead(state, now)]
