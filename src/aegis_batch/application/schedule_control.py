"""Schedules in people's hands: look at them, pause, resume and trigger them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aegis_batch.application.firing import Firing
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.timings import Timings
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import (
    Decision,
    Occurrence,
    Pause,
    Schedule,
    ScheduleKind,
    ScheduleState,
)

__all__ = ["ScheduleControl", "ScheduleView"]

_OCCURRENCES_MAX = 20
# Of a schedule that fires each second, more than a day.


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule with its last decisions, newest first."""

    state: ScheduleState
    occurrences: tuple[Occurrence, ...]


class ScheduleControl:
    """Changes schedules, each change with an entry in the audit."""

    def __init__(self, ledger: Ledger, timings: Timings, firing: Firing) -> None:
        """Take the ledger, what knows nominal times, and what decides about them."""
        self._ledger = ledger
        self._timings = timings
        self._firing = firing

    def sync(self, wanted: Sequence[Schedule]) -> None:
        """Make the schedules those of the settings; decided nominal times stay as they are.

        What had come by the old rule is decided by it first. A changed rule counts from now on,
        and a schedule that is no longer in the settings is retired.
        """
        with self._ledger.turn() as turn:
            known = {state.schedule.name: state for state in turn.state.schedules.all()}
            for schedule in wanted:
                self._make(turn, known.get(schedule.name), schedule)
            names = {schedule.name for schedule in wanted}
            for name, state in known.items():
                if name not in names and not state.retired:
                    left = self._decide_all(turn, state)
                    turn.state.schedules.save(replace(left, retired=True, next_at=None))

    def all(self) -> list[ScheduleState]:
        """Return all schedules that are not retired, in the order of their names."""
        with self._ledger.turn() as turn:
            return [state for state in turn.state.schedules.all() if not state.retired]

    def view(self, name: str) -> ScheduleView:
        """Return a schedule with its last decisions; ``InvalidRequest`` for an unknown name."""
        with self._ledger.turn() as turn:
            state = _get(turn, name)
            newest = turn.state.occurrences.newest(name, _OCCURRENCES_MAX)
        return ScheduleView(state, tuple(newest))

    def upcoming(self, name: str, count: int) -> list[datetime]:
        """Return the next nominal times, whether the schedule is paused or not."""
        with self._ledger.turn() as turn:
            state = _get(turn, name)
        return self._timings.upcoming(state, count)

    def pause(self, name: str, operator: str, note: str) -> None:
        """Pause a schedule: its nominal times are skipped, each with the note as its reason.

        Raises ``InvalidRequest`` where it is paused already, or the note is empty.
        """
        if not note.strip():
            raise InvalidRequest("note_missing", "The note is empty.", "Say why, with --note.")
        with self._ledger.turn() as turn:
            state = _get(turn, name)
            if state.pause is not None:
                raise InvalidRequest(
                    "paused_already",
                    f"The schedule {name} was paused by {state.pause.by}: {state.pause.note}",
                    f"Resume it first: aegis-batch schedules resume {name}",
                )
            # What has come by now still runs: the pause begins now.
            state = self._decide_all(turn, state)
            turn.state.schedules.save(replace(state, pause=Pause(operator, turn.now, note)))
            turn.state.audit.add(AuditEntry(turn.now, operator, "schedule.pause", name, note))

    def resume(self, name: str, operator: str) -> None:
        """Let a paused schedule go on; what was skipped stays skipped."""
        with self._ledger.turn() as turn:
            state = _get(turn, name)
            if state.pause is None:
                raise InvalidRequest(
                    "not_paused", f"The schedule {name} is not paused.", "Nothing needs to be done."
                )
            state = self._decide_all(turn, state)
            turn.state.schedules.save(replace(state, pause=None))
            turn.state.audit.add(AuditEntry(turn.now, operator, "schedule.resume", name, ""))

    def trigger(self, name: str, operator: str, nominal: datetime | None = None) -> RunRecord:
        """Start the schedule's job now, for now or for a nominal time that was never decided.

        A pause does not count. Raises ``InvalidRequest`` for a nominal time that was decided, is
        still to come, or is none of the schedule's, and where a run goes on that the overlap
        policy protects.
        """
        with self._ledger.turn() as turn:
            state = _get(turn, name)
            at = turn.now if nominal is None else nominal
            self._check_nominal(turn, state, at, is_now=nominal is None)
            verdict = self._firing.by_hand(turn, state, at)
            record = None
            if verdict.decision is Decision.RAN:
                verdict = replace(verdict, reason=f"{operator} triggered it")
                record = self._firing.decide(turn, state, verdict, Trigger.HAND, operator)
            if record is None:
                raise InvalidRequest(
                    "run_goes_on",
                    f"The schedule {name} can't be triggered now: {verdict.reason}.",
                    "Wait until that run has ended: aegis-batch runs",
                )
            has_come = state.next_at is not None and state.next_at <= turn.now
            if not has_come and self._firing.waits_for_end(turn, state.schedule):
                turn.state.schedules.save(replace(state, next_at=None))
            told = "now" if nominal is None else nominal.isoformat()
            turn.state.audit.add(AuditEntry(turn.now, operator, "schedule.trigger", name, told))
        return record

    def _make(self, turn: LedgerTurn, known: ScheduleState | None, schedule: Schedule) -> None:
        if known is None:
            next_at = self._timings.first(schedule.timing, turn.now)
            turn.state.schedules.save(ScheduleState(schedule, next_at))
            return
        if known.schedule == schedule and not known.retired:
            return
        if not known.retired:
            known = self._decide_all(turn, known)
        changed = replace(known, schedule=schedule, retired=False)
        if known.retired or known.schedule.timing != schedule.timing:
            # Never back before what was decided, even if the clock was set back.
            after = max(turn.now, known.decided_until or turn.now)
            waits = self._firing.waits_for_end(turn, schedule)
            first = None if waits else self._first(schedule, known, after)
            changed = replace(changed, next_at=first)
        turn.state.schedules.save(changed)

    def _decide_all(self, turn: LedgerTurn, state: ScheduleState) -> ScheduleState:
        """Decide about all that has come by the present rule; no later one would know of it."""
        # It ends, since the turn's own time stands still.
        while self._firing.fire(turn, state):
            state = turn.state.schedules.get(state.schedule.name) or state
        return state

    def _first(self, schedule: Schedule, known: ScheduleState, after: datetime) -> datetime | None:
        first = self._timings.first(schedule.timing, after)
        is_once = schedule.timing.kind is ScheduleKind.ONE_TIME
        if is_once and known.decided_until is not None and first is not None:
            return first if first > known.decided_until else None
        return first

    def _check_nominal(
        self, turn: LedgerTurn, state: ScheduleState, nominal: datetime, *, is_now: bool
    ) -> None:
        name = state.schedule.name
        decided = turn.state.occurrences.find(name, nominal)
        if decided is not None:
            raise InvalidRequest(
                "decided_already",
                f"What became of {nominal.isoformat()} is decided: {decided.decision}"
                f" ({decided.reason}).",
                f"Start the job as of now instead: aegis-batch schedules trigger {name}",
            )
        if is_now:
            return
        if nominal > turn.now or (state.next_at is not None and nominal >= state.next_at):
            raise InvalidRequest(
                "still_to_come",
                f"The nominal time {nominal.isoformat()} is not for a person to decide.",
                "The scheduler decides it when it comes, or when it is started again.",
            )
        if not self._timings.has(state, nominal):
            raise InvalidRequest(
                "no_nominal_time",
                f"The schedule {name} never fires at {nominal.isoformat()}.",
                f"See when it did: aegis-batch schedules show {name}; or start the job as of now:"
                f" aegis-batch schedules trigger {name}",
            )


def _get(turn: LedgerTurn, name: str) -> ScheduleState:
    state = turn.state.schedules.get(name)
    if state is None or state.retired:
        known = ", ".join(s.schedule.name for s in turn.state.schedules.all() if not s.retired)
        raise InvalidRequest(
            "unknown_schedule",
            f"There is no schedule {name}.",
            f"The schedules are: {known or 'none yet; serve makes them from the settings'}.",
        )
    return state
