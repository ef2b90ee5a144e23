"""Sets schedules back that only a clock far ahead can have brought to where they stand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.timings import AHEAD_MAX, Timings
from aegis_batch.application.work_set_back import WorkSetBack
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.events import ScheduleSetBack
from aegis_batch.domain.notice import NoticeKind
from aegis_batch.domain.schedule import Occurrence, ScheduleKind, ScheduleState

__all__ = ["SetBack", "SetBackUseCase"]

# In one transaction; each of them may look up or withdraw some hundred decisions in it.
_SCHEDULES_MAX = 20
_WITHDRAWN_MAX = 500
_OPERATOR = "aegis-batch"


class SetBack:
    """Sets schedules back, within a turn.

    What a clock far ahead decided about times that are still to come is void: each of them is
    decided when it comes. What was decided about a time that lies in the past stays decided.
    """

    def __init__(self, timings: Timings) -> None:
        """Take what knows nominal times."""
        self._timings = timings

    def is_far_ahead(self, state: ScheduleState, now: datetime) -> bool:
        """Say whether a schedule may stand far after where its rule has it now."""
        # Asked of all schedules: nearly all of them are answered for by these comparisons.
        if state.decided_until is not None and state.decided_until > now:
            return True
        if state.next_at is None or state.next_at <= now + AHEAD_MAX:
            return False
        by_rule = self._timings.first(state.schedule.timing, now)
        return by_rule is not None and state.next_at - by_rule > AHEAD_MAX

    def mend(self, turn: LedgerTurn, state: ScheduleState) -> ScheduleState | None:
        """Set a schedule back where it stands far ahead, tell of it, and return it.

        ``None`` says that more decisions are to be withdrawn: commit, and go on in another turn.
        """
        if not self.is_far_ahead(state, turn.now):
            return state
        before, name = state, state.schedule.name
        void: Sequence[Occurrence] = ()
        if _was_decided_far_ahead(turn, name):
            void = turn.state.occurrences.withdraw(name, turn.now, _WITHDRAWN_MAX)
            state = replace(state, decided_until=_newest(turn, state))
        next_at = self._next_at(turn, state)
        is_done = len(void) < _WITHDRAWN_MAX
        if not is_done:
            # Those before it are decided still.
            next_at = void[-1].nominal
        back = replace(state, next_at=None if state.retired else next_at)
        if back == before:
            # It is where it belongs: its rule fires seldom, and has fired for this time already.
            return before
        turn.state.schedules.save(back)
        _tell(turn, before, back, void)
        return back if is_done else None

    def next_at(self, turn: LedgerTurn, state: ScheduleState) -> datetime | None:
        """Return the first time of a rule from now on that was not decided."""
        timing = state.schedule.timing
        return self._undecided(turn, state, self._timings.first(timing, _after(turn, state)))

    def _next_at(self, turn: LedgerTurn, state: ScheduleState) -> datetime | None:
        """Return the same, of a rule that has not changed."""
        is_waiting = state.schedule.timing.kind is ScheduleKind.FIXED_DELAY
        if is_waiting and state.next_at is None:
            return None
        return self._undecided(turn, state, self._timings.again(state, _after(turn, state)))

    def _undecided(
        self, turn: LedgerTurn, state: ScheduleState, nominal: datetime | None
    ) -> datetime | None:
        # It ends: only so many times have been decided.
        while nominal and turn.state.occurrences.find(state.schedule.name, nominal) is not None:
            nominal = self._timings.following(state.schedule.timing, nominal)
        return nominal


class SetBackUseCase:
    """Sets back, a few at a time, all that lies far ahead, once it was told to begin.

    At its start it looks at what waits for a moment far ahead, whatever clock it was made by.
    """

    def __init__(self, ledger: Ledger, set_back: SetBack, work: WorkSetBack) -> None:
        """Take the ledger, what sets schedules back, and what does so with their work."""
        self._ledger = ledger
        self._set_back = set_back
        self._work = work
        # What is still to be set back, and since when it is yet to be found out what else is.
        self._names: Sequence[str] = ()
        self._went_back_to: datetime | None = None
        self._work_is_left = True

    def begin(self, now: datetime) -> None:
        """Have everything looked at, since the clock was seen to go back, to an instant."""
        self._went_back_to = now

    def go_on(self) -> bool:
        """Set a few back, and say whether there are more; at rest it costs nothing.

        Raises ``StateUnavailable`` and ``StateMisfit``; it is all still to be done then.
        """
        if self._went_back_to is not None:
            self._names = self._far_ahead(self._went_back_to)
            self._went_back_to = None
            self._work_is_left = True
        if self._names:
            left = self._mend(self._names[:_SCHEDULES_MAX])
            self._names = [*left, *self._names[_SCHEDULES_MAX:]]
        if self._work_is_left and not self._names:
            # After the schedules, since it is their decisions that are void.
            with self._ledger.turn() as turn:
                is_left = self._work.mend(turn)
            self._work_is_left = is_left
        return bool(self._names) or self._work_is_left

    def _mend(self, names: Sequence[str]) -> list[str]:
        """Set schedules back in one turn, and return those that are not done with it."""
        with self._ledger.turn() as turn:
            left = []
            for name in names:
                state = turn.state.schedules.get(name)
                assert state is not None  # noqa: S101 - schedules are never taken away
                if self._set_back.mend(turn, state) is None:
                    left.append(name)
        return left

    def _far_ahead(self, now: datetime) -> Sequence[str]:
        with self._ledger.look() as turn:
            states = [state for state in turn.schedules.all() if not state.retired]
        # Outside of it: to work a next time out takes longer than to read it.
        return [state.schedule.name for state in states if self._set_back.is_far_ahead(state, now)]


def _was_decided_far_ahead(turn: LedgerTurn, schedule: str) -> bool:
    newest = turn.state.occurrences.newest(schedule, 1)
    return bool(newest) and newest[0].decided_at > turn.now + AHEAD_MAX


def _after(turn: LedgerTurn, state: ScheduleState) -> datetime:
    # Never back before what was decided, if the clock was set back a little.
    return turn.now if state.decided_until is None else max(turn.now, state.decided_until)


def _newest(turn: LedgerTurn, state: ScheduleState) -> datetime | None:
    newest = turn.state.occurrences.newest(state.schedule.name, 1)
    return newest[0].nominal if newest else None


def _tell(
    turn: LedgerTurn, before: ScheduleState, after: ScheduleState, void: Sequence[Occurrence]
) -> None:
    name = before.schedule.name
    turn.tell(
        ScheduleSetBack(
            at=turn.now,
            schedule=name,
            was_at=before.next_at,
            next_at=after.next_at,
            withdrawn=len(void),
        )
    )
    told = "a next time was set by a clock that was far ahead"
    if void:
        first, last = void[-1].nominal.isoformat(), void[0].nominal.isoformat()
        told = f"void, since a clock far ahead made them: {len(void)} decisions, {first} to {last}"
    turn.state.audit.add(AuditEntry(turn.now, _OPERATOR, ScheduleSetBack.name, name, told))
    turn.announce(
        NoticeKind.MESSAGE,
        # A word a day: it is one clock, however many schedules went by it.
        key=f"set_back:{turn.now.date()}",
        event=ScheduleSetBack.name,
        text=f"The clock was far ahead, and schedules are set back ({name}: {told}); what was"
        " decided about times to come is decided when they come. See: aegis-batch audit."
        " Look whether a day was closed before its end: aegis-batch runs",
    )
