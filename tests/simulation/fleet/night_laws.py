"""The laws of nights: each fires once a zone, leaves no tenant out, and is told as it was."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.events import Event
from aegis_batch.domain.notice import Notice, NoticeKind
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import Decision, Occurrence, Schedule
from aegis_batch.domain.tenant import EVERYONE
from aegis_batch.domain.tenant_events import TenantsCounted
from tests.simulation.fleet.mall import CATCH_UP, Mall
from tests.simulation.fleet.stage import Life
from tests.simulation.law import BrokenLawError
from tests.simulation.watched_state import Changes

__all__ = ["NightLaws"]

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_COUNTS = (JobKind.DEADLINE, JobKind.COMPLETENESS)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A job that looks at all tenants of a zone, as things were when it was begun first."""

    at: datetime
    closed: frozenset[CloseKey]


class NightLaws:
    """Knows what was decided, what is closed, and when each tenant was seen first."""

    def __init__(
        self,
        mall: Mall,
        schedules: list[Schedule],
        backend: InMemoryReportGateway,
        now: Callable[[], datetime],
        reached: Callable[[str], None],
    ) -> None:
        """Take the mall, its schedules, the Backend itself, and the clock."""
        self._mall = mall
        self._schedules = {schedule.name: schedule for schedule in schedules}
        self._backend = backend
        self._now = now
        self._reached = reached
        self.closed: set[CloseKey] = set()
        self._dead: dict[CloseKey, str] = {}
        self._decided: dict[tuple[str, datetime], Occurrence] = {}
        self._first_days: dict[str, date] = {}
        self._nights: dict[str, RunRecord] = {}
        self._zones: dict[str, str | None] = {}
        self._begun: dict[str, _Begun] = {}
        # By process and zone: the counts whose figures have not been told yet.
        self._counting: dict[tuple[str, str | None], list[RunRecord]] = {}

    def of_commit(self, life: Life, changes: Changes) -> None:
        """Hold a commit against what may be."""
        for tenant, day in changes.first_days.items():
            self._of_a_first_day(tenant, day)
        added = {after.id: after for before, after in changes.runs if before is None}
        for occurrence in changes.occurrences:
            self._of_a_decision(occurrence, added)
        for before, after in changes.runs:
            self._of_a_run(life, before, after)
        for letter in changes.letters:
            if letter.state == "open":
                self._dead[letter.key] = letter.problem.code
            else:
                self._dead.pop(letter.key, None)
        for notice in changes.notices:
            self._of_a_notice(notice, changes)

    def of_an_event(self, life: Life, event: Event) -> None:
        """What is counted is between what was at the beginning of the count and at its end."""
        if not isinstance(event, TenantsCounted):
            return
        counts = self._counting.pop((life.name, event.zone), [])
        wrong = [how for how in (self._how_wrong(count, event) for count in counts) if how]
        if len(wrong) == len(counts) > 0:
            raise BrokenLawError(wrong[0])
        self._reached("night: counted")

    def _how_wrong(self, count: RunRecord, told: TenantsCounted) -> str | None:
        begun = self._begun[count.id]
        least, most = self._surely(count, begun), self._perhaps(count, begun)
        if not len(least) <= told.expected <= len(most):
            return f"{told.expected} days are told to be expected: {len(least)} to {len(most)} are"
        fewest, greatest = len(least & begun.closed), len(most & self.closed)
        if not fewest <= told.closed <= greatest:
            return f"{told.closed} days are told to be closed, and {fewest} to {greatest} are"
        if told.missing != told.expected - told.closed:
            return f"it is told that so many are missing: {told}"
        return None

    def of_calm(self, since: datetime) -> None:
        """All that has come is decided, and every day that was expected is accounted for."""
        now = self._now()
        for name, schedule in self._schedules.items():
            oracle = self._mall.oracle(self._zone_of(schedule))
            until = now - 2 * _HOUR
            nominals = oracle.nominals(schedule.timing, self._mall.begin, self._mall.begin, until)
            for nominal in nominals:
                if (name, nominal) not in self._decided:
                    raise BrokenLawError(f"{name}: nobody has decided about {nominal}")
        for zone in self._mall.zones:
            self._of_a_zone(zone, since, now)

    def _of_a_zone(self, zone: str | None, since: datetime, now: datetime) -> None:
        nights = [night for night in self._nights.values() if night.zone_name == zone]
        ended = [night.nominal or night.enqueued_at for night in nights]
        nominal = max((each for each in ended if each < since), default=None)
        if nominal is None:
            return
        for key in self._days(zone, nominal, now, nominal - _HOUR, now):
            if key in self.closed and key in self._backend.stored:
                self._reached("day: closed")
            elif self._dead.get(key) == "conflict":
                self._reached("day: in conflict")
            else:
                raise BrokenLawError(f"{key} was expected by the night of {nominal}, and is left")

    def _of_a_first_day(self, tenant: str, day: date) -> None:
        if self._first_days.setdefault(tenant, day) != day:
            raise BrokenLawError(f"the first day of {tenant} has moved to {day}")
        oracle = self._mall.oracle_of(tenant)
        if oracle.end_of(day) > self._now():
            raise BrokenLawError(f"{tenant} is closed from {day} on, which has not ended")

    def _of_a_decision(self, occurrence: Occurrence, added: dict[str, RunRecord]) -> None:
        at = occurrence.schedule, occurrence.nominal
        if at in self._decided:
            raise BrokenLawError(f"{at} is decided twice")
        self._decided[at] = occurrence
        self._reached(f"decision: {occurrence.decision}")
        if occurrence.decision is not Decision.RAN:
            return
        run = added.get(occurrence.run_id or "")
        if run is None or run.nominal != occurrence.nominal or run.key.tenant != EVERYONE:
            raise BrokenLawError(f"{at} has no run of its own: {run}")
        zone = self._zone_of(self._schedules[occurrence.schedule])
        if run.zone_name != zone:
            raise BrokenLawError(f"{at} is of {zone}, and its run of {run.zone_name}")

    def _of_a_run(self, life: Life, before: RunRecord | None, after: RunRecord) -> None:
        is_new_state = before is None or before.state is not after.state
        if after.job is JobKind.CLOSE:
            if after.state is RunState.SUCCEEDED:
                self.closed.add(after.key)
            if before is None and after.trigger is Trigger.NIGHT:
                self._of_a_close(after)
            return
        if after.job in _COUNTS and after.state is RunState.RUNNING:
            # Begun anew by another it counts from the beginning.
            self._begun[after.id] = _Begun(self._now(), frozenset(self.closed))
        if after.job in _COUNTS and after.state is RunState.SUCCEEDED and is_new_state:
            self._counting.setdefault((life.name, after.zone_name), []).append(after)
        if before is None and after.replay_of is not None:
            self._of_a_replay(after)
        self._zones[after.id] = after.zone_name
        if after.job is JobKind.NIGHT and after.state is RunState.SUCCEEDED:
            self._nights[after.id] = after

    def _of_a_replay(self, after: RunRecord) -> None:
        zone = self._zones.get(after.replay_of or "", after.zone_name)
        if after.zone_name != zone:
            raise BrokenLawError(f"{after.replay_of} was of {zone}, and its replay is another's")

    def _of_a_close(self, close: RunRecord) -> None:
        """A night dispatches what has ended, of the tenants of its zone that it knows."""
        oracle, day = self._mall.oracle_of(close.key.tenant), close.key.period.first_day
        if oracle.end_of(day) > self._now():
            raise BrokenLawError(f"{close.key} is dispatched before its end")
        if close.key in self._dead:
            raise BrokenLawError(f"{close.key} has a dead letter, and is dispatched")
        if day < self._first_day_of(close.key.tenant):
            raise BrokenLawError(f"{close.key} is from before the tenant was there")

    def _of_a_notice(self, notice: Notice, changes: Changes) -> None:
        if notice.kind is not NoticeKind.NIGHT_COMPLETE:
            return
        counts = [run for _, run in changes.runs if run.job in _COUNTS]
        if not counts:
            raise BrokenLawError("a night is called complete, and nobody has counted")
        for count in counts:
            begun = self._begun[count.id]
            left = self._surely(count, begun) - self.closed
            if left:
                raise BrokenLawError(f"a night is called complete without {sorted(map(str, left))}")
        self._reached("night: complete")

    def _surely(self, count: RunRecord, begun: _Begun) -> set[CloseKey]:
        """Return the days that a count is about of who was there all the time."""
        now = self._now()
        nominal = count.nominal or count.enqueued_at
        return set(self._days(count.zone_name, nominal, now, begun.at, now))

    def _perhaps(self, count: RunRecord, begun: _Begun) -> set[CloseKey]:
        """Return all the days that a count may be about."""
        return set(self._days(count.zone_name, self._now(), begun.at, None, self._now()))

    def _days(
        self,
        zone: str | None,
        nominal: datetime,
        looked_from: datetime,
        since: datetime | None,
        until: datetime,
    ) -> list[CloseKey]:
        oracle = self._mall.oracle(zone)
        keys = []
        day = oracle.day_of(nominal)
        while oracle.end_of(day) > looked_from - CATCH_UP:
            if oracle.end_of(day) <= nominal:
                keys += self._of_day(zone, day, since, until)
            day -= _DAY
        return keys

    def _of_day(
        self, zone: str | None, day: date, since: datetime | None, now: datetime
    ) -> list[CloseKey]:
        return [
            CloseKey(member.tenant.id, Period(PeriodKind.DAY, day))
            for member in self._mall.members.values()
            if member.tenant.zone_name == zone
            and (member.is_in(since, now) if since is not None else member.joins_at <= now)
            and day >= self._first_day_of(member.tenant.id)
        ]

    def _first_day_of(self, tenant: str) -> date:
        closes_from = self._mall.members[tenant].tenant.closes_from
        return closes_from or self._first_days.get(tenant, date.max)

    def _zone_of(self, schedule: Schedule) -> str | None:
        _, _, zone = schedule.name.partition("@")
        return zone or None
