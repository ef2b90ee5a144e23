"""Drives the program through days and nights of a world in which everything goes wrong."""

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from functools import cache
from typing import cast

from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.ports.work_queue import BACKFILL
from aegis_batch.domain.backfill import Reprocess
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.events import Event
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.seal import Versions
from tests.simulation.law import BrokenLawError
from tests.simulation.laws import Laws
from tests.simulation.oracle import Oracle
from tests.simulation.orders import ShopOrders
from tests.simulation.people import People
from tests.simulation.plan import Plan, ProcessDiedError
from tests.simulation.ports_inside import (
    FaultyClock,
    FaultyIdentifiers,
    FaultyMeter,
    FaultyPulse,
    FaultyQueue,
    FaultySink,
)
from tests.simulation.ports_outside import FaultyGateway, FaultyNotifier, FaultyOrders, Outside
from tests.simulation.program import Ports, Program
from tests.simulation.snapshots import Snapshots
from tests.simulation.watched_state import FaultyState
from tests.simulation.weather import Weather
from tests.simulation.world import CATCH_UP, World

__all__ = ["Record", "Simulation"]

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
# A morning without trouble lasts so long, and people look again after a while.
_MORNING = 2 * _HOUR
_SECOND_LOOK = 40 * _MINUTE
_STEPS_A_DAY_MAX = 3_000


@cache
def _names_of(kind: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cast("type[Event]", kind)))


@dataclass(slots=True)
class Record:
    """What happened: the digest of all events, and how often what was reached."""

    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    reached: Counter[str] = field(default_factory=Counter)
    show: Callable[[str], None] | None = None

    def line(self, text: str) -> None:
        """Take a line."""
        self.digest.update(text.encode() + b"\n")
        if self.show is not None:
            self.show(text)

    def event(self, event: Event) -> None:
        """Take an event."""
        told = " ".join(
            f"{name}={value.id if name == 'run' else value}"
            for name in _names_of(cast("Hashable", type(event)))
            if (value := getattr(event, name)) is not None
        )
        self.line(f"{event.name} {told}")

    def reach(self, what: str) -> None:
        """Note that something was reached."""
        self.reached[what] += 1


