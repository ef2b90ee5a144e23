"""Fires schedules: decides about each nominal time, and starts what is to run, as one step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from aegis_batch.application.expectations import Expectations
from aegis_batch.application.job_starting import JobStarting, Start, count_start, pause_over
from aegis_batch.application.ledger import Ledger, LedgerTurn, first_work_id, took_its_place
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.timings import Timings
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.firing import Going, Verdict, judge_firings
from aegis_batch.domain.job_events import OccurrenceDecided
from aegis_batch.domain.notice import NoticeKind
from aegis_batch.domain.run import CloseKey, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import (
    Decision,
    Occurrence,
    Schedule,
    ScheduleKind,
    ScheduleState,
)
from aegis_batch.domain.tenant import EVERYONE, SINGLE

__all__ = ["FireDueUseCase", "Fired", "Firing"]

_SCHEDULES_MAX = 20
_NOMINALS_MAX = 200
_GOING_MAX = 1_000
_UNDER_WAY = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.WAITING})


@dataclass(frozen=True, slots=True)
class Fired:
    """What a round of firing came to.

    ``more`` says that further schedules were due at that instant; ``next_due_at`` is when the next
    one is.
    """

    at: datetime
    decided: int
    more: bool
    next_due_at: datetime | None


class Firing:
    """Decides about nominal times within a turn."""

    def __init__(
        self,
        timings: Timings,
        identifiers: Identifiers,
        expectations: Expectations,
        tenant: str = SINGLE,
        jobs: JobStarting | None = None,
    ) -> None:
        """Take what knows nominal times, new ids, and the calendars that name a run's day.

        ``tenant`` is whose the runs are: with ``EVERYONE`` each looks after the tenants of the
        zone that its schedule goes by. ``jobs`` starts those that are defined.
        """
        self._timings = timings
        self._identifiers = identifiers
        self._expectations = expectations
        self._tenant = tenant
        self.is_for_everyone = tenant == EVERYONE
        self._jobs = jobs or JobStarting(identifiers, expectations)

    def fire(self, turn: LedgerTurn, state: ScheduleState) -> int:
        """Decide about all nominal times of a schedule that have come, up to a limit; count them.

        The decisions, the runs that start and the move to the next time are in the same turn. A
        nominal time that was decided before, whatever brought it back, is not decided again.
        """
        come, following = self._timings.come(state, turn.now, _NOMINALS_MAX)
        if not come:
            return 0
        name = state.schedule.name
        nominals = [each for each in come if turn.state.occurrences.find(name, each) is None]
        going = self._going(turn, state)
        more_follow = following is not None and following <= turn.now
        definition = self._jobs.definition_of(turn.state, state.schedule)
        pause = state.pause or pause_over(turn.state, definition)
        verdicts = judge_firings(
            replace(state, pause=pause),
            nominals,
            turn.now,
            going,
            more_follow=more_follow,
            days_from=self._expected(state.schedule).oldest_nominal(turn.now),
        )
        if definition is not None:
            verdicts = [self._jobs.judged(turn, definition, verdict) for verdict in verdicts]
        for verdict in verdicts:
            self.decide(turn, state, verdict, Trigger.SCHEDULE, "scheduler")
        if not _is_told(turn, state, verdicts):
            _announce_missed(turn, state, verdicts, more_follow=more_follow)
        ran = any(verdict.decision is Decision.RAN for verdict in verdicts)
        if (ran or going.under_way) and _counts_from_end(state.schedule):
            following = None
        turn.state.schedules.save(replace(state, next_at=following, decided_until=come[-1]))
        return len(come)

    def waits_for_end(self, turn: LedgerTurn, schedule: Schedule) -> bool:
        """Say whether the end of a run that goes on is what the next nominal time counts from."""
        wanted = RunFilter(schedule=schedule.name, states=_UNDER_WAY)
        return _counts_from_end(schedule) and bool(turn.state.runs.search(wanted, 1))

    def by_hand(self, turn: LedgerTurn, state: ScheduleState, nominal: datetime) -> Verdict:
        """Return what a firing by hand would come to: overlap counts, a pause does not."""
        unpaused = replace(state, pause=None)
        going = self._going(turn, state)
        schedule = replace(
            unpaused.schedule, catch_up=max(unpaused.schedule.catch_up, turn.now - nominal)
        )
        return judge_firings(replace(unpaused, schedule=schedule), [nominal], turn.now, going)[0]

    def day_if_too_old(
        self, turn: LedgerTurn, schedule: Schedule, nominal: datetime
    ) -> date | None:
        """Return the day of a schedule's nominal time, where that has left the catch-up window."""
        expected = self._expected(schedule)
        if nominal >= expected.oldest_nominal(turn.now):
            return None
        return expected.newest_day(nominal)

    def settle(self, turn: LedgerTurn, state: ScheduleState) -> ScheduleState | None:
        """Decide about a number of times that have come, and return the schedule after the last.

        ``None`` says that more have come: commit, and settle the rest in another turn.
        """
        self.fire(turn, state)
        left = turn.state.schedules.get(state.schedule.name) or state
        has_more = left.next_at is not None and left.next_at <= turn.now
        return None if has_more else left

    def decide(
        self,
        turn: LedgerTurn,
        state: ScheduleState,
        verdict: Verdict,
        trigger: Trigger,
        requested_by: str,
    ) -> RunRecord | None:
        """Keep a decision, and start the run of a nominal time that is to run."""
        record = None
        if verdict.decision is Decision.RAN:
            if verdict.cancels:
                self._cancel_others(turn, state, verdict.nominal)
            record = self._record(turn, state, verdict, trigger, requested_by)
            turn.dispatch(record)
            count_start(
                turn.state, state.schedule.name if record.task is None else record.task.job_name
            )
        occurrence = Occurrence(
            schedule=state.schedule.name,
            nominal=verdict.nominal,
            decided_at=turn.now,
            decision=verdict.decision,
            reason=verdict.reason,
            run_id=None if record is None else record.id,
        )
        turn.state.occurrences.add(occurrence)
        turn.tell(
            OccurrenceDecided(
                at=turn.now,
                schedule=occurrence.schedule,
                nominal=occurrence.nominal,
                decision=occurrence.decision,
                reason=occurrence.reason,
                run_id=occurrence.run_id,
            )
        )
        return record

    def _record(
        self,
        turn: LedgerTurn,
        state: ScheduleState,
        verdict: Verdict,
        trigger: Trigger,
        requested_by: str,
    ) -> RunRecord:
        due_at = turn.now
        if trigger is not Trigger.HAND:
            # Whoever starts it by hand wants it now.
            due_at = max(due_at, verdict.nominal + state.schedule.jitter(verdict.nominal))
        definition = self._jobs.definition_of(turn.state, state.schedule)
        if definition is not None:
            start = Start(
                trigger=trigger,
                requested_by=requested_by,
                due_at=due_at,
                nominal=verdict.nominal,
                is_held=verdict.is_held,
            )
            return self._jobs.record(turn, definition, start)
        run_id = self._identifiers.new_run_id()
        day = self._expected(state.schedule).newest_day(verdict.nominal)
        return RunRecord(
            id=run_id,
            trace_id=self._identifiers.new_trace_id(),
            job=state.schedule.job,
            key=CloseKey(self._tenant, Period(PeriodKind.DAY, day)),
            trigger=trigger,
            requested_by=requested_by,
            state=RunState.HELD if verdict.is_held else RunState.QUEUED,
            work_id=first_work_id(run_id),
            enqueued_at=turn.now,
            due_at=due_at,
            nominal=verdict.nominal,
            schedule=state.schedule.name,
            zone_name=self._zone_name(state.schedule),
        )

    def _expected(self, schedule: Schedule) -> Expectation:
        return self._expectations.of(self._zone_name(schedule))

    def _zone_name(self, schedule: Schedule) -> str | None:
        """Return the zone whose tenants a schedule is for; ``None``: the deployment's own."""
        zone_name = schedule.timing.zone
        own = self._expectations.own.calendar.zone_name
        return None if self._tenant != EVERYONE or zone_name == own else zone_name

    def _going(self, turn: LedgerTurn, state: ScheduleState) -> Going:
        name = state.schedule.name

        def count(states: frozenset[RunState]) -> int:
            found = turn.state.runs.search(RunFilter(schedule=name, states=states), _GOING_MAX)
            return len(found)

        return Going(count(_UNDER_WAY), count(frozenset({RunState.HELD})))

    def _cancel_others(self, turn: LedgerTurn, state: ScheduleState, nominal: datetime) -> None:
        others = turn.state.runs.search(
            RunFilter(schedule=state.schedule.name, states=_UNDER_WAY | {RunState.HELD}), _GOING_MAX
        )
        for other in others:
            if other.state is RunState.RUNNING:
                # It can't be broken off; the attempt under way is its last.
                turn.state.runs.save(replace(other, cancel_requested=True))
                continue
            turn.state.work.withdraw(other.work_id)
            turn.cancel(other, took_its_place(nominal))


