"""Schedules in people's hands: look at them, pause, resume and trigger them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from aegis_batch.application.firing import Firing
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.schedule_sync import ScheduleSync
from aegis_batch.application.timings import Timings
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import JobKind, Trigger
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
        self._sync = ScheduleSync(ledger, timings, firing)

    def sync(self, wanted: Sequence[Schedule], go_on: Callable[[], bool] = lambda: True) -> None:
        """Make the schedules those of the settings; decided nominal times stay as they are.

        What had come by the old rule is decided by it first. A changed rule counts from now on,
        and a schedule that is no longer in the settings is retired. ``go_on`` is asked after each
        of its transactions.
        """
        self._sync.sync(wanted, go_on)

    def all(self) -> list[ScheduleState]:
        """Return all schedules that are not retired, in the order of their names."""
        with self._ledger.look() as turn:
            return [state for state in turn.schedules.all() if not state.retired]

    def view(self, name: str) -> ScheduleView:
        """Return a schedule, also one that is retired, with its last decisions.

        Raises ``InvalidRequest`` for an unknown name.
        """
        with self._ledger.look() as turn:
            state = turn.schedules.get(name) or _get(turn, name)
            newest = turn.occurrences.newest(name, _OCCURRENCES_MAX)
        return ScheduleView(state, tuple(newest))

    def upcoming(self, name: str, count: int) -> list[datetime]:
        """Return the next nominal times, whether the schedule is paused or not."""
        with self._ledger.look() as turn:
            state = _get(turn, name)
        return self._timings.upcoming(state, count)

    def pause(self, name: str, operator: str, note: str) -> None:
        """Pause a schedule: its nominal times are skipped, each with the note as its reason.

        Raises ``InvalidRequest`` where it is paused already, or the note is empty.
        """
        if not note.strip():
            raise InvalidRequest("note_missing", "The note is empty.", "Say why, with --note.")
        while not self._pause(name, operator, note):
            pass

    def resume(self, name: str, operator: str) -> None:
        """Let a paused schedule go on; what was skipped stays skipped."""
        while not self._resume(name, operator):
            pass

    def trigger(self, name: str, operator: str, nominal: datetime | None = None) -> RunRecord:
        """Start the schedule's job now, for now or for a nominal time that was never decided.

        A pause does not count. Raises ``InvalidRequest`` for a nominal time that was decided, is
        still to come, has left the catch-up window or is none of the schedule's, and where a run
        goes on that the overlap policy protects.
        """
        with self._ledger.turn() as turn:
            state = _get(turn.state, name)
            # Of now, the second: what people are shown is what they can name again.
            at = turn.now.replace(microsecond=0) if nominal is None else nominal
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

    def _pause(self, name: str, operator: str, note: str) -> bool:
        with self._ledger.turn() as turn:
            state = _get(turn.state, name)
            if state.pause is not None:
                raise InvalidRequest(
                    "paused_already",
                    f"The schedule {name} was paused by {state.pause.by}: {state.pause.note}",
                    f"Resume it first: aegis-batch schedules resume {name}",
                )
            # What has come by now still runs: the pause begins now.
            settled = self._firing.settle(turn, state)
            if settled is None:
                return False
            turn.state.schedules.save(replace(settled, pause=Pause(operator, turn.now, note)))
            turn.state.audit.add(AuditEntry(turn.now, operator, "schedule.pause", name, note))
        return True

    def _resume(self, name: str, operator: str) -> bool:
        with self._ledger.turn() as turn:
            state = _get(turn.state, name)
            if state.pause is None:
                raise InvalidRequest(
                    "not_paused", f"The schedule {name} is not paused.", "Nothing needs to be done."
                )
            settled = self._firing.settle(turn, state)
            if settled is None:
                return False
            turn.state.schedules.save(replace(settled, pause=None))
            turn.state.audit.add(AuditEntry(turn.now, operator, "schedule.resume", name, ""))
        return True

    def _check_nominal(
        self, turn: LedgerTurn, state: ScheduleState, nominal: datetime, *, is_now: bool
    ) -> None:
        name = state.schedule.name
        day = self._firing.day_if_too_old(turn, state.schedule, nominal)
        decided = turn.state.occurrences.find(name, nominal)
        if decided is not None:
            raise InvalidRequest(
                "decided_already",
                f"What became of {nominal.isoformat()} is decided: {decided.decision}"
                f" ({decided.reason}).",
                self._instead(state, day),
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
            raise _no_nominal_time(state, nominal)
        if day is not None:
            raise InvalidRequest(
                "too_old",
                f"The days of the nominal time {nominal.isoformat()} have left the catch-up window:"
                " the job would look at none of them.",
                self._instead(state, day),
            )

    def _instead(self, state: ScheduleState, day: date | None) -> str:
        """Return what to do about a nominal time; ``day`` is its day, if no job looks at that now.

        A night of now looks at the last days alone.
        """
        name = state.schedule.name
        if day is not None and state.schedule.job is JobKind.NIGHT:
            whose = " --all" if self._firing.is_for_everyone else ""
            return f"Close its day by hand: aegis-batch close{whose} --date {day}"
        return f"Start the job as of now instead: aegis-batch schedules trigger {name}"


def _no_nominal_time(state: ScheduleState, nominal: datetime) -> InvalidRequest:
    name = state.schedule.name
    as_of_now = f"start the job as of now: aegis-batch schedules trigger {name}"
    if state.schedule.timing.kind is ScheduleKind.FIXED_DELAY:
        return InvalidRequest(
            "no_nominal_time",
            f"The times of {name} are counted from the ends of its runs; none before the next one"
            f" is left to decide, and {nominal.isoformat()} was none of them.",
            f"Leave --at out to {as_of_now}",
        )
    return InvalidRequest(
        "no_nominal_time",
        f"The schedule {name} never fires at {nominal.isoformat()}.",
        f"See when it did: aegis-batch schedules show {name} (a time in UTC needs a Z at its end);"
        f" or {as_of_now}",
    )


def _get(turn: Turn, name: str) -> ScheduleState:
    state = turn.schedules.get(name)
    if state is None or state.retired:
        known = ", ".join(s.schedule.name for s in turn.schedules.all() if not s.retired)
        raise InvalidRequest(
            "unknown_schedule",
            f"There is no schedule {name}.",
            f"The schedules are: {known or 'none yet; serve makes them from the settings'}.",
        )
    return state