class Simulation:
    """One world, one seed, so many days; each day has a morning in which people look after all."""

    def __init__(self, seed: int, days: int, *, show: Callable[[str], None] | None = None) -> None:
        """Take the seed, from which everything follows, and the number of days.

        ``show`` gets a line for all that happens.
        """
        self.record = record = Record(show=show)
        self._plan = plan = Plan(seed)
        self._world = world = World.of(plan.random)
        self.clock = clock = InMemoryClock(world.begin)
        self._days = days
        self._end = world.begin + days * _DAY
        self._oracle = Oracle(world.zone, world.first_day, CATCH_UP)
        self._queue = InMemoryWorkQueue()
        self._backend = InMemoryReportGateway()
        self._state = InMemoryState(self._queue, clock.now)
        self._is_beside = False
        self._laws = laws = Laws(
            self._oracle,
            self._backend,
            self._queue,
            self._state,
            Snapshots(self._oracle, lambda: self._is_beside),
            clock.now,
            record.reach,
        )
        laws.verification.can_find = world.can_find
        laws.verification.first_day = world.first_day
        self._shop = ShopOrders(
            plan.random, world.zone, world.first_day, days, record.reach, laws.is_stored
        )
        calendar = Calendar(world.zone, world.zone_name)
        self._expectation = Expectation(calendar, CATCH_UP, close_from=world.first_day)
        self._policy = ReportPolicy(InMemoryCalendars(calendar), Rules(), Versions("0", "0", "0"))
        self._ports = self._make_ports(seed)
        self._people = People(
            plan, self._shop, self._ports.identifiers, self._new_program, laws, record.reach
        )
        self._schedules = list(world.schedules)
        self._weather = Weather(plan, record.reach, world.begin)
        self._program: Program | None = None
        self._starts_at = world.begin
        self._morning = world.begin + _DAY
        self._second_look: datetime | None = None
        self._morning_end: datetime | None = None

    @property
    def true_now(self) -> datetime:
        """The instant it really is, whatever the clock on the wall says."""
        return self._world.begin + timedelta(seconds=self.clock.monotonic_seconds())

    def run(self) -> Record:
        """Let all days pass; raises ``BrokenLawError``."""
        steps = 0
        while self.true_now < self._end:
            steps += 1
            if steps > self._days * _STEPS_A_DAY_MAX:
                raise BrokenLawError("it goes on and on without getting anywhere")
            self._shop.let_arrive(self.true_now)
            self._have_weather()
            self._live()
            if self._morning_end is not None and self.true_now >= self._morning_end:
                self._end_morning()
            self._pass_time()
        self._judge()
        self.record.reached.update(self._plan.struck)
        return self.record

    def _make_ports(self, seed: int) -> Ports:
        plan, clock, record, laws = self._plan, self.clock, self.record, self._laws
        outside = Outside(plan, clock, self._meanwhile)
        self._gateway = FaultyGateway(outside, self._backend, laws, can_find=self._world.can_find)
        self._engine = FaultyQueue(plan, self._queue, record.reach)
        return Ports(
            clock=FaultyClock(plan, clock),
            state=FaultyState(self._state, plan, clock, laws.committed, self._meanwhile),
            queue=self._engine,
            orders=FaultyOrders(outside, self._shop, laws),
            reports=self._gateway,
            notifier=FaultyNotifier(outside, InMemoryNotifier(), laws),
            metrics=FaultySink(plan, record.event),
            identifiers=FaultyIdentifiers(plan, InMemoryIdentifiers(seed % 2**32)),
            pulse=FaultyPulse(plan, InMemoryPulse(self._state)),
            meter=FaultyMeter(plan),
            pause=self._meanwhile,
        )

    def _new_program(self) -> Program:
        return Program(self._ports, self._policy, self._expectation)

    # The world's own doings

    def _have_weather(self) -> None:
        """Whatever comes from outside: outages, stops, jumping clocks, people."""
        now = self.true_now
        if now >= self._morning:
            self._begin_morning(now)
        if self._second_look is not None and now >= self._second_look:
            self._second_look = None
            self._people.look_after_all()
        if not self._plan.is_calm:
            whim = self._weather.whim(now)
            if whim is not None:
                self.record.line(f"{now.isoformat()} {whim}")
                self._give_way(whim, now)
            if self._laws.a_close_is_broken_off():
                self._weather.strike_a_restart(now)
            if self._laws.a_night_is_queued() and self._plan.chance(0.1):
                self._plan_a_backfill()
            if self._laws.a_night_is_queued() and self._weather.strike_a_queued_night(now):
                self._give_way("kill", now)
        self._gateway.is_down = self._weather.backend_is_down(now)
        self._engine.is_broken = self._weather.engine_is_broken(now)
        offset = self._weather.clock_offset(now)
        if self.clock.now() - now != offset:
            self.clock.set(now + offset)

    def _give_way(self, whim: str, now: datetime) -> None:
        """Do what a whim wants that is more than weather."""
        if whim in ("stop", "kill", "long stop", "deploy"):
            if whim == "deploy":
                self._schedules = self._world.after_deploy(self._plan.random, self._schedules)
            if whim == "stop" and self._program is not None:
                self._guarded(self._program.stop)
            self._program = None
            self._starts_at = max(self._starts_at, self._weather.stopped_until)
        elif whim == "pause":
            self._people.pause()
        elif whim == "trigger":
            self._people.trigger(self._plan.random.choice(self._schedules).name)
        elif whim in ("close by hand", "dry run"):
            self._people.close(self._day_back(1, 3), dry_run=whim == "dry run")
        else:
            self._let_people(whim, now)

    def _let_people(self, whim: str, now: datetime) -> None:
        """Let people do what looks back at what was closed."""
        if whim in ("week by hand", "month by hand"):
            kind = PeriodKind.WEEK if whim == "week by hand" else PeriodKind.MONTH
            this = Period.holding(kind, self._oracle.day_of(now))
            self._people.close(this.first_day - _DAY, kind, rebuild=self._plan.chance(0.2))
        elif whim == "rebuild":
            self._people.close(self._day_back(1, 10), rebuild=True)
        elif whim == "verify":
            last, first = self._day_back(0, 3), self._day_back(3, 12)
            kinds, parts = (PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH), (5, 2, 1)
            self._people.verify(first, last, self._plan.random.choices(kinds, parts)[0])

        elif whim == "audit":
            self._people.audit()
        elif whim == "backfill":
            self._plan_a_backfill()

    def _plan_a_backfill(self) -> None:
        random = self._plan.random
        kind = random.choices((PeriodKind.DAY, PeriodKind.WEEK), (6, 1))[0]
        last = self._day_back(1, 1) if kind is PeriodKind.DAY else self._day_back(7, 10)
        first = min(self._day_back(2, 12), last)
        if self._plan.chance(0.5):
            # What was before anything was closed by itself.
            last = self._world.first_day - random.randint(7, 60) * _DAY
            first = last - random.randint(2, 10) * _DAY
        request = BackfillRequest(
            first_day=first,
            last_day=last,
            kind=kind,
            reprocess=random.choice(tuple(Reprocess)),
            newest_first=self._plan.chance(0.3),
            max_active=random.choice((1, 1, 2, 3)),
        )
        self._people.backfill(request)

    def _day_back(self, nearest: int, farthest: int) -> date:
        """Return a day so many days ago, none before the first."""
        back = self._plan.random.randint(nearest, farthest)
        return max(self._oracle.day_of(self.true_now) - back * _DAY, self._world.first_day)

    def _begin_morning(self, now: datetime) -> None:
        self._morning += _DAY
        if self._weather.is_fair(now):
            self.record.reach("morning: fair")
            self._plan.is_calm = self._shop.is_watched = True
            self._starts_at = min(self._starts_at, now)
            self._second_look = now + _SECOND_LOOK
            self._morning_end = now + _MORNING
        else:
            self.record.reach("morning: in trouble")
        self._people.look_after_all()

    def _end_morning(self) -> None:
        """Hold what must be true when nothing has gone wrong for hours."""
        now = self.true_now
        self._morning_end = None
        self._laws.of_calm(_MORNING)
        nightly = self._world.schedules[0].timing
        begun = self._laws.firing.known_since("daily-close")
        nights = self._oracle.nominals(nightly, begun, max(begun, now - 3 * _DAY), now - _MORNING)
        if nights:
            owed = self._oracle.days_due(nights[-1], now)
            left = [day for day in owed if day not in self._closed_days(owed)]
            if left:
                raise BrokenLawError(f"never closed, though nothing kept it: {left}")
        self._plan.is_calm = self._shop.is_watched = False

    def _closed_days(self, days: list[date]) -> set[date]:
        wanted = set(days)
        return {
            key.period.first_day
            for key in self._backend.stored
            if key.period.kind is PeriodKind.DAY and key.period.first_day in wanted
        }

    # The program's life

    def _live(self) -> None:
        if self._program is None and self.true_now >= self._starts_at:
            self._guarded(self._boot)
        if self._program is not None:
            self._guarded(self._beat)

    def _boot(self) -> None:
        program = self._new_program()
        program.start(self._schedules)
        self._program = program

    def _beat(self) -> None:
        program = self._program
        if program is None:
            return
        program.heart.beat()
        self._work()
        try:
            program.deliver.deliver()
        except (ProcessDiedError, StateUnavailable):
            self._laws.word.sending_was_broken_off()
            raise

    def _work(self) -> None:
        if not self._is_beside:
            self._laws.backfills.taken_at = self.clock.now()
            self._laws.backfills.broken_off = set(self._queue.intake.broken_off)
        for work in self._queue.take_due(self.clock.now()):
            self._laws.attempt_begins()
            try:
                self._queue.perform(work)
            except StateUnavailable:
                self.record.reach("work: lost to the state")
            is_slow = work.lane == BACKFILL and not self._plan.is_calm
            if is_slow and self._plan.chance(0.15):
                # It takes so long that a night may come, and people think otherwise.
                self.clock.advance(self._plan.between(_MINUTE, 3 * _HOUR))
                self._people.meddle_with_a_backfill()

    def _meanwhile(self) -> None:
        """What the process's other threads do, and people, while one waits for an answer."""
        if self._is_beside or self._program is None:
            return
        self._is_beside = True
        try:
            self._people_meddle()
            self._program.heart.beat()
            self._work()
        except StateUnavailable:
            self.record.reach("beside: met no state")
        except ProcessDiedError as death:
            if not self._people.are_at_work:
                raise
            # It is a command that waits for an answer, and the process that serves has died.
            self._has_died(death)
        finally:
            self._is_beside = False

    def _people_meddle(self) -> None:
        if self._plan.chance(0.2):
            self._people.trigger(self._plan.random.choice(self._schedules).name)
        if self._plan.chance(0.2):
            yesterday = self._oracle.day_of(self.true_now) - _DAY
            self._people.close(max(yesterday, self._world.first_day))
        if self._plan.chance(0.1):
            self._people.close(self._day_back(1, 10), rebuild=True)
        if self._plan.chance(0.3):
            self._people.meddle_with_a_backfill()
        if self._plan.chance(0.1):
            self._people.verify(self._day_back(2, 6), self._day_back(0, 2), PeriodKind.DAY)

    def _guarded(self, deed: Callable[[], object]) -> None:
        """Do something that may end the process, or fail for the state's sake."""
        try:
            deed()
        except ProcessDiedError as death:
            self._has_died(death)
        except StateUnavailable:
            self.record.reach("process: met no state")
            self.clock.advance(5 * _SECOND)
        except BrokenLawError:
            raise
        except Exception as error:
            raise BrokenLawError(f"the process broke: {error!r}") from error

    def _has_died(self, death: ProcessDiedError) -> None:
        self.record.reach("process: died")
        self.record.line(f"died at {death}")
        self._program = None
        longest = _HOUR if self._plan.chance(0.1) else 3 * _MINUTE
        self._starts_at = self.true_now + self._plan.between(_SECOND, longest)

    def _pass_time(self) -> None:
        """Go to the next moment at which anything can happen."""
        now, true_now = self.clock.now(), self.true_now
        true_moments = [self._morning, self._end, *self._weather.changes(true_now)]
        true_moments += [at for at in (self._second_look, self._morning_end) if at is not None]
        if self._program is None:
            true_moments.append(self._starts_at)
        wait = min(true_moments) - true_now
        if self._program is not None:
            queued = self._queue.next_due_at()
            due = [at - now for at in (queued, self._laws.firing.next_at()) if at is not None]
            wait = min(wait, *due, 6 * _HOUR)
            if queued is None and self._laws.unfinished:
                # Something was lost, or waits for what was.
                wait = min(wait, 2 * _MINUTE)
        self.clock.advance(max(wait, _SECOND))

    def _judge(self) -> None:
        self._laws.of_all_reports()
        day = self._world.first_day
        while self._oracle.end_of(day) < self._end - 2 * _DAY:
            is_closed = self._closed_days([day])
            self.record.reach("day: closed" if is_closed else "day: nobody could close it")
            day += _DAY