class FireDueUseCase:
    """Fires every schedule whose time has come."""

    def __init__(self, ledger: Ledger, firing: Firing) -> None:
        """Take the ledger, and what decides."""
        self._ledger = ledger
        self._firing = firing

    def fire(self) -> Fired:
        """Fire a number of schedules that are due; call again at once where there are more."""
        with self._ledger.turn() as turn:
            due: Sequence[ScheduleState] = turn.state.schedules.due(turn.now, _SCHEDULES_MAX)
            decided = sum(self._firing.fire(turn, state) for state in due)
            next_due_at = turn.state.schedules.next_due_at()
            more = next_due_at is not None and next_due_at <= turn.now
        return Fired(turn.now, decided, more, next_due_at)


def _counts_from_end(schedule: Schedule) -> bool:
    return schedule.timing.kind is ScheduleKind.FIXED_DELAY


def _is_told(turn: LedgerTurn, state: ScheduleState, verdicts: Sequence[Verdict]) -> bool:
    """Say whether the times before these were missed in the same outage, and so told."""
    if state.decided_until is None or not verdicts:
        return False
    before = turn.state.occurrences.find(state.schedule.name, state.decided_until)
    # What had come when the one before it was decided was left to a later turn.
    return (
        before is not None
        and before.decision is Decision.MISSED
        and verdicts[0].nominal <= before.decided_at
    )


def _announce_missed(
    turn: LedgerTurn, state: ScheduleState, verdicts: Sequence[Verdict], *, more_follow: bool
) -> None:
    missed = [v.nominal for v in verdicts if v.decision is Decision.MISSED]
    if not missed:
        return
    name = state.schedule.name
    and_on = more_follow and verdicts[-1].decision is Decision.MISSED
    turn.announce(
        NoticeKind.MESSAGE,
        key=f"missed:{name}:{missed[0].isoformat()}",
        event=OccurrenceDecided.name,
        text=f"Schedule {name}: {_told(missed, and_on=and_on)}, since nobody was there to start"
        f" what was due. See: aegis-batch schedules show {name}",
    )


def _told(missed: Sequence[datetime], *, and_on: bool) -> str:
    first, last = missed[0].isoformat(), missed[-1].isoformat()
    if and_on:
        return f"at least {len(missed)} firings from {first} on were missed"
    if len(missed) == 1:
        return f"the firing at {first} was missed"
    return f"{len(missed)} firings from {first} to {last} were missed"
